// SPDX-License-Identifier: Apache-2.0
#include "bolt/walk.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <utility>

#include "bolt/format/freelist.h"

namespace tresor::bolt {
namespace {

using format::BranchElement;
using format::BucketValue;
using format::LeafElements;
using format::PageHeader;
using format::PageType;

/// Reading this much with the first read costs less than a second read.
constexpr std::uint64_t kMaxGuessBytes = 64 * 1024;

Status AtPage(PageId page, const Status& status) {
  return status.ok() ? status : Annotate(status, fmt::format("page {}", ToNumber(page)));
}

std::size_t FirstNotUnder(std::span<const Pair> pairs, ByteView from) {
  const auto found = std::lower_bound(
      pairs.begin(), pairs.end(), from,
      [](const Pair& pair, ByteView bound) { return Compare(pair.key, bound) < 0; });
  return static_cast<std::size_t>(found - pairs.begin());
}

}  // namespace

Walker::Walker(const PageFile& pages, const Context& context, Visitor* visitor)
    : pages_(pages),
      context_(context),
      visitor_(visitor),
      marks_(static_cast<std::size_t>(pages.meta().high_water_mark / 64 + 1)) {}

Result<WalkStats> Walker::WalkAll() {
  RETURN_IF_ERROR(Mark(PageId{0}, 2));
  RETURN_IF_ERROR(MarkFreelist());
  RETURN_IF_ERROR(WalkPage(pages_.meta().root, {}, {}, Tree::kRoot, 1));
  if (pages_.meta().freelist) {
    RETURN_IF_ERROR(CheckAllMarked());
  } else {
    stats_.free_pages = pages_.meta().high_water_mark - marked_;
  }
  return stats_;
}

Status Walker::WalkBucket(const BucketRef& bucket, ByteView from) {
  return WalkBucketValue(bucket, from, 1);
}

template <typename Use>
Status Walker::ForEachFree(Use use) const {
  const PageId page = *pages_.meta().freelist;
  std::array<std::byte, format::kFreelistPrefixSize> prefix;
  ASSIGN_OR_RETURN(const PageHeader header, pages_.ReadFreelistPrefix(page, prefix));
  const std::uint64_t run_bytes = (std::uint64_t{header.overflow} + 1) * pages_.page_size();
  const Result<format::FreelistExtent> extent = format::DecodeFreelistExtent(prefix, run_bytes);
  RETURN_IF_ERROR(AtPage(page, extent.status()));
  Bytes ids(static_cast<std::size_t>(std::min<std::uint64_t>(extent->count * 8, kMaxGuessBytes)));
  for (std::uint64_t done = 0; done < extent->count;) {
    RETURN_IF_ERROR(context_.Check());
    const std::uint64_t count = std::min<std::uint64_t>(extent->count - done, ids.size() / 8);
    const auto part = MutableByteView(ids).first(static_cast<std::size_t>(count * 8));
    RETURN_IF_ERROR(pages_.ReadBytes(page, extent->first_id_offset + done * 8, part));
    for (std::size_t i = 0; i < count; ++i) {
      RETURN_IF_ERROR(use(PageId{LoadU64(part.data() + i * 8)}));
    }
    done += count;
  }
  return OkStatus();
}

Status Walker::MarkFreelist() {
  if (!pages_.meta().freelist) {
    return OkStatus();
  }
  const PageId page = *pages_.meta().freelist;
  std::array<std::byte, format::kFreelistPrefixSize> prefix;
  ASSIGN_OR_RETURN(const PageHeader header, pages_.ReadFreelistPrefix(page, prefix));
  RETURN_IF_ERROR(Mark(page, std::uint64_t{header.overflow} + 1));
  PageId previous{};
  return ForEachFree([&](PageId id) -> Status {
    if (!pages_.Contains(id)) {
      return Error(Code::kDataLoss, "page {}: freelist: id {} is not between 2 and {}",
                   ToNumber(page), ToNumber(id), pages_.meta().high_water_mark);
    }
    if (id <= previous) {
      return Error(Code::kDataLoss, "page {}: freelist: id {} is not greater than the one before",
                   ToNumber(page), ToNumber(id));
    }
    if (IsMarked(id)) {
      return Error(Code::kDataLoss, "page {}: freelist: lists itself (id {})", ToNumber(page),
                   ToNumber(id));
    }
    previous = id;
    ++stats_.free_pages;
    return Mark(id, 1);
  });
}

Status Walker::Mark(PageId first, std::uint64_t count) {
  for (std::uint64_t number = ToNumber(first); number < ToNumber(first) + count; ++number) {
    if (IsMarked(PageId{number})) {
      return ExplainSecondUse(PageId{number});
    }
    marks_[number / 64] |= std::uint64_t{1} << (number % 64);
  }
  marked_ += count;
  return OkStatus();
}

Status Walker::ExplainSecondUse(PageId page) const {
  bool is_free = false;
  if (pages_.meta().freelist) {
    RETURN_IF_ERROR(ForEachFree([&](PageId id) {
      is_free = is_free || id == page;
      return OkStatus();
    }));
  }
  return is_free ? Error(Code::kDataLoss, "page {}: in use, but on the freelist", ToNumber(page))
                 : Error(Code::kDataLoss, "page {}: used twice", ToNumber(page));
}

Status Walker::CheckAllMarked() const {
  if (marked_ == pages_.meta().high_water_mark) {
    return OkStatus();
  }
  std::uint64_t number = 0;
  while (IsMarked(PageId{number})) {
    ++number;
  }
  return Error(Code::kDataLoss, "page {}: neither in use nor on the freelist", number);
}

Status Walker::WalkPage(PageId id, const Bounds& bounds, ByteView from, Tree tree, int depth) {
  RETURN_IF_ERROR(context_.Check());
  if (depth > kMaxDepth) {
    return Error(Code::kDataLoss, "page {}: more than {} pages deep", ToNumber(id), kMaxDepth);
  }
  ASSIGN_OR_RETURN(std::optional<ReducedLeaf> reduced, pages_.FindReduced(id));
  if (reduced) {
    return WalkReduced(id, *std::move(reduced), bounds, tree);
  }
  RETURN_IF_ERROR(pages_.ReadNode(id, guessed_pages_, run_));
  const std::uint64_t run_pages = std::uint64_t{run_.header.overflow} + 1;
  guessed_pages_ = std::min(run_pages, kMaxGuessBytes / pages_.page_size());
  RETURN_IF_ERROR(Mark(id, run_pages));
  if (run_.header.type == PageType::kBranch) {
    stats_.branch_pages += run_pages;
    const PageRun branch = std::move(run_);
    return WalkBranch(branch, bounds, from, tree, depth);
  }
  stats_.leaf_pages += run_pages;
  return WalkLeaf(bounds, from, tree, depth);
}

Status Walker::WalkBranch(const PageRun& run, const Bounds& bounds, ByteView from, Tree tree,
                          int depth) {
  const PageId id = run.header.id;
  std::vector<BranchElement> elements;
  RETURN_IF_ERROR(AtPage(id, format::DecodeBranch(run.bytes, run.header.count, elements)));
  RETURN_IF_ERROR(CheckBounds(id, elements.front().key, elements.back().key, bounds));
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const bool is_last = i + 1 == elements.size();
    const ByteView end = is_last ? bounds.less_than : elements[i + 1].key;
    if (!is_last && Compare(end, from) <= 0) {
      continue;
    }
    const PageId child = elements[i].child;
    if (!pages_.Contains(child)) {
      return Error(Code::kDataLoss, "page {}: element {}: child {} is not between 2 and {}",
                   ToNumber(id), i, ToNumber(child), pages_.meta().high_water_mark);
    }
    // In a packed file the next run begins where this one ends; otherwise runs resemble the one
    // before.
    if (!is_last && elements[i + 1].child > child) {
      const std::uint64_t distance = ToNumber(elements[i + 1].child) - ToNumber(child);
      if (distance <= kMaxGuessBytes / pages_.page_size()) {
        guessed_pages_ = distance;
      }
    }
    RETURN_IF_ERROR(
        WalkPage(child, {.at_least = elements[i].key, .less_than = end}, from, tree, depth + 1));
  }
  return OkStatus();
}

Status Walker::WalkLeaf(const Bounds& bounds, ByteView from, Tree tree, int depth) {
  const PageId id = run_.header.id;
  RETURN_IF_ERROR(AtPage(id, format::DecodeLeaf(run_.bytes, run_.header.count, elements_)));
  if (elements_.pairs.empty()) {
    return OkStatus();
  }
  RETURN_IF_ERROR(CheckBounds(id, elements_.pairs.front().key, elements_.pairs.back().key, bounds));
  if (tree == Tree::kRoot && elements_.buckets.size() != elements_.pairs.size()) {
    return Error(Code::kDataLoss, "page {}: a pair beside the top-level buckets", ToNumber(id));
  }
  if (elements_.buckets.empty()) {
    if (!from.empty()) {
      const auto first = static_cast<std::ptrdiff_t>(FirstNotUnder(elements_.pairs, from));
      elements_.pairs.erase(elements_.pairs.begin(), elements_.pairs.begin() + first);
    }
    return GiveScratch();
  }

  // Walking the buckets reads other pages, so this one leaves the scratch.
  const PageRun run = std::move(run_);
  const LeafElements elements = std::exchange(elements_, {});
  const std::span<const Pair> pairs(elements.pairs);
  std::size_t next = FirstNotUnder(pairs, from);
  for (const std::uint32_t bucket : elements.buckets) {
    if (bucket < next) {
      continue;
    }
    RETURN_IF_ERROR(GivePairs(id, pairs.subspan(next, bucket - next)));
    RETURN_IF_ERROR(WalkBucketValue(
        {.holder = id, .name = pairs[bucket].key, .value = pairs[bucket].value}, {}, depth));
    next = std::size_t{bucket} + 1;
  }
  return GivePairs(id, pairs.subspan(next));
}

Status Walker::WalkReduced(PageId id, ReducedLeaf leaf, const Bounds& bounds, Tree tree) {
  if (leaf.run_pages > pages_.meta().high_water_mark - ToNumber(id)) {
    return Error(Code::kDataLoss, "page {}: {} pages run past the high-water mark {}", ToNumber(id),
                 leaf.run_pages, pages_.meta().high_water_mark);
  }
  RETURN_IF_ERROR(Mark(id, leaf.run_pages));
  RETURN_IF_ERROR(CheckBounds(id, leaf.first_key, leaf.last_key, bounds));
  if (tree == Tree::kRoot) {
    return Error(Code::kDataLoss, "page {}: a pair beside the top-level buckets", ToNumber(id));
  }
  stats_.leaf_pages += leaf.run_pages;
  stats_.pairs += leaf.pairs;
  stats_.pair_bytes += leaf.pair_bytes;
  return visitor_ != nullptr ? visitor_->Reduced(id, std::move(leaf)) : OkStatus();
}

Status Walker::CheckBounds(PageId id, ByteView first, ByteView last, const Bounds& bounds) {
  if (Compare(first, bounds.at_least) < 0) {
    return Error(Code::kDataLoss, "page {}: first key is under the parent's", ToNumber(id));
  }
  if (!bounds.less_than.empty() && Compare(last, bounds.less_than) >= 0) {
    return Error(Code::kDataLoss, "page {}: last key is not under the next page's", ToNumber(id));
  }
  return OkStatus();
}

Status Walker::WalkBucketValue(const BucketRef& bucket, ByteView from, int depth) {
  const Result<BucketValue> decoded = format::DecodeBucketValue(bucket.value);
  RETURN_IF_ERROR(AtPage(bucket.holder, decoded.status()));
  if (!IsInline(*decoded) && !pages_.Contains(decoded->root)) {
    return Error(Code::kDataLoss, "page {}: bucket root {} is not between 2 and {}",
                 ToNumber(bucket.holder), ToNumber(decoded->root), pages_.meta().high_water_mark);
  }
  ++stats_.buckets;
  if (visitor_ != nullptr) {
    RETURN_IF_ERROR(visitor_->BeginBucket(bucket.name, decoded->sequence));
  }
  RETURN_IF_ERROR(IsInline(*decoded) ? WalkInlineBucket(bucket, decoded->inline_page, from)
                                     : WalkPage(decoded->root, {}, from, Tree::kBucket, depth + 1));
  return visitor_ != nullptr ? visitor_->EndBucket() : OkStatus();
}

Status Walker::WalkInlineBucket(const BucketRef& bucket, ByteView page, ByteView from) {
  LeafElements elements;
  RETURN_IF_ERROR(
      AtPage(bucket.holder,
             Annotate(format::DecodeLeaf(page, format::DecodePageHeader(page).count, elements),
                      "inline bucket")));
  if (!elements.buckets.empty()) {
    return Error(Code::kDataLoss, "page {}: inline bucket: element {}: is a bucket",
                 ToNumber(bucket.holder), elements.buckets.front());
  }
  const std::span<const Pair> pairs(elements.pairs);
  return GivePairs(bucket.holder, pairs.subspan(FirstNotUnder(pairs, from)));
}

void Walker::Count(std::span<const Pair> pairs) {
  stats_.pairs += pairs.size();
  for (const Pair& pair : pairs) {
    stats_.pair_bytes += pair.key.size() + pair.value.size();
  }
}

/// Hands on copies, for pairs that share their page with others.
Status Walker::GivePairs(PageId page, std::span<const Pair> pairs) {
  Count(pairs);
  if (visitor_ == nullptr || pairs.empty()) {
    return OkStatus();
  }
  Leaf leaf{.page = page, .bytes = {}, .pairs = {}};
  std::size_t size = 0;
  for (const Pair& pair : pairs) {
    size += pair.key.size() + pair.value.size();
  }
  leaf.bytes.reserve(size);
  leaf.pairs.reserve(pairs.size());
  for (const Pair& pair : pairs) {
    const std::size_t at = leaf.bytes.size();
    leaf.bytes.insert(leaf.bytes.end(), pair.key.begin(), pair.key.end());
    leaf.bytes.insert(leaf.bytes.end(), pair.value.begin(), pair.value.end());
    const ByteView copy = ByteView(leaf.bytes).subspan(at);
    leaf.pairs.push_back(
        {.key = copy.first(pair.key.size()), .value = copy.subspan(pair.key.size())});
  }
  return visitor_->Pairs(std::move(leaf));
}

/// Hands on the page just read with all its pairs, without a copy.
Status Walker::GiveScratch() {
  Count(elements_.pairs);
  if (visitor_ == nullptr || elements_.pairs.empty()) {
    return OkStatus();
  }
  return visitor_->Pairs({.page = run_.header.id,
                          .bytes = std::exchange(run_.bytes, {}),
                          .pairs = std::exchange(elements_.pairs, {})});
}

}  // namespace tresor::bolt
