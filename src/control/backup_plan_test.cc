// SPDX-License-Identifier: Apache-2.0
#include "control/backup_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tresor::control {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr WallTime kNow{std::chrono::seconds{1'700'000'000}};

RetryPlan Plan(Code code, int attempts, std::chrono::nanoseconds left) {
  return PlanRetry({.error = Error(code, "no member answers"),
                    .attempts = attempts,
                    .now = kNow,
                    .try_until = kNow + left});
}

TEST(RetryPlanTest, PausesGrow) {
  EXPECT_EQ(Plan(Code::kUnavailable, 1, 1h).at, kNow + 5s);
  EXPECT_EQ(Plan(Code::kUnavailable, 2, 1h).at, kNow + 10s);
  EXPECT_EQ(Plan(Code::kUnavailable, 3, 1h).at, kNow + 20s);
  EXPECT_EQ(Plan(Code::kUnavailable, 30, 1h).at, kNow + 5min);
}

TEST(RetryPlanTest, SaysWhatFailedAndWhenItGoesOn) {
  const RetryPlan plan = Plan(Code::kUnavailable, 2, 1h);
  EXPECT_TRUE(plan.again);
  EXPECT_THAT(plan.message, HasSubstr("attempt 2 failed: no member answers"));
  EXPECT_THAT(plan.message, HasSubstr(FormatTime(plan.at)));
}

TEST(RetryPlanTest, EndsWithItsSlotAndTheRealReason) {
  const RetryPlan plan = Plan(Code::kUnavailable, 3, 20s);
  EXPECT_FALSE(plan.again);
  EXPECT_EQ(plan.message, "no member answers (3 attempts)");
}

TEST(RetryPlanTest, DoesNotRepeatWhatCannotHelp) {
  EXPECT_FALSE(Plan(Code::kInvalidArgument, 1, 1h).again);
  EXPECT_FALSE(Plan(Code::kUnimplemented, 1, 1h).again);
  EXPECT_TRUE(Plan(Code::kDataLoss, 1, 1h).again);
  EXPECT_FALSE(Plan(Code::kDataLoss, 3, 1h).again);
  EXPECT_TRUE(Plan(Code::kResourceExhausted, 9, 1h).again);
}

}  // namespace
}  // namespace tresor::control
