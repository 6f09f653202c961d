// SPDX-License-Identifier: Apache-2.0
#include "bolt/format/meta.h"

#include "base/check.h"

namespace tresor::bolt::format {
namespace {

constexpr std::size_t kMagicOffset = 16;
constexpr std::size_t kVersionOffset = 20;
constexpr std::size_t kPageSizeOffset = 24;
constexpr std::size_t kFlagsOffset = 28;
constexpr std::size_t kRootOffset = 32;
constexpr std::size_t kSequenceOffset = 40;
constexpr std::size_t kFreelistOffset = 48;
constexpr std::size_t kHighWaterMarkOffset = 56;
constexpr std::size_t kTxidOffset = 64;
constexpr std::size_t kChecksumOffset = 72;
static_assert(kChecksumOffset + sizeof(std::uint64_t) == kMetaPageSize);

constexpr std::uint64_t kNoFreelist = ~std::uint64_t{0};

ByteView ChecksummedPart(ByteView page) {
  return page.subspan(kMagicOffset, kChecksumOffset - kMagicOffset);
}

}  // namespace

std::uint64_t Fnv1a64(ByteView bytes) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const std::byte byte : bytes) {
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001B3;
  }
  return hash;
}

Result<Meta> DecodeMeta(ByteView page) {
  TRESOR_CHECK(page.size() >= kMetaPageSize);
  const std::byte* const from = page.data();
  const std::uint32_t magic = LoadU32(from + kMagicOffset);
  if (magic == __builtin_bswap32(kMagic)) {
    return Error(Code::kUnimplemented, "meta: written by a big-endian machine");
  }
  if (magic != kMagic) {
    return Error(Code::kDataLoss, "meta: magic {:#010x} instead of {:#010x}", magic, kMagic);
  }
  const std::uint64_t checksum = LoadU64(from + kChecksumOffset);
  if (const std::uint64_t computed = Fnv1a64(ChecksummedPart(page)); checksum != computed) {
    return Error(Code::kDataLoss, "meta: checksum {:016x} instead of {:016x}", checksum, computed);
  }
  if (const std::uint32_t version = LoadU32(from + kVersionOffset); version != kVersion) {
    return Error(Code::kUnimplemented, "meta: version {} instead of {}", version, kVersion);
  }
  Meta meta{.page_size = LoadU32(from + kPageSizeOffset),
            .root = PageId{LoadU64(from + kRootOffset)},
            .root_sequence = LoadU64(from + kSequenceOffset),
            .freelist = PageId{LoadU64(from + kFreelistOffset)},
            .high_water_mark = LoadU64(from + kHighWaterMarkOffset),
            .txid = LoadU64(from + kTxidOffset)};
  if (*meta.freelist == PageId{kNoFreelist}) {
    meta.freelist.reset();
  }
  return meta;
}

Status CheckMeta(const Meta& meta, std::uint64_t file_bytes) {
  if (!IsPageSize(meta.page_size)) {
    return Error(Code::kDataLoss, "meta: page size {} is not a power of two from {} to {}",
                 meta.page_size, kMinPageSize, kMaxPageSize);
  }
  const PageId end{meta.high_water_mark};
  if (meta.root < kFirstDataPage || meta.root >= end) {
    return Error(Code::kDataLoss, "meta: root page {} is not between 2 and the high-water mark {}",
                 ToNumber(meta.root), meta.high_water_mark);
  }
  if (meta.freelist && (*meta.freelist < kFirstDataPage || *meta.freelist >= end)) {
    return Error(Code::kDataLoss,
                 "meta: freelist page {} is not between 2 and the high-water mark {}",
                 ToNumber(*meta.freelist), meta.high_water_mark);
  }
  if (meta.high_water_mark > file_bytes / meta.page_size) {
    return Error(Code::kDataLoss, "meta: {} pages of {} bytes do not fit in a file of {} bytes",
                 meta.high_water_mark, meta.page_size, file_bytes);
  }
  return OkStatus();
}

void EncodeMetaPage(const Meta& meta, std::uint64_t index, MutableByteView page) {
  TRESOR_CHECK(page.size() >= kMetaPageSize);
  EncodePageHeader({.id = PageId{index}, .type = PageType::kMeta}, page);
  std::byte* const to = page.data();
  StoreU32(to + kMagicOffset, kMagic);
  StoreU32(to + kVersionOffset, kVersion);
  StoreU32(to + kPageSizeOffset, meta.page_size);
  StoreU32(to + kFlagsOffset, 0);
  StoreU64(to + kRootOffset, ToNumber(meta.root));
  StoreU64(to + kSequenceOffset, meta.root_sequence);
  StoreU64(to + kFreelistOffset, meta.freelist ? ToNumber(*meta.freelist) : kNoFreelist);
  StoreU64(to + kHighWaterMarkOffset, meta.high_water_mark);
  StoreU64(to + kTxidOffset, meta.txid);
  StoreU64(to + kChecksumOffset, Fnv1a64(ChecksummedPart(page)));
}

}  // namespace tresor::bolt::format
