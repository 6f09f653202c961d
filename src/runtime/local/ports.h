// SPDX-License-Identifier: Apache-2.0
// Ports of 127.0.0.1 for members: each is given to one of them for as long as it exists.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "base/guarded.h"
#include "base/random.h"
#include "base/status.h"

namespace tresor::runtime {

/// Threads: all methods, from any thread.
class Ports {
 public:
  /// Ports come from [first, end). `random` outlives this.
  Ports(std::uint16_t first, std::uint16_t end, Random& random)
      : first_(first), end_(end), random_(random) {}

  /// `count` ports that nobody has taken and nothing listens on now; they are taken then.
  /// kResourceExhausted: there are not that many.
  [[nodiscard]] Result<std::vector<std::uint16_t>> Take(int count);
  /// They are somebody's already.
  void Note(std::uint16_t port) { taken_.Lock()->insert(port); }
  void Release(std::uint16_t port) { taken_.Lock()->erase(port); }

 private:
  const std::uint16_t first_;
  const std::uint16_t end_;
  Random& random_;
  Guarded<std::set<std::uint16_t>> taken_;
};

/// Nothing listens on it, as far as can be told.
[[nodiscard]] bool IsPortFree(std::uint16_t port);

}  // namespace tresor::runtime
