// SPDX-License-Identifier: Apache-2.0
// The meta page: where the tree begins, and how far the file is used.
//
// bolt/FORMAT.md, "Meta pages". Source: bbolt internal/common/meta.go at v1.4.3.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/status.h"
#include "bolt/format/page.h"

namespace tresor::bolt {

/// What a meta page says.
struct Meta {
  std::uint32_t page_size = 0;  // bytes; a power of two, 1 KiB to 64 KiB
  PageId root{};
  std::uint64_t root_sequence = 0;
  std::optional<PageId> freelist;     // none: not persisted (etcd on Linux)
  std::uint64_t high_water_mark = 0;  // first page id never allocated
  std::uint64_t txid = 0;

  friend bool operator==(const Meta&, const Meta&) = default;
};

}  // namespace tresor::bolt

namespace tresor::bolt::format {

inline constexpr std::uint32_t kMagic = 0xED0CDAED;
inline constexpr std::uint32_t kVersion = 2;
/// Page header and meta; the rest of the page means nothing.
inline constexpr std::size_t kMetaPageSize = 80;

/// Start and multiplier: http://www.isthe.com/chongo/tech/comp/fnv/
[[nodiscard]] std::uint64_t Fnv1a64(ByteView bytes);

/// Reads a meta page as bbolt does, so that a meta is valid here when it is there: the page header
/// and the meaning of the values are not looked at (CheckMeta). `page` has at least kMetaPageSize
/// bytes. kDataLoss: magic or checksum are wrong. kUnimplemented: another version, or written by a
/// big-endian machine.
[[nodiscard]] Result<Meta> DecodeMeta(ByteView page);

/// kDataLoss: page size, root, freelist or high-water mark cannot be, in a file of `file_bytes`.
[[nodiscard]] Status CheckMeta(const Meta& meta, std::uint64_t file_bytes);

/// `page` has at least kMetaPageSize bytes; `index` is 0 or 1, the page's id.
void EncodeMetaPage(const Meta& meta, std::uint64_t index, MutableByteView page);

}  // namespace tresor::bolt::format
