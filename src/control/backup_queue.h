// SPDX-License-Identifier: Apache-2.0
// BackupQueue: which backups run, and which wait.
//
// One backup per cluster at a time; so many in all, so many per destination, and within a memory
// budget. Among those that may run, the cluster comes first whose last start is longest ago: so a
// cluster with many backups never holds up the others. One that only lacks memory is not overtaken:
// it would wait for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "control/key.h"

namespace tresor::control {

struct BackupLimits {
  std::size_t running = 4;
  std::size_t running_per_destination = 4;
  /// Of all that run, estimated by BackupMemory. One that needs more by itself runs alone.
  std::uint64_t memory_bytes = std::uint64_t{512} << 20;
};

/// What taking a backup holds in memory at most, roughly: spool, checks, and the repository's
/// writer. `database_bytes` 0: not known.
[[nodiscard]] std::uint64_t BackupMemory(std::uint64_t database_bytes);

struct BackupWish {
  Key backup;
  std::string cluster;  // uid
  std::string destination;
  std::uint64_t memory_bytes = 0;
};

/// Threads: one at a time.
class BackupQueue {
 public:
  explicit BackupQueue(const BackupLimits& limits) : limits_(limits) {}

  /// Nothing happens when it waits or runs already.
  void Add(const BackupWish& wish);
  /// It does not wait any more, or has ended.
  void Remove(const Key& backup);
  /// Those that run from now on.
  [[nodiscard]] std::vector<Key> Start();

  [[nodiscard]] bool Runs(const Key& backup) const { return running_.contains(backup); }
  [[nodiscard]] bool Waits(const Key& backup) const { return waiting_.contains(backup); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::size_t running() const { return running_.size(); }
  [[nodiscard]] std::uint64_t memory_bytes() const { return memory_bytes_; }

 private:
  struct Waiting {
    BackupWish wish;
    std::uint64_t arrival = 0;
  };
  [[nodiscard]] std::vector<const Waiting*> InOrder() const;
  [[nodiscard]] std::uint64_t LastStart(const std::string& cluster) const;

  const BackupLimits limits_;
  std::uint64_t clock_ = 0;  // counts arrivals and starts
  std::map<Key, Waiting> waiting_;
  std::map<Key, BackupWish> running_;
  std::map<std::string, std::uint64_t> last_start_;      // by cluster
  std::map<std::string, std::size_t> running_clusters_;  // by cluster
  std::map<std::string, std::size_t> running_destinations_;
  std::uint64_t memory_bytes_ = 0;
};

}  // namespace tresor::control
