// SPDX-License-Identifier: Apache-2.0
#include "base/crc_algebra.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/random.h"

namespace tresor {
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

TEST(CrcAlgebraTest, APieceCountsAsItsBytes) {
  SeededRandom random(4);
  Bytes text(3000);
  random.Fill(text);
  for (const std::size_t cut : {0U, 1U, 255U, 256U, 257U, 2999U, 3000U}) {
    const ByteView head = ByteView(text).first(cut);
    const ByteView tail = ByteView(text).subspan(cut);
    EXPECT_EQ(AppendCrc(Crc32c(0, head), {.crc = Crc32c(0, tail), .size_bytes = tail.size()}),
              Crc32c(0, text));
  }
}

}  // namespace
}  // namespace tresor
