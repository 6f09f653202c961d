// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/test_host.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t kMiB = 1 << 20;

TEST(RenderProgressTest, ShowsShareBytesRateAndTimeLeft) {
  EXPECT_EQ(RenderProgress({.phase = "storing",
                            .done_bytes = 512 * kMiB,
                            .total_bytes = 1024 * kMiB,
                            .elapsed = seconds(4)},
                           120),
            "storing  [============>           ]   50%  512 MiB of 1.00 GiB  128 MiB/s  4 s left");
}

TEST(RenderProgressTest, ShowsOnlyBytesWhenTheTotalIsNotKnown) {
  EXPECT_EQ(
      RenderProgress({.phase = "reading", .done_bytes = 3 * kMiB, .elapsed = seconds(1)}, 120),
      "reading  3.00 MiB  3.00 MiB/s");
}

TEST(RenderProgressTest, TheFirstMomentsHaveNoRate) {
  EXPECT_THAT(
      RenderProgress(
          {.phase = "p", .done_bytes = kMiB, .total_bytes = 2 * kMiB, .elapsed = milliseconds(10)},
          80),
      AllOf(HasSubstr("50%"), Not(HasSubstr("/s"))));
}

TEST(RenderProgressTest, NeverExceedsTheTerminalOrTheTotal) {
  for (std::size_t width = 0; width < 130; ++width) {
    const std::string line = RenderProgress({.phase = "receiving",
                                             .done_bytes = 900 * kMiB,
                                             .total_bytes = 800 * kMiB,
                                             .elapsed = seconds(3000)},
                                            width);
    EXPECT_LT(DisplayWidth(line), std::max<std::size_t>(width, 1));
    EXPECT_THAT(line, Not(HasSubstr("112%")));
  }
}

class ProgressLineTest : public ::testing::Test {
 protected:
  FakeClock clock_;
  FakeTerminal terminal_;
  std::ostringstream out_;
};

TEST_F(ProgressLineTest, DrawsAtMostTenTimesASecondButEachPhaseAtOnce) {
  ProgressLine line(clock_, terminal_, out_, true);

  line.Update("one", 1, 10);
  line.Update("one", 2, 10);
  line.Update("two", 3, 10);
  clock_.Advance(milliseconds(100));
  line.Update("two", 4, 10);

  const std::string drawn = out_.str();
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), '\r'), 3);
}

TEST_F(ProgressLineTest, ClearsWhatItDrewAndNothingElse) {
  ProgressLine line(clock_, terminal_, out_, true);
  line.Clear();
  EXPECT_EQ(out_.str(), "");

  line.Update("one", 1, 10);
  line.Clear();
  EXPECT_TRUE(out_.str().ends_with("\r\x1b[K"));
}

TEST_F(ProgressLineTest, WritesNothingWhenNotEnabled) {
  {
    ProgressLine line(clock_, terminal_, out_, false);
    line.Update("one", 1, 10);
  }
  EXPECT_EQ(out_.str(), "");
}

}  // namespace
}  // namespace tresor::cli
