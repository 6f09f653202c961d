// SPDX-License-Identifier: Apache-2.0
// The freelist page: ids of pages that nothing uses.
//
// bolt/FORMAT.md, "Freelist". Source: bbolt internal/freelist/shared.go and internal/common/page.go
// at v1.4.3.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/status.h"
#include "bolt/format/page.h"

namespace tresor::bolt::format {

/// Where the ids lie, 8 bytes each, in the freelist's page run.
struct FreelistExtent {
  std::uint64_t first_id_offset = 0;
  std::uint64_t count = 0;
};

/// A freelist page's header and the count behind it, which counts only when the header's is 0xFFFF.
inline constexpr std::size_t kFreelistPrefixSize = kPageHeaderSize + 8;

/// `prefix` is the run's first kFreelistPrefixSize bytes. kDataLoss: the ids do not fit in the run
/// of `run_bytes`.
[[nodiscard]] Result<FreelistExtent> DecodeFreelistExtent(ByteView prefix, std::uint64_t run_bytes);

}  // namespace tresor::bolt::format
