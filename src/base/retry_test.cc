// SPDX-License-Identifier: Apache-2.0
#include "base/retry.h"

#include "base/status_matchers.h"

namespace tresor {
namespace {

using ::testing::HasSubstr;
using ::tresor::testing::IsOk;
using ::tresor::testing::StatusIs;

const RetryOptions kQuick{.attempts = 3,
                          .first_delay = std::chrono::milliseconds(1),
                          .max_delay = std::chrono::milliseconds(1)};

TEST(RetryTest, TriesAgainWhileItMayHelp) {
  SeededRandom random(1);
  int calls = 0;
  EXPECT_THAT(Retry(Context::Background(), kQuick, random,
                    [&] { return ++calls < 3 ? Error(Code::kUnavailable, "busy") : OkStatus(); }),
              IsOk());
  EXPECT_EQ(calls, 3);
}

TEST(RetryTest, StopsAtOnceWhenItCannotHelp) {
  SeededRandom random(1);
  int calls = 0;
  EXPECT_THAT(Retry(Context::Background(), kQuick, random,
                    [&] { return ++calls, Error(Code::kNotFound, "gone"); }),
              StatusIs(Code::kNotFound, "gone"));
  EXPECT_EQ(calls, 1);
}

TEST(RetryTest, SaysHowOftenItTried) {
  SeededRandom random(1);
  EXPECT_THAT(Retry(Context::Background(), kQuick, random,
                    [] { return Error(Code::kUnavailable, "busy"); }),
              StatusIs(Code::kUnavailable, HasSubstr("after 3 attempts")));
}

TEST(BackoffTest, DoublesUpToTheLimit) {
  SeededRandom random(1);
  const RetryOptions options{.attempts = 9,
                             .first_delay = std::chrono::milliseconds(100),
                             .max_delay = std::chrono::milliseconds(1000)};
  for (int i = 1; i < 60; ++i) {
    const auto full = std::min<std::int64_t>(1000, std::int64_t{100} << std::min(i - 1, 20));
    const auto delay = Backoff(options, i, random).count();
    EXPECT_GE(delay, full / 2);
    EXPECT_LE(delay, full);
  }
}

}  // namespace
}  // namespace tresor
