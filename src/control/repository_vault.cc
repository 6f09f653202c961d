// SPDX-License-Identifier: Apache-2.0
#include "control/repository_vault.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "backup/source.h"
#include "backup/take.h"
#include "backup/verify.h"
#include "base/hex.h"
#include "blob/local.h"
#include "control/restored_hash.h"

namespace tresor::control {
namespace {

// A destination's own objects lie where no project's can.
constexpr std::string_view kProbeDir = ".tresor-probe";
// Another process may be at it for a moment: a command-line tool, a server that just ended.
constexpr std::chrono::seconds kLockWait{2};
constexpr std::chrono::milliseconds kLockInterval{20};
// What bbolt adds to records: page headers, half-full last leaves, branches, small buckets.
constexpr std::uint64_t kDatabaseOverhead = std::uint64_t{16} << 20;

bool HasTag(const std::vector<std::string>& tags, const std::string& tag) {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

Result<StoredBackup> Describe(const Context& context, repo::Repository& repository,
                              const repo::Id& id) {
  ASSIGN_OR_RETURN(const auto backup, repository.OpenBackup(context, id));
  const repo::BackupDetails& details = backup->details();
  return StoredBackup{.id = details.info.id.ToString(),
                      .description = details.description,
                      .records = details.info.records,
                      .new_records = details.added_records,
                      .new_bytes = details.info.added_bytes};
}

Result<std::optional<repo::Id>> FindTagged(const Context& context, repo::Repository& repository,
                                           const std::string& tag) {
  ASSIGN_OR_RETURN(const std::vector<repo::BackupInfo> backups, repository.List(context));
  for (const repo::BackupInfo& backup : backups) {
    if (HasTag(backup.tags, tag)) {
      return std::optional<repo::Id>(backup.id);
    }
  }
  return std::optional<repo::Id>();
}

}  // namespace

struct RepositoryVault::Opened {
  Place place;
  std::unique_ptr<blob::BlobStore> store;
  std::unique_ptr<repo::Repository> repository;
};

Result<RepositoryVault::Opened> RepositoryVault::Open(const Context& context,
                                                      const RepositoryAddress& address, bool create,
                                                      bool& missing) {
  missing = false;
  Opened opened;
  ASSIGN_OR_RETURN(opened.place, destinations_.Open(context, address.destination));
  const std::string path = opened.place.RepositoryPath(address);
  Result<std::unique_ptr<blob::BlobStore>> store =
      create ? blob::CreateLocalStore(destinations_.fs(), path)
             : blob::OpenLocalStore(destinations_.fs(), path);
  if (!store.ok()) {
    missing = store.status().code() == Code::kNotFound;
    return store.status();
  }
  opened.store = *std::move(store);
  const repo::Credential credential(opened.place.key);
  repo::OpenOptions options;
  options.lock_wait = kLockWait;
  auto repository = repo::Repository::Open(context, *opened.store, credential, options);
  if (repository.status().code() == Code::kNotFound && create) {
    const Status made = repo::Repository::Init(context, *opened.store, credential, "tresor");
    if (!made.ok() && made.code() != Code::kAlreadyExists) {
      return Annotate(made, path);
    }
    repository = repo::Repository::Open(context, *opened.store, credential, options);
  }
  if (!repository.ok()) {
    missing = repository.status().code() == Code::kNotFound;
    return Annotate(repository.status(), path);
  }
  opened.repository = *std::move(repository);
  return opened;
}

Result<ClusterLocks::Held> RepositoryVault::LockForWriting(const Context& context,
                                                           const RepositoryAddress& address) {
  // By real time, whatever the clock: forgetting and pruning what is small takes milliseconds.
  for (auto waited = std::chrono::nanoseconds::zero();; waited += kLockInterval) {
    std::optional<ClusterLocks::Held> held = writers_.TryLock(ToString(address));
    if (held.has_value()) {
      return *std::move(held);
    }
    if (waited >= kLockWait) {
      return Error(Code::kUnavailable, "repository {} is busy", ToString(address));
    }
    RETURN_IF_ERROR(context.Sleep(kLockInterval));
  }
}

Result<StoredBackup> RepositoryVault::Take(const Context& context, const RepositoryAddress& address,
                                           const TakeRequest& request) {
  ASSIGN_OR_RETURN(const ClusterLocks::Held held, LockForWriting(context, address));
  bool missing = false;
  ASSIGN_OR_RETURN(const Opened opened, Open(context, address, true, missing));
  ASSIGN_OR_RETURN(const std::optional<repo::Id> present,
                   FindTagged(context, *opened.repository, request.identity_tag));
  if (present.has_value()) {
    return Describe(context, *opened.repository, *present);
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<etcd::Client> client, options_.connect(request.source));
  backup::TakeOptions options;
  options.spool = options_.spool;
  options.hash_kv_timeout = options_.hash_kv_timeout;
  options.host = options_.host;
  options.tags = request.tags;
  options.progress = request.progress;
  ASSIGN_OR_RETURN(const backup::TakeResult taken,
                   backup::TakeBackup(context, options, *client, *opened.repository));
  return Describe(context, *opened.repository, taken.info.id);
}

Result<std::optional<StoredBackup>> RepositoryVault::FindByTag(const Context& context,
                                                               const RepositoryAddress& address,
                                                               const std::string& tag) {
  bool missing = false;
  Result<Opened> opened = Open(context, address, false, missing);
  if (!opened.ok()) {
    return missing ? Result<std::optional<StoredBackup>>(std::nullopt) : opened.status();
  }
  ASSIGN_OR_RETURN(const std::optional<repo::Id> id, FindTagged(context, *opened->repository, tag));
  if (!id.has_value()) {
    return std::optional<StoredBackup>();
  }
  ASSIGN_OR_RETURN(StoredBackup stored, Describe(context, *opened->repository, *id));
  return std::optional<StoredBackup>(std::move(stored));
}

Result<StoredBackup> RepositoryVault::Read(const Context& context, const RepositoryAddress& address,
                                           const std::string& id) {
  bool missing = false;
  ASSIGN_OR_RETURN(const Opened opened, Open(context, address, false, missing));
  ASSIGN_OR_RETURN(const repo::Id parsed, repo::ParseId(id));
  return Describe(context, *opened.repository, parsed);
}

Result<ProvenBackup> RepositoryVault::Prove(const Context& context,
                                            const RepositoryAddress& address,
                                            const ProveRequest& request) {
  bool missing = false;
  ASSIGN_OR_RETURN(const Opened opened, Open(context, address, false, missing));
  ASSIGN_OR_RETURN(const repo::Id id, repo::ParseId(request.id));
  ASSIGN_OR_RETURN(const auto backup, opened.repository->OpenBackup(context, id));
  const std::unique_ptr<backup::Source> source = backup::MakeSource(*backup);
  ASSIGN_OR_RETURN(const backup::VerifyResult verified,
                   backup::Verify(context, *source, {.progress = request.progress}));
  ProvenBackup proven;
  ASSIGN_OR_RETURN(proven.backup, Describe(context, *opened.repository, id));
  ASSIGN_OR_RETURN(proven.expected, ExpectRestored(context, *source, request.revision_bump));
  // Restored pages are packed: never more than what the source had, or records and a fifth.
  proven.data_bytes = std::min(std::max(source->facts().image_bytes, verified.record_bytes),
                               verified.record_bytes + verified.record_bytes / 5) +
                      kDatabaseOverhead;
  return proven;
}

Result<LauncherAccess> RepositoryVault::AccessForLaunchers(const Context& context,
                                                           const RepositoryAddress& address) {
  ASSIGN_OR_RETURN(const Place place, destinations_.Open(context, address.destination));
  ASSIGN_OR_RETURN(std::string key_file, destinations_.KeyFile(address.destination, place));
  return LauncherAccess{.repository = place.RepositoryPath(address),
                        .key_file = std::move(key_file)};
}

Status RepositoryVault::Forget(const Context& context, const RepositoryAddress& address,
                               const std::vector<std::string>& ids) {
  ASSIGN_OR_RETURN(const ClusterLocks::Held held, LockForWriting(context, address));
  bool missing = false;
  Result<Opened> opened = Open(context, address, false, missing);
  if (!opened.ok()) {
    return missing ? OkStatus() : opened.status();
  }
  ASSIGN_OR_RETURN(const std::vector<repo::BackupInfo> backups, opened->repository->List(context));
  std::vector<repo::Id> present;
  for (const repo::BackupInfo& backup : backups) {
    if (std::find(ids.begin(), ids.end(), backup.id.ToString()) != ids.end()) {
      present.push_back(backup.id);
    }
  }
  return present.empty() ? OkStatus() : opened->repository->Forget(context, present);
}

Status RepositoryVault::Prune(const Context& context, const RepositoryAddress& address) {
  ASSIGN_OR_RETURN(const ClusterLocks::Held held, LockForWriting(context, address));
  bool missing = false;
  Result<Opened> opened = Open(context, address, false, missing);
  if (!opened.ok()) {
    return missing ? OkStatus() : opened.status();
  }
  return opened->repository->Prune(context, {.max_unused = options_.max_unused}).status();
}

Result<std::vector<ListedBackup>> RepositoryVault::List(const Context& context,
                                                        const RepositoryAddress& address) {
  bool missing = false;
  Result<Opened> opened = Open(context, address, false, missing);
  if (!opened.ok()) {
    return missing ? Result<std::vector<ListedBackup>>(std::vector<ListedBackup>())
                   : opened.status();
  }
  ASSIGN_OR_RETURN(const std::vector<repo::BackupInfo> backups, opened->repository->List(context));
  std::vector<ListedBackup> listed;
  for (const repo::BackupInfo& backup : backups) {
    listed.push_back({.id = backup.id.ToString(), .tags = backup.tags});
  }
  return listed;
}

Result<std::vector<RepositoryAddress>> RepositoryVault::Repositories(
    const Context& context, const std::string& destination) {
  ASSIGN_OR_RETURN(const Place place, destinations_.Open(context, destination));
  io::FileSystem& fs = destinations_.fs();
  std::vector<RepositoryAddress> found;
  const Result<std::vector<io::DirEntry>> projects = fs.List(place.path);
  if (!projects.ok()) {
    if (projects.status().code() == Code::kNotFound) {
      return found;
    }
    return projects.status();
  }
  for (const io::DirEntry& project : *projects) {
    if (project.type != io::FileType::kDirectory || project.name.starts_with('.')) {
      continue;
    }
    const std::string dir = place.path + "/" + project.name;
    ASSIGN_OR_RETURN(const std::vector<io::DirEntry> clusters, fs.List(dir));
    for (const io::DirEntry& cluster : clusters) {
      ASSIGN_OR_RETURN(const bool is_repository,
                       io::Exists(fs, dir + "/" + cluster.name + "/config"));
      if (cluster.type == io::FileType::kDirectory && is_repository) {
        found.push_back(
            {.destination = destination, .project = project.name, .cluster_uid = cluster.name});
      }
    }
  }
  return found;
}

Result<std::uint64_t> RepositoryVault::StoredBytes(const Context& context,
                                                   const RepositoryAddress& address) {
  ASSIGN_OR_RETURN(const Place place, destinations_.Open(context, address.destination));
  const auto store = blob::OpenLocalStore(destinations_.fs(), place.RepositoryPath(address));
  if (!store.ok()) {
    return store.status().code() == Code::kNotFound ? Result<std::uint64_t>(0) : store.status();
  }
  ASSIGN_OR_RETURN(const std::vector<blob::BlobInfo> blobs, (*store)->List(context, ""));
  std::uint64_t bytes = 0;
  for (const blob::BlobInfo& blob : blobs) {
    bytes += blob.size_bytes;
  }
  return bytes;
}

Status RepositoryVault::Probe(const Context& context, const std::string& destination) {
  ASSIGN_OR_RETURN(const Place place, destinations_.Open(context, destination));
  const std::string dir = place.path + "/" + std::string(kProbeDir);
  ASSIGN_OR_RETURN(const auto store, blob::CreateLocalStore(destinations_.fs(), dir));
  const std::string name = "probe-" + ToHex(SystemRandom().Next());
  const Bytes content = ToBytes(std::string_view("tresor was here"));
  RETURN_IF_ERROR(Annotate(store->Put(context, name, content), "writing a probe"));
  const auto look = [&]() -> Status {
    ASSIGN_OR_RETURN(const Bytes read, store->GetAll(context, name, 1024));
    if (read != content) {
      return Error(Code::kDataLoss, "{}: the probe reads otherwise than it was written", dir);
    }
    ASSIGN_OR_RETURN(const std::vector<blob::BlobInfo> all, store->List(context, ""));
    if (std::none_of(all.begin(), all.end(),
                     [&](const blob::BlobInfo& blob) { return blob.name == name; })) {
      return Error(Code::kDataLoss, "{}: the probe was written and is not listed", dir);
    }
    return OkStatus();
  };
  const Status looked = look();
  const Status deleted = store->Delete(context, name);
  RETURN_IF_ERROR(Annotate(looked, "reading the probe"));
  return Annotate(deleted, "deleting the probe");
}

}  // namespace tresor::control
