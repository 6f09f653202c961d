// SPDX-License-Identifier: Apache-2.0
// WorkerPool: a few threads that run what may block.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <vector>

#include "base/guarded.h"
#include "base/thread.h"

namespace tresor::net {

/// Threads: all methods, from any thread but a worker.
class WorkerPool {
 public:
  explicit WorkerPool(unsigned workers);
  ~WorkerPool() { Stop(); }

  /// Jobs start in their order. After Stop() they are dropped.
  void Post(std::function<void()> job);
  /// Drops what has not begun; on return no job runs.
  void Stop();

 private:
  struct State {
    std::deque<std::function<void()>> jobs;
    bool stopped = false;
  };
  void Run();

  std::condition_variable changed_;
  Guarded<State> state_;
  std::vector<Thread> threads_;
};

}  // namespace tresor::net
