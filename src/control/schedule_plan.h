// SPDX-License-Identifier: Apache-2.0
// What a backup configuration does now: a pure function of its schedule and of what was done.
//
// A slot is a time of the schedule. Slots are counted from the last one that was dealt with, so
// that
// `@every` keeps exact however late runs begin. After downtime only the most recent missed slot
// runs. A slot that comes while nothing may run is recorded as skipped, and is not made up for.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/time_zone.h"
#include "objects/schedule.h"

namespace tresor::control {

struct ScheduleFacts {
  const objects::Schedule* schedule = nullptr;  // none: one backup, at once
  TimeZone zone;
  WallTime now;
  /// The last slot that was dealt with, or since when this schedule holds, whichever is later.
  WallTime anchor;
  bool once_done = false;  // without a schedule: its one backup was made
  /// Why no backup can be taken now, as one CamelCase word and for people; empty: it can.
  std::string obstacle;
  std::string obstacle_message;
};

struct SchedulePlan {
  enum class Kind { kNothing, kBackUp, kSkip } kind = Kind::kNothing;
  WallTime slot;                 // of kBackUp and kSkip
  std::optional<WallTime> next;  // after that; none: never
};
[[nodiscard]] SchedulePlan PlanSchedule(const ScheduleFacts& facts);

/// Until when a failed run for `slot` is repeated: its slot ends where the next begins, but for
/// very long ones.
[[nodiscard]] WallTime TryUntil(const objects::Schedule* schedule, const TimeZone& zone,
                                WallTime slot);

struct HealthFacts {
  const objects::Schedule* schedule = nullptr;
  TimeZone zone;
  WallTime now;
  WallTime since;                     // the configuration's creation or its present schedule's
  std::optional<WallTime> last_good;  // slot of the newest Completed one
  bool last_run_failed = false;
  std::string last_failure;
  bool suspended = false;
};
struct Health {
  bool healthy = true;
  std::string reason;  // CamelCase
  std::string message;
};
/// Unhealthy as soon as the last run failed, or two slots have passed since the newest good backup.
[[nodiscard]] Health JudgeHealth(const HealthFacts& facts);

}  // namespace tresor::control
