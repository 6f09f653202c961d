// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli), by ISA-L: etcd's WAL, .snap and HashKV use it.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace tresor {

/// Continues `crc` over `bytes`, as Go's crc32.Update does: begin with 0. CRC of "123456789" is
/// 0xe3069283.
[[nodiscard]] std::uint32_t Crc32c(std::uint32_t crc, ByteView bytes);

}  // namespace tresor
