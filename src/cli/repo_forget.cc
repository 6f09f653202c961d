// SPDX-License-Identifier: Apache-2.0
// tresor repo forget
#include <optional>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/forget_plan.h"
#include "cli/invocation.h"
#include "cli/prune_report.h"
#include "cli/repository_access.h"
#include "cli/snapshot_source.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

Result<ForgetRules> ReadRules(Invocation& invocation, repo::Repository& repository) {
  const Arguments& arguments = invocation.arguments();
  ForgetRules rules;
  rules.force = arguments.Switch("force");
  rules.keep_tags = arguments.SplitList("keep-tag");
  if (arguments.Has("keep-last")) {
    rules.keep_last = arguments.Integer("keep-last");
  }
  if (arguments.positionals().empty() != rules.keep_last.has_value()) {
    return Error(Code::kInvalidArgument, "give either the ids of backups or --keep-last");
  }
  if (!rules.keep_tags.empty() && !rules.keep_last) {
    return Error(Code::kInvalidArgument, "--keep-tag needs --keep-last");
  }
  if (rules.keep_last == 0U && !rules.force) {
    return Error(Code::kInvalidArgument,
                 "--keep-last 0 would remove every backup; it needs --force");
  }
  for (const std::string& word : arguments.positionals()) {
    Result<repo::BackupInfo> found = FindBackup(invocation.context(), repository, word);
    if (!found.ok()) {
      invocation.Hint("`tresor repo list` shows the ids");
      return found.status();
    }
    rules.ids.push_back(found->id);
  }
  return rules;
}

Json IdsJson(const std::vector<repo::BackupInfo>& backups) {
  Json ids = Json::array();
  for (const repo::BackupInfo& info : backups) {
    ids.push_back(info.id.ToString());
  }
  return ids;
}

void PrintPlan(Invocation& invocation, const ForgetPlan& plan, bool dry_run) {
  for (const repo::BackupInfo& info : plan.remove) {
    invocation.out() << fmt::format("{} {} of {}, revision {}, evidence {}\n",
                                    dry_run ? "would forget" : "forgot", info.id.Short(),
                                    TimeText(info.completion_unix_nanos), info.revision,
                                    PaintEvidence(invocation, info.evidence));
  }
  if (plan.spared) {
    invocation.Say(
        fmt::format("kept {} besides: it is the last good one", plan.spared->id.Short()));
  }
  invocation.out() << fmt::format("{} {}, kept {}\n", plan.remove.size(),
                                  dry_run ? "would be forgotten" : "forgotten", plan.keep.size());
}

Status RunForget(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  const bool dry_run = arguments.Switch("dry-run");
  ASSIGN_OR_RETURN(const OpenedRepository opened, OpenRepository(invocation));
  const std::string tried = "forgetting backups of " + opened.dir;
  const Result<ForgetRules> rules = ReadRules(invocation, *opened.repository);
  if (!rules.ok()) {
    return Annotate(rules.status(), tried);
  }
  const Result<std::vector<repo::BackupInfo>> backups =
      opened.repository->List(invocation.context());
  if (!backups.ok()) {
    return RepositoryError(invocation, backups.status(), tried);
  }
  const Result<ForgetPlan> plan = PlanForget(*backups, *rules);
  if (!plan.ok()) {
    invocation.Hint("take another backup first; or, if it really has to go, give --force");
    return Annotate(plan.status(), tried);
  }
  if (!dry_run && !plan->remove.empty()) {
    std::vector<repo::Id> ids;
    for (const repo::BackupInfo& info : plan->remove) {
      ids.push_back(info.id);
    }
    RETURN_IF_ERROR(RepositoryError(
        invocation, opened.repository->Forget(invocation.context(), ids), tried, true));
  }
  Json json = {
      {"dryRun", dry_run}, {"forgotten", IdsJson(plan->remove)}, {"kept", IdsJson(plan->keep)}};
  if (!invocation.json()) {
    PrintPlan(invocation, *plan, dry_run);
  }
  if (arguments.Switch("prune") && !dry_run) {
    const Result<repo::PruneReport> report = opened.repository->Prune(
        invocation.context(), {.max_unused = arguments.Share("max-unused")});
    if (!report.ok()) {
      return RepositoryError(invocation, report.status(), "pruning the repository " + opened.dir,
                             true);
    }
    json["prune"] = PruneJson(*report, false);
    if (!invocation.json()) {
      PrintPrune(invocation, *report, false);
    }
  }
  if (invocation.json()) {
    invocation.PrintJson(json);
  }
  return OkStatus();
}

}  // namespace

Command RepoForgetCommand() {
  Command command = {
      .name = "forget",
      .summary = "remove backups from the list",
      .description =
          "Removes the backups that are named, or all but the newest --keep-last. What they alone "
          "needed is freed by "
          "the next prune; --prune does it at once. The last good backup (the newest whose "
          "evidence passed) stays, "
          "whatever the rules say, unless --force is given.",
      .flags = RepositoryFlags(true),
      .positionals = {{.name = "ID",
                       .help = "the backup's id, or its first digits (at least 4)",
                       .required = false,
                       .repeatable = true}},
      .environment = {PassphraseVariable()},
      .examples = {{"keep twenty, and what is tagged",
                    "tresor repo forget --keep-last 20 --keep-tag release --prune"},
                   {"two by id", "tresor repo forget 3f2a90c1 77ab01de --repo /backup/prod"}},
      .run = RunForget,
  };
  const std::vector<Flag> own = {
      {.name = "keep-last",
       .kind = ValueKind::kInteger,
       .value_name = "N",
       .help = "keep the newest N and remove the others"},
      {.name = "keep-tag",
       .kind = ValueKind::kText,
       .value_name = "TAG",
       .help = "with --keep-last: keep also those with this tag",
       .repeatable = true},
      {.name = "prune", .help = "then free what nothing needs any more"},
      MaxUnusedFlag(),
      {.name = "dry-run", .help = "only say what would be removed"},
      {.name = "force", .help = "remove also the last good backup"},
      LockWaitFlag(),
  };
  command.flags.insert(command.flags.end(), own.begin(), own.end());
  return command;
}

}  // namespace tresor::cli
