// SPDX-License-Identifier: Apache-2.0
#include "control/backup_queue.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tresor::control {
namespace {

// What a run of a small database holds: threads' stacks, gRPC, zstd, frames.
constexpr std::uint64_t kBaseBytes = std::uint64_t{24} << 20;
// What grows with the database until it has its full size: spool 32 MiB, HashKV table 32 MiB, the
// writer's segments 48 MiB, pages on the way 16 MiB. Each holds at most about the database once.
constexpr std::uint64_t kParts = 4;
constexpr std::uint64_t kGrowingBytes = std::uint64_t{128} << 20;
constexpr std::uint64_t kUnknownDatabase = std::uint64_t{32} << 20;
// Clusters come and go; of those that started longest ago nobody need know.
constexpr std::size_t kRememberedClusters = 20'000;

void Lower(std::map<std::string, std::size_t>& counts, const std::string& name) {
  const auto place = counts.find(name);
  if (place != counts.end() && --place->second == 0) {
    counts.erase(place);
  }
}

std::size_t CountOf(const std::map<std::string, std::size_t>& counts, const std::string& name) {
  const auto place = counts.find(name);
  return place == counts.end() ? 0 : place->second;
}

}  // namespace

std::uint64_t BackupMemory(std::uint64_t database_bytes) {
  const std::uint64_t database = database_bytes == 0 ? kUnknownDatabase : database_bytes;
  return kBaseBytes + std::min(database, kGrowingBytes / kParts) * kParts;
}

void BackupQueue::Add(const BackupWish& wish) {
  if (running_.contains(wish.backup)) {
    return;
  }
  waiting_.try_emplace(wish.backup, Waiting{wish, ++clock_});
}

void BackupQueue::Remove(const Key& backup) {
  waiting_.erase(backup);
  const auto place = running_.find(backup);
  if (place == running_.end()) {
    return;
  }
  Lower(running_clusters_, place->second.cluster);
  Lower(running_destinations_, place->second.destination);
  memory_bytes_ -= place->second.memory_bytes;
  running_.erase(place);
}

std::uint64_t BackupQueue::LastStart(const std::string& cluster) const {
  const auto place = last_start_.find(cluster);
  return place == last_start_.end() ? 0 : place->second;
}

std::vector<const BackupQueue::Waiting*> BackupQueue::InOrder() const {
  // A cluster's turn is when it was served last; a new one's is when it came.
  struct Turn {
    std::uint64_t turn = 0;
    std::uint64_t arrival = 0;
    const Waiting* waiting = nullptr;
  };
  std::vector<Turn> turns;
  turns.reserve(waiting_.size());
  for (const auto& [key, waiting] : waiting_) {
    const std::uint64_t start = LastStart(waiting.wish.cluster);
    turns.push_back({start == 0 ? waiting.arrival : start, waiting.arrival, &waiting});
  }
  std::sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) {
    return std::tie(a.turn, a.arrival) < std::tie(b.turn, b.arrival);
  });
  std::vector<const Waiting*> order;
  order.reserve(turns.size());
  for (const Turn& turn : turns) {
    order.push_back(turn.waiting);
  }
  return order;
}

std::vector<Key> BackupQueue::Start() {
  std::vector<Key> started;
  if (running_.size() >= limits_.running) {
    return started;
  }
  for (const Waiting* waiting : InOrder()) {
    if (running_.size() >= limits_.running) {
      break;
    }
    const BackupWish wish = waiting->wish;
    if (CountOf(running_clusters_, wish.cluster) > 0 ||
        CountOf(running_destinations_, wish.destination) >= limits_.running_per_destination) {
      continue;
    }
    if (!running_.empty() && memory_bytes_ + wish.memory_bytes > limits_.memory_bytes) {
      break;
    }
    ++running_clusters_[wish.cluster];
    ++running_destinations_[wish.destination];
    memory_bytes_ += wish.memory_bytes;
    if (last_start_.size() >= kRememberedClusters) {
      last_start_.clear();
    }
    last_start_[wish.cluster] = ++clock_;
    running_.emplace(wish.backup, wish);
    waiting_.erase(wish.backup);
    started.push_back(wish.backup);
  }
  return started;
}

}  // namespace tresor::control
