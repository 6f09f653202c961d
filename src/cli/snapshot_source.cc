// SPDX-License-Identifier: Apache-2.0
#include "cli/snapshot_source.h"

#include <algorithm>
#include <utility>

#include "cli/hint.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

constexpr std::string_view kBefore = "latest~";

std::string FileHint(const Status& status) {
  switch (status.code()) {
    case Code::kNotFound:
      return "no such file; a backup of a repository is named by its id, or `latest`, with --repo";
    case Code::kDataLoss:
      return "the file is damaged or is not an etcd snapshot; a copied member/snap/db has no hash "
             "and needs "
             "--skip-hash-check where it is offered";
    default:
      return GeneralHint(status.code());
  }
}

}  // namespace

bool LooksLikeBackup(std::string_view word) {
  const bool hex = std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  return word == "latest" || word.starts_with(kBefore) ||
         (hex && word.size() >= 4 && word.size() <= 32);
}

Result<repo::BackupInfo> FindBackup(const Context& context, repo::Repository& repository,
                                    const std::string& word) {
  if (!word.starts_with(kBefore)) {
    return repository.Find(context, word);
  }
  ASSIGN_OR_RETURN(const std::uint64_t steps, ParseInteger(word.substr(kBefore.size())));
  ASSIGN_OR_RETURN(const std::vector<repo::BackupInfo> backups, repository.List(context));
  if (steps >= backups.size()) {
    return Error(Code::kNotFound, "{}: there {} only {}", word, backups.size() == 1 ? "is" : "are",
                 FormatCount(backups.size(), "backup"));
  }
  return backups[backups.size() - 1 - steps];
}

Result<std::unique_ptr<OpenedSource>> SourceOpener::Open(const std::string& word,
                                                         bool skip_hash_check) {
  auto opened = std::make_unique<OpenedSource>();
  if (!LooksLikeBackup(word)) {
    RETURN_IF_ERROR(OpenFile(word, skip_hash_check, *opened));
  } else if (invocation_.arguments().Has("repo")) {
    RETURN_IF_ERROR(OpenBackup(word, *opened));
  } else {
    invocation_.Hint("give --repo or set TRESOR_REPO; a file of that name is written ./" + word);
    return Error(Code::kInvalidArgument, "'{}' names a backup, but no repository is given", word);
  }
  return opened;
}

Status SourceOpener::OpenBackup(const std::string& word, OpenedSource& opened) {
  if (!repository_) {
    ASSIGN_OR_RETURN(repository_, OpenRepository(invocation_));
  }
  repo::Repository& repository = *repository_->repository;
  const std::string tried = fmt::format("opening backup {} of {}", word, repository_->dir);
  const Result<repo::BackupInfo> info = FindBackup(invocation_.context(), repository, word);
  if (!info.ok()) {
    const Status status = RepositoryError(invocation_, info.status(), tried);
    if (status.code() == Code::kNotFound) {
      invocation_.Hint("`tresor repo list` shows the backups that are there");
    }
    return status;
  }
  Result<std::unique_ptr<repo::Backup>> backup =
      repository.OpenBackup(invocation_.context(), info->id);
  if (!backup.ok()) {
    return RepositoryError(invocation_, backup.status(), tried);
  }
  opened.backup_ = *std::move(backup);
  opened.source_ = backup::MakeSource(*opened.backup_);
  opened.name_ = "backup " + info->id.Short();
  return OkStatus();
}

Status SourceOpener::OpenFile(const std::string& path, bool skip_hash_check, OpenedSource& opened) {
  const std::string tried = "opening the snapshot file";
  backup::SnapshotFileOptions options;
  options.fs = &invocation_.host().file_system;
  options.spool = ReadSpoolOptions(invocation_);
  options.skip_hash_check = skip_hash_check;
  options.progress = DrawProgress(invocation_);
  Result<std::unique_ptr<backup::SnapshotFile>> file =
      backup::SnapshotFile::Open(invocation_.context(), path, options);
  if (!file.ok()) {
    invocation_.Hint(FileHint(file.status()));
    return Annotate(file.status(), tried);
  }
  opened.file_ = *std::move(file);
  Result<std::unique_ptr<backup::Source>> source = backup::MakeSource(opened.file_->image(), path);
  if (!source.ok()) {
    invocation_.Hint(FileHint(source.status()));
    return Annotate(source.status(), tried);
  }
  opened.source_ = *std::move(source);
  opened.name_ = path;
  return OkStatus();
}

std::vector<Flag> SpoolFlags() {
  return {
      {.name = "spool-dir",
       .kind = ValueKind::kDirectory,
       .value_name = "DIR",
       .help = "where a snapshot of more than 32 MiB lies meanwhile, encrypted and without a name",
       .default_text = "/tmp",
       .environment = "TRESOR_SPOOL_DIR"},
      {.name = "spool-limit",
       .kind = ValueKind::kSize,
       .value_name = "SIZE",
       .help = "a larger snapshot is refused",
       .default_text = "64GiB"},
  };
}

std::vector<Flag> SourceFlags() {
  std::vector<Flag> flags = RepositoryFlags(false);
  const std::vector<Flag> spool = SpoolFlags();
  flags.insert(flags.end(), spool.begin(), spool.end());
  return flags;
}

Positional SourcePositional() {
  return {
      .name = "ID|latest|FILE",
      .help = "a backup of the repository, or a plain snapshot file (also packed by gzip or zstd)",
      .kind = ValueKind::kFile};
}

backup::SpoolOptions ReadSpoolOptions(Invocation& invocation) {
  backup::SpoolOptions options;
  options.fs = &invocation.host().file_system;
  options.dir = invocation.arguments().Text("spool-dir");
  options.limit_bytes = invocation.arguments().Size("spool-limit");
  options.random = &invocation.host().random;
  return options;
}

backup::ProgressCallback DrawProgress(Invocation& invocation) {
  return [&line = invocation.progress()](const backup::Progress& progress) {
    line.Update(backup::PhaseName(progress.phase), progress.done_bytes, progress.total_bytes);
  };
}

Status SourceError(Invocation& invocation, const OpenedSource& opened, const Status& status,
                   std::string_view tried) {
  if (status.ok()) {
    return status;
  }
  if (opened.file() != nullptr) {
    invocation.Hint(FileHint(status));
    return Annotate(status, tried);
  }
  return RepositoryError(invocation, status, tried);
}

}  // namespace tresor::cli
