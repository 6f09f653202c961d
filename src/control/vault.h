// SPDX-License-Identifier: Apache-2.0
// Vault: what controllers do with repositories. RepositoryVault does it with real ones; tests have
// a fake.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backup/progress.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/status.h"
#include "etcd/client.h"
#include "repo/repository.h"

namespace tresor::control {

/// The repository of one cluster's backups in one destination.
struct RepositoryAddress {
  std::string destination;
  std::string project;
  std::string cluster_uid;
  friend auto operator<=>(const RepositoryAddress&, const RepositoryAddress&) = default;
};
/// "main/demo/5f0c…"; for messages.
[[nodiscard]] inline std::string ToString(const RepositoryAddress& address) {
  return address.destination + "/" + address.project + "/" + address.cluster_uid;
}

/// A backup as its repository describes it: enough to make its object anew.
struct StoredBackup {
  std::string id;
  repo::BackupDescription description;
  std::uint64_t records = 0;
  std::uint64_t new_records = 0;
  std::uint64_t new_bytes = 0;
};

struct TakeRequest {
  /// What the backup is known by: one of `tags`. If the repository has it already, nothing is
  /// taken: it is returned.
  std::string identity_tag;
  std::vector<std::string> tags;
  etcd::ClientOptions source;
  backup::ProgressCallback progress;
};

/// What a cluster answers to HashKV at `revision` after a restore.
struct ExpectedData {
  std::int64_t revision = 0;
  std::int64_t compact_revision = -1;
  std::uint32_t hash = 0;
  /// From 3.5.5 on servers remember what they hashed while they carried out a compaction: asked for
  /// just that revision they answer for the compaction before it (etcd/format/FORMAT.md).
  std::int64_t earlier_compact_revision = -1;
  std::uint32_t earlier_hash = 0;
  friend bool operator==(const ExpectedData&, const ExpectedData&) = default;
};

/// A backup that was read whole, and is what it says.
struct ProvenBackup {
  StoredBackup backup;
  ExpectedData expected;
  std::uint64_t data_bytes = 0;  // of one member's restored database, at most
};

struct ProveRequest {
  std::string id;
  std::int64_t revision_bump = 0;
  bool mark_compacted = false;
  backup::ProgressCallback progress;
};

/// What a launcher needs to read a repository by itself.
struct LauncherAccess {
  std::string repository;  // a directory
  std::string key_file;    // 0600
};

/// A backup as a list shows it.
struct ListedBackup {
  std::string id;
  std::vector<std::string> tags;
};

/// Threads: all methods, from any thread. Writes to one repository exclude each other:
/// kUnavailable with "busy" says that another one of ours is at it; come back later.
/// Errors of every method, besides its own: those of Repository; kNotFound: no such destination, or
/// its key is missing (names which); kUnimplemented: a kind of destination that this build does not
/// know.
class Vault {
 public:
  virtual ~Vault() = default;

  /// Makes the repository if there is none. Errors: backup::TakeBackup's.
  [[nodiscard]] virtual Result<StoredBackup> Take(const Context& context,
                                                  const RepositoryAddress& address,
                                                  const TakeRequest& request) = 0;
  /// By one of its tags. None: it is not there, or there is no repository.
  [[nodiscard]] virtual Result<std::optional<StoredBackup>> FindByTag(
      const Context& context, const RepositoryAddress& address, const std::string& tag) = 0;
  /// kNotFound: it is not there.
  [[nodiscard]] virtual Result<StoredBackup> Read(const Context& context,
                                                  const RepositoryAddress& address,
                                                  const std::string& id) = 0;
  /// Reads it whole, as a restore would. kDataLoss: it is not what it says.
  [[nodiscard]] virtual Result<ProvenBackup> Prove(const Context& context,
                                                   const RepositoryAddress& address,
                                                   const ProveRequest& request) = 0;
  [[nodiscard]] virtual Result<LauncherAccess> AccessForLaunchers(
      const Context& context, const RepositoryAddress& address) = 0;

  /// OK also when it is not there, or there is no repository.
  [[nodiscard]] virtual Status Forget(const Context& context, const RepositoryAddress& address,
                                      const std::vector<std::string>& ids) = 0;
  /// Frees what no backup needs, when it is worth it.
  [[nodiscard]] virtual Status Prune(const Context& context, const RepositoryAddress& address) = 0;

  /// All backups, oldest first. Empty: there is no repository.
  [[nodiscard]] virtual Result<std::vector<ListedBackup>> List(
      const Context& context, const RepositoryAddress& address) = 0;
  [[nodiscard]] virtual Result<std::vector<RepositoryAddress>> Repositories(
      const Context& context, const std::string& destination) = 0;
  /// What a repository takes. Lists all of it: not for every minute.
  [[nodiscard]] virtual Result<std::uint64_t> StoredBytes(const Context& context,
                                                          const RepositoryAddress& address) = 0;
  /// Really tries: writes, reads, lists and deletes a probe object. Cheap, whatever lies there.
  [[nodiscard]] virtual Status Probe(const Context& context, const std::string& destination) = 0;
};

}  // namespace tresor::control
