// SPDX-License-Identifier: Apache-2.0
#include "cli/repository_access.h"

#include <utility>

#include "blob/decorators.h"
#include "blob/local.h"
#include "cli/hint.h"
#include "io/file_system.h"

namespace tresor::cli {
namespace {

constexpr std::uint64_t kSecretLimitBytes = 4096;
constexpr std::uint64_t kKeyFileLimitBytes = 1 << 20;
constexpr std::uint32_t kOthersMayRead = 0044;

void WarnIfOthersMayRead(Invocation& invocation, const std::string& path) {
  const auto info = invocation.host().file_system.Stat(path);
  if (info.ok() && info->type == io::FileType::kFile && (info->mode & kOthersMayRead) != 0) {
    invocation.Say(fmt::format("warning: {} can be read by others (mode {:04o}); chmod 600 it",
                               path, info->mode));
  }
}

Result<repo::Credential> PassphraseFromFile(Invocation& invocation, const std::string& path) {
  ASSIGN_OR_RETURN(std::string text, ReadSecretFile(invocation, path));
  return repo::Credential(repo::Passphrase{std::move(text)});
}

Result<repo::Credential> KeyFromFile(Invocation& invocation, const std::string& path) {
  Result<Bytes> content = io::ReadFile(invocation.host().file_system, path, kKeyFileLimitBytes);
  if (!content.ok()) {
    return Annotate(content.status(), "reading the key file");
  }
  WarnIfOthersMayRead(invocation, path);
  return repo::Credential(repo::KeyFile{*std::move(content)});
}

Result<repo::Credential> Ask(Invocation& invocation, const std::string& what, bool twice) {
  Terminal& terminal = invocation.host().terminal;
  Result<std::string> first = terminal.ReadSecret(invocation.context(), what + ": ");
  if (!first.ok()) {
    if (first.status().code() == Code::kFailedPrecondition) {
      invocation.Hint("give --passphrase-file or --key-file, or set TRESOR_PASSPHRASE_FILE");
      return Error(Code::kUnauthenticated, "no passphrase was given, and {}",
                   Message(first.status()));
    }
    return Annotate(first.status(), "asking for the passphrase");
  }
  if (first->empty()) {
    return Error(Code::kInvalidArgument, "the passphrase is empty");
  }
  if (twice) {
    ASSIGN_OR_RETURN(const std::string second,
                     terminal.ReadSecret(invocation.context(), what + " again: "));
    if (second != *first) {
      return Error(Code::kInvalidArgument, "the two passphrases differ");
    }
  }
  return repo::Credential(repo::Passphrase{*std::move(first)});
}

Result<repo::Credential> Read(Invocation& invocation, bool twice) {
  const Arguments& arguments = invocation.arguments();
  const bool key_typed = arguments.Typed("key-file");
  const bool passphrase_typed = arguments.Typed("passphrase-file");
  if (key_typed && passphrase_typed) {
    return Error(Code::kInvalidArgument, "give --passphrase-file or --key-file, not both");
  }
  if (key_typed || (!passphrase_typed && arguments.Has("key-file"))) {
    return KeyFromFile(invocation, arguments.Text("key-file"));
  }
  if (arguments.Has("passphrase-file")) {
    return PassphraseFromFile(invocation, arguments.Text("passphrase-file"));
  }
  if (const auto text = invocation.host().environment("TRESOR_PASSPHRASE");
      text && !text->empty()) {
    return repo::Credential(repo::Passphrase{*text});
  }
  return Ask(invocation, "passphrase of " + arguments.Text("repo"), twice);
}

}  // namespace

std::vector<Flag> RepositoryFlags(bool required) {
  return {
      {.name = "repo",
       .letter = 'r',
       .kind = ValueKind::kDirectory,
       .value_name = "DIR",
       .help = "folder of the repository",
       .required = required,
       .environment = "TRESOR_REPO"},
      {.name = "passphrase-file",
       .kind = ValueKind::kFile,
       .value_name = "FILE",
       .help = "file whose one line is the passphrase; without it and --key-file: "
               "TRESOR_PASSPHRASE, else a prompt",
       .environment = "TRESOR_PASSPHRASE_FILE"},
      {.name = "key-file",
       .kind = ValueKind::kFile,
       .value_name = "FILE",
       .help = "key file, in place of a passphrase: at least 16 bytes, all of which count",
       .environment = "TRESOR_KEY_FILE"},
      {.name = "verbose",
       .letter = 'v',
       .help = "every call to the repository's store on standard error: names, sizes, times"},
  };
}

Flag LockWaitFlag() {
  return {.name = "lock-wait",
          .kind = ValueKind::kDuration,
          .value_name = "TIME",
          .help = "how long to wait for another writer",
          .default_text = "0s"};
}

std::pair<std::string, std::string> PassphraseVariable() {
  return {"TRESOR_PASSPHRASE",
          "the passphrase, when neither --passphrase-file nor --key-file is given"};
}

std::vector<Flag> NewCredentialFlags() {
  return {
      {.name = "new-passphrase-file",
       .kind = ValueKind::kFile,
       .value_name = "FILE",
       .help =
           "file whose one line is the new passphrase; without it and --new-key-file: a prompt"},
      {.name = "new-key-file",
       .kind = ValueKind::kFile,
       .value_name = "FILE",
       .help = "the new key file"},
      {.name = "label",
       .kind = ValueKind::kText,
       .value_name = "TEXT",
       .help = "what the new key is called in the list"},
  };
}

Result<repo::Credential> ReadCredential(Invocation& invocation) { return Read(invocation, false); }
Result<repo::Credential> ReadFirstCredential(Invocation& invocation) {
  return Read(invocation, true);
}

Result<repo::Credential> ReadNewCredential(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  if (arguments.Has("new-key-file") && arguments.Has("new-passphrase-file")) {
    return Error(Code::kInvalidArgument, "give --new-passphrase-file or --new-key-file, not both");
  }
  if (arguments.Has("new-key-file")) {
    return KeyFromFile(invocation, arguments.Text("new-key-file"));
  }
  if (arguments.Has("new-passphrase-file")) {
    return PassphraseFromFile(invocation, arguments.Text("new-passphrase-file"));
  }
  return Ask(invocation, "new passphrase", true);
}

Result<std::string> ReadSecretFile(Invocation& invocation, const std::string& path) {
  Result<Bytes> content = io::ReadFile(invocation.host().file_system, path, kSecretLimitBytes);
  if (!content.ok()) {
    return Annotate(content.status(), "reading the passphrase file");
  }
  WarnIfOthersMayRead(invocation, path);
  std::string text = ToString(*content);
  for (const char end : {'\n', '\r'}) {
    if (text.ends_with(end)) {
      text.pop_back();
    }
  }
  if (text.empty()) {
    return Error(Code::kInvalidArgument, "{}: the file is empty", path);
  }
  if (text.find_first_of(std::string_view("\n\0", 2)) != std::string::npos) {
    return Error(Code::kInvalidArgument, "{}: the file has more than one line", path);
  }
  return text;
}

Result<std::unique_ptr<blob::BlobStore>> OpenStore(Invocation& invocation, bool create) {
  Host& host = invocation.host();
  const std::string dir = invocation.arguments().Text("repo");
  ASSIGN_OR_RETURN(auto store, create ? blob::CreateLocalStore(host.file_system, dir)
                                      : blob::OpenLocalStore(host.file_system, dir));
  return invocation.verbose() ? blob::MakeLoggedStore(std::move(store)) : std::move(store);
}

Result<OpenedRepository> OpenRepository(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  OpenedRepository opened{.dir = arguments.Text("repo"), .store = nullptr, .repository = nullptr};
  const std::string tried = "opening the repository " + opened.dir;
  Result<std::unique_ptr<blob::BlobStore>> store = OpenStore(invocation, false);
  if (!store.ok()) {
    return RepositoryError(invocation, store.status(), tried);
  }
  opened.store = *std::move(store);
  ASSIGN_OR_RETURN(const repo::Credential credential, ReadCredential(invocation));
  repo::OpenOptions options;
  if (arguments.Knows("lock-wait")) {
    options.lock_wait =
        std::chrono::duration_cast<std::chrono::milliseconds>(arguments.Duration("lock-wait"));
  }
  Result<std::unique_ptr<repo::Repository>> repository =
      repo::Repository::Open(invocation.context(), *opened.store, credential, options);
  if (!repository.ok()) {
    return RepositoryError(invocation, repository.status(), tried);
  }
  opened.repository = *std::move(repository);
  return opened;
}

Status RepositoryError(Invocation& invocation, const Status& status, std::string_view tried,
                       bool writing) {
  if (status.ok()) {
    return status;
  }
  const bool locked = writing && status.code() == Code::kFailedPrecondition;
  const Status result = locked ? Error(Code::kAborted, "{}", Message(status)) : status;
  invocation.Hint(RepositoryHint(result, invocation.arguments().Text("repo")));
  return Annotate(result, tried);
}

}  // namespace tresor::cli
