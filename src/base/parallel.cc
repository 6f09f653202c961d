// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <algorithm>
#include <vector>

#include "base/guarded.h"
#include "base/thread.h"

namespace tresor {

Status ForEachParallel(std::size_t count, std::size_t width,
                       const std::function<Status(std::size_t)>& work) {
  struct State {
    std::size_t next = 0;
    std::size_t failed_at = 0;  // when `error` is one
    Status error;
  };
  Guarded<State> state;
  const auto run = [&] {
    while (true) {
      std::size_t i = 0;
      {
        const auto locked = state.Lock();
        if (locked->next == count || !locked->error.ok()) {
          return;
        }
        i = locked->next++;
      }
      Status status = work(i);
      if (!status.ok()) {
        const auto locked = state.Lock();
        if (locked->error.ok() || i < locked->failed_at) {
          locked->error = std::move(status);
          locked->failed_at = i;
        }
      }
    }
  };
  {
    std::vector<Thread> threads;  // joins
    for (std::size_t i = 1; i < std::min(width, count); ++i) {
      threads.emplace_back(run);
    }
    run();
  }
  return state.Lock()->error;
}

}  // namespace tresor
