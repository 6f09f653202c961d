// SPDX-License-Identifier: Apache-2.0
// The real `tresor`, run as people run it, and the repository it works on. No gtest here.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "backup/source.h"
#include "base/context.h"
#include "base/status.h"
#include "blob/blob.h"
#include "etcd/client.h"
#include "process/process.h"
#include "repo/repository.h"
#include "test/etcd_fixture.h"

namespace tresor::testing {

using Json = nlohmann::json;

/// How a run ended.
struct ProgramRun {
  process::ExitStatus status;
  std::string standard_output;
  std::string standard_error;
};
/// "exit code 4\n<what it wrote>", for messages.
[[nodiscard]] std::string ToString(const ProgramRun& run);

/// The program, with a scratch folder that holds a key file and, in repo(), a repository.
///
/// A key file, not a passphrase: deriving a key from one takes long on purpose.
/// Threads: one.
class TresorProgram {
 public:
  /// The program was built here. kNotFound: it was not. No repository yet.
  [[nodiscard]] static Result<std::unique_ptr<TresorProgram>> Create();
  /// … and `tresor repo init`.
  [[nodiscard]] static Result<std::unique_ptr<TresorProgram>> CreateRepository();

  [[nodiscard]] const std::string& dir() const { return scratch_->path(); }
  [[nodiscard]] const std::string& repo() const { return repo_; }
  [[nodiscard]] std::string key_file() const { return dir() + "/key"; }
  /// From here on repo() is this one.
  void UseRepository(std::string path) { repo_ = std::move(path); }

  /// Runs it to its end, however it ends; at most two minutes. `words` begins with the command, as
  /// {"repo", "list"}; --repo and --key-file are added.
  [[nodiscard]] Result<ProgramRun> Run(std::vector<std::string> words) const;
  /// The same, in a shell that does `before` first ("ulimit -f 8; "), or by what `before` names
  /// ("nice ").
  [[nodiscard]] Result<ProgramRun> RunInShell(const std::string& before,
                                              std::vector<std::string> words) const;
  /// The same of a copy of the program that every user can reach.
  [[nodiscard]] Result<ProgramRun> RunCopyInShell(const std::string& before,
                                                  std::vector<std::string> words) const;
  /// Runs it with --output json; what it printed. kInternal: it did not end with exit code 0.
  [[nodiscard]] Result<Json> RunJson(std::vector<std::string> words) const;
  /// Starts it and kills it (SIGKILL) after `delay`, unless it ends before.
  [[nodiscard]] Result<ProgramRun> RunAndKill(std::vector<std::string> words,
                                              std::chrono::nanoseconds delay) const;
  /// Starts it, sends `signal` after `delay`, unless it ends before, and waits for its end, at most
  /// half a minute.
  [[nodiscard]] Result<ProgramRun> RunAndSignal(std::vector<std::string> words,
                                                std::chrono::nanoseconds delay, int signal) const;
  /// Starts it and calls `look` over and over until it ends.
  template <typename Look>
  [[nodiscard]] Result<ProgramRun> RunAndWatch(std::vector<std::string> words, Look look) const;

 private:
  explicit TresorProgram(std::unique_ptr<ScratchDir> scratch)
      : scratch_(std::move(scratch)), repo_(scratch_->path() + "/repo") {}
  [[nodiscard]] static Result<ProgramRun> RunToEnd(const std::string& before,
                                                   std::vector<std::string> arguments);
  [[nodiscard]] std::vector<std::string> Arguments(std::vector<std::string> words) const;
  [[nodiscard]] Result<std::unique_ptr<process::Process>> Start(
      std::vector<std::string> words) const;
  [[nodiscard]] ProgramRun Collect(process::ExitStatus status) const;

  std::unique_ptr<ScratchDir> scratch_;
  std::string repo_;
};

/// The repository of a TresorProgram, opened by the libraries.
struct OpenedRepository {
  std::unique_ptr<blob::BlobStore> store;
  std::unique_ptr<repo::Repository> repository;
};
[[nodiscard]] Result<OpenedRepository> OpenRepository(const TresorProgram& tresor);

/// Bucket paths ("key", "a/b") with their pairs in order.
using Content = std::map<std::string, std::vector<std::pair<std::string, std::string>>>;
/// All of it. The image is checked on the way. Small ones only.
[[nodiscard]] Result<Content> ReadContent(const Context& context, const backup::Source& source);
[[nodiscard]] Result<Content> ReadSnapshotFile(const Context& context, const std::string& path);
[[nodiscard]] Result<Content> ReadBackup(const Context& context, repo::Repository& repository,
                                         const std::string& id);
/// The db of a member data directory that no server has open.
[[nodiscard]] Result<Content> ReadMember(const Context& context, const std::string& data_dir);
/// Where two contents differ first; none: they are equal. `meta` counts operations that leave no
/// trace in any other bucket, so it is left out.
[[nodiscard]] std::optional<std::string> Difference(const Content& a, const Content& b);

// --- templates ---------------------------------------------------------------------------------

template <typename Look>
Result<ProgramRun> TresorProgram::RunAndWatch(std::vector<std::string> words, Look look) const {
  ASSIGN_OR_RETURN(const auto process, Start(std::move(words)));
  while (true) {
    if (const auto status = process->Poll()) {
      return Collect(*status);
    }
    look(*process);
  }
}

}  // namespace tresor::testing
