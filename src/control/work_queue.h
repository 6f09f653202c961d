// SPDX-License-Identifier: Apache-2.0
// WorkQueue: which objects a controller shall look at, and when.
//
// The rules are those of Kubernetes' client-go (util/workqueue at v0.31):
//  - a key is handed to one worker at a time; what is added meanwhile comes once, after Done;
//  - a key that waits is there once, however often it was added;
//  - of several times to come back the earliest holds;
//  - after failures a key comes back with a delay of its own, which doubles until Forget.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "base/clock.h"
#include "base/guarded.h"
#include "control/key.h"

namespace tresor::control {

struct WorkQueueOptions {
  /// Of the first retry after a failure; doubles up to the other.
  std::chrono::nanoseconds first_delay = std::chrono::milliseconds(250);
  std::chrono::nanoseconds max_delay = std::chrono::minutes(2);
};

/// Threads: all methods, from any thread. `clock` outlives it; only its monotonic side is used.
class WorkQueue {
 public:
  explicit WorkQueue(const Clock& clock, const WorkQueueOptions& options = {});

  void Add(const Key& key);
  void AddAfter(const Key& key, std::chrono::nanoseconds delay);
  /// After a failure. Returns the delay.
  std::chrono::nanoseconds AddRateLimited(const Key& key);
  /// It went well: the next failure is a first one again.
  void Forget(const Key& key);

  /// Waits for a key that is due; it is the caller's until Done. None: the queue was shut down.
  [[nodiscard]] std::optional<Key> Get();
  /// The same without waiting. None: nothing is due.
  [[nodiscard]] std::optional<Key> TryGet();
  void Done(const Key& key);

  /// Get returns none from now on, and what is added is dropped.
  void ShutDown();

  /// Keys that are due and not yet handed out.
  [[nodiscard]] std::size_t size() const;
  /// When the first of the delayed keys is due; none: no key is delayed.
  [[nodiscard]] std::optional<MonotonicTime> next_due() const;

 private:
  struct State {
    std::deque<Key> ready;
    std::set<Key> waiting;  // in `ready`, or to be put there after Done
    std::set<Key> working;
    std::map<Key, MonotonicTime> delayed;
    std::set<std::pair<MonotonicTime, Key>> by_time;  // the same as `delayed`
    std::map<Key, int> failures;
    bool shut_down = false;
  };
  using Handle = Guarded<State>::Handle;

  static void AddTo(State& state, const Key& key);
  void MoveDue(State& state) const;
  static std::optional<Key> Take(State& state);

  const Clock& clock_;
  const WorkQueueOptions options_;
  std::condition_variable changed_;
  mutable Guarded<State> state_;
};

}  // namespace tresor::control
