// SPDX-License-Identifier: Apache-2.0
#include "bolt/format/node.h"

#include <limits>

#include "base/check.h"

namespace tresor::bolt::format {
namespace {

constexpr std::uint32_t kBucketFlag = 0x01;

/// Guards what both kinds of pages have in common. One per page; the elements are given in order.
class ElementChecker {
 public:
  ElementChecker(ByteView page, std::uint16_t count)
      : page_(page), elements_end_(kPageHeaderSize + kElementSize * std::uint64_t{count}) {}

  [[nodiscard]] Status CheckCount(std::uint16_t count) const {
    if (count > kMaxElements) {
      return Error(Code::kDataLoss, "element count {} is over {}", count, kMaxElements);
    }
    if (elements_end_ > page_.size()) {
      return Error(Code::kDataLoss, "{} elements do not fit in {} bytes", count, page_.size());
    }
    return OkStatus();
  }

  /// The data of element `index`, key_size + value_size bytes that begin `position` bytes after the
  /// element.
  [[nodiscard]] bool Find(std::uint32_t index, std::uint32_t position, std::uint32_t key_size,
                          std::uint32_t value_size, Pair& found) {
    const std::uint64_t begin = kPageHeaderSize + kElementSize * std::uint64_t{index} + position;
    const std::uint64_t data_size = std::uint64_t{key_size} + value_size;
    data_total_ += data_size;
    if (begin < elements_end_ || begin + data_size > page_.size() || key_size == 0 ||
        key_size > kMaxKeySize || data_total_ > page_.size() - elements_end_) [[unlikely]] {
      bad_ = {.index = index, .begin = begin, .key_size = key_size, .value_size = value_size};
      return false;
    }
    const auto at = static_cast<std::size_t>(begin);
    found.key = page_.subspan(at, key_size);
    found.value = page_.subspan(at + key_size, value_size);
    if (index > 0 && Compare(previous_key_, found.key) >= 0) [[unlikely]] {
      bad_ = {.index = index, .out_of_order = true};
      return false;
    }
    previous_key_ = found.key;
    return true;
  }

  /// Which rule the element broke that Find refused.
  [[nodiscard]] Status Explain() const {
    const std::uint64_t key_end = bad_.begin + bad_.key_size;
    if (bad_.out_of_order) {
      return Error(Code::kDataLoss, "element {}: key is not greater than the one before",
                   bad_.index);
    }
    if (bad_.key_size == 0) {
      return Error(Code::kDataLoss, "element {}: empty key", bad_.index);
    }
    if (bad_.key_size > kMaxKeySize) {
      return Error(Code::kDataLoss, "element {}: key of {} bytes is over {}", bad_.index,
                   bad_.key_size, kMaxKeySize);
    }
    if (bad_.begin < elements_end_) {
      return Error(Code::kDataLoss, "element {}: key begins inside the element table", bad_.index);
    }
    if (key_end > page_.size()) {
      return Error(Code::kDataLoss, "element {}: key runs past the page", bad_.index);
    }
    if (key_end + bad_.value_size > page_.size()) {
      return Error(Code::kDataLoss, "element {}: value runs past the page", bad_.index);
    }
    return Error(Code::kDataLoss, "element {}: elements share bytes", bad_.index);
  }

 private:
  struct Bad {
    std::uint32_t index = 0;
    bool out_of_order = false;
    std::uint64_t begin = 0;
    std::uint32_t key_size = 0;
    std::uint32_t value_size = 0;
  };
  ByteView page_;
  std::uint64_t elements_end_;
  // bbolt writes the data of elements one after the other. Sharing would let a small page stand for
  // endless pairs.
  std::uint64_t data_total_ = 0;
  ByteView previous_key_;
  Bad bad_;
};

}  // namespace

Status DecodeLeaf(ByteView page, std::uint16_t count, LeafElements& elements) {
  elements.pairs.clear();
  elements.buckets.clear();
  ElementChecker checker(page, count);
  RETURN_IF_ERROR(checker.CheckCount(count));
  elements.pairs.resize(count);
  const std::byte* element = page.data() + kPageHeaderSize;
  for (std::uint32_t i = 0; i < count; ++i, element += kElementSize) {
    const std::uint32_t flags = LoadU32(element);
    if (!checker.Find(i, LoadU32(element + 4), LoadU32(element + 8), LoadU32(element + 12),
                      elements.pairs[i])) {
      return checker.Explain();
    }
    if (flags != 0) {
      if (flags != kBucketFlag) {
        return Error(Code::kDataLoss, "element {}: unknown flags {:#x}", i, flags);
      }
      elements.buckets.push_back(i);
    }
  }
  return OkStatus();
}

Status DecodeBranch(ByteView page, std::uint16_t count, std::vector<BranchElement>& elements) {
  elements.clear();
  ElementChecker checker(page, count);
  RETURN_IF_ERROR(checker.CheckCount(count));
  if (count == 0) {
    return Error(Code::kDataLoss, "branch page without elements");
  }
  elements.resize(count);
  const std::byte* element = page.data() + kPageHeaderSize;
  Pair found;
  for (std::uint32_t i = 0; i < count; ++i, element += kElementSize) {
    if (!checker.Find(i, LoadU32(element), LoadU32(element + 4), 0, found)) {
      return checker.Explain();
    }
    elements[i] = {.key = found.key, .child = PageId{LoadU64(element + 8)}};
  }
  return OkStatus();
}

Result<BucketValue> DecodeBucketValue(ByteView value) {
  if (value.size() < kBucketHeaderSize) {
    return Error(Code::kDataLoss, "bucket value of {} bytes is under {}", value.size(),
                 kBucketHeaderSize);
  }
  BucketValue bucket{.root = PageId{LoadU64(value.data())},
                     .sequence = LoadU64(value.data() + 8),
                     .inline_page = {}};
  if (!IsInline(bucket)) {
    return bucket;
  }
  bucket.inline_page = value.subspan(kBucketHeaderSize);
  if (bucket.inline_page.size() < kPageHeaderSize) {
    return Error(Code::kDataLoss, "inline bucket value of {} bytes is under {}", value.size(),
                 kBucketHeaderSize + kPageHeaderSize);
  }
  const PageHeader header = DecodePageHeader(bucket.inline_page);
  if (header.id != PageId{0} || header.type != PageType::kLeaf || header.overflow != 0) {
    return Error(Code::kDataLoss, "inline page is not a leaf of id 0 without overflow");
  }
  return bucket;
}

void NodeWriter::AddPair(ByteView key, ByteView value, bool is_bucket) {
  data_.insert(data_.end(), key.begin(), key.end());
  data_.insert(data_.end(), value.begin(), value.end());
  elements_.push_back({.data_end = data_.size(),
                       .key_size = static_cast<std::uint32_t>(key.size()),
                       .flags = is_bucket ? kBucketFlag : 0});
}

void NodeWriter::AddChild(ByteView key, PageId child) {
  data_.insert(data_.end(), key.begin(), key.end());
  elements_.push_back({.data_end = data_.size(),
                       .key_size = static_cast<std::uint32_t>(key.size()),
                       .child = child});
}

std::uint64_t NodeWriter::SizeOf(std::size_t count) const {
  return kPageHeaderSize + kElementSize * std::uint64_t{count} +
         (count == 0 ? 0 : elements_[count - 1].data_end);
}

ByteView NodeWriter::first_key() const {
  TRESOR_CHECK(!elements_.empty());
  return ByteView(data_).first(elements_.front().key_size);
}

void NodeWriter::TakeFront(std::size_t count, PageHeader header, Bytes& out) {
  TRESOR_CHECK(count <= elements_.size() && count <= kMaxElements);
  header.count = static_cast<std::uint16_t>(count);
  const std::size_t page_at = out.size();
  const std::uint64_t data_size = count == 0 ? 0 : elements_[count - 1].data_end;
  out.resize(page_at + kPageHeaderSize + kElementSize * count);
  EncodePageHeader(header, MutableByteView(out).subspan(page_at));
  std::uint64_t data_begin = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Element& element = elements_[i];
    std::byte* const to = out.data() + page_at + kPageHeaderSize + kElementSize * i;
    const std::uint64_t position = kElementSize * (count - i) + data_begin;
    TRESOR_CHECK(position <= std::numeric_limits<std::uint32_t>::max());
    if (header.type == PageType::kLeaf) {
      StoreU32(to, element.flags);
      StoreU32(to + 4, static_cast<std::uint32_t>(position));
      StoreU32(to + 8, element.key_size);
      StoreU32(to + 12,
               static_cast<std::uint32_t>(element.data_end - data_begin - element.key_size));
    } else {
      StoreU32(to, static_cast<std::uint32_t>(position));
      StoreU32(to + 4, element.key_size);
      StoreU64(to + 8, ToNumber(element.child));
    }
    data_begin = element.data_end;
  }
  const auto data_end = data_.begin() + static_cast<std::ptrdiff_t>(data_size);
  out.insert(out.end(), data_.begin(), data_end);

  data_.erase(data_.begin(), data_end);
  elements_.erase(elements_.begin(), elements_.begin() + static_cast<std::ptrdiff_t>(count));
  for (Element& element : elements_) {
    element.data_end -= data_size;
  }
}

Bytes EncodeBucketValue(PageId root, std::uint64_t sequence) {
  Bytes value(kBucketHeaderSize);
  StoreU64(value.data(), ToNumber(root));
  StoreU64(value.data() + 8, sequence);
  return value;
}

Bytes EncodeInlineBucketValue(std::uint64_t sequence, NodeWriter& leaf) {
  Bytes value = EncodeBucketValue(PageId{0}, sequence);
  leaf.TakeFront(leaf.count(), {.type = PageType::kLeaf}, value);
  return value;
}

}  // namespace tresor::bolt::format
