// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include "base/status_matchers.h"

namespace tresor {
namespace {

TEST(SeededRandomTest, GivesTheSameNumbersForTheSameSeed) {
  SeededRandom a(5);
  SeededRandom b(5);
  SeededRandom c(6);
  const std::uint64_t first = a.Next();
  EXPECT_EQ(first, b.Next());
  EXPECT_NE(first, c.Next());
}

TEST(RandomTest, BelowStaysBelowAndReachesAll) {
  SeededRandom random(5);
  std::array<int, 7> seen{};
  for (int i = 0; i < 7000; ++i) {
    ++seen.at(random.Below(7));
  }
  EXPECT_THAT(seen, ::testing::Each(::testing::Gt(800)));
}

TEST(SystemRandomTest, FillsEveryByte) {
  Bytes bytes(4096);
  SystemRandom().Fill(bytes);
  EXPECT_GT(
      std::count_if(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{0}; }),
      4000);
}

}  // namespace
}  // namespace tresor
