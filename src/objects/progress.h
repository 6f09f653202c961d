// SPDX-License-Identifier: Apache-2.0
// How far a backup or a restore is.
#pragma once

#include <cstdint>

namespace tresor::objects {

struct Progress {
  std::int64_t bytes_done = 0;
  std::int64_t bytes_total = 0;  // 0: not known yet
  std::int32_t percent = 0;      // 0..100, for people
  friend bool operator==(const Progress&, const Progress&) = default;
};

/// With `percent` worked out, rounded down.
[[nodiscard]] Progress MakeProgress(std::uint64_t bytes_done, std::uint64_t bytes_total);

}  // namespace tresor::objects
