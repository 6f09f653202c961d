// SPDX-License-Identifier: Apache-2.0
// tresor repo init
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/invocation.h"
#include "cli/repository_access.h"

namespace tresor::cli {
namespace {

Status RunInit(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  const std::string dir = arguments.Text("repo");
  ASSIGN_OR_RETURN(const repo::Credential credential, ReadFirstCredential(invocation));
  const std::string tried = "making the repository " + dir;
  const Result<std::unique_ptr<blob::BlobStore>> store = OpenStore(invocation, true);
  if (!store.ok()) {
    return RepositoryError(invocation, store.status(), tried);
  }
  RETURN_IF_ERROR(RepositoryError(
      invocation,
      repo::Repository::Init(invocation.context(), **store, credential, arguments.Text("label")),
      tried));

  // What was written opens: a passphrase that was lost on the way would show only when it is too
  // late.
  const auto opened = repo::Repository::Open(invocation.context(), **store, credential);
  if (!opened.ok()) {
    return RepositoryError(invocation, opened.status(), "opening the new repository " + dir);
  }
  const std::string id = (*opened)->id().ToString();
  if (invocation.json()) {
    invocation.PrintJson({{"repository", dir}, {"id", id}});
  } else {
    invocation.out() << "made repository " << id << " in " << dir << '\n';
  }
  invocation.Say(
      "Without its passphrase or key file nothing in it can ever be read: keep a copy elsewhere.");
  return OkStatus();
}

}  // namespace

Command RepoInitCommand() {
  Command command = {
      .name = "init",
      .summary = "make a new repository",
      .description =
          "Makes a repository in a folder that is empty or not there yet, with one key slot for "
          "the passphrase or key "
          "file. A prompt asks twice.",
      .flags = RepositoryFlags(true),
      .environment = {PassphraseVariable()},
      .examples = {{"ask for the passphrase", "tresor repo init --repo /backup/prod"},
                   {"with a key file",
                    "head -c 32 /dev/urandom > /etc/tresor/key && tresor repo init --repo "
                    "/backup/prod --key-file "
                    "/etc/tresor/key"}},
      .run = RunInit,
  };
  command.flags.push_back({.name = "label",
                           .kind = ValueKind::kText,
                           .value_name = "TEXT",
                           .help = "what the first key is called in the list of keys",
                           .default_text = "first"});
  return command;
}

}  // namespace tresor::cli
