// SPDX-License-Identifier: Apache-2.0
// tresor snapshot save
#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "backup/take.h"
#include "base/environment.h"
#include "base/hex.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/etcd_access.h"
#include "cli/hint.h"
#include "cli/invocation.h"
#include "cli/repository_access.h"
#include "cli/snapshot_source.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

constexpr double Seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// Where the snapshot goes: a repository, or a plain file.
struct Target {
  std::optional<OpenedRepository> repository;
  std::string file;
};

Result<Target> OpenTarget(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  if (arguments.Has("out") && arguments.Typed("repo")) {
    return Error(Code::kInvalidArgument, "give --repo or --out, not both");
  }
  Target target{.repository = std::nullopt, .file = arguments.Text("out")};
  if (!target.file.empty()) {
    return target;
  }
  if (!arguments.Has("repo")) {
    return Error(Code::kInvalidArgument,
                 "give --repo (or set TRESOR_REPO) to back up into a repository, or --out for "
                 "a plain file");
  }
  ASSIGN_OR_RETURN(target.repository, OpenRepository(invocation));
  return target;
}

backup::TakeOptions ReadOptions(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  backup::TakeOptions options;
  options.member = arguments.Text("member");
  options.spool = ReadSpoolOptions(invocation);
  options.allow_disagreement = arguments.Switch("allow-disagreement");
  options.hash_kv_timeout = arguments.Duration("hash-kv-timeout");
  options.host = HostName();
  options.tags = arguments.SplitList("tag");
  options.progress = DrawProgress(invocation);
  return options;
}

Status SaveError(Invocation& invocation, const Target& target, const Status& status) {
  const std::string tried = target.repository ? "backing up into " + target.repository->dir
                                              : "saving the snapshot to " + target.file;
  const bool locked = target.repository && status.code() == Code::kFailedPrecondition;
  if (locked || status.code() == Code::kAborted) {
    return RepositoryError(invocation, status, tried, true);
  }
  if (status.code() == Code::kDataLoss) {
    invocation.Hint(
        "nothing was stored: what etcd sent is not sound, or members disagree; look at the members "
        "(etcdctl endpoint "
        "hashkv, alarm list), try --member, or --allow-disagreement to keep what one member has");
    return Annotate(status, tried);
  }
  if (status.code() == Code::kAlreadyExists) {
    invocation.Hint(TargetHint(status));
    return Annotate(status, tried);
  }
  invocation.Hint(EtcdHint(status, ReadEtcdHintInput(invocation.arguments())));
  return Annotate(status, tried);
}

Json ResultJson(const Target& target, const backup::TakeResult& result,
                std::chrono::nanoseconds took) {
  Json json;
  if (target.repository) {
    json = BackupJson(result.info);
    json["repository"] = target.repository->dir;
  } else {
    json = {{"file", target.file},
            {"revision", result.facts.revisions.current},
            {"hashKv", HashJson(result.facts.hash_kv)},
            {"imageBytes", result.facts.image_bytes},
            {"records", result.facts.records},
            {"recordBytes", result.facts.record_bytes},
            {"evidence", EvidenceWord(WorstOf(result.evidence))}};
  }
  json["liveKeys"] = result.facts.live_keys;
  json["source"] = SourceJson(result.source);
  json["checks"] = EvidenceJson(result.evidence);
  json["warnings"] = result.warnings;
  json["seconds"] = {{"total", Seconds(took)},
                     {"receive", Seconds(result.times.receive)},
                     {"check", Seconds(result.times.check)},
                     {"members", Seconds(result.times.members)},
                     {"store", Seconds(result.times.store)}};
  return json;
}

void PrintResult(Invocation& invocation, const Target& target, const backup::TakeResult& result,
                 std::chrono::nanoseconds took) {
  PrintEvidence(invocation, result.evidence);
  const backup::SnapshotFacts& facts = result.facts;
  Sheet sheet;
  if (target.repository) {
    sheet.Add("backup", result.info.id.ToString());
  } else {
    sheet.Add("file", target.file);
  }
  sheet.Add("source", fmt::format("{} ({}), etcd {}", Escape(AsBytes(result.source.member_name)),
                                  Escape(AsBytes(result.source.endpoint)),
                                  Escape(AsBytes(result.source.etcd_version))));
  sheet.Add("revision", fmt::format("{}", facts.revisions.current));
  sheet.Add("database", fmt::format("{}, {}", FormatSize(facts.image_bytes),
                                    FormatCount(facts.live_keys, "live key")));
  sheet.Add("records",
            fmt::format("{}, {}", FormatCount(facts.records), FormatSize(facts.record_bytes)));
  if (target.repository) {
    sheet.Add("stored", FormatSize(result.info.added_bytes) + " that the repository did not have");
  }
  sheet.Add("took",
            fmt::format("{} (receive {}, check {}, store {})", FormatDuration(took),
                        FormatDuration(result.times.receive), FormatDuration(result.times.check),
                        FormatDuration(result.times.store)));
  sheet.Print(invocation.out());
}

Status RunSave(Invocation& invocation) {
  const MonotonicTime start = invocation.host().clock.Monotonic();
  ASSIGN_OR_RETURN(const Target target, OpenTarget(invocation));
  Result<std::unique_ptr<etcd::Client>> client = ConnectEtcd(invocation);
  if (!client.ok()) {
    return Annotate(client.status(), "connecting to etcd");
  }
  const auto timeout = invocation.arguments().Duration("command-timeout");
  const Context context =
      timeout.count() > 0 ? invocation.context().WithTimeout(timeout) : invocation.context();
  const backup::TakeOptions options = ReadOptions(invocation);
  const Result<backup::TakeResult> result =
      target.repository
          ? backup::TakeBackup(context, options, **client, *target.repository->repository)
          : backup::SaveSnapshotFile(context, options, **client, invocation.host().file_system,
                                     target.file);
  invocation.progress().Clear();
  if (!result.ok()) {
    return SaveError(invocation, target, result.status());
  }
  const auto took = invocation.host().clock.Monotonic() - start;
  if (invocation.json()) {
    invocation.PrintJson(ResultJson(target, *result, took));
  } else {
    PrintResult(invocation, target, *result, took);
  }
  for (const std::string& warning : result->warnings) {
    invocation.Say("warning: " + Escape(AsBytes(warning)));
  }
  return OkStatus();
}

}  // namespace

Command SnapshotSaveCommand() {
  Command command = {
      .name = "save",
      .summary = "take a snapshot of a running etcd, prove it, and store it",
      .description =
          "Streams the database of one member, compares its SHA-256, checks the structure of the "
          "file, computes HashKV "
          "and compares it with that of every member that can be reached. Only what passed is "
          "stored: in a repository "
          "the records that it lacks, or with --out the plain file that etcdutl reads. What could "
          "not be looked at "
          "(a member that does not answer) is named in the evidence as unproven.\n\n"
          "Until the last step nothing of it is in the repository; an interrupted save leaves it "
          "as it was.",
      .flags = RepositoryFlags(false),
      .environment = {PassphraseVariable(), {"TRESOR_ETCD_PASSWORD", "the password of --user"}},
      .examples =
          {{"a kubeadm control plane",
            "tresor snapshot save --repo /backup/prod --endpoints https://127.0.0.1:2379 --cacert "
            "/etc/kubernetes/pki/etcd/ca.crt --cert "
            "/etc/kubernetes/pki/etcd/healthcheck-client.crt --key "
            "/etc/kubernetes/pki/etcd/healthcheck-client.key"},
           {"before an upgrade, with a tag",
            "tresor snapshot save --repo /backup/prod --endpoints 10.0.0.1:2379,10.0.0.2:2379 "
            "--tag upgrade"},
           {"a plain file", "tresor snapshot save --endpoints 127.0.0.1:2379 --out /tmp/etcd.db"}},
      .run = RunSave,
  };
  const auto add = [&](const std::vector<Flag>& flags) {
    command.flags.insert(command.flags.end(), flags.begin(), flags.end());
  };
  add({{.name = "out",
        .kind = ValueKind::kFile,
        .value_name = "FILE",
        .help = "write a plain snapshot file instead; it must not be there yet"},
       LockWaitFlag()});
  add(EtcdFlags());
  add({{.name = "command-timeout",
        .kind = ValueKind::kDuration,
        .value_name = "TIME",
        .help = "give up after this time; 0: never",
        .default_text = "0s"},
       {.name = "member",
        .kind = ValueKind::kText,
        .value_name = "NAME|ID|URL",
        .help = "read from this member, whatever its state"},
       {.name = "hash-kv-timeout",
        .kind = ValueKind::kDuration,
        .value_name = "TIME",
        .help = "how long members may take to say their HashKV",
        .default_text = "60s"},
       {.name = "allow-disagreement",
        .help = "store the snapshot also when another member has other content; the evidence says "
                "failed"},
       {.name = "tag",
        .kind = ValueKind::kText,
        .value_name = "TAG",
        .help = "a word to find the backup by",
        .repeatable = true}});
  add(SpoolFlags());
  return command;
}

}  // namespace tresor::cli
