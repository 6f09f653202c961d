// SPDX-License-Identifier: Apache-2.0
#include "base/crc_algebra.h"

namespace tresor {
namespace {

constexpr CrcPolynomial kGenerator = 0x82f63b78;  // Castagnoli's, reflected

// Without branches: the bits are random.
constexpr CrcPolynomial TimesX(CrcPolynomial a) { return (a >> 1) ^ (kGenerator & (0 - (a & 1))); }

constexpr CrcPolynomial Multiply(CrcPolynomial a, CrcPolynomial b) {
  CrcPolynomial product = 0;
  for (unsigned bit = 32; bit-- > 0;) {
    product ^= b & (0 - (a >> bit & 1));
    b = TimesX(b);
  }
  return product;
}

// [k][v] = x^(8 * v * 256^k): a size in bytes, one byte of it after the other.
constexpr auto MakeShifts() {
  std::array<std::array<CrcPolynomial, 256>, 8> shifts{};
  CrcPolynomial step = kCrcOne >> 8;  // x^8
  for (auto& table : shifts) {
    table[0] = kCrcOne;
    for (std::size_t i = 1; i < table.size(); ++i) {
      table[i] = Multiply(table[i - 1], step);
    }
    step = Multiply(table.back(), step);
  }
  return shifts;
}

}  // namespace

CrcPolynomial MultiplyCrc(CrcPolynomial a, CrcPolynomial b) { return Multiply(a, b); }

CrcPolynomial CrcShift(std::uint64_t bytes) {
  static const auto shifts = MakeShifts();
  CrcPolynomial shift = shifts[0][bytes & 0xff];
  for (std::size_t k = 1; (bytes >>= 8) != 0; ++k) {
    if ((bytes & 0xff) != 0) {
      shift = Multiply(shift, shifts[k][bytes & 0xff]);
    }
  }
  return shift;
}

std::uint32_t AppendCrc(std::uint32_t crc, const CrcPiece& piece) {
  return Multiply(crc, CrcShift(piece.size_bytes)) ^ piece.crc;
}

CrcMultiplier::CrcMultiplier(CrcPolynomial factor) {
  // The product with one bit of the other factor, from x^0 (its highest bit) down.
  for (unsigned bit = 32; bit-- > 0; factor = TimesX(factor)) {
    table_[bit / 4][std::size_t{1} << (bit % 4)] = factor;
  }
  for (auto& table : table_) {
    table[0] = 0;
    for (std::size_t value = 1; value < table.size(); ++value) {
      const std::size_t lowest = value & (~value + 1);
      table[value] = lowest == value ? table[value] : table[lowest] ^ table[value ^ lowest];
    }
  }
}

}  // namespace tresor
