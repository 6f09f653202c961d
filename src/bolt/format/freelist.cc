// SPDX-License-Identifier: Apache-2.0
#include "bolt/format/freelist.h"

#include "base/check.h"

namespace tresor::bolt::format {

Result<FreelistExtent> DecodeFreelistExtent(ByteView prefix, std::uint64_t run_bytes) {
  TRESOR_CHECK(prefix.size() >= kFreelistPrefixSize && run_bytes >= kFreelistPrefixSize);
  const PageHeader header = DecodePageHeader(prefix);
  FreelistExtent extent{.first_id_offset = kPageHeaderSize, .count = header.count};
  if (header.count > kMaxElements) {
    extent = {.first_id_offset = kFreelistPrefixSize,
              .count = LoadU64(prefix.data() + kPageHeaderSize)};
  }
  if (extent.count > (run_bytes - extent.first_id_offset) / 8) {
    return Error(Code::kDataLoss, "freelist: {} ids do not fit in {} bytes", extent.count,
                 run_bytes);
  }
  return extent;
}

}  // namespace tresor::bolt::format
