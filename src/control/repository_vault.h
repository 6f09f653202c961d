// SPDX-License-Identifier: Apache-2.0
// RepositoryVault: the Vault of real repositories.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backup/spool.h"
#include "control/cluster_locks.h"
#include "control/destinations.h"
#include "control/services.h"
#include "control/vault.h"

namespace tresor::control {

struct RepositoryVaultOptions {
  backup::SpoolOptions spool = {};
  std::string host;  // recorded in backups
  Connector connect = etcd::Client::Connect;
  /// Of one member asked for HashKV.
  std::chrono::nanoseconds hash_kv_timeout = std::chrono::seconds(60);
  /// Dead records may make up this share of a repository.
  double max_unused = 0.10;
};

/// Opens a repository for every call: nothing is held between them.
class RepositoryVault final : public Vault {
 public:
  /// `destinations` outlives it.
  RepositoryVault(Destinations& destinations, RepositoryVaultOptions options)
      : destinations_(destinations), options_(std::move(options)) {}

  Result<StoredBackup> Take(const Context& context, const RepositoryAddress& address,
                            const TakeRequest& request) override;
  Result<std::optional<StoredBackup>> FindByTag(const Context& context,
                                                const RepositoryAddress& address,
                                                const std::string& tag) override;
  Result<StoredBackup> Read(const Context& context, const RepositoryAddress& address,
                            const std::string& id) override;
  Result<ProvenBackup> Prove(const Context& context, const RepositoryAddress& address,
                             const ProveRequest& request) override;
  Result<LauncherAccess> AccessForLaunchers(const Context& context,
                                            const RepositoryAddress& address) override;
  Status Forget(const Context& context, const RepositoryAddress& address,
                const std::vector<std::string>& ids) override;
  Status Prune(const Context& context, const RepositoryAddress& address) override;
  Result<std::vector<ListedBackup>> List(const Context& context,
                                         const RepositoryAddress& address) override;
  Result<std::vector<RepositoryAddress>> Repositories(const Context& context,
                                                      const std::string& destination) override;
  Result<std::uint64_t> StoredBytes(const Context& context,
                                    const RepositoryAddress& address) override;
  Status Probe(const Context& context, const std::string& destination) override;

 private:
  struct Opened;
  /// kNotFound also when there is no repository, with `missing` set.
  [[nodiscard]] Result<Opened> Open(const Context& context, const RepositoryAddress& address,
                                    bool create, bool& missing);
  /// Waits a while for another one of ours.
  [[nodiscard]] Result<ClusterLocks::Held> LockForWriting(const Context& context,
                                                          const RepositoryAddress& address);

  Destinations& destinations_;
  const RepositoryVaultOptions options_;
  ClusterLocks writers_;  // one writer of ours per repository
};

}  // namespace tresor::control
