// SPDX-License-Identifier: Apache-2.0
#include "base/context.h"

#include "base/status_matchers.h"

namespace tresor {
namespace {

using ::tresor::testing::IsOk;
using ::tresor::testing::StatusIs;

TEST(ContextTest, DeadlinePasses) {
  FakeClock clock;
  const Context context =
      Context::Background().WithClock(clock).WithTimeout(std::chrono::seconds(5));
  EXPECT_THAT(context.Check(), IsOk());
  EXPECT_EQ(*context.Remaining(), std::chrono::seconds(5));
  clock.Advance(std::chrono::seconds(5));
  EXPECT_THAT(context.Check(), StatusIs(Code::kDeadlineExceeded));
  EXPECT_EQ(*context.Remaining(), std::chrono::seconds(0));
}

TEST(ContextTest, TheEarlierDeadlineHolds) {
  FakeClock clock;
  const Context context = Context::Background()
                              .WithClock(clock)
                              .WithTimeout(std::chrono::seconds(5))
                              .WithTimeout(std::chrono::hours(1));
  EXPECT_EQ(*context.Remaining(), std::chrono::seconds(5));
}

TEST(ContextTest, StopEndsASleepAtOnce) {
  std::stop_source source;
  const Context context = Context::Background().WithStop(source.get_token());
  source.request_stop();
  EXPECT_THAT(context.Sleep(std::chrono::hours(1)), StatusIs(Code::kCancelled));
}

TEST(ClockTest, FormatsAsRfc3339) {
  const WallTime time = FromUnixNanos(1'767'323'045'123'456'789);
  EXPECT_EQ(FormatTime(time), "2026-01-02T03:04:05Z");
  EXPECT_EQ(FormatTime(time, true), "2026-01-02T03:04:05.123Z");
  EXPECT_EQ(FormatTime(WallTime::min(), true), "1677-09-21T00:12:43.145Z");
  EXPECT_EQ(FormatTime(WallTime::max(), true), "2262-04-11T23:47:16.854Z");
}

}  // namespace
}  // namespace tresor
