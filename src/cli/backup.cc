// SPDX-License-Identifier: Apache-2.0
// tresor backup: list, create, describe, wait, pin, unpin, delete.
#include <utility>

#include "cli/object_verbs.h"
#include "cli/server_commands.h"
#include "objects/well_known.h"

namespace tresor::cli {
namespace {

const ObjectVerbs kVerbs = {.word = "backup",
                            .plural = "etcdbackups",
                            .kind = "EtcdBackup",
                            .example = "prod-manual-x2b7q",
                            .good_phase = "Completed",
                            .bad_phases = {"Failed", "Deleting"},
                            .deleting =
                                "It is removed from its repository too, and the room that only it "
                                "needed is freed."};

const SpecVerb kPin = {.name = "pin",
                       .summary = "keep a backup whatever retention says",
                       .field = "pinned",
                       .value = true,
                       .done = "pinned",
                       .example = "before an upgrade"};
const SpecVerb kUnpin = {.name = "unpin",
                         .summary = "let retention remove a backup again",
                         .field = "pinned",
                         .value = false,
                         .done = "unpinned",
                         .example = "when it is no longer needed"};

Status RunCreate(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  ASSIGN_OR_RETURN(const auto client, ApiClient::Open(invocation));
  const std::string cluster = arguments.Text("cluster");
  objects::Json spec = {{"cluster", {{"name", cluster}}}};
  if (arguments.Has("destination")) {
    spec["destination"] = arguments.Text("destination");
  }
  if (arguments.Switch("pinned")) {
    spec["pinned"] = true;
  }
  return CreateObject(invocation, *client, kVerbs,
                      {{{"apiVersion", objects::kApiVersion},
                        {"kind", kVerbs.kind},
                        {"metadata", MetadataByFlag(invocation, *client, cluster + "-manual-")},
                        {"spec", std::move(spec)}}});
}

Command CreateVerb() {
  Command command = {
      .name = "create",
      .summary = "back a cluster up now",
      .flags = CreateFlags(),
      .examples = {{"and wait for it", "tresor backup create --cluster prod -n demo --wait"}},
      .run = RunCreate,
  };
  command.flags.push_back({.name = "cluster",
                           .kind = ValueKind::kText,
                           .value_name = "NAME",
                           .help = "the cluster",
                           .required = true});
  command.flags.push_back(NameFlag(kVerbs));
  command.flags.push_back({.name = "destination",
                           .kind = ValueKind::kText,
                           .value_name = "NAME",
                           .help = "where it goes; default: the default destination"});
  command.flags.push_back({.name = "pinned", .help = "retention never removes it"});
  return command;
}

}  // namespace

Command BackupCommand() {
  return {
      .name = "backup",
      .summary = "take and look at the backups of a running tresor serve",
      .examples = {{"of one project", "tresor backup list --project demo"},
                   {"back up now", "tresor backup create --cluster prod -n demo --wait"}},
      .subcommands = {ListVerb(kVerbs), CreateVerb(), DescribeVerb(kVerbs), WaitVerb(kVerbs),
                      SetVerb(kVerbs, kPin), SetVerb(kVerbs, kUnpin), DeleteVerb(kVerbs)},
  };
}

}  // namespace tresor::cli
