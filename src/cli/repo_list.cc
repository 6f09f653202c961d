// SPDX-License-Identifier: Apache-2.0
// tresor repo list
#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/invocation.h"
#include "cli/repository_access.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

std::string JoinTags(const std::vector<std::string>& tags) {
  std::string joined;
  for (const std::string& tag : tags) {
    joined += (joined.empty() ? "" : ",") + Escape(AsBytes(tag));
  }
  return joined;
}

Status RunList(Invocation& invocation) {
  ASSIGN_OR_RETURN(const OpenedRepository opened, OpenRepository(invocation));
  Result<std::vector<repo::BackupInfo>> listed = opened.repository->List(invocation.context());
  if (!listed.ok()) {
    return RepositoryError(invocation, listed.status(), "listing the repository " + opened.dir);
  }
  std::vector<repo::BackupInfo> backups = *std::move(listed);
  for (const std::string& tag : invocation.arguments().SplitList("tag")) {
    std::erase_if(backups, [&](const repo::BackupInfo& info) {
      return std::find(info.tags.begin(), info.tags.end(), tag) == info.tags.end();
    });
  }
  if (invocation.json()) {
    Json list = Json::array();
    for (const repo::BackupInfo& info : backups) {
      list.push_back(BackupJson(info));
    }
    invocation.PrintJson(list);
    return OkStatus();
  }
  Table table({{"ID"},
               {"TIME"},
               {"AGE", Align::kRight},
               {"REVISION", Align::kRight},
               {"SIZE", Align::kRight},
               {"RECORDS", Align::kRight},
               {"ADDED", Align::kRight},
               {"TAGS"},
               {"EVIDENCE"}});
  for (const repo::BackupInfo& info : backups) {
    const WallTime completed = FromUnixNanos(info.completion_unix_nanos);
    table.Add({info.id.Short(), FormatTime(completed), FormatAge(invocation.now(), completed),
               fmt::format("{}", info.revision), FormatSize(info.image_bytes),
               FormatCount(info.records), FormatSize(info.added_bytes), JoinTags(info.tags),
               PaintEvidence(invocation, info.evidence)});
  }
  table.Print(invocation.out());
  if (backups.empty()) {
    invocation.Say("no backups");
  }
  return OkStatus();
}

}  // namespace

Command RepoListCommand() {
  Command command = {
      .name = "list",
      .summary = "list the backups, oldest first",
      .description =
          "One line for each backup: its id, when it was complete, etcd's revision, the size of "
          "the database (SIZE), "
          "the room it took in the repository beyond what was there before (ADDED), and what its "
          "evidence says: "
          "passed, unproven (something could not be looked at) or failed.",
      .flags = RepositoryFlags(true),
      .environment = {PassphraseVariable()},
      .examples = {{"as JSON, the id of the newest",
                    "tresor repo list --repo /backup/prod -o json | jq -r '.[-1].id'"}},
      .run = RunList,
  };
  command.flags.push_back({.name = "tag",
                           .kind = ValueKind::kText,
                           .value_name = "TAG",
                           .help = "only backups with this tag",
                           .repeatable = true});
  return command;
}

}  // namespace tresor::cli
