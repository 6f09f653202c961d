// SPDX-License-Identifier: Apache-2.0
// tresor restore: list, create, describe, wait, cancel, delete.
#include <utility>

#include "cli/object_verbs.h"
#include "cli/server_commands.h"
#include "objects/well_known.h"

namespace tresor::cli {
namespace {

const ObjectVerbs kVerbs = {.word = "restore",
                            .plural = "etcdrestores",
                            .kind = "EtcdRestore",
                            .example = "prod-restore-4k9sd",
                            .good_phase = "Completed",
                            .bad_phases = {"Failed", "Cancelled"},
                            .deleting =
                                "One that is not over is rolled back first, as long as that is "
                                "possible; after that it is carried out."};

/// What is hoped for after `cancel`.
const ObjectVerbs kCancelled = {.word = kVerbs.word,
                                .plural = kVerbs.plural,
                                .kind = kVerbs.kind,
                                .example = kVerbs.example,
                                .good_phase = "Cancelled",
                                .bad_phases = {"Completed", "Failed"}};
const SpecVerb kCancel = {.name = "cancel",
                          .summary = "roll a restore back: the cluster is then as it was before",
                          .field = "cancel",
                          .value = true,
                          .done = "is being cancelled",
                          .example = "the wrong backup was chosen",
                          .can_wait = true};

Status RunCreate(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  ASSIGN_OR_RETURN(const auto client, ApiClient::Open(invocation));
  const std::string backup = arguments.Text("backup");
  std::string cluster = arguments.Text("cluster");
  if (cluster.empty()) {
    ASSIGN_OR_RETURN(objects::Json found,
                     client->Get(invocation.context(), client->PathOf("etcdbackups", backup)));
    cluster = objects::Object{std::move(found)}.Text("spec.cluster.name");
  }
  objects::Json spec = {{"cluster", {{"name", cluster}}}, {"backup", {{"name", backup}}}};
  if (arguments.Switch("no-safety-backup")) {
    spec["safetyBackup"] = false;
  }
  return CreateObject(invocation, *client, kVerbs,
                      {{{"apiVersion", objects::kApiVersion},
                        {"kind", kVerbs.kind},
                        {"metadata", MetadataByFlag(invocation, *client, cluster + "-restore-")},
                        {"spec", std::move(spec)}}});
}

Command CreateVerb() {
  Command command = {
      .name = "create",
      .summary = "bring a cluster back from a backup",
      .description =
          "The backup is proven whole first, the present state backed up, then the cluster is "
          "closed to everybody, rebuilt and opened again when its members agree. If anything fails "
          "the cluster is as it was.",
      .flags = CreateFlags(),
      .examples = {{"and wait for it",
                    "tresor restore create --backup prod-manual-x2b7q -n demo --wait"}},
      .run = RunCreate,
  };
  command.flags.push_back({.name = "backup",
                           .kind = ValueKind::kText,
                           .value_name = "NAME",
                           .help = "the backup",
                           .required = true});
  command.flags.push_back({.name = "cluster",
                           .kind = ValueKind::kText,
                           .value_name = "NAME",
                           .help = "the target; default: the cluster that was backed up"});
  command.flags.push_back(NameFlag(kVerbs));
  command.flags.push_back(
      {.name = "no-safety-backup", .help = "don't back up the present state before"});
  return command;
}

}  // namespace

Command RestoreCommand() {
  return {
      .name = "restore",
      .summary = "start and look at the restores of a running tresor serve",
      .examples = {{"of one project", "tresor restore list --project demo"},
                   {"bring a cluster back",
                    "tresor restore create --backup prod-manual-x2b7q -n demo --wait"}},
      .subcommands = {ListVerb(kVerbs), CreateVerb(), DescribeVerb(kVerbs), WaitVerb(kVerbs),
                      SetVerb(kCancelled, kCancel), DeleteVerb(kVerbs)},
  };
}

}  // namespace tresor::cli
