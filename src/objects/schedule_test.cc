// SPDX-License-Identifier: Apache-2.0
#include "objects/schedule.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "objects/object.h"

namespace tresor::objects {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tresor::testing::StatusIs;

WallTime At(std::string_view text) {
  const Result<WallTime> time = ParseTime(text);
  EXPECT_TRUE(time.ok()) << text;
  return time.value_or(WallTime{});
}

Schedule Parsed(std::string_view text) {
  const Result<Schedule> schedule = Schedule::Parse(text);
  EXPECT_THAT(schedule, tresor::testing::IsOk()) << text;
  return schedule.value_or(*Schedule::Parse("@hourly"));
}

TimeZone Zone(std::string_view name) {
  const Result<TimeZone> zone = TimeZone::Load(name);
  EXPECT_THAT(zone, tresor::testing::IsOk()) << name;
  return zone.value_or(TimeZone());
}

// The first `count` runs after `anchor`, as times in UTC.
std::vector<std::string> Runs(std::string_view schedule, std::string_view zone,
                              std::string_view anchor, int count) {
  std::vector<std::string> runs;
  WallTime time = At(anchor);
  for (int i = 0; i < count; ++i) {
    const auto next = Parsed(schedule).Next(Zone(zone), time);
    if (!next.has_value()) {
      break;
    }
    runs.push_back(FormatTime(*next));
    time = *next;
  }
  return runs;
}

TEST(ScheduleTest, FieldsAreListsRangesStepsAndNames) {
  EXPECT_THAT(Runs("*/20 * * * *", "UTC", "2026-01-01T00:00:00Z", 3),
              ElementsAre("2026-01-01T00:20:00Z", "2026-01-01T00:40:00Z", "2026-01-01T01:00:00Z"));
  EXPECT_THAT(Runs("5,50-51 8-18/5 * * *", "UTC", "2026-01-01T08:05:00Z", 4),
              ElementsAre("2026-01-01T08:50:00Z", "2026-01-01T08:51:00Z", "2026-01-01T13:05:00Z",
                          "2026-01-01T13:50:00Z"));
  EXPECT_THAT(Runs("0 0 1 jan,JUL *", "UTC", "2026-01-01T00:00:00Z", 2),
              ElementsAre("2026-07-01T00:00:00Z", "2027-01-01T00:00:00Z"));
  EXPECT_THAT(Runs("50/5 23 * * *", "UTC", "2026-01-01T00:00:00Z", 3),
              ElementsAre("2026-01-01T23:50:00Z", "2026-01-01T23:55:00Z", "2026-01-02T23:50:00Z"));
  EXPECT_THAT(Runs("  0\t12 ? * Mon-Fri ", "UTC", "2026-01-02T12:00:00Z", 2),
              ElementsAre("2026-01-05T12:00:00Z", "2026-01-06T12:00:00Z"));
}

TEST(ScheduleTest, SundayIsZeroAndSeven) {
  for (const char* schedule : {"0 0 * * 0", "0 0 * * 7", "0 0 * * sun", "@weekly"}) {
    EXPECT_THAT(Runs(schedule, "UTC", "2026-01-01T00:00:00Z", 2),
                ElementsAre("2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z"))
        << schedule;
  }
  EXPECT_THAT(Runs("0 0 * * SAT-SUN", "UTC", "2026-01-01T00:00:00Z", 3),
              ElementsAre("2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z", "2026-01-10T00:00:00Z"));
}

TEST(ScheduleTest, TwoRestrictedDayFieldsMeanEither) {
  EXPECT_THAT(Runs("0 0 13 * FRI", "UTC", "2026-01-01T00:00:00Z", 3),
              ElementsAre("2026-01-02T00:00:00Z", "2026-01-09T00:00:00Z", "2026-01-13T00:00:00Z"));
  // A field that begins with a star is not restricted: both must hold.
  EXPECT_THAT(Runs("0 0 */10 * FRI", "UTC", "2026-01-01T00:00:00Z", 2),
              ElementsAre("2026-05-01T00:00:00Z", "2026-07-31T00:00:00Z"));
}

TEST(ScheduleTest, Descriptors) {
  constexpr std::string_view kAnchor = "2026-01-01T00:00:00Z";
  EXPECT_THAT(Runs("@hourly", "UTC", kAnchor, 1), ElementsAre("2026-01-01T01:00:00Z"));
  EXPECT_THAT(Runs("@daily", "UTC", kAnchor, 1), ElementsAre("2026-01-02T00:00:00Z"));
  EXPECT_THAT(Runs("@midnight", "UTC", kAnchor, 1), ElementsAre("2026-01-02T00:00:00Z"));
  EXPECT_THAT(Runs("@monthly", "UTC", kAnchor, 1), ElementsAre("2026-02-01T00:00:00Z"));
  EXPECT_THAT(Runs("@yearly", "UTC", kAnchor, 1), ElementsAre("2027-01-01T00:00:00Z"));
  EXPECT_THAT(Runs("@annually", "UTC", kAnchor, 1), ElementsAre("2027-01-01T00:00:00Z"));
}

TEST(ScheduleTest, EveryCountsFromTheAnchor) {
  EXPECT_EQ(Parsed("@every 1h30m").period(), minutes{90});
  EXPECT_EQ(Parsed("@hourly").period(), std::nullopt);
  EXPECT_THAT(Runs("@every 20m", "Europe/Berlin", "2026-03-29T00:50:07Z", 3),
              ElementsAre("2026-03-29T01:10:07Z", "2026-03-29T01:30:07Z", "2026-03-29T01:50:07Z"));
  const WallTime anchor = At("2026-01-01T00:00:07Z");
  EXPECT_EQ(Parsed("@every 20m").Latest(TimeZone(), {anchor, anchor + minutes{65}}),
            anchor + minutes{60});
  EXPECT_EQ(Parsed("@every 20m").Latest(TimeZone(), {anchor, anchor + minutes{20}}),
            anchor + minutes{20});
  EXPECT_EQ(Parsed("@every 20m").Latest(TimeZone(), {anchor, anchor + minutes{19}}), std::nullopt);
  EXPECT_EQ(Parsed("@every 20m").Latest(TimeZone(), {anchor, anchor - minutes{90}}), std::nullopt);
}

TEST(ScheduleTest, WhatNeverComesHasNoNextRun) {
  EXPECT_THAT(Runs("0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z", 1), ElementsAre());
  EXPECT_EQ(Parsed("0 0 30 2 *")
                .Latest(TimeZone(), {At("2000-01-01T00:00:00Z"), At("2026-01-01T00:00:00Z")}),
            std::nullopt);
}

TEST(ScheduleTest, RareDaysAreFound) {
  EXPECT_THAT(Runs("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", 1),
              ElementsAre("2104-02-29T00:00:00Z"));
  // 29 February on a Friday: `*/28` is the 1st and the 29th.
  EXPECT_THAT(Runs("0 0 */28 2 FRI", "UTC", "2025-01-01T00:00:00Z", 3),
              ElementsAre("2030-02-01T00:00:00Z", "2036-02-01T00:00:00Z", "2036-02-29T00:00:00Z"));
}

TEST(ScheduleTest, LatestIsTheLastRunInTheWindow) {
  const Schedule schedule = Parsed("0 3 * * *");
  const WallTime anchor = At("2026-01-01T03:00:00Z");
  EXPECT_EQ(schedule.Latest(TimeZone(), {anchor, At("2026-01-05T02:59:59Z")}),
            At("2026-01-04T03:00:00Z"));
  EXPECT_EQ(schedule.Latest(TimeZone(), {anchor, At("2026-01-05T03:00:00Z")}),
            At("2026-01-05T03:00:00Z"));
  EXPECT_EQ(schedule.Latest(TimeZone(), {anchor, At("2026-01-02T02:59:59Z")}), std::nullopt);
}

TEST(ScheduleTest, ALocalTimeThatIsSkippedRunsOnceAfterTheJump) {
  // Clocks go from 2:00 to 3:00 on 29 March 2026, at 1:00 UTC.
  EXPECT_THAT(Runs("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3),
              ElementsAre("2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"));
  EXPECT_THAT(Runs("0,15,30,45 2-3 29 3 *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3),
              ElementsAre("2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z", "2026-03-29T01:30:00Z"));
}

TEST(ScheduleTest, ALocalTimeThatComesTwiceRunsTheFirstTime) {
  // Clocks go from 3:00 back to 2:00 on 25 October 2026, at 1:00 UTC.
  EXPECT_THAT(Runs("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
              ElementsAre("2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"));
}

TEST(ScheduleTest, WhatRunsEveryHourRunsByRealTime) {
  EXPECT_THAT(Runs("30 * * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", 3),
              ElementsAre("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"));
  EXPECT_THAT(Runs("@hourly", "Europe/Berlin", "2026-03-29T00:00:00Z", 2),
              ElementsAre("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"));
}

TEST(ScheduleTest, RejectsAndSaysWhy) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "five fields"},
      {"* * * *", "not 4"},
      {"0 0 * * * *", "not 6"},
      {"TZ=UTC 0 0 * * *", "spec.timeZone"},
      {"60 * * * *", "minute: 60 is not within 0-59"},
      {"* 24 * * *", "hour: 24"},
      {"* * 0 * *", "day of month: 0"},
      {"* * * 13 *", "month: 13"},
      {"* * * * 8", "day of week: 8"},
      {"x * * * *", "minute: \"x\" is not a number"},
      {"* * * foo *", "month: \"foo\" is not a number or name"},
      {"-5 * * * *", "minute: \"\" is not a number"},
      {"5- * * * *", "minute: \"\" is not a number"},
      {"10-5 * * * *", "the range 10-5 ends before it begins"},
      {"*/0 * * * *", "\"0\" is not a step"},
      {"*/x * * * *", "\"x\" is not a step"},
      {"*/90 * * * *", "is @every 90m meant?"},
      {"1,,2 * * * *", "minute: \"\""},
      {"? * * * *", "minute: \"?\""},
      {"**/5 * * * *", "minute"},
      {"4294967297 * * * *", "minute"},
      {"@fortnightly", "unknown descriptor @fortnightly"},
      {"@every", "unknown descriptor"},
      {"@every 30s", "between 1m and 8760h"},
      {"@every 9000h", "between 1m and 8760h"},
      {"@every 1m0.5s", "whole seconds"},
      {"@every 1d", "\"1d\" is not a duration"},
      {std::string(201, '*'), "no more than 200"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(Schedule::Parse(text), StatusIs(Code::kInvalidArgument, HasSubstr(message)))
        << text;
  }
}

// The rules once more, as plainly as they can be written: every minute of a year, one after
// another, as the clock on the wall shows it.
struct Oracle {
  std::string schedule;
  bool by_real_time;
  std::function<bool(unsigned minute, unsigned hour, unsigned day, unsigned month,
                     unsigned week_day)>
      matches;

  [[nodiscard]] bool Matches(std::chrono::local_seconds local) const {
    const auto day = std::chrono::floor<std::chrono::days>(local);
    const std::chrono::year_month_day date{day};
    const auto of_day = std::chrono::duration_cast<minutes>(local - day).count();
    return matches(static_cast<unsigned>(of_day % 60), static_cast<unsigned>(of_day / 60),
                   static_cast<unsigned>(date.day()), static_cast<unsigned>(date.month()),
                   std::chrono::weekday{day}.c_encoding());
  }

  [[nodiscard]] std::vector<WallTime> RunsBetween(const TimeZone& zone, WallTime begin,
                                                  WallTime end) const {
    std::vector<WallTime> runs;
    std::chrono::local_seconds latest = zone.ToLocal(begin - minutes{1});  // ever shown
    for (WallTime now = begin; now < end; now += minutes{1}) {
      const std::chrono::local_seconds local = zone.ToLocal(now);
      bool run = by_real_time ? Matches(local) : local > latest && Matches(local);
      if (!by_real_time) {
        for (auto skipped = latest + minutes{1}; skipped < local; skipped += minutes{1}) {
          run = run || Matches(skipped);
        }
      }
      if (run) {
        runs.push_back(now);
      }
      latest = std::max(latest, local);
    }
    return runs;
  }
};

std::vector<Oracle> Oracles() {
  return {
      {"*/7 * * * *", true, [](auto minute, auto, auto, auto, auto) { return minute % 7 == 0; }},
      {"45 */2 * * *", true,
       [](auto minute, auto hour, auto, auto, auto) { return minute == 45 && hour % 2 == 0; }},
      {"15,40 1-2 * * *", false,
       [](auto minute, auto hour, auto, auto, auto) {
         return (minute == 15 || minute == 40) && (hour == 1 || hour == 2);
       }},
      {"* 2 * * *", false, [](auto, auto hour, auto, auto, auto) { return hour == 2; }},
      {"0 0,3 * * SUN", false,
       [](auto minute, auto hour, auto, auto, auto week_day) {
         return minute == 0 && (hour == 0 || hour == 3) && week_day == 0;
       }},
      {"5 2 1-7,29 * 0", false,
       [](auto minute, auto hour, auto day, auto, auto week_day) {
         return minute == 5 && hour == 2 && (day <= 7 || day == 29 || week_day == 0);
       }},
      {"30 2 * 3,4,10-11 *", false,
       [](auto minute, auto hour, auto, auto month, auto) {
         return minute == 30 && hour == 2 &&
                (month == 3 || month == 4 || month == 10 || month == 11);
       }},
      {"59 23 31 12 *", false,
       [](auto minute, auto hour, auto day, auto month, auto) {
         return minute == 59 && hour == 23 && day == 31 && month == 12;
       }},
  };
}

class ScheduleOracleTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ScheduleOracleTest, AYearOfRunsIsTheOracles) {
  const TimeZone zone = Zone(GetParam());
  const WallTime begin = At("2026-01-01T00:00:00Z");
  const WallTime end = At("2027-01-02T00:00:00Z");
  for (const Oracle& oracle : Oracles()) {
    const std::vector<WallTime> expected = oracle.RunsBetween(zone, begin, end);
    const Schedule schedule = Parsed(oracle.schedule);

    std::vector<WallTime> actual;
    for (auto run = schedule.Next(zone, begin - seconds{1}); run.has_value() && *run < end;
         run = schedule.Next(zone, *run)) {
      actual.push_back(*run);
    }

    ASSERT_EQ(actual.size(), expected.size()) << oracle.schedule;
    EXPECT_EQ(actual, expected) << oracle.schedule;
  }
}

TEST_P(ScheduleOracleTest, NextAndLatestOfAnyTimeAreTheOracles) {
  const TimeZone zone = Zone(GetParam());
  const WallTime begin = At("2026-01-01T00:00:00Z");
  const WallTime end = At("2027-01-02T00:00:00Z");
  for (const Oracle& oracle : Oracles()) {
    const std::vector<WallTime> runs = oracle.RunsBetween(zone, begin, end);
    const Schedule schedule = Parsed(oracle.schedule);
    // Every 97 minutes and odd seconds: each hour of the year is met at another place.
    for (WallTime now = begin + std::chrono::hours{24 * 9}; now < runs.back();
         now += minutes{97} + seconds{13}) {
      const auto after = std::ranges::upper_bound(runs, now);
      ASSERT_EQ(schedule.Next(zone, now), std::optional(*after))
          << oracle.schedule << " after " << FormatTime(now);
      const auto latest = schedule.Latest(zone, {begin - seconds{1}, now});
      ASSERT_EQ(latest, after == runs.begin() ? std::nullopt : std::optional(*(after - 1)))
          << oracle.schedule << " until " << FormatTime(now);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Zones, ScheduleOracleTest,
                         ::testing::Values("Europe/Berlin", "America/New_York",
                                           "Australia/Lord_Howe"),
                         [](const auto& zone) {
                           std::string name = zone.param;
                           std::ranges::replace(name, '/', '_');
                           return name;
                         });

}  // namespace
}  // namespace tresor::objects
