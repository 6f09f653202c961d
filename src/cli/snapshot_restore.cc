// SPDX-License-Identifier: Apache-2.0
// tresor snapshot restore
//
// Flags and defaults: etcdutl snapshot restore (etcd etcdutl/etcdutl/snapshot_command.go at v3.6).
#include <nlohmann/json.hpp>

#include "backup/restore.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/hint.h"
#include "cli/invocation.h"
#include "cli/restore_members.h"
#include "cli/snapshot_source.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

/// etcd's default --quota-backend-bytes; above it a server that starts raises NOSPACE at the first
/// write.
constexpr std::uint64_t kDefaultQuotaBytes = std::uint64_t{2} << 30;

Result<backup::RestoreOptions> ReadOptions(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  backup::RestoreOptions options;
  options.fs = &invocation.host().file_system;
  options.random = &invocation.host().random;
  options.snap_mode = 0666 & ~invocation.host().file_creation_mask;
  ASSIGN_OR_RETURN(options.members, ReadRestoreMembers(arguments));
  options.initial_cluster = arguments.Text("initial-cluster");
  options.initial_cluster_token = arguments.Text("initial-cluster-token");
  options.bump_revision = static_cast<std::int64_t>(arguments.Integer("bump-revision"));
  options.mark_compacted = arguments.Switch("mark-compacted");
  options.portable = !arguments.Switch("strict");
  options.clear_alarms = arguments.Switch("clear-alarms");
  options.progress = DrawProgress(invocation);
  if ((options.bump_revision > 0) != options.mark_compacted) {
    return Error(Code::kInvalidArgument,
                 "--bump-revision and --mark-compacted belong together: a bump that watchers "
                 "don't notice would leave them with keys that are gone");
  }
  return options;
}

Json ResultJson(const OpenedSource& opened, const backup::RestoreOptions& options,
                const backup::RestoreResult& result, std::chrono::nanoseconds took) {
  Json members = Json::array();
  for (std::size_t i = 0; i < options.members.size(); ++i) {
    const backup::RestoreMember& member = options.members[i];
    members.push_back(
        {{"name", member.name},
         {"id", etcd::ToString(result.member_ids[i])},
         {"dataDir", member.data_dir},
         {"walDir", member.wal_dir.empty() ? member.data_dir + "/member/wal" : member.wal_dir}});
  }
  return {{"source", opened.name()},
          {"clusterId", etcd::ToString(result.cluster_id)},
          {"members", members},
          {"revision", result.revision},
          {"compactRevision", result.compact_revision},
          {"records", result.records},
          {"dbBytes", result.db_bytes},
          {"hashKv", HashJson(result.hash_kv)},
          {"hashKvCompared", result.hash_kv_compared},
          {"warnings", result.warnings},
          {"seconds", {{"total", std::chrono::duration<double>(took).count()}}}};
}

void PrintResult(Invocation& invocation, const OpenedSource& opened,
                 const backup::RestoreOptions& options, const backup::RestoreResult& result,
                 std::chrono::nanoseconds took) {
  Table table({{"MEMBER"}, {"ID"}, {"DATA DIR"}});
  for (std::size_t i = 0; i < options.members.size(); ++i) {
    table.Add({options.members[i].name, etcd::ToString(result.member_ids[i]),
               options.members[i].data_dir});
  }
  table.Print(invocation.out());
  Sheet sheet;
  sheet.Add("restored", opened.name());
  sheet.Add("cluster", etcd::ToString(result.cluster_id));
  sheet.Add("revision",
            fmt::format("{}{}", result.revision,
                        result.compact_revision < 0
                            ? ""
                            : fmt::format(", compacted at {}", result.compact_revision)));
  sheet.Add("database", fmt::format("{}, {}", FormatSize(result.db_bytes),
                                    FormatCount(result.records, "record")));
  sheet.Add("hashkv", HashText(result.hash_kv) + (result.hash_kv_compared
                                                      ? ", as the backup says"
                                                      : ", not compared: a file has none"));
  sheet.Add("took", FormatDuration(took));
  sheet.Print(invocation.out());
  if (result.db_bytes >= kDefaultQuotaBytes) {
    invocation.Say(fmt::format(
        "start etcd with --quota-backend-bytes above {}: its default is 2 GiB", result.db_bytes));
  }
}

Status RunRestore(Invocation& invocation) {
  const MonotonicTime start = invocation.host().clock.Monotonic();
  const Arguments& arguments = invocation.arguments();
  ASSIGN_OR_RETURN(const backup::RestoreOptions options, ReadOptions(invocation));
  SourceOpener opener(invocation);
  ASSIGN_OR_RETURN(const auto opened,
                   opener.Open(arguments.positionals()[0], arguments.Switch("skip-hash-check")));
  const Result<backup::RestoreResult> result =
      backup::Restore(invocation.context(), opened->source(), options);
  invocation.progress().Clear();
  if (!result.ok()) {
    const std::string tried = "restoring " + opened->name();
    const Code code = result.status().code();
    if (code == Code::kDataLoss || code == Code::kAborted) {
      return SourceError(invocation, *opened, result.status(), tried);
    }
    invocation.Hint(TargetHint(result.status()));
    return Annotate(result.status(), tried);
  }
  const auto took = invocation.host().clock.Monotonic() - start;
  if (invocation.json()) {
    invocation.PrintJson(ResultJson(*opened, options, *result, took));
  } else {
    PrintResult(invocation, *opened, options, *result, took);
  }
  for (const std::string& warning : result->warnings) {
    invocation.Say("warning: " + Escape(AsBytes(warning)));
  }
  return OkStatus();
}

std::vector<Flag> RestoreFlags() {
  return {
      {.name = "data-dir",
       .kind = ValueKind::kDirectory,
       .value_name = "DIR",
       .help = "member data directory to make: not there yet, or empty (default: NAME.etcd)"},
      {.name = "wal-dir",
       .kind = ValueKind::kDirectory,
       .value_name = "DIR",
       .help = "write-ahead log directory of its own (default: in the data directory)"},
      {.name = "name",
       .kind = ValueKind::kText,
       .value_name = "NAME",
       .help = "name of the member",
       .default_text = std::string(etcd::kDefaultName)},
      {.name = "initial-cluster",
       .kind = ValueKind::kText,
       .value_name = "NAME=URL,...",
       .help = "all members of the new cluster with their peer URLs; the same for every member",
       .default_text = std::string(etcd::kDefaultInitialCluster)},
      {.name = "initial-cluster-token",
       .kind = ValueKind::kText,
       .value_name = "TOKEN",
       .help =
           "the same for every member; another one than the old cluster's keeps old members away",
       .default_text = std::string(etcd::kDefaultInitialClusterToken)},
      {.name = "initial-advertise-peer-urls",
       .kind = ValueKind::kText,
       .value_name = "URL,...",
       .help = "this member's peer URLs, as --initial-cluster has them",
       .default_text = std::string(etcd::kDefaultPeerUrls)},
      {.name = "member",
       .kind = ValueKind::kText,
       .value_name = "NAME=DATA_DIR[,WAL_DIR]",
       .help = "make this member of --initial-cluster; several are made in one read. In place of "
               "--name, --data-dir, "
               "--wal-dir and --initial-advertise-peer-urls",
       .repeatable = true},
      {.name = "bump-revision",
       .kind = ValueKind::kInteger,
       .value_name = "N",
       .help = "raise the revision by N, so that it is above all that clients have seen; needs "
               "--mark-compacted",
       .default_text = "0"},
      {.name = "mark-compacted",
       .help = "mark everything before as compacted, so that watchers start anew; needs "
               "--bump-revision"},
      {.name = "skip-hash-check",
       .help = "of a file: take it without comparing its hash, or without one"},
      {.name = "strict",
       .help = "keep also what ties the database to the source's etcd version, as etcdutl does; "
               "without it etcd 3.4 to "
               "3.7 all start from the result"},
      {.name = "clear-alarms",
       .help = "leave out the alarms (NOSPACE, CORRUPT) that the source had raised"},
  };
}

}  // namespace

Command SnapshotRestoreCommand() {
  Command command = {
      .name = "restore",
      .summary = "make member data directories from a backup or a snapshot file",
      .description =
          "Makes the data directories of a new cluster, with etcdutl's flags and defaults, in one "
          "read of the source, "
          "which is proven on the way. Nothing is overwritten. Until the end a directory holds no "
          "`member`, so etcd "
          "does not start from half of one; running the same command again takes over what an "
          "interrupted one left.\n\n"
          "Where clients of the old cluster live on (Kubernetes' controllers and kubelets do), "
          "restore with "
          "--bump-revision 1000000000 --mark-compacted: their watches then start anew and see no "
          "revision twice.",
      .flags = SourceFlags(),
      .positionals = {SourcePositional()},
      .environment = {PassphraseVariable()},
      .examples = {{"a single member",
                    "tresor snapshot restore latest --repo /backup/prod --data-dir /var/lib/etcd"},
                   {"three members at once",
                    "tresor snapshot restore latest --repo /backup/prod --initial-cluster "
                    "a=https://10.0.0.1:2380,b=https://10.0.0.2:2380,c=https://10.0.0.3:2380 "
                    "--member a=/srv/a "
                    "--member b=/srv/b --member c=/srv/c"},
                   {"a file of etcdctl",
                    "tresor snapshot restore ./etcd.db --data-dir /var/lib/etcd"}},
      .run = RunRestore,
  };
  const std::vector<Flag> own = RestoreFlags();
  command.flags.insert(command.flags.end(), own.begin(), own.end());
  return command;
}

}  // namespace tresor::cli
