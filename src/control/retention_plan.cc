// SPDX-License-Identifier: Apache-2.0
#include "control/retention_plan.h"

#include <algorithm>
#include <utility>

namespace tresor::control {

RetentionPlan PlanRetention(std::size_t keep, WallTime now, std::vector<RetainedBackup> backups) {
  using Kind = RetainedBackup::Kind;
  std::sort(backups.begin(), backups.end(), [](const auto& a, const auto& b) {
    return std::pair(a.time, a.name) > std::pair(b.time, b.name);
  });
  RetentionPlan plan;
  std::size_t counted = 0;
  bool good_kept = false;
  for (const RetainedBackup& backup : backups) {
    if (backup.kind == Kind::kUnderWay || backup.deleting) {
      continue;
    }
    if (backup.kind == Kind::kFailed) {
      if (now - backup.ended < kFailedStay) {
        plan.next = std::min(plan.next, WallTime(backup.ended + kFailedStay));
      } else if (!backup.pinned && !backup.in_use) {
        plan.remove.push_back(backup.name);
      }
      continue;
    }
    const bool last_good = backup.kind == Kind::kGood && !good_kept;
    good_kept = good_kept || backup.kind == Kind::kGood;
    if (backup.pinned) {
      continue;
    }
    ++counted;
    if (counted > keep && !backup.in_use && !last_good) {
      plan.remove.push_back(backup.name);
    }
  }
  std::reverse(plan.remove.begin(), plan.remove.end());
  return plan;
}

}  // namespace tresor::control
