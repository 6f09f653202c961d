// SPDX-License-Identifier: Apache-2.0
// Schedules under a clock that the test moves: a year of them, over summer time, with downtime,
// pauses and runs that take too long, held against an oracle that steps through every minute.
#include "control/schedule_plan.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/status_matchers.h"

namespace tresor::control {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = SchedulePlan::Kind;

WallTime At(std::string_view text) {
  std::chrono::year_month_day day{
      std::chrono::year(std::stoi(std::string(text.substr(0, 4)))),
      std::chrono::month(static_cast<unsigned>(std::stoi(std::string(text.substr(5, 2))))),
      std::chrono::day(static_cast<unsigned>(std::stoi(std::string(text.substr(8, 2)))))};
  return std::chrono::sys_days(day) +
         std::chrono::hours(std::stoi(std::string(text.substr(11, 2)))) +
         std::chrono::minutes(std::stoi(std::string(text.substr(14, 2))));
}

objects::Schedule Parse(const std::string& text) {
  const auto schedule = objects::Schedule::Parse(text);
  EXPECT_TRUE(schedule.ok()) << Message(schedule.status());
  return *schedule;
}
TimeZone Zone(const std::string& name) {
  const auto zone = TimeZone::Load(name);
  EXPECT_TRUE(zone.ok()) << Message(zone.status());
  return *zone;
}

/// A configuration as the controller keeps it: only the anchor lives on.
struct Config {
  objects::Schedule schedule;
  TimeZone zone;
  WallTime anchor;
  std::vector<WallTime> made = {};
  std::vector<WallTime> skipped = {};

  SchedulePlan Look(WallTime now, const std::string& obstacle = {}) {
    const SchedulePlan plan = PlanSchedule({.schedule = &schedule,
                                            .zone = zone,
                                            .now = now,
                                            .anchor = anchor,
                                            .once_done = false,
                                            .obstacle = obstacle,
                                            .obstacle_message = {}});
    if (plan.kind != Kind::kNothing) {
      (plan.kind == Kind::kBackUp ? made : skipped).push_back(plan.slot);
      anchor = plan.slot;
    }
    return plan;
  }
};

TEST(ScheduleTest, EveryCountsFromTheLastSlotNotFromTheLastRun) {
  const WallTime start = At("2026-01-01T00:07");
  Config config{Parse("@every 20m"), {}, start};
  EXPECT_EQ(config.Look(start + 19min).kind, Kind::kNothing);
  EXPECT_EQ(config.Look(start + 19min).next, start + 20min);

  config.Look(start + 23min);  // late by three minutes

  EXPECT_THAT(config.made, ElementsAre(start + 20min));
  EXPECT_EQ(config.Look(start + 24min).next, start + 40min);
}

TEST(ScheduleTest, AfterDowntimeOnlyTheMostRecentMissedSlotRuns) {
  const WallTime start = At("2026-01-01T00:00");
  Config config{Parse("@every 20m"), {}, start};

  config.Look(start + 24h + 1min);
  config.Look(start + 24h + 2min);

  EXPECT_THAT(config.made, ElementsAre(start + 24h));
}

TEST(ScheduleTest, SlotsThatCannotRunAreSkippedAndNotMadeUpFor) {
  const WallTime start = At("2026-01-01T00:00");
  Config config{Parse("@hourly"), {}, start};

  config.Look(start + 1h);
  config.Look(start + 2h, "ClusterRestoring");
  config.Look(start + 3h, "ClusterPaused");
  config.Look(start + 3h + 30min);
  config.Look(start + 4h);

  EXPECT_THAT(config.made, ElementsAre(start + 1h, start + 4h));
  EXPECT_THAT(config.skipped, ElementsAre(start + 2h, start + 3h));
}

TEST(ScheduleTest, WithoutAScheduleThereIsOneBackupAsSoonAsItCanBeMade) {
  ScheduleFacts facts;
  facts.now = At("2026-01-01T00:00");
  EXPECT_EQ(PlanSchedule(facts).kind, Kind::kBackUp);
  facts.obstacle = "ClusterPaused";
  EXPECT_EQ(PlanSchedule(facts).kind, Kind::kNothing);
  facts.obstacle.clear();
  facts.once_done = true;
  EXPECT_EQ(PlanSchedule(facts).kind, Kind::kNothing);
}

TEST(ScheduleTest, ARunIsTriedUntilTheNextSlot) {
  const WallTime slot = At("2026-01-01T10:00");
  const objects::Schedule often = Parse("@every 20m");
  const objects::Schedule monthly = Parse("@monthly");
  EXPECT_EQ(TryUntil(&often, {}, slot), slot + 20min);
  EXPECT_EQ(TryUntil(&monthly, {}, slot), slot + 12h);
  EXPECT_EQ(TryUntil(nullptr, {}, slot), slot + 15min);
}

TEST(ScheduleTest, KeepsExactAfterThousandsOfRuns) {
  SeededRandom random(3);
  const WallTime start = At("2026-01-01T00:00") + 13s;
  Config config{Parse("@every 7m"), {}, start};
  WallTime now = start;
  while (config.made.size() < 20'000) {
    // Whoever looks is late by up to half a minute, always.
    const SchedulePlan plan = config.Look(now);
    now = std::max(plan.next.value_or(now), now) + std::chrono::milliseconds(random.Below(30'000));
  }
  for (std::size_t i = 0; i < config.made.size(); ++i) {
    ASSERT_EQ(config.made[i], start + 7min * static_cast<int>(i + 1));
  }
}

/// The slots of a year by stepping through it: what Next says from the slot before.
std::vector<WallTime> Oracle(const objects::Schedule& schedule, const TimeZone& zone, WallTime from,
                             WallTime until) {
  std::vector<WallTime> slots;
  std::optional<WallTime> next = schedule.Next(zone, from);
  while (next.has_value() && *next <= until) {
    slots.push_back(*next);
    next = schedule.Next(zone, *next);
  }
  return slots;
}

struct YearCase {
  std::string schedule;
  std::string zone;
  std::size_t slots;  // in 2026, by hand
};
class ScheduleYearTest : public ::testing::TestWithParam<YearCase> {};
INSTANTIATE_TEST_SUITE_P(
    Year2026, ScheduleYearTest,
    ::testing::Values(YearCase{"@every 20m", "Europe/Berlin", 365 * 72},
                      // Every day once, also when 02:30 is skipped or comes twice.
                      YearCase{"30 2 * * *", "Europe/Berlin", 365},
                      YearCase{"30 2 * * *", "America/New_York", 365},
                      YearCase{"30 2 * * *", "Asia/Kolkata", 365},
                      YearCase{"0 22 * * 1", "Europe/Berlin", 52},
                      YearCase{"0 22 1 * *", "America/New_York", 12},
                      // By real time: an hour less in spring, an hour more in autumn.
                      YearCase{"@hourly", "America/New_York", 365 * 24},
                      YearCase{"15 */1 * * *", "Europe/Berlin", 365 * 24},
                      YearCase{"@daily", "Asia/Kolkata", 365}, YearCase{"0 12 29 2 *", "UTC", 0}));

TEST_P(ScheduleYearTest, EverySlotRunsOnceWithoutTrouble) {
  const objects::Schedule schedule = Parse(GetParam().schedule);
  const TimeZone zone = Zone(GetParam().zone);
  // The year as the place has it.
  const auto year = [&](int which) {
    return *zone
                .ToInstants(TimeZone::LocalTime(
                    std::chrono::sys_days(std::chrono::year(which) / 1 / 1).time_since_epoch()))
                .first;
  };
  const WallTime from = year(2026) - 1s;
  const WallTime until = year(2027) - 1s;
  Config config{schedule, zone, from};
  for (WallTime now = from; now <= until;) {
    const SchedulePlan plan = config.Look(now);
    now = std::min(plan.next.value_or(WallTime::max()), until + 1s);
  }
  config.Look(until);

  EXPECT_EQ(config.made.size(), GetParam().slots);
  EXPECT_EQ(config.made, Oracle(schedule, zone, from, until));
  EXPECT_TRUE(config.skipped.empty());
}

// Whatever happens in between: a slot is made or skipped at most once, in order, never early; every
// slot that anybody could have looked at in time was dealt with; and after trouble it goes on by
// itself.
TEST(SchedulePropertyTest, AYearOfTroubleKeepsToTheOracle) {
  const std::vector<std::string> schedules{"@every 45m", "*/30 * * * *", "0 */3 * * *",
                                           "30 2 * * *", "@hourly",      "5,35 8-18 * * 1-5",
                                           "@weekly"};
  const std::vector<std::string> zones{"Europe/Berlin", "America/New_York", "Asia/Kolkata",
                                       "Australia/Lord_Howe"};
  SeededRandom random(20261121);
  for (int round = 0; round < 60; ++round) {
    const objects::Schedule schedule = Parse(schedules[random.Below(schedules.size())]);
    const TimeZone zone = Zone(zones[random.Below(zones.size())]);
    const WallTime from = At("2026-01-01T00:00") + std::chrono::seconds(random.Below(86'400));
    const WallTime until = from + 366 * 24h;
    Config config{schedule, zone, from};
    const std::vector<WallTime> slots = Oracle(schedule, zone, from, until + 10 * 24h);
    const std::set<WallTime> known(slots.begin(), slots.end());

    std::map<WallTime, WallTime> dealt;  // slot → when
    WallTime now = from;
    while (now < until) {
      const bool down = random.Below(50) == 0;
      if (down) {
        now += std::chrono::minutes(random.Below(3 * 24 * 60));
      }
      const std::string obstacle = random.Below(10) == 0 ? "ClusterPaused" : "";
      const WallTime before = config.anchor;
      const SchedulePlan plan = config.Look(now, obstacle);
      if (plan.kind != Kind::kNothing) {
        ASSERT_TRUE(known.contains(plan.slot)) << FormatTime(plan.slot);
        ASSERT_LE(plan.slot, now);
        ASSERT_GT(plan.slot, before);
        ASSERT_TRUE(dealt.emplace(plan.slot, now).second);
        // The most recent one: no slot lies between it and now.
        const auto later = known.upper_bound(plan.slot);
        ASSERT_TRUE(later == known.end() || *later > now) << FormatTime(plan.slot);
        ASSERT_EQ(plan.kind, obstacle.empty() ? Kind::kBackUp : Kind::kSkip);
      } else {
        const auto missed = known.upper_bound(before);
        ASSERT_TRUE(missed == known.end() || *missed > now);
      }
      ASSERT_TRUE(plan.next.has_value());
      ASSERT_GT(*plan.next, now);
      now = std::max(*plan.next, now + 1s) + std::chrono::seconds(random.Below(5));
    }
    // Only downtime may lose slots.
    EXPECT_GT(config.made.size(), slots.size() / 4);
  }
}

TEST(HealthTest, FollowsTheLastRunAndTheAgeOfTheNewestGoodOne) {
  const objects::Schedule schedule = Parse("@every 20m");
  const WallTime start = At("2026-01-01T00:00");
  HealthFacts facts{.schedule = &schedule,
                    .zone = {},
                    .now = start + 30min,
                    .since = start,
                    .last_good = std::nullopt,
                    .last_run_failed = false,
                    .last_failure = {},
                    .suspended = false};
  EXPECT_TRUE(JudgeHealth(facts).healthy);  // the first is under way

  facts.now = start + 46min;
  EXPECT_FALSE(JudgeHealth(facts).healthy);
  EXPECT_EQ(JudgeHealth(facts).reason, "BackupTooOld");

  facts.last_good = start + 20min;
  EXPECT_TRUE(JudgeHealth(facts).healthy);
  facts.now = start + 66min;
  EXPECT_FALSE(JudgeHealth(facts).healthy);

  facts.now = start + 41min;
  facts.last_run_failed = true;
  facts.last_failure = "no member answers";
  EXPECT_FALSE(JudgeHealth(facts).healthy);
  EXPECT_THAT(JudgeHealth(facts).message, HasSubstr("no member answers"));

  facts.last_run_failed = false;
  facts.suspended = true;
  facts.now = start + 100h;
  EXPECT_TRUE(JudgeHealth(facts).healthy);
}

}  // namespace
}  // namespace tresor::control
