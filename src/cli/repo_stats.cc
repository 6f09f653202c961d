// SPDX-License-Identifier: Apache-2.0
// tresor repo stats
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/invocation.h"
#include "cli/repository_access.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

Json StatsJson(const repo::Stats& stats) {
  Json backups = Json::array();
  for (const repo::BackupStats& backup : stats.backups) {
    backups.push_back({{"id", backup.info.id.ToString()},
                       {"completionTime", TimeText(backup.info.completion_unix_nanos)},
                       {"logicalBytes", backup.logical_bytes},
                       {"uniqueBytes", backup.unique_bytes},
                       {"addedBytes", backup.info.added_bytes}});
  }
  return {{"logicalBytes", stats.logical_bytes},
          {"recordBytes", stats.record_bytes},
          {"storedBytes", stats.stored_bytes},
          {"deadBytes", stats.dead_bytes},
          {"segments", stats.segments},
          {"blobs", stats.blobs},
          {"objects", stats.objects},
          {"backups", backups}};
}

void PrintStats(Invocation& invocation, const repo::Stats& stats) {
  Table table({{"ID"},
               {"TIME"},
               {"LOGICAL", Align::kRight},
               {"UNIQUE", Align::kRight},
               {"ADDED", Align::kRight}});
  for (const repo::BackupStats& backup : stats.backups) {
    table.Add({backup.info.id.Short(), TimeText(backup.info.completion_unix_nanos),
               FormatSize(backup.logical_bytes), FormatSize(backup.unique_bytes),
               FormatSize(backup.info.added_bytes)});
  }
  table.Print(invocation.out());
  Sheet sheet;
  sheet.Add("backups", FormatCount(stats.backups.size()));
  sheet.Add("logical", FormatSize(stats.logical_bytes) + " in all backups together");
  sheet.Add("distinct", FormatSize(stats.record_bytes) + " of records, each counted once");
  sheet.Add("stored", fmt::format("{} in {} ({} of logical)", FormatSize(stats.stored_bytes),
                                  FormatCount(stats.objects, "object"),
                                  FormatRatio(stats.logical_bytes, stats.stored_bytes)));
  sheet.Add("dead",
            FormatSize(stats.dead_bytes) + " that no backup needs: `tresor repo prune` frees it");
  sheet.Print(invocation.out());
}

Status RunStats(Invocation& invocation) {
  ASSIGN_OR_RETURN(const OpenedRepository opened, OpenRepository(invocation));
  const Result<repo::Stats> stats = opened.repository->GetStats(invocation.context());
  if (!stats.ok()) {
    return RepositoryError(invocation, stats.status(), "measuring the repository " + opened.dir);
  }
  if (invocation.json()) {
    invocation.PrintJson(StatsJson(*stats));
  } else {
    PrintStats(invocation, *stats);
  }
  return OkStatus();
}

}  // namespace

Command RepoStatsCommand() {
  return {
      .name = "stats",
      .summary = "show how much room the backups take",
      .description =
          "For each backup: LOGICAL, the size of its records; UNIQUE, the stored bytes that would "
          "be free without it; "
          "ADDED, what it stored when it was taken. Then the sums, and what is dead: stored, and "
          "needed by no backup.",
      .flags = RepositoryFlags(true),
      .environment = {PassphraseVariable()},
      .examples = {{"stored bytes for a dashboard",
                    "tresor repo stats --repo /backup/prod -o json | jq .storedBytes"}},
      .run = RunStats,
  };
}

}  // namespace tresor::cli
