// SPDX-License-Identifier: Apache-2.0
// tresor snapshot status
#include <utility>

#include <nlohmann/json.hpp>

#include "backup/check.h"
#include "base/hex.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/invocation.h"
#include "cli/snapshot_source.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

Status ShowBackup(Invocation& invocation, const repo::BackupDetails& details) {
  const repo::BackupInfo& info = details.info;
  const repo::BackupDescription& description = details.description;
  if (invocation.json()) {
    Json json = BackupJson(info);
    json["startTime"] = TimeText(description.start_unix_nanos);
    json["compactRevision"] = description.compact_revision;
    json["liveKeys"] = description.live_keys;
    json["addedRecords"] = details.added_records;
    json["segments"] = details.segments;
    json["source"] = SourceJson(description.source);
    json["host"] = description.host;
    json["checks"] = EvidenceJson(description.evidence);
    invocation.PrintJson(json);
    return OkStatus();
  }
  const repo::Source& source = description.source;
  Sheet sheet;
  sheet.Add("backup", info.id.ToString());
  sheet.Add("completed", FormatMoment(invocation.now(), FromUnixNanos(info.completion_unix_nanos)));
  sheet.Add("source", fmt::format("{} ({}), member {}, cluster {}, etcd {}",
                                  Escape(AsBytes(source.member_name)),
                                  Escape(AsBytes(source.endpoint)), ToHex(source.member_id),
                                  ToHex(source.cluster_id), Escape(AsBytes(source.etcd_version))));
  sheet.Add("taken by", Escape(AsBytes(description.host)));
  sheet.Add("revision",
            description.compact_revision < 0
                ? fmt::format("{}", info.revision)
                : fmt::format("{}, compacted at {}", info.revision, description.compact_revision));
  sheet.Add("hashkv", HashText(info.hash_kv));
  sheet.Add("database", fmt::format("{}, sha256 {}", FormatSize(info.image_bytes),
                                    ToHex(ByteView(source.sha256))));
  sheet.Add("records",
            fmt::format("{}, {}; {}", FormatCount(info.records), FormatSize(info.record_bytes),
                        FormatCount(description.live_keys, "live key")));
  sheet.Add("stored", fmt::format("{} for {}", FormatSize(info.added_bytes),
                                  FormatCount(details.added_records, "new record")));
  sheet.Add("lineage",
            info.lineage.Short() + (details.lineage.first_difference
                                        ? ", differs from its parent at revision " +
                                              etcd::ToString(*details.lineage.first_difference)
                                        : ""));
  std::string tags;
  for (const std::string& tag : info.tags) {
    tags += (tags.empty() ? "" : ", ") + Escape(AsBytes(tag));
  }
  sheet.Add("tags", tags);
  sheet.Print(invocation.out());
  PrintEvidence(invocation, description.evidence);
  return OkStatus();
}

Status ShowFile(Invocation& invocation, const OpenedSource& opened) {
  const backup::SnapshotFile& file = *opened.file();
  backup::CheckOptions options;
  options.status_hash = true;
  options.progress = DrawProgress(invocation);
  const Result<backup::SnapshotFacts> facts =
      backup::CheckSnapshot(invocation.context(), file.image(), options);
  invocation.progress().Clear();
  if (!facts.ok()) {
    return SourceError(invocation, opened, facts.status(), "reading " + opened.name());
  }
  if (invocation.json()) {
    // The first five as `etcdutl snapshot status -w json` has them.
    invocation.PrintJson({{"hash", facts->status_hash.value_or(0)},
                          {"revision", facts->revisions.current},
                          {"totalKey", facts->bucket_pairs},
                          {"totalSize", facts->image_bytes},
                          {"version", facts->storage_version},
                          {"file", opened.name()},
                          {"compactRevision", facts->revisions.compacted()},
                          {"hashKv", HashJson(facts->hash_kv)},
                          {"records", facts->records},
                          {"recordBytes", facts->record_bytes},
                          {"liveKeys", facts->live_keys},
                          {"pageSizeBytes", facts->page_size_bytes},
                          {"clusterVersion", facts->cluster_version},
                          {"authEnabled", facts->auth_enabled},
                          {"leases", facts->leases},
                          {"hasHash", file.has_hash()},
                          {"hashChecked", file.hash_checked()}});
    return OkStatus();
  }
  Sheet sheet;
  sheet.Add("file", opened.name());
  sheet.Add("hash", fmt::format("{:x}", facts->status_hash.value_or(0)));
  sheet.Add("revision", facts->revisions.compacted() < 0
                            ? fmt::format("{}", facts->revisions.current)
                            : fmt::format("{}, compacted at {}", facts->revisions.current,
                                          facts->revisions.compacted()));
  sheet.Add("hashkv", HashText(facts->hash_kv));
  sheet.Add(
      "database",
      fmt::format("{}, {} in all buckets, pages of {}", FormatSize(facts->image_bytes),
                  FormatCount(facts->bucket_pairs, "key"), FormatSize(facts->page_size_bytes)));
  sheet.Add("records",
            fmt::format("{}, {}; {}", FormatCount(facts->records), FormatSize(facts->record_bytes),
                        FormatCount(facts->live_keys, "live key")));
  sheet.Add("etcd",
            facts->storage_version.empty() ? facts->cluster_version : facts->storage_version);
  sheet.Add("auth", facts->auth_enabled ? "enabled" : "not enabled");
  sheet.Add("leases", FormatCount(facts->leases));
  sheet.Add("sha256",
            file.hash_checked() ? "matches the file's trailer" : "not compared: the file has none");
  sheet.Print(invocation.out());
  return OkStatus();
}

Status RunStatus(Invocation& invocation) {
  SourceOpener opener(invocation);
  ASSIGN_OR_RETURN(const auto opened,
                   opener.Open(invocation.arguments().positionals()[0],
                               invocation.arguments().Switch("skip-hash-check")));
  return opened->details() != nullptr ? ShowBackup(invocation, *opened->details())
                                      : ShowFile(invocation, *opened);
}

}  // namespace

Command SnapshotStatusCommand() {
  Command command = {
      .name = "status",
      .summary = "show what a backup or a snapshot file is",
      .description =
          "Of a backup: what was recorded when it was taken, with its evidence; nothing but the "
          "manifest is read. Of a "
          "file: it is read and checked, and hash, revision, keys and size are shown as etcdutl "
          "shows them.",
      .flags = SourceFlags(),
      .positionals = {SourcePositional()},
      .environment = {PassphraseVariable()},
      .examples = {{"the newest backup", "tresor snapshot status latest --repo /backup/prod"},
                   {"a file", "tresor snapshot status ./etcd.db -o json"}},
      .run = RunStatus,
  };
  command.flags.push_back(
      {.name = "skip-hash-check",
       .help = "of a file: take it without comparing its hash, or without one"});
  return command;
}

}  // namespace tresor::cli
