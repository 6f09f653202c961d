// SPDX-License-Identifier: Apache-2.0
#include "repo/crc_algebra.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/random.h"

namespace tresor::repo {
namespace {

TEST(CrcAlgebraTest, ShiftByZeroIsOneAndShiftsAdd) {
  EXPECT_EQ(CrcShift(0), kCrcOne);
  SeededRandom random(1);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t a = random.Below(std::uint64_t{1} << 40);
    const std::uint64_t b = random.Below(100'000);
    EXPECT_EQ(MultiplyCrc(CrcShift(a), CrcShift(b)), CrcShift(a + b));
  }
}

TEST(CrcAlgebraTest, AMultiplierMultiplies) {
  SeededRandom random(2);
  for (int i = 0; i < 100; ++i) {
    const auto a = static_cast<CrcPolynomial>(random.Next());
    const auto b = static_cast<CrcPolynomial>(random.Next());
    EXPECT_EQ(CrcMultiplier(a)(b), MultiplyCrc(a, b));
    EXPECT_EQ(MultiplyCrc(a, b), MultiplyCrc(b, a));
  }
}

TEST(CrcAlgebraTest, PiecesFromTheEndGiveTheWholesCrc) {
  SeededRandom random(3);
  Bytes whole;
  BackwardCrc crc;
  for (int i = 0; i < 200; ++i) {
    Bytes piece(random.Below(3000));
    random.Fill(piece);
    crc.Prepend(CrcMultiplier(Crc32c(0, piece)), CrcMultiplier(CrcShift(piece.size())));
    whole.insert(whole.begin(), piece.begin(), piece.end());
    ASSERT_EQ(crc.value(), Crc32c(0, whole));
  }
}

}  // namespace
}  // namespace tresor::repo
