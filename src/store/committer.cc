// SPDX-License-Identifier: Apache-2.0
#include "store/committer.h"

#include <iterator>
#include <utility>

namespace tresor::store {

Status Committer::Write(std::span<PendingWrite> writes) {
  Ticket ticket{.writes = writes, .status = OkStatus()};
  std::vector<Ticket*> batch;
  {
    auto queue = queue_.Lock();
    queue->waiting.push_back(&ticket);
    queue.Wait(changed_, [&] { return ticket.done || !queue->busy; });
    if (ticket.done) {
      return ticket.status;
    }
    // Nobody commits: it is this thread's turn, for all who wait.
    queue->busy = true;
    batch = TakeBatch(*queue);
  }
  // The queue is first in, first out, but batches are bounded: this thread may have to commit those
  // before it in several.
  for (;;) {
    Commit(batch);
    auto queue = queue_.Lock();
    for (Ticket* each : batch) {
      each->done = true;
    }
    if (ticket.done) {
      queue->busy = false;
      break;
    }
    batch = TakeBatch(*queue);
  }
  changed_.notify_all();
  return ticket.status;
}

std::vector<Committer::Ticket*> Committer::TakeBatch(Queue& queue) {
  std::vector<Ticket*> batch;
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (!queue.waiting.empty() && count < kMaxBatchWrites && bytes < kMaxBatchBytes) {
    Ticket* ticket = queue.waiting.front();
    queue.waiting.pop_front();
    batch.push_back(ticket);
    count += ticket->writes.size();
    for (const PendingWrite& pending : ticket->writes) {
      bytes += pending.write.value.size();
    }
  }
  return batch;
}

void Committer::Commit(std::span<Ticket* const> batch) {
  std::vector<LogWrite> writes;
  for (Ticket* ticket : batch) {
    for (PendingWrite& pending : ticket->writes) {
      writes.push_back(std::move(pending.write));
    }
  }
  const Result<std::vector<std::uint64_t>> revisions = log_.Commit(writes);
  if (!revisions.ok()) {
    for (Ticket* ticket : batch) {
      ticket->status = revisions.status();
    }
    return;
  }
  std::vector<Change> changes;
  auto revision = revisions->begin();
  for (Ticket* ticket : batch) {
    for (PendingWrite& pending : ticket->writes) {
      pending.revision = *revision++;
      if (pending.revision == 0) {
        continue;
      }
      if (pending.object != nullptr) {
        pending.object->SetResourceVersion(pending.revision);
      }
      changes.push_back({.revision = pending.revision,
                         .key = pending.key,
                         .before = nullptr,
                         .after = pending.object});
    }
  }
  publish_(std::move(changes));
}

}  // namespace tresor::store
