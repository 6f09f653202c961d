// SPDX-License-Identifier: Apache-2.0
// The walk through all pages of a tree, which is also the check of it.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/context.h"
#include "base/status.h"
#include "bolt/format/node.h"
#include "bolt/page_file.h"
#include "bolt/reader.h"

namespace tresor::bolt {

/// Pages on the way from the root page to any leaf, through nested buckets: no real file comes
/// near.
inline constexpr int kMaxDepth = 64;

/// A bucket as the leaf that holds it tells.
struct BucketRef {
  PageId holder{};  // the leaf
  ByteView name;
  ByteView value;
};

/// One walk: made, used once, thrown away. Every page that it meets is marked in a bitmap, so no
/// page is met twice and the work is bounded by the file's size, whatever the file says.
class Walker {
 public:
  /// All outlive this. `visitor` may be null.
  Walker(const PageFile& pages, const Context& context, Visitor* visitor);

  /// The whole file, with the freelist.
  [[nodiscard]] Result<WalkStats> WalkAll();
  /// One bucket, from the first key that is not under `from`.
  [[nodiscard]] Status WalkBucket(const BucketRef& bucket, ByteView from);

 private:
  /// What the ancestors say about a page's keys. Empty: no bound, as no key is empty.
  struct Bounds {
    ByteView at_least;
    ByteView less_than;
  };
  enum class Tree { kRoot, kBucket };

  [[nodiscard]] Status MarkFreelist();
  [[nodiscard]] Status Mark(PageId first, std::uint64_t count);
  [[nodiscard]] Status ExplainSecondUse(PageId page) const;
  [[nodiscard]] bool IsMarked(PageId page) const {
    return (marks_[ToNumber(page) / 64] >> (ToNumber(page) % 64) & 1) != 0;
  }
  [[nodiscard]] Status CheckAllMarked() const;
  /// Calls `use(id)` for every id of the freelist, in order, until it gives an error.
  template <typename Use>
  [[nodiscard]] Status ForEachFree(Use use) const;

  [[nodiscard]] Status WalkPage(PageId id, const Bounds& bounds, ByteView from, Tree tree,
                                int depth);
  [[nodiscard]] Status WalkBranch(const PageRun& run, const Bounds& bounds, ByteView from,
                                  Tree tree, int depth);
  [[nodiscard]] Status WalkLeaf(const Bounds& bounds, ByteView from, Tree tree, int depth);
  [[nodiscard]] Status WalkReduced(PageId id, ReducedLeaf leaf, const Bounds& bounds, Tree tree);
  [[nodiscard]] static Status CheckBounds(PageId id, ByteView first, ByteView last,
                                          const Bounds& bounds);
  [[nodiscard]] Status WalkBucketValue(const BucketRef& bucket, ByteView from, int depth);
  [[nodiscard]] Status WalkInlineBucket(const BucketRef& bucket, ByteView page, ByteView from);
  [[nodiscard]] Status GivePairs(PageId page, std::span<const Pair> pairs);
  [[nodiscard]] Status GiveScratch();
  void Count(std::span<const Pair> pairs);

  const PageFile& pages_;
  const Context& context_;
  Visitor* const visitor_;
  std::vector<std::uint64_t> marks_;  // one bit per page below the high-water mark
  std::uint64_t marked_ = 0;
  std::uint64_t guessed_pages_ = 1;
  WalkStats stats_;
  // The page just read. Its memory is used again unless it was handed on.
  PageRun run_;
  format::LeafElements elements_;
};

}  // namespace tresor::bolt
