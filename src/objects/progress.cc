// SPDX-License-Identifier: Apache-2.0
#include "objects/progress.h"

#include <algorithm>

namespace tresor::objects {

Progress MakeProgress(std::uint64_t bytes_done, std::uint64_t bytes_total) {
  const std::uint64_t done = std::min(bytes_done, bytes_total);
  // Sizes are below 2^57, so that a hundred of them fit.
  const std::uint64_t percent = bytes_total == 0 ? 0 : done * 100 / bytes_total;
  return {.bytes_done = static_cast<std::int64_t>(bytes_done),
          .bytes_total = static_cast<std::int64_t>(bytes_total),
          .percent = static_cast<std::int32_t>(percent)};
}

}  // namespace tresor::objects
