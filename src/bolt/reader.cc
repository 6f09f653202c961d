// SPDX-License-Identifier: Apache-2.0
#include "bolt/reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bolt/page_file.h"
#include "bolt/walk.h"

namespace tresor::bolt {
namespace {

using format::BranchElement;
using format::BucketValue;
using format::LeafElements;
using format::PageType;

struct MetaPage {
  Meta meta;
  format::PageHeader header;
};

Result<MetaPage> ReadMetaPage(const io::RandomReader& reader, std::uint64_t offset) {
  std::array<std::byte, format::kMetaPageSize> page;
  if (reader.size() < page.size() || offset > reader.size() - page.size()) {
    return Error(Code::kDataLoss, "meta at {}: past the end of a file of {} bytes", offset,
                 reader.size());
  }
  RETURN_IF_ERROR(reader.ReadAt(offset, page));
  const Result<Meta> meta = format::DecodeMeta(page);
  if (!meta.ok()) {
    return Annotate(meta.status(), fmt::format("offset {}", offset));
  }
  return MetaPage{.meta = *meta, .header = format::DecodePageHeader(page)};
}

/// The reader's own errors end the search; a bad meta does not.
bool IsBadMeta(const Status& status) {
  return status.code() == Code::kDataLoss || status.code() == Code::kUnimplemented;
}

/// The second meta lies one page size after the first, which may be destroyed: then try every page
/// size.
Result<MetaPage> FindSecondMeta(const io::RandomReader& reader) {
  for (std::uint64_t offset = format::kMinPageSize; offset <= format::kMaxPageSize; offset *= 2) {
    Result<MetaPage> page = ReadMetaPage(reader, offset);
    if (page.ok() ? page->meta.page_size == offset : !IsBadMeta(page.status())) {
      return page;
    }
  }
  return Error(Code::kDataLoss, "no valid meta page");
}

Status CheckMetaPage(const MetaPage& page, std::uint64_t index, std::uint64_t file_bytes) {
  if (page.header.id != PageId{index} || page.header.type != PageType::kMeta) {
    return Error(Code::kDataLoss, "page {}: header is not that of a meta page", index);
  }
  return Annotate(format::CheckMeta(page.meta, file_bytes), fmt::format("page {}", index));
}

/// A streamed snapshot's metas differ in nothing but the transaction.
bool DescribeSameTree(Meta a, Meta b) {
  a.txid = b.txid = 0;
  return a == b;
}

/// bbolt db.go, getPageSize and meta(), at v1.4.3: of the valid metas the one of the higher
/// transaction counts.
Result<Meta> ChooseMeta(const io::RandomReader& reader, const OpenOptions& options) {
  Result<MetaPage> first = ReadMetaPage(reader, 0);
  if (!first.ok() && !IsBadMeta(first.status())) {
    return first.status();
  }
  if (first.ok() && !format::IsPageSize(first->meta.page_size)) {
    return CheckMetaPage(*first, 0, reader.size());
  }
  Result<MetaPage> second =
      first.ok() ? ReadMetaPage(reader, first->meta.page_size) : FindSecondMeta(reader);
  if (!second.ok() && !IsBadMeta(second.status())) {
    return second.status();
  }
  if (!first.ok() && !second.ok()) {
    return first.status();
  }
  if (first.ok() && second.ok() && first->meta.page_size != second->meta.page_size) {
    return Error(Code::kDataLoss, "metas: page sizes {} and {}", first->meta.page_size,
                 second->meta.page_size);
  }
  const bool take_second = !first.ok() || (second.ok() && second->meta.txid > first->meta.txid);
  const MetaPage& winner = take_second ? *second : *first;
  RETURN_IF_ERROR(CheckMetaPage(winner, take_second ? 1 : 0, reader.size()));
  if (options.exact_size) {
    RETURN_IF_ERROR(first.status());
    RETURN_IF_ERROR(second.status());
    RETURN_IF_ERROR(CheckMetaPage(*first, 0, reader.size()));
    RETURN_IF_ERROR(CheckMetaPage(*second, 1, reader.size()));
    if (!DescribeSameTree(first->meta, second->meta)) {
      return Error(Code::kDataLoss, "metas: describe different trees");
    }
    if (winner.meta.high_water_mark * winner.meta.page_size != reader.size()) {
      return Error(Code::kDataLoss, "{} pages of {} bytes do not make up an image of {} bytes",
                   winner.meta.high_water_mark, winner.meta.page_size, reader.size());
    }
  }
  return winner.meta;
}

bool IsBucket(const LeafElements& elements, std::size_t index) {
  return std::binary_search(elements.buckets.begin(), elements.buckets.end(), index);
}

std::optional<std::size_t> FindKey(const LeafElements& elements, ByteView key) {
  const auto found = std::lower_bound(
      elements.pairs.begin(), elements.pairs.end(), key,
      [](const Pair& pair, ByteView wanted) { return Compare(pair.key, wanted) < 0; });
  if (found == elements.pairs.end() || !Equal(found->key, key)) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - elements.pairs.begin());
}

/// A leaf and what it holds.
struct DecodedLeaf {
  PageRun run;
  LeafElements elements;
};

/// A bucket's value, copied out of its leaf.
struct FoundBucket {
  PageId holder{};
  Bytes value_bytes;
  BucketValue value;
};

class FileDatabase final : public Database {
 public:
  FileDatabase(const io::RandomReader& reader, const Meta& meta, const ReducedLeaves* reduced)
      : pages_(reader, meta, reduced) {}

  const Meta& meta() const override { return pages_.meta(); }
  std::uint64_t image_bytes() const override { return meta().high_water_mark * pages_.page_size(); }

  Result<WalkStats> Walk(const Context& context, Visitor* visitor) const override {
    return Walker(pages_, context, visitor).WalkAll();
  }
  Status WalkBucket(const Context& context, ByteView name, ByteView from,
                    Visitor& visitor) const override;
  Result<Leaf> ReadLeaf(PageId page) const override;
  Result<std::optional<Bytes>> Get(ByteView bucket, ByteView key) const override;
  Result<std::optional<Bytes>> LastKey(ByteView bucket) const override;

 private:
  [[nodiscard]] Result<std::vector<BranchElement>> DecodeBranch(const PageRun& run) const;
  [[nodiscard]] Status DecodeLeaf(DecodedLeaf& leaf) const;
  [[nodiscard]] Status DecodeInline(const FoundBucket& bucket, LeafElements& elements) const;
  /// The leaf in which `key` is, if it is anywhere under `root`.
  [[nodiscard]] Result<DecodedLeaf> Seek(PageId root, ByteView key) const;
  [[nodiscard]] Result<std::optional<FoundBucket>> FindBucket(ByteView name) const;
  [[nodiscard]] Result<std::optional<Bytes>> LastKeyUnder(PageId page, int depth,
                                                          std::uint64_t& pages_left) const;

  const PageFile pages_;
};

Result<std::vector<BranchElement>> FileDatabase::DecodeBranch(const PageRun& run) const {
  std::vector<BranchElement> elements;
  RETURN_IF_ERROR(Annotate(format::DecodeBranch(run.bytes, run.header.count, elements),
                           fmt::format("page {}", ToNumber(run.header.id))));
  return elements;
}

Status FileDatabase::DecodeLeaf(DecodedLeaf& leaf) const {
  return Annotate(format::DecodeLeaf(leaf.run.bytes, leaf.run.header.count, leaf.elements),
                  fmt::format("page {}", ToNumber(leaf.run.header.id)));
}

Status FileDatabase::DecodeInline(const FoundBucket& bucket, LeafElements& elements) const {
  const ByteView page = bucket.value.inline_page;
  return Annotate(format::DecodeLeaf(page, format::DecodePageHeader(page).count, elements),
                  fmt::format("page {}: inline bucket", ToNumber(bucket.holder)));
}

Result<DecodedLeaf> FileDatabase::Seek(PageId root, ByteView key) const {
  DecodedLeaf leaf;
  PageId page = root;
  for (int depth = 1; depth <= kMaxDepth; ++depth) {
    RETURN_IF_ERROR(pages_.ReadNode(page, 1, leaf.run));
    if (leaf.run.header.type == PageType::kLeaf) {
      RETURN_IF_ERROR(DecodeLeaf(leaf));
      return leaf;
    }
    ASSIGN_OR_RETURN(const std::vector<BranchElement> elements, DecodeBranch(leaf.run));
    const auto after = std::upper_bound(elements.begin(), elements.end(), key,
                                        [](ByteView wanted, const BranchElement& element) {
                                          return Compare(wanted, element.key) < 0;
                                        });
    page = after == elements.begin() ? after->child : std::prev(after)->child;
  }
  return Error(Code::kDataLoss, "page {}: more than {} pages deep", ToNumber(page), kMaxDepth);
}

Result<std::optional<FoundBucket>> FileDatabase::FindBucket(ByteView name) const {
  ASSIGN_OR_RETURN(const DecodedLeaf leaf, Seek(meta().root, name));
  const std::optional<std::size_t> index = FindKey(leaf.elements, name);
  if (!index) {
    return std::optional<FoundBucket>();
  }
  const PageId page = leaf.run.header.id;
  if (!IsBucket(leaf.elements, *index)) {
    return Error(Code::kDataLoss, "page {}: a pair beside the top-level buckets", ToNumber(page));
  }
  FoundBucket found{
      .holder = page, .value_bytes = ToBytes(leaf.elements.pairs[*index].value), .value = {}};
  Result<BucketValue> value = format::DecodeBucketValue(found.value_bytes);
  RETURN_IF_ERROR(Annotate(value.status(), fmt::format("page {}", ToNumber(page))));
  found.value = *value;
  return std::optional<FoundBucket>(std::move(found));
}

Status FileDatabase::WalkBucket(const Context& context, ByteView name, ByteView from,
                                Visitor& visitor) const {
  ASSIGN_OR_RETURN(const std::optional<FoundBucket> bucket, FindBucket(name));
  if (!bucket) {
    return Error(Code::kNotFound, "no bucket \"{}\"", AsText(name));
  }
  return Walker(pages_, context, &visitor)
      .WalkBucket({.holder = bucket->holder, .name = name, .value = bucket->value_bytes}, from);
}

Result<Leaf> FileDatabase::ReadLeaf(PageId page) const {
  DecodedLeaf leaf;
  RETURN_IF_ERROR(pages_.ReadNode(page, 1, leaf.run));
  if (leaf.run.header.type != PageType::kLeaf) {
    return Error(Code::kDataLoss, "page {}: is not a leaf", ToNumber(page));
  }
  RETURN_IF_ERROR(DecodeLeaf(leaf));
  std::vector<Pair> pairs;
  if (leaf.elements.buckets.empty()) {
    pairs = std::move(leaf.elements.pairs);
  } else {
    for (std::size_t i = 0; i < leaf.elements.pairs.size(); ++i) {
      if (!IsBucket(leaf.elements, i)) {
        pairs.push_back(leaf.elements.pairs[i]);
      }
    }
  }
  return Leaf{.page = page, .bytes = std::move(leaf.run.bytes), .pairs = std::move(pairs)};
}

Result<std::optional<Bytes>> FileDatabase::Get(ByteView bucket, ByteView key) const {
  ASSIGN_OR_RETURN(const std::optional<FoundBucket> found, FindBucket(bucket));
  if (!found) {
    return std::optional<Bytes>();
  }
  DecodedLeaf leaf;
  if (IsInline(found->value)) {
    RETURN_IF_ERROR(DecodeInline(*found, leaf.elements));
  } else {
    ASSIGN_OR_RETURN(leaf, Seek(found->value.root, key));
  }
  const std::optional<std::size_t> index = FindKey(leaf.elements, key);
  if (!index || IsBucket(leaf.elements, *index)) {
    return std::optional<Bytes>();
  }
  return std::optional<Bytes>(ToBytes(leaf.elements.pairs[*index].value));
}

std::optional<Bytes> LastKeyOf(const LeafElements& elements) {
  for (std::size_t i = elements.pairs.size(); i-- > 0;) {
    if (!IsBucket(elements, i)) {
      return ToBytes(elements.pairs[i].key);
    }
  }
  return std::nullopt;
}

Result<std::optional<Bytes>> FileDatabase::LastKey(ByteView bucket) const {
  ASSIGN_OR_RETURN(const std::optional<FoundBucket> found, FindBucket(bucket));
  if (!found) {
    return std::optional<Bytes>();
  }
  if (IsInline(found->value)) {
    LeafElements elements;
    RETURN_IF_ERROR(DecodeInline(*found, elements));
    return LastKeyOf(elements);
  }
  std::uint64_t pages_left = meta().high_water_mark;
  return LastKeyUnder(found->value.root, 1, pages_left);
}

/// Usually one way down; a leaf without pairs leads back to the one before it.
Result<std::optional<Bytes>> FileDatabase::LastKeyUnder(PageId page, int depth,
                                                        std::uint64_t& pages_left) const {
  if (depth > kMaxDepth) {
    return Error(Code::kDataLoss, "page {}: more than {} pages deep", ToNumber(page), kMaxDepth);
  }
  ASSIGN_OR_RETURN(std::optional<ReducedLeaf> reduced, pages_.FindReduced(page));
  if (reduced) {
    return std::optional<Bytes>(std::move(reduced->last_key));
  }
  DecodedLeaf leaf;
  RETURN_IF_ERROR(pages_.ReadNode(page, 1, leaf.run));
  const std::uint64_t run_pages = std::uint64_t{leaf.run.header.overflow} + 1;
  if (run_pages > pages_left) {
    return Error(Code::kDataLoss, "page {}: pages are used twice", ToNumber(page));
  }
  pages_left -= run_pages;
  if (leaf.run.header.type == PageType::kLeaf) {
    RETURN_IF_ERROR(DecodeLeaf(leaf));
    return LastKeyOf(leaf.elements);
  }
  ASSIGN_OR_RETURN(const std::vector<BranchElement> elements, DecodeBranch(leaf.run));
  for (std::size_t i = elements.size(); i-- > 0;) {
    ASSIGN_OR_RETURN(std::optional<Bytes> key,
                     LastKeyUnder(elements[i].child, depth + 1, pages_left));
    if (key) {
      return key;
    }
  }
  return std::optional<Bytes>();
}

}  // namespace

Status Visitor::Reduced(PageId page, ReducedLeaf) {
  return Error(Code::kFailedPrecondition, "page {}: its pairs are not in the image any more",
               ToNumber(page));
}

Result<std::unique_ptr<Database>> Database::Open(const io::RandomReader& reader,
                                                 const OpenOptions& options) {
  ASSIGN_OR_RETURN(const Meta meta, ChooseMeta(reader, options));
  return std::make_unique<FileDatabase>(reader, meta, options.reduced);
}

}  // namespace tresor::bolt
