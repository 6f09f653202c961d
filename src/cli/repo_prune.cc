// SPDX-License-Identifier: Apache-2.0
// tresor repo prune
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/invocation.h"
#include "cli/prune_report.h"
#include "cli/repository_access.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

Status RunPrune(Invocation& invocation) {
  ASSIGN_OR_RETURN(const OpenedRepository opened, OpenRepository(invocation));
  const repo::PruneOptions options{.max_unused = invocation.arguments().Share("max-unused"),
                                   .dry_run = invocation.arguments().Switch("dry-run")};
  const Result<repo::PruneReport> report = opened.repository->Prune(invocation.context(), options);
  if (!report.ok()) {
    return RepositoryError(invocation, report.status(), "pruning the repository " + opened.dir,
                           true);
  }
  if (invocation.json()) {
    invocation.PrintJson(PruneJson(*report, options.dry_run));
  } else {
    PrintPrune(invocation, *report, options.dry_run);
  }
  return OkStatus();
}

}  // namespace

Json PruneJson(const repo::PruneReport& report, bool dry_run) {
  return {{"dryRun", dry_run},
          {"storedBytesBefore", report.stored_bytes_before},
          {"storedBytesAfter", report.stored_bytes_after},
          {"writtenBytes", report.written_bytes},
          {"segmentsBefore", report.segments_before},
          {"segmentsAfter", report.segments_after},
          {"segmentsRewritten", report.segments_rewritten},
          {"segmentsRemoved", report.segments_removed},
          {"orphansRemoved", report.orphans_removed},
          {"orphanBytes", report.orphan_bytes}};
}

void PrintPrune(Invocation& invocation, const repo::PruneReport& report, bool dry_run) {
  Sheet sheet;
  sheet.Add(dry_run ? "would be stored" : "stored",
            fmt::format("{} (before: {})", FormatSize(report.stored_bytes_after),
                        FormatSize(report.stored_bytes_before)));
  sheet.Add(
      "segments",
      fmt::format("{} (before: {}; {} rewritten, {} removed)", FormatCount(report.segments_after),
                  FormatCount(report.segments_before), FormatCount(report.segments_rewritten),
                  FormatCount(report.segments_removed)));
  sheet.Add(dry_run ? "would be written" : "written", FormatSize(report.written_bytes));
  sheet.Add("unused", fmt::format("{} that no backup names, {}",
                                  FormatCount(report.orphans_removed, "object"),
                                  FormatSize(report.orphan_bytes)));
  sheet.Print(invocation.out());
}

Flag MaxUnusedFlag() {
  return {.name = "max-unused",
          .kind = ValueKind::kPercent,
          .value_name = "SHARE",
          .help =
              "rewrite until dead records are at most this share of what is stored; 0 frees all "
              "and writes most",
          .default_text = "10%"};
}

Command RepoPruneCommand() {
  Command command = {
      .name = "prune",
      .summary = "free the room that no backup needs",
      .description =
          "Removes what forgotten backups and interrupted runs left, and rewrites segments that "
          "are mostly dead. Safe "
          "against a crash at any moment and against readers at the same time.",
      .flags = RepositoryFlags(true),
      .environment = {PassphraseVariable()},
      .examples = {{"see what it would do", "tresor repo prune --dry-run --repo /backup/prod"}},
      .run = RunPrune,
  };
  command.flags.push_back(MaxUnusedFlag());
  command.flags.push_back({.name = "dry-run", .help = "only say what would be done"});
  command.flags.push_back(LockWaitFlag());
  return command;
}

}  // namespace tresor::cli
