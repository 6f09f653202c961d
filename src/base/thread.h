// SPDX-License-Identifier: Apache-2.0
// The one place that names std::thread.
#pragma once

#include <thread>

namespace tresor {

/// Joins when destroyed. Give it a lambda that ends by itself or by a queue's Close().
using Thread = std::jthread;

/// Processors that this process may use, at least 1.
[[nodiscard]] inline unsigned ProcessorCount() {
  const unsigned count = std::thread::hardware_concurrency();
  return count == 0 ? 1 : count;
}

}  // namespace tresor
