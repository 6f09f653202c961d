// SPDX-License-Identifier: Apache-2.0
#include "base/time_zone.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor {
namespace {

using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::sys_days;
using std::chrono::year;
using tresor::testing::StatusIs;

TEST(TimeZoneTest, LocalTimeFollowsTheSeason) {
  ASSERT_OK_AND_ASSIGN(const TimeZone berlin, TimeZone::Load("Europe/Berlin"));

  EXPECT_EQ(berlin.ToLocal(sys_days{year{2026} / 1 / 15} + hours{12}),
            local_days{year{2026} / 1 / 15} + hours{13});
  EXPECT_EQ(berlin.ToLocal(sys_days{year{2026} / 7 / 15} + hours{12}),
            local_days{year{2026} / 7 / 15} + hours{14});
}

TEST(TimeZoneTest, ATimeThatIsSkippedHasOnlyItsJump) {
  ASSERT_OK_AND_ASSIGN(const TimeZone berlin, TimeZone::Load("Europe/Berlin"));

  const auto instants = berlin.ToInstants(local_days{year{2026} / 3 / 29} + hours{2} + minutes{30});

  EXPECT_EQ(instants.first, std::nullopt);
  EXPECT_EQ(instants.last, std::nullopt);
  EXPECT_EQ(instants.jump, WallTime{sys_days{year{2026} / 3 / 29} + hours{1}});
}

TEST(TimeZoneTest, ATimeThatComesTwiceHasBothInstants) {
  ASSERT_OK_AND_ASSIGN(const TimeZone lord_howe, TimeZone::Load("Australia/Lord_Howe"));

  // Half an hour back, at 2 o'clock.
  const auto instants =
      lord_howe.ToInstants(local_days{year{2026} / 4 / 5} + hours{1} + minutes{45});

  EXPECT_EQ(instants.first, WallTime{sys_days{year{2026} / 4 / 4} + hours{14} + minutes{45}});
  EXPECT_EQ(instants.last, WallTime{sys_days{year{2026} / 4 / 4} + hours{15} + minutes{15}});
}

TEST(TimeZoneTest, UtcIsThereWithoutADatabase) {
  ASSERT_OK_AND_ASSIGN(const TimeZone utc, TimeZone::Load("UTC"));
  EXPECT_EQ(utc.name(), "UTC");
  EXPECT_EQ(TimeZone().ToLocal(WallTime{hours{5}}), TimeZone::LocalTime{hours{5}});
  EXPECT_EQ(utc.ToInstants(TimeZone::LocalTime{hours{-5}}).first, WallTime{hours{-5}});
}

TEST(TimeZoneTest, RejectsNamesOfNoZone) {
  for (const std::string& name :
       {std::string(), std::string("Mars/Olympus"), std::string("Europe"), std::string("localtime"),
        std::string("../../etc/passwd"), std::string("/etc/localtime"), std::string("Europe/"),
        std::string("Europe//Berlin"), std::string("file:x"), std::string("libc:UTC"),
        std::string("a\0b", 3), std::string(65, 'a'), std::string("zone.tab")}) {
    EXPECT_THAT(TimeZone::Load(name), StatusIs(Code::kInvalidArgument)) << name;
  }
}

}  // namespace
}  // namespace tresor
