// SPDX-License-Identifier: Apache-2.0
#include "objects/duration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor::objects {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using tresor::testing::IsOkAndHolds;
using tresor::testing::StatusIs;

TEST(DurationTest, ReadsWhatGoReads) {
  EXPECT_THAT(ParseDuration("0"), IsOkAndHolds(nanoseconds{0}));
  EXPECT_THAT(ParseDuration("20m"), IsOkAndHolds(minutes{20}));
  EXPECT_THAT(ParseDuration("1h30m10s"), IsOkAndHolds(hours{1} + minutes{30} + seconds{10}));
  EXPECT_THAT(ParseDuration("1.5h"), IsOkAndHolds(minutes{90}));
  EXPECT_THAT(ParseDuration(".5s"), IsOkAndHolds(milliseconds{500}));
  EXPECT_THAT(ParseDuration("-2m"), IsOkAndHolds(minutes{-2}));
  EXPECT_THAT(ParseDuration("+300ms"), IsOkAndHolds(milliseconds{300}));
  EXPECT_THAT(ParseDuration("1us2ns"), IsOkAndHolds(nanoseconds{1002}));
  EXPECT_THAT(ParseDuration("1µs"), IsOkAndHolds(nanoseconds{1000}));
}

TEST(DurationTest, RejectsTheRest) {
  for (const char* text : {"", "1", "h", "1d", "1h ", " 1h", "1.h.", ".s", "-", "1hh", "--1h",
                           "99999999999999999999h", "2562048h", "1e3s"}) {
    EXPECT_THAT(ParseDuration(text), StatusIs(Code::kInvalidArgument)) << text;
  }
}

TEST(DurationTest, WritesTheShortForm) {
  EXPECT_EQ(FormatDuration(nanoseconds{0}), "0s");
  EXPECT_EQ(FormatDuration(minutes{90}), "1h30m");
  EXPECT_EQ(FormatDuration(minutes{20}), "20m");
  EXPECT_EQ(FormatDuration(milliseconds{-1500}), "-1.5s");
  EXPECT_EQ(FormatDuration(nanoseconds{1}), "0.000000001s");
  EXPECT_EQ(FormatDuration(hours{1} + seconds{1}), "1h1s");
}

TEST(DurationTest, WhatIsWrittenReadsAsTheSame) {
  for (const std::int64_t nanos :
       {std::int64_t{1}, std::int64_t{-999}, std::int64_t{60'000'000'001},
        std::int64_t{9'000'000'000'000'000'000}}) {
    EXPECT_THAT(ParseDuration(FormatDuration(nanoseconds{nanos})),
                IsOkAndHolds(nanoseconds{nanos}));
  }
}

}  // namespace
}  // namespace tresor::objects
