// SPDX-License-Identifier: Apache-2.0
// tresor backup-config: list, create, describe, suspend, resume, delete.
#include <utility>

#include "cli/object_verbs.h"
#include "cli/server_commands.h"
#include "objects/well_known.h"

namespace tresor::cli {
namespace {

const ObjectVerbs kVerbs = {
    .word = "backup-config",
    .plural = "etcdbackupconfigs",
    .kind = "EtcdBackupConfig",
    .example = "nightly",
    .deleting =
        "No more backups are taken by it. Those that it took stay, unless it says "
        "deletionPolicy Delete."};

const SpecVerb kSuspend = {.name = "suspend",
                           .summary = "take no backups until it is resumed",
                           .field = "suspend",
                           .value = true,
                           .done = "suspended",
                           .example = "for maintenance"};
const SpecVerb kResume = {.name = "resume",
                          .summary = "take backups by schedule again",
                          .field = "suspend",
                          .value = false,
                          .done = "resumed",
                          .example = "when that is over"};

Status RunCreate(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  ASSIGN_OR_RETURN(const auto client, ApiClient::Open(invocation));
  objects::Json spec = {{"cluster", {{"name", arguments.Text("cluster")}}},
                        {"schedule", arguments.Text("schedule")}};
  for (const auto& [flag, field] : {std::pair{"time-zone", "timeZone"},
                                    {"destination", "destination"},
                                    {"deletion-policy", "deletionPolicy"}}) {
    if (arguments.Has(flag)) {
      spec[field] = arguments.Text(flag);
    }
  }
  if (arguments.Has("keep")) {
    spec["keep"] = arguments.Integer("keep");
  }
  return CreateObject(
      invocation, *client, kVerbs,
      {{{"apiVersion", objects::kApiVersion},
        {"kind", kVerbs.kind},
        {"metadata", {{"name", arguments.positionals()[0]}, {"namespace", client->project()}}},
        {"spec", std::move(spec)}}});
}

Command CreateVerb() {
  Command command = {
      .name = "create",
      .summary = "back a cluster up by schedule",
      .flags = ApiFlags(),
      .positionals = {{.name = "NAME", .help = "its name"}},
      .examples = {{"every night in Berlin, thirty of them",
                    "tresor backup-config create nightly -n demo --cluster prod --schedule @daily "
                    "--time-zone Europe/Berlin --keep 30"}},
      .run = RunCreate,
  };
  command.flags.push_back({.name = "cluster",
                           .kind = ValueKind::kText,
                           .value_name = "NAME",
                           .help = "the cluster",
                           .required = true});
  command.flags.push_back({.name = "schedule",
                           .kind = ValueKind::kText,
                           .value_name = "SCHEDULE",
                           .help = "five fields as in cron, @hourly to @yearly, or \"@every 20m\"",
                           .required = true});
  command.flags.push_back({.name = "time-zone",
                           .kind = ValueKind::kText,
                           .value_name = "ZONE",
                           .help = "that the schedule is written for; default: UTC"});
  command.flags.push_back({.name = "keep",
                           .kind = ValueKind::kInteger,
                           .value_name = "N",
                           .help = "completed backups that are kept; default: 20"});
  command.flags.push_back({.name = "destination",
                           .kind = ValueKind::kText,
                           .value_name = "NAME",
                           .help = "where they go; default: the default destination"});
  command.flags.push_back({.name = "deletion-policy",
                           .kind = ValueKind::kChoice,
                           .value_name = "POLICY",
                           .help = "what becomes of its backups when it is deleted",
                           .choices = {"Retain", "Delete"}});
  return command;
}

}  // namespace

Command BackupConfigCommand() {
  return {
      .name = "backup-config",
      .summary = "automatic backups of a running tresor serve: schedules and how many are kept",
      .examples = {{"of one project", "tresor backup-config list --project demo"}},
      .subcommands = {ListVerb(kVerbs), CreateVerb(), DescribeVerb(kVerbs),
                      SetVerb(kVerbs, kSuspend), SetVerb(kVerbs, kResume), DeleteVerb(kVerbs)},
  };
}

}  // namespace tresor::cli
