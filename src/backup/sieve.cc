// SPDX-License-Identifier: Apache-2.0
#include "backup/sieve.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "bolt/format/meta.h"
#include "bolt/format/page.h"

namespace tresor::backup {
namespace {

using bolt::format::PageHeader;
using bolt::format::PageType;

// A location: where a kept page lies in the spool, or where a reduced leaf's entry does, by the
// run's first page.
constexpr std::uint64_t kReduced = std::uint64_t{1} << 63;
constexpr std::uint64_t kInSpool = std::uint64_t{1} << 62;  // with kReduced: not in memory
constexpr std::uint64_t kInside = ~std::uint64_t{0};        // of a reduced leaf's run
constexpr std::uint64_t kOffset = kInSpool - 1;

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
constexpr std::size_t kLengthBytes = 4;

bool LooksLikeRecordKey(ByteView key) {
  return key.size() == etcd::kRecordKeySize || key.size() == etcd::kTombstoneKeySize;
}

void AppendKey(const etcd::RecordKey& key, ByteWriter& out) {
  out.Varint(static_cast<std::uint64_t>(key.main));
  out.Varint(static_cast<std::uint64_t>(key.sub) << 1 | (key.tombstone ? 1 : 0));
}

Bytes ReadKey(ByteReader& in) {
  etcd::RecordKey key;
  key.main = static_cast<std::int64_t>(in.Varint());
  const std::uint64_t sub = in.Varint();
  key.sub = static_cast<std::int64_t>(sub >> 1);
  key.tombstone = (sub & 1) != 0;
  return etcd::EncodeRecordKey(key);
}

}  // namespace

Sieve::Sieve(const SpoolOptions& options, const crypto::KeyedHash& user_key_hash,
             std::unique_ptr<repo::RecordTagger> tagger, repo::KnownTags known)
    : options_(options),
      user_key_hash_(user_key_hash),
      tagger_(std::move(tagger)),
      known_(std::move(known)) {}

Status Sieve::Begin(std::uint64_t image_bytes) {
  image_bytes_ = image_bytes;
  SpoolOptions options = options_;
  if (known_.empty()) {
    ASSIGN_OR_RETURN(pages_, Spool::Create(options, image_bytes));
    return OkStatus();
  }
  options.memory_bytes /= 2;
  ASSIGN_OR_RETURN(pages_, Spool::Create(options, 0));
  return OkStatus();
}

Status Sieve::Append(ByteView bytes) {
  if (known_.empty()) {
    return pages_->Append(bytes);
  }
  if (locations_.empty()) {
    const Result<bolt::Meta> meta = bytes.size() < bolt::format::kMetaPageSize
                                        ? Error(Code::kDataLoss, "no meta page")
                                        : bolt::format::DecodeMeta(bytes);
    if (!meta.ok() || !bolt::format::IsPageSize(meta->page_size) ||
        image_bytes_ % meta->page_size != 0) {
      known_ = {};  // whatever it is, the check will tell
      return pages_->Append(bytes);
    }
    page_size_ = meta->page_size;
    locations_.reserve(static_cast<std::size_t>(image_bytes_ / page_size_));
  }
  return TakeIn(bytes);
}

Status Sieve::TakeIn(ByteView pages) {
  TRESOR_CHECK(pages.size() % page_size_ == 0);
  std::size_t kept = 0;  // pages[kept, at) are to be kept
  std::size_t at = 0;
  const std::uint64_t first = locations_.size();
  while (at < pages.size()) {
    const std::uint64_t number = first + at / page_size_;
    const ByteView rest = pages.subspan(at);
    const PageHeader header = bolt::format::DecodePageHeader(rest);
    const std::uint64_t run_bytes = (std::uint64_t{header.overflow} + 1) * page_size_;
    // A run that goes on in the next call is kept: there are few.
    if (bolt::ToNumber(header.id) != number || header.type != PageType::kLeaf ||
        number < bolt::ToNumber(bolt::format::kFirstDataPage) || run_bytes > rest.size()) {
      at += page_size_;
      continue;
    }
    const ByteView run = rest.first(static_cast<std::size_t>(run_bytes));
    RETURN_IF_ERROR(Keep(pages.subspan(kept, at - kept)));
    ASSIGN_OR_RETURN(const bool reduced, Reduce(run, header.count));
    kept = at;
    at += run.size();
    if (reduced) {
      kept = at;
    }
  }
  return Keep(pages.subspan(kept));
}

Status Sieve::Keep(ByteView pages) {
  for (std::uint64_t offset = pages_->size(), end = offset + pages.size(); offset < end;
       offset += page_size_) {
    locations_.push_back(offset);
  }
  return pages.empty() ? OkStatus() : pages_->Append(pages);
}

Result<bool> Sieve::Reduce(ByteView run, std::uint16_t count) {
  const std::uint64_t first = locations_.size();
  for (std::uint64_t i = 1; i * page_size_ < run.size(); ++i) {
    const PageHeader inside = bolt::format::DecodePageHeader(run.subspan(i * page_size_));
    if (bolt::ToNumber(inside.id) == first + i) {
      return false;
    }
  }
  if (!bolt::format::DecodeLeaf(run, count, elements_).ok() || elements_.pairs.empty() ||
      !elements_.buckets.empty() || !LooksLikeRecordKey(elements_.pairs.front().key)) {
    return false;
  }
  records_.clear();
  if (!Summarize(elements_.pairs, user_key_hash_, tagger_.get(), records_).ok() ||
      !std::ranges::all_of(
          records_, [&](const RecordSummary& record) { return known_.Contains(record.tag); })) {
    return false;
  }
  std::uint64_t pair_bytes = 0;
  for (const RecordSummary& record : records_) {
    pair_bytes += record.record.size_bytes;
  }
  ByteWriter entry;
  entry.U32(0);
  entry.Varint(run.size() / page_size_);
  entry.Varint(records_.size());
  entry.Varint(pair_bytes);
  AppendKey(records_.front().key, entry);
  AppendKey(records_.back().key, entry);
  AppendSummaries(records_, entry.bytes());
  StoreU32(entry.bytes().data(), static_cast<std::uint32_t>(entry.size() - kLengthBytes));
  ASSIGN_OR_RETURN(const std::uint64_t location, StoreEntry(entry.view()));
  locations_.push_back(location);
  locations_.resize(static_cast<std::size_t>(first + run.size() / page_size_), kInside);
  ++reduced_leaves_;
  return true;
}

Result<std::uint64_t> Sieve::StoreEntry(ByteView entry) {
  if (entries_.empty() || entries_.back().size() + entry.size() > kBlockBytes) {
    if (entry.size() <= kBlockBytes &&
        (entries_.size() + 1) * kBlockBytes <= options_.memory_bytes) {
      entries_.emplace_back().reserve(kBlockBytes);
    } else {
      if (more_entries_ == nullptr) {
        SpoolOptions options = options_;
        options.memory_bytes = 0;
        ASSIGN_OR_RETURN(more_entries_, Spool::Create(options, 0));
      }
      const std::uint64_t offset = more_entries_->size();
      RETURN_IF_ERROR(more_entries_->Append(entry));
      return kReduced | kInSpool | offset;
    }
  }
  Bytes& block = entries_.back();
  const std::uint64_t offset = (entries_.size() - 1) * kBlockBytes + block.size();
  block.insert(block.end(), entry.begin(), entry.end());
  return kReduced | offset;
}

Status Sieve::Finish() {
  known_ = {};
  RETURN_IF_ERROR(pages_->Finish());
  return more_entries_ == nullptr ? OkStatus() : more_entries_->Finish();
}

Status Sieve::ReadAt(std::uint64_t offset, MutableByteView out) const {
  if (page_size_ == 0) {
    return pages_->ReadAt(offset, out);
  }
  if (offset > image_bytes_ || out.size() > image_bytes_ - offset) {
    return Error(Code::kOutOfRange, "snapshot: {} bytes at offset {} of {}", out.size(), offset,
                 image_bytes_);
  }
  while (!out.empty()) {
    const std::uint64_t page = offset / page_size_;
    const std::uint64_t within = offset % page_size_;
    const std::uint64_t location = locations_[page];
    if ((location & kReduced) != 0) {
      missed_ = true;
      return Error(Code::kFailedPrecondition, "page {}: its pairs are not in the image any more",
                   page);
    }
    // What was kept together lies together.
    std::uint64_t part = page_size_ - within;
    for (std::uint64_t next = page + 1;
         part < out.size() && locations_[next] == location + within + part; ++next) {
      part += page_size_;
    }
    part = std::min<std::uint64_t>(part, out.size());
    RETURN_IF_ERROR(pages_->ReadAt(location + within, out.first(static_cast<std::size_t>(part))));
    out = out.subspan(static_cast<std::size_t>(part));
    offset += part;
  }
  return OkStatus();
}

Result<Bytes> Sieve::ReadEntry(std::uint64_t location) const {
  const std::uint64_t offset = location & kOffset;
  Bytes entry;
  if ((location & kInSpool) != 0) {
    std::array<std::byte, kLengthBytes> length;
    RETURN_IF_ERROR(more_entries_->ReadAt(offset, length));
    entry.resize(LoadU32(length.data()));
    RETURN_IF_ERROR(more_entries_->ReadAt(offset + kLengthBytes, entry));
    return entry;
  }
  const Bytes& block = entries_[offset / kBlockBytes];
  const std::size_t begin = offset % kBlockBytes;
  return ToBytes(ByteView(block).subspan(begin + kLengthBytes, LoadU32(block.data() + begin)));
}

Result<std::optional<bolt::ReducedLeaf>> Sieve::Find(bolt::PageId page) const {
  const std::uint64_t number = bolt::ToNumber(page);
  if (page_size_ == 0 || number >= locations_.size() || locations_[number] == kInside ||
      (locations_[number] & kReduced) == 0) {
    return std::optional<bolt::ReducedLeaf>();
  }
  ASSIGN_OR_RETURN(const Bytes entry, ReadEntry(locations_[number]));
  ByteReader reader(entry);
  bolt::ReducedLeaf leaf;
  leaf.run_pages = reader.Varint();
  leaf.pairs = reader.Varint();
  leaf.pair_bytes = reader.Varint();
  leaf.first_key = ReadKey(reader);
  leaf.last_key = ReadKey(reader);
  TRESOR_CHECK(reader.ok());
  leaf.content = ToBytes(ByteView(entry).subspan(reader.offset()));
  return std::optional<bolt::ReducedLeaf>(std::move(leaf));
}

}  // namespace tresor::backup
