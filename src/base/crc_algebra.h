// SPDX-License-Identifier: Apache-2.0
// CRC-32C of strings that are put together from pieces, without reading the pieces again.
//
// A CRC is a polynomial over GF(2) modulo the generator: crc(a || b) = crc(a) * x^(8 |b|) + crc(b).
// The same algebra as zlib's crc32_combine. It lets one pass over the records of a repository, from
// the last to the first, make the checksums of all backups, each of which has other records; and it
// lets a snapshot's records be forgotten, but for their own CRCs, before their order is known.
#pragma once

#include <array>
#include <cstdint>

namespace tresor {

/// A polynomial modulo CRC-32C's, in its reflected form: the highest bit is x^0.
using CrcPolynomial = std::uint32_t;

inline constexpr CrcPolynomial kCrcOne = 0x80000000;

[[nodiscard]] CrcPolynomial MultiplyCrc(CrcPolynomial a, CrcPolynomial b);
/// x^(8 * bytes): what `bytes` more bytes behind a string multiply its CRC with.
[[nodiscard]] CrcPolynomial CrcShift(std::uint64_t bytes);

/// What is known of a string whose bytes are gone.
struct CrcPiece {
  std::uint32_t crc = 0;  // CRC-32C
  std::uint64_t size_bytes = 0;
  friend bool operator==(const CrcPiece&, const CrcPiece&) = default;
};
/// The CRC of a string with `crc`, and the piece behind it.
[[nodiscard]] std::uint32_t AppendCrc(std::uint32_t crc, const CrcPiece& piece);

/// Multiplies many numbers with the same one.
class CrcMultiplier {
 public:
  explicit CrcMultiplier(CrcPolynomial factor);
  [[nodiscard]] CrcPolynomial operator()(CrcPolynomial other) const {
    CrcPolynomial product = 0;
    for (unsigned nibble = 0; nibble < 8; ++nibble) {
      product ^= table_[nibble][other >> (4 * nibble) & 0xf];
    }
    return product;
  }

 private:
  std::array<std::array<CrcPolynomial, 16>, 8> table_;
};

/// The CRC-32C of a string that is given piece by piece from its end to its beginning.
class BackwardCrc {
 public:
  /// `crc` is the piece's, multiplied by `times_crc`; `shift` multiplies by CrcShift(its size).
  void Prepend(const CrcMultiplier& times_crc, const CrcMultiplier& shift) {
    crc_ ^= times_crc(power_);
    power_ = shift(power_);
  }
  [[nodiscard]] std::uint32_t value() const { return crc_; }

 private:
  std::uint32_t crc_ = 0;
  CrcPolynomial power_ = kCrcOne;  // x^(8 * bytes so far)
};

}  // namespace tresor
