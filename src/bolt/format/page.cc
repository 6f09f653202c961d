// SPDX-License-Identifier: Apache-2.0
#include "bolt/format/page.h"

#include <bit>

#include "base/check.h"

namespace tresor::bolt::format {

bool IsPageSize(std::uint64_t size_bytes) {
  return size_bytes >= kMinPageSize && size_bytes <= kMaxPageSize &&
         std::has_single_bit(size_bytes);
}

PageHeader DecodePageHeader(ByteView page) {
  TRESOR_CHECK(page.size() >= kPageHeaderSize);
  const std::byte* const from = page.data();
  return {.id = PageId{LoadU64(from)},
          .type = static_cast<PageType>(LoadU16(from + 8)),
          .count = LoadU16(from + 10),
          .overflow = LoadU32(from + 12)};
}

void EncodePageHeader(const PageHeader& header, MutableByteView page) {
  TRESOR_CHECK(page.size() >= kPageHeaderSize);
  std::byte* const to = page.data();
  StoreU64(to, ToNumber(header.id));
  StoreU16(to + 8, static_cast<std::uint16_t>(header.type));
  StoreU16(to + 10, header.count);
  StoreU32(to + 12, header.overflow);
}

}  // namespace tresor::bolt::format
