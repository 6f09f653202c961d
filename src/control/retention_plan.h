// SPDX-License-Identifier: Apache-2.0
// Which backups go: a pure function.
//
// Of a configuration, the newest `keep` Completed backups stay. Never removed: a pinned one (it
// does not count either), one that a restore uses, the last good one. "Good" is Completed without
// anything that was looked at and found wrong. Failed ones don't count and go after a day, also
// those that were made by hand.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"

namespace tresor::control {

inline constexpr std::chrono::hours kFailedStay{24};

struct RetainedBackup {
  std::string name;
  WallTime time;  // its slot, or when it was made
  enum class Kind { kUnderWay, kGood, kDoubtful, kFailed } kind = Kind::kUnderWay;
  WallTime ended;  // of kFailed
  bool pinned = false;
  bool in_use = false;    // by a restore
  bool deleting = false;  // on its way out already
};

struct RetentionPlan {
  std::vector<std::string> remove;  // ascending by time
  /// When the next failed one is old enough; none of them: far in the future.
  WallTime next = WallTime::max();
};
/// `backups`: of one configuration, in any order.
[[nodiscard]] RetentionPlan PlanRetention(std::size_t keep, WallTime now,
                                          std::vector<RetainedBackup> backups);

}  // namespace tresor::control
