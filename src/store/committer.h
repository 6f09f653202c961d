// SPDX-License-Identifier: Apache-2.0
// Committer: many writers, one transaction. A commit waits for the disk; whoever comes meanwhile
// goes together into the next one.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/guarded.h"
#include "base/status.h"
#include "objects/object.h"
#include "store/object_cache.h"
#include "store/revision_log.h"

namespace tresor::store {

/// One write on its way. Belongs to the caller, who waits.
struct PendingWrite {
  objects::ObjectKey key;
  LogWrite write;
  /// What `write.value` holds; gets the revision as its resourceVersion. null: a deletion.
  std::shared_ptr<objects::Object> object;
  std::uint64_t revision = 0;  // afterwards: of the write; 0: `expected` or guard did not hold
};

/// Threads: from any thread.
class Committer {
 public:
  /// `publish` gets what is committed, in the order of revisions, before any writer hears of it.
  Committer(RevisionLog& log, std::function<void(std::vector<Change>)> publish)
      : log_(log), publish_(std::move(publish)) {}

  /// Returns when all are durable and published. After an error none of them is.
  [[nodiscard]] Status Write(std::span<PendingWrite> writes);
  /// How many calls of Write wait for the next commit.
  [[nodiscard]] std::size_t waiting() { return queue_.Lock()->waiting.size(); }

 private:
  static constexpr std::size_t kMaxBatchWrites = 512;
  static constexpr std::size_t kMaxBatchBytes = 8 << 20;

  struct Ticket {
    std::span<PendingWrite> writes;
    Status status;
    bool done = false;
  };
  struct Queue {
    std::deque<Ticket*> waiting;
    bool busy = false;  // somebody commits
  };
  [[nodiscard]] static std::vector<Ticket*> TakeBatch(Queue& queue);
  void Commit(std::span<Ticket* const> batch);

  RevisionLog& log_;
  const std::function<void(std::vector<Change>)> publish_;
  Guarded<Queue> queue_;
  std::condition_variable changed_;
};

}  // namespace tresor::store
