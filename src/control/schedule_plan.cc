// SPDX-License-Identifier: Apache-2.0
#include "control/schedule_plan.h"

#include <algorithm>

namespace tresor::control {
namespace {

// A backup that could not be taken within half a day is better reported than tried on.
constexpr std::chrono::hours kLongestTry{12};
// Of one that is made once, or whose schedule never comes again.
constexpr std::chrono::minutes kTryOnce{15};
// A run takes its time: a slot is not missed at its very second.
constexpr std::chrono::minutes kGrace{5};

}  // namespace

SchedulePlan PlanSchedule(const ScheduleFacts& facts) {
  using Kind = SchedulePlan::Kind;
  SchedulePlan plan;
  if (facts.schedule == nullptr) {
    // It waits for the obstacle to go: there is no other slot.
    if (!facts.once_done && facts.obstacle.empty()) {
      plan.kind = Kind::kBackUp;
      plan.slot = facts.now;
    }
    return plan;
  }
  const std::optional<WallTime> due =
      facts.schedule->Latest(facts.zone, {.anchor = facts.anchor, .until = facts.now});
  if (!due.has_value()) {
    plan.next = facts.schedule->Next(facts.zone, facts.anchor);
    return plan;
  }
  plan.kind = facts.obstacle.empty() ? Kind::kBackUp : Kind::kSkip;
  plan.slot = *due;
  plan.next = facts.schedule->Next(facts.zone, *due);
  return plan;
}

WallTime TryUntil(const objects::Schedule* schedule, const TimeZone& zone, WallTime slot) {
  const std::optional<WallTime> next =
      schedule == nullptr ? std::nullopt : schedule->Next(zone, slot);
  return next.has_value() ? std::min(*next, WallTime(slot + kLongestTry)) : slot + kTryOnce;
}

Health JudgeHealth(const HealthFacts& facts) {
  if (facts.last_run_failed) {
    return {false, "LastRunFailed", facts.last_failure};
  }
  if (facts.suspended) {
    return {true, "Suspended", "suspended: no backups are made"};
  }
  if (facts.schedule == nullptr) {
    return facts.last_good.has_value() ? Health{true, "Completed", ""}
                                       : Health{true, "Waiting", "the backup is yet to be made"};
  }
  const WallTime newest = facts.last_good.value_or(facts.since);
  const std::optional<WallTime> first = facts.schedule->Next(facts.zone, newest);
  const std::optional<WallTime> second =
      first.has_value() ? facts.schedule->Next(facts.zone, *first) : std::nullopt;
  if (second.has_value() && facts.now > *second + kGrace) {
    return {false, "BackupTooOld",
            facts.last_good.has_value()
                ? "the newest good backup is of " + FormatTime(*facts.last_good)
                : "there is no backup yet"};
  }
  return facts.last_good.has_value() ? Health{true, "BackedUp", ""}
                                     : Health{true, "Waiting", "the first backup is yet to come"};
}

}  // namespace tresor::control
