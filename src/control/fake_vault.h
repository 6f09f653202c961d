// SPDX-License-Identifier: Apache-2.0
// For tests: repositories that are values.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/vault.h"

namespace tresor::control {

class FakeVault final : public Vault {
 public:
  /// As FakeRuntime's.
  std::function<Status(std::string_view)> before = [](std::string_view) { return OkStatus(); };
  std::function<Status(std::string_view)> after = [](std::string_view) { return OkStatus(); };
  /// What Prove says of every backup.
  ExpectedData expected{.revision = 0, .compact_revision = -1, .hash = 2};
  std::uint64_t data_bytes = 1 << 20;
  std::function<void()> while_taking = [] {};
  std::function<void(const Context&)> while_proving = [](const Context&) {};
  int taken = 0;
  int pruned = 0;
  std::set<std::string> destinations{"main"};
  std::map<RepositoryAddress, std::vector<StoredBackup>> repositories;

  StoredBackup& Put(const RepositoryAddress& address, std::string id,
                    std::vector<std::string> tags) {
    StoredBackup backup;
    backup.id = std::move(id);
    backup.description.tags = std::move(tags);
    backup.description.revision = 50;
    backup.description.hash_kv = {.hash = 7, .revision = 50, .compact_revision = -1};
    backup.description.source.etcd_version = "3.5.21";
    backup.description.source.image_bytes = 4096;
    backup.description.evidence = {
        {.check = "sha256", .result = repo::EvidenceResult::kPassed, .detail = "equal"}};
    backup.records = 10;
    backup.new_records = 3;
    backup.new_bytes = 300;
    return repositories[address].emplace_back(std::move(backup));
  }

  Result<StoredBackup> Take(const Context& context, const RepositoryAddress& address,
                            const TakeRequest& request) override {
    RETURN_IF_ERROR(before("Take"));
    RETURN_IF_ERROR(CheckDestination(address.destination));
    while_taking();
    RETURN_IF_ERROR(context.Check());
    ASSIGN_OR_RETURN(auto found, Tagged(address, request.identity_tag));
    if (!found.has_value()) {
      ++taken;
      found = Put(address, "id" + std::to_string(taken), request.tags);
    }
    RETURN_IF_ERROR(after("Take"));
    return *found;
  }
  Result<std::optional<StoredBackup>> FindByTag(const Context&, const RepositoryAddress& address,
                                                const std::string& tag) override {
    RETURN_IF_ERROR(before("FindByTag"));
    RETURN_IF_ERROR(CheckDestination(address.destination));
    return Tagged(address, tag);
  }
  Result<StoredBackup> Read(const Context&, const RepositoryAddress& address,
                            const std::string& id) override {
    RETURN_IF_ERROR(before("Read"));
    RETURN_IF_ERROR(CheckDestination(address.destination));
    for (const StoredBackup& backup : repositories[address]) {
      if (backup.id == id) {
        return backup;
      }
    }
    return Error(Code::kNotFound, "no backup {}", id);
  }
  Result<ProvenBackup> Prove(const Context& context, const RepositoryAddress& address,
                             const ProveRequest& request) override {
    RETURN_IF_ERROR(before("Prove"));
    while_proving(context);
    RETURN_IF_ERROR(context.Check());
    ASSIGN_OR_RETURN(const StoredBackup backup, Read(context, address, request.id));
    ProvenBackup proven{.backup = backup, .expected = expected, .data_bytes = data_bytes};
    proven.expected.revision = backup.description.revision + request.revision_bump;
    proven.expected.compact_revision = proven.expected.revision;
    RETURN_IF_ERROR(after("Prove"));
    return proven;
  }
  Result<LauncherAccess> AccessForLaunchers(const Context&,
                                            const RepositoryAddress& address) override {
    RETURN_IF_ERROR(before("AccessForLaunchers"));
    RETURN_IF_ERROR(CheckDestination(address.destination));
    return LauncherAccess{.repository = "/" + ToString(address), .key_file = "/key"};
  }
  Status Forget(const Context&, const RepositoryAddress& address,
                const std::vector<std::string>& ids) override {
    RETURN_IF_ERROR(before("Forget"));
    RETURN_IF_ERROR(CheckDestination(address.destination));
    std::erase_if(repositories[address], [&](const StoredBackup& backup) {
      return std::find(ids.begin(), ids.end(), backup.id) != ids.end();
    });
    return after("Forget");
  }
  Status Prune(const Context&, const RepositoryAddress& address) override {
    RETURN_IF_ERROR(before("Prune"));
    RETURN_IF_ERROR(CheckDestination(address.destination));
    ++pruned;
    return OkStatus();
  }
  Result<std::vector<ListedBackup>> List(const Context&,
                                         const RepositoryAddress& address) override {
    RETURN_IF_ERROR(before("List"));
    std::vector<ListedBackup> all;
    for (const StoredBackup& backup : repositories[address]) {
      all.push_back({.id = backup.id, .tags = backup.description.tags});
    }
    return all;
  }
  Result<std::vector<RepositoryAddress>> Repositories(const Context&,
                                                      const std::string& destination) override {
    RETURN_IF_ERROR(before("Repositories"));
    std::vector<RepositoryAddress> found;
    for (const auto& [address, backups] : repositories) {
      if (address.destination == destination) {
        found.push_back(address);
      }
    }
    return found;
  }
  Result<std::uint64_t> StoredBytes(const Context&, const RepositoryAddress& address) override {
    RETURN_IF_ERROR(before("StoredBytes"));
    const auto place = repositories.find(address);
    return place == repositories.end() ? 0 : 1000 * place->second.size();
  }
  Status Probe(const Context&, const std::string& destination) override {
    RETURN_IF_ERROR(before("Probe"));
    return CheckDestination(destination);
  }

 private:
  Status CheckDestination(const std::string& destination) const {
    return destinations.contains(destination)
               ? OkStatus()
               : Error(Code::kNotFound, "destination \"{}\" does not exist", destination);
  }
  Result<std::optional<StoredBackup>> Tagged(const RepositoryAddress& address,
                                             const std::string& tag) {
    for (const StoredBackup& backup : repositories[address]) {
      const auto& tags = backup.description.tags;
      if (std::find(tags.begin(), tags.end(), tag) != tags.end()) {
        return std::optional<StoredBackup>(backup);
      }
    }
    return std::optional<StoredBackup>();
  }
};

}  // namespace tresor::control
