// SPDX-License-Identifier: Apache-2.0
#include "net/worker_pool.h"

#include <utility>

namespace tresor::net {

WorkerPool::WorkerPool(unsigned workers) {
  for (unsigned i = 0; i < workers; ++i) {
    threads_.emplace_back([this] { Run(); });
  }
}

void WorkerPool::Post(std::function<void()> job) {
  {
    auto state = state_.Lock();
    if (state->stopped) {
      return;
    }
    state->jobs.push_back(std::move(job));
  }
  changed_.notify_one();
}

void WorkerPool::Stop() {
  std::deque<std::function<void()>> dropped;
  {
    auto state = state_.Lock();
    state->stopped = true;
    dropped.swap(state->jobs);
  }
  changed_.notify_all();
  threads_.clear();
}

void WorkerPool::Run() {
  for (;;) {
    std::function<void()> job;
    {
      auto state = state_.Lock();
      state.Wait(changed_, [&] { return state->stopped || !state->jobs.empty(); });
      if (state->stopped) {
        return;
      }
      job = std::move(state->jobs.front());
      state->jobs.pop_front();
    }
    job();
  }
}

}  // namespace tresor::net
