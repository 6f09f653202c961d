// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <algorithm>

#include <isa-l/crc.h>

namespace tresor {

std::uint32_t Crc32c(std::uint32_t crc, ByteView bytes) {
  constexpr std::size_t kMost = std::size_t{1} << 30;  // ISA-L counts in int
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), kMost);
    // ISA-L takes a pointer to non-const but only reads.
    auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(bytes.data()));
    crc = ~crc32_iscsi(data, static_cast<int>(count), ~crc);
    bytes = bytes.subspan(count);
  }
  return crc;
}

}  // namespace tresor
