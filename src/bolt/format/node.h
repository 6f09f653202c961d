// SPDX-License-Identifier: Apache-2.0
// Leaf and branch pages and bucket values.
//
// bolt/FORMAT.md, "Leaf pages", "Branch pages", "Buckets". Source: bbolt
// internal/common/{page,inode,bucket}.go and bucket.go at v1.4.3. The decoders check every bound
// and the order within the page; where a page lies in the file and the bounds that its ancestors
// set are the reader's part.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "bolt/format/page.h"

namespace tresor::bolt {

struct Pair {
  ByteView key;
  ByteView value;
};

}  // namespace tresor::bolt

namespace tresor::bolt::format {

inline constexpr std::size_t kElementSize = 16;  // of leaf and branch
inline constexpr std::size_t kBucketHeaderSize = 16;
inline constexpr std::size_t kMaxKeySize = 32768;
inline constexpr std::size_t kMaxValueSize = (std::size_t{1} << 31) - 2;

/// The elements of a leaf page. Views point into the page.
struct LeafElements {
  std::vector<Pair> pairs;             // ascending; of a bucket: its name and its value
  std::vector<std::uint32_t> buckets;  // indices of the pairs that are buckets, ascending
};

struct BranchElement {
  ByteView key;  // no key of the child is smaller
  PageId child{};
};

struct BucketValue {
  PageId root{};  // 0: inline
  std::uint64_t sequence = 0;
  ByteView inline_page;  // empty unless inline
};

/// `page` is the whole run, `count` from its header. Replaces `elements`, which keeps its memory
/// for the next call.
[[nodiscard]] Status DecodeLeaf(ByteView page, std::uint16_t count, LeafElements& elements);
/// As DecodeLeaf. Children are not looked at.
[[nodiscard]] Status DecodeBranch(ByteView page, std::uint16_t count,
                                  std::vector<BranchElement>& elements);

/// Decodes the value of a bucket; of an inline one checks the header of the page within, not its
/// elements.
[[nodiscard]] Result<BucketValue> DecodeBucketValue(ByteView value);
[[nodiscard]] inline bool IsInline(const BucketValue& bucket) { return bucket.root == PageId{0}; }

/// A leaf or branch page in the making: elements are added in order, then the page is written at
/// once.
///
/// It can give away its first elements and keep the others, so that its owner may choose where to
/// cut.
class NodeWriter {
 public:
  /// A leaf's element.
  void AddPair(ByteView key, ByteView value, bool is_bucket);
  /// A branch's element.
  void AddChild(ByteView key, PageId child);

  [[nodiscard]] std::size_t count() const { return elements_.size(); }
  /// Bytes of a page with the first `count` elements, header included.
  [[nodiscard]] std::uint64_t SizeOf(std::size_t count) const;
  [[nodiscard]] std::uint64_t size() const { return SizeOf(count()); }
  [[nodiscard]] ByteView first_key() const;

  /// Appends the page of the first `count` elements to `out`, without padding, and removes them.
  void TakeFront(std::size_t count, PageHeader header, Bytes& out);

 private:
  struct Element {
    std::uint64_t data_end = 0;  // in data_; it begins where the one before ends
    std::uint32_t key_size = 0;
    std::uint32_t flags = 0;  // leaf
    PageId child{};           // branch
  };
  Bytes data_;
  std::vector<Element> elements_;
};

/// Of a bucket that has its own pages.
[[nodiscard]] Bytes EncodeBucketValue(PageId root, std::uint64_t sequence);
/// Of an inline bucket: takes all elements of `leaf`.
[[nodiscard]] Bytes EncodeInlineBucketValue(std::uint64_t sequence, NodeWriter& leaf);

}  // namespace tresor::bolt::format
