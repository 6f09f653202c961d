// SPDX-License-Identifier: Apache-2.0
// How commands get at a repository: the flags, the passphrase, opening it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "blob/blob.h"
#include "cli/command.h"
#include "cli/invocation.h"
#include "repo/repository.h"

namespace tresor::cli {

/// --repo, --passphrase-file, --key-file. `required`: the command does nothing without a
/// repository.
[[nodiscard]] std::vector<Flag> RepositoryFlags(bool required);
/// --lock-wait, for commands that write.
[[nodiscard]] Flag LockWaitFlag();
/// The variable that has no flag, for Command::environment.
[[nodiscard]] std::pair<std::string, std::string> PassphraseVariable();

/// From the flags, else from the environment (TRESOR_KEY_FILE, TRESOR_PASSPHRASE_FILE,
/// TRESOR_PASSPHRASE, in this order), else asked for on the terminal. kInvalidArgument: both flags.
/// kFailedPrecondition: nothing given and no terminal.
[[nodiscard]] Result<repo::Credential> ReadCredential(Invocation& invocation);
/// As ReadCredential; a prompt asks twice.
[[nodiscard]] Result<repo::Credential> ReadFirstCredential(Invocation& invocation);
/// From --new-passphrase-file or --new-key-file, else asked for twice.
[[nodiscard]] Result<repo::Credential> ReadNewCredential(Invocation& invocation);
[[nodiscard]] std::vector<Flag> NewCredentialFlags();

/// One line of a secret from a file: the end of the line does not count. kInvalidArgument: empty,
/// or several lines.
[[nodiscard]] Result<std::string> ReadSecretFile(Invocation& invocation, const std::string& path);

struct OpenedRepository {
  std::string dir;
  std::unique_ptr<blob::BlobStore> store;
  std::unique_ptr<repo::Repository> repository;
};
/// The store in folder --repo, without looking into it. `create`: makes the folder.
[[nodiscard]] Result<std::unique_ptr<blob::BlobStore>> OpenStore(Invocation& invocation,
                                                                 bool create);
/// Errors are annotated, and have their hint.
[[nodiscard]] Result<OpenedRepository> OpenRepository(Invocation& invocation);

/// Annotates an error of a repository and sets its hint; OK stays OK. `writing`: the command takes
/// the lease, so kFailedPrecondition means that another writer has it, and becomes kAborted.
[[nodiscard]] Status RepositoryError(Invocation& invocation, const Status& status,
                                     std::string_view tried, bool writing = false);

}  // namespace tresor::cli
