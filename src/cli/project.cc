// SPDX-License-Identifier: Apache-2.0
// tresor project: list, create, delete. A project is a Kubernetes namespace.
#include "cli/object_verbs.h"
#include "cli/server_commands.h"

namespace tresor::cli {
namespace {

const ObjectVerbs kVerbs = {
    .word = "project",
    .plural = "namespaces",
    .kind = "Namespace",
    .example = "demo",
    .deleting =
        "All that is in it goes first: restores are rolled back, clusters stopped and "
        "removed, and its backups' objects deleted.",
    .in_project = false};

Status RunCreate(Invocation& invocation) {
  ASSIGN_OR_RETURN(const auto client, ApiClient::Open(invocation));
  return CreateObject(invocation, *client, kVerbs,
                      {{{"apiVersion", "v1"},
                        {"kind", kVerbs.kind},
                        {"metadata", {{"name", invocation.arguments().positionals()[0]}}}}});
}

Command CreateVerb() {
  return {
      .name = "create",
      .summary = "make a project",
      .flags = ApiFlags(),
      .positionals = {{.name = "NAME", .help = "its name"}},
      .examples = {{"a new one", "tresor project create demo"}},
      .run = RunCreate,
  };
}

}  // namespace

Command ProjectCommand() {
  return {
      .name = "project",
      .summary = "make and look at the projects (namespaces) of a running tresor serve",
      .examples = {{"all of them", "tresor project list"}},
      .subcommands = {ListVerb(kVerbs), CreateVerb(), DeleteVerb(kVerbs)},
  };
}

}  // namespace tresor::cli
