// SPDX-License-Identifier: Apache-2.0
// ID|latest|FILE: what the commands that read a backup are given.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backup/progress.h"
#include "backup/snapshot_file.h"
#include "backup/source.h"
#include "cli/command.h"
#include "cli/invocation.h"
#include "cli/repository_access.h"
#include "repo/repository.h"

namespace tresor::cli {

/// "latest", "latest~2" (the second before it), or 4 to 32 hex digits. Everything else is a file.
[[nodiscard]] bool LooksLikeBackup(std::string_view word);
/// kNotFound; kInvalidArgument: several have these digits, or no number after '~'.
[[nodiscard]] Result<repo::BackupInfo> FindBackup(const Context& context,
                                                  repo::Repository& repository,
                                                  const std::string& word);

/// A backup in a repository, or a file. Keeps open what the source needs.
class OpenedSource {
 public:
  [[nodiscard]] const backup::Source& source() const { return *source_; }
  /// Of a backup; null for a file.
  [[nodiscard]] const repo::BackupDetails* details() const {
    return backup_ == nullptr ? nullptr : &backup_->details();
  }
  /// Null for a backup.
  [[nodiscard]] const backup::SnapshotFile* file() const { return file_.get(); }
  /// "backup 3f2a90c1" or the path.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  friend class SourceOpener;
  std::string name_;
  std::unique_ptr<repo::Backup> backup_;
  std::unique_ptr<backup::SnapshotFile> file_;
  std::unique_ptr<backup::Source> source_;
};

/// Opens sources; the repository once for all of them. Outlives what it opened.
class SourceOpener {
 public:
  explicit SourceOpener(Invocation& invocation) : invocation_(invocation) {}
  /// Errors are annotated and have their hint. `skip_hash_check`: of a file.
  [[nodiscard]] Result<std::unique_ptr<OpenedSource>> Open(const std::string& word,
                                                           bool skip_hash_check = false);

 private:
  [[nodiscard]] Status OpenBackup(const std::string& word, OpenedSource& opened);
  [[nodiscard]] Status OpenFile(const std::string& path, bool skip_hash_check,
                                OpenedSource& opened);

  Invocation& invocation_;
  std::optional<OpenedRepository> repository_;
};

/// --repo and its credentials, not required, and --spool-dir and --spool-limit for packed files.
[[nodiscard]] std::vector<Flag> SourceFlags();
[[nodiscard]] Positional SourcePositional();
/// --spool-dir, --spool-limit
[[nodiscard]] std::vector<Flag> SpoolFlags();
[[nodiscard]] backup::SpoolOptions ReadSpoolOptions(Invocation& invocation);
/// Draws the progress of use cases.
[[nodiscard]] backup::ProgressCallback DrawProgress(Invocation& invocation);

/// Annotates an error of reading a source, with the hint that fits.
[[nodiscard]] Status SourceError(Invocation& invocation, const OpenedSource& opened,
                                 const Status& status, std::string_view tried);

}  // namespace tresor::cli
