// SPDX-License-Identifier: Apache-2.0
// Many calls of the same kind that mostly wait (for a disk, for S3), several at a time.
#pragma once

#include <cstddef>
#include <functional>

#include "base/status.h"

namespace tresor {

/// Calls `work(i)` for every i below `count`, at most `width` at a time, each on any thread, begun
/// in order; returns when all that were begun have ended. After an error no more are begun. The
/// error of the least i is returned.
[[nodiscard]] Status ForEachParallel(std::size_t count, std::size_t width,
                                     const std::function<Status(std::size_t)>& work);

}  // namespace tresor
