// SPDX-License-Identifier: Apache-2.0
// Page ids and the 16-byte header that every page run starts with.
//
// bolt/FORMAT.md, "Pages". Source: bbolt internal/common/page.go at v1.4.3.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace tresor::bolt {

/// The offset of a page in the file, divided by the page size.
enum class PageId : std::uint64_t {};

[[nodiscard]] constexpr std::uint64_t ToNumber(PageId id) { return static_cast<std::uint64_t>(id); }

}  // namespace tresor::bolt

namespace tresor::bolt::format {

inline constexpr std::size_t kPageHeaderSize = 16;
inline constexpr std::uint32_t kMinPageSize = 1024;
inline constexpr std::uint32_t kMaxPageSize = 65536;
/// 0xFFFF is the freelist's mark for "the real count follows", so no page has that many elements.
inline constexpr std::uint32_t kMaxElements = 0xFFFE;
/// The first two pages are the metas.
inline constexpr PageId kFirstDataPage{2};

/// DO NOT CHANGE: these values are in the files.
enum class PageType : std::uint16_t {
  kBranch = 0x01,
  kLeaf = 0x02,
  kMeta = 0x04,
  kFreelist = 0x10,
};

struct PageHeader {
  PageId id{};
  PageType type{};             // as stored: may be none of the enumerators
  std::uint16_t count = 0;     // elements
  std::uint32_t overflow = 0;  // further pages of the run

  friend bool operator==(const PageHeader&, const PageHeader&) = default;
};

[[nodiscard]] bool IsPageSize(std::uint64_t size_bytes);

/// `page` has at least kPageHeaderSize bytes.
[[nodiscard]] PageHeader DecodePageHeader(ByteView page);
/// `page` has at least kPageHeaderSize bytes.
void EncodePageHeader(const PageHeader& header, MutableByteView page);

}  // namespace tresor::bolt::format
