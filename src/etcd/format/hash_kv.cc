// SPDX-License-Identifier: Apache-2.0
#include "etcd/format/hash_kv.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "etcd/format/meta.h"

namespace tresor::etcd {
namespace {

// What a Slot knows of a user key's last record so far.
constexpr std::uint64_t kDeleted = 0;   // a tombstone
constexpr std::uint64_t kLaterPut = 1;  // a put above compact_revision
constexpr std::uint64_t kFirstOrdinal =
    2;  // kFirstOrdinal + n: a put, the n-th record of the store

constexpr std::size_t kFirstSlots = 1024;
constexpr std::size_t kLeastSlots = 16;

}  // namespace

Result<StoreRevisions> ReadStoreRevisions(const std::optional<Bytes>& finished,
                                          const std::optional<Bytes>& scheduled,
                                          const std::optional<Bytes>& last_record_key) {
  StoreRevisions revisions;
  if (finished.has_value()) {
    ASSIGN_OR_RETURN(revisions.finished, DecodeCompaction(*finished, kMetaFinishedCompaction));
  }
  if (scheduled.has_value()) {
    ASSIGN_OR_RETURN(revisions.scheduled, DecodeCompaction(*scheduled, kMetaScheduledCompaction));
  }
  std::int64_t last = 0;
  if (last_record_key.has_value()) {
    ASSIGN_OR_RETURN(const RecordKey key, DecodeRecordKey(*last_record_key));
    last = key.main;
  }
  revisions.current = std::max({std::int64_t{1}, last, revisions.compacted()});
  return revisions;
}

Result<HashKvRequest> MakeHashKvRequest(const StoreRevisions& revisions, std::int64_t revision) {
  if (revision < 0) {
    return Error(Code::kInvalidArgument, "HashKV: revision {} is negative", revision);
  }
  if (revision == 0) {
    revision = revisions.current;
  }
  if (revision < revisions.compacted()) {
    return Error(Code::kOutOfRange, "HashKV: revision {} is compacted, the store begins at {}",
                 revision, revisions.compacted());
  }
  if (revision > revisions.current) {
    return Error(Code::kOutOfRange, "HashKV: revision {} is in the future, the store is at {}",
                 revision, revisions.current);
  }
  return HashKvRequest{.revision = revision, .compact_revision = revisions.compacted()};
}

HashKvFilter::HashKvFilter(const HashKvRequest& request, const HashKvOptions& options,
                           const crypto::KeyedHash& hash)
    : request_(request),
      compacted_(options.compacted),
      most_slots_(std::max(kLeastSlots, std::bit_floor(options.table_bytes / sizeof(Slot)))),
      hash_(hash),
      // Nothing is as low as to be filtered.
      ready_(request.compact_revision < 0) {}

std::optional<std::int64_t> HashKvFilter::BeginPass() {
  if (ready_) {
    return std::nullopt;
  }
  slots_.assign(std::min(kFirstSlots, most_slots_), {});
  used_ = 0;
  ordinal_ = 0;
  return compacted_ ? request_.compact_revision + 1 : 0;
}

Status HashKvFilter::Observe(const RecordKey& key, ByteView value) {
  if (Ignores(key)) {
    Observe(key, std::uint64_t{0});
    return OkStatus();
  }
  const Result<ByteView> user_key = DecodeUserKey(value);
  if (!user_key.ok()) {
    return Annotate(user_key.status(), ToString(key));
  }
  Observe(key, HashOf(hash_, *user_key));
  return OkStatus();
}

void HashKvFilter::Observe(const RecordKey& key, std::uint64_t user_key_hash) {
  const bool later = key.main > request_.compact_revision;
  const std::uint64_t ordinal = ordinal_;
  if (!later) {
    ++ordinal_;
  }
  if (Ignores(key)) {
    return;
  }
  if (!later && kept_.size() * 64 <= ordinal) {
    kept_.push_back(0);
  }
  if (!InPart(user_key_hash)) {
    return;
  }
  Slot* slot = Insert(user_key_hash);
  if (slot == nullptr) {
    return;
  }
  const auto set_kept = [this](std::uint64_t n, bool kept) {
    const std::uint64_t bit = std::uint64_t{1} << (n % 64);
    kept_[n / 64] = kept ? kept_[n / 64] | bit : kept_[n / 64] & ~bit;
  };
  if (slot->state >= kFirstOrdinal) {
    set_kept(slot->state - kFirstOrdinal, false);
  }
  slot->state = key.tombstone ? kDeleted : later ? kLaterPut : kFirstOrdinal + ordinal;
  if (!later) {
    set_kept(ordinal, !key.tombstone);
  }
}

void HashKvFilter::EndPass() {
  if (restart_) {
    restart_ = false;
    return;
  }
  keeps_later_ = keeps_later_ || std::ranges::any_of(slots_, [](const Slot& slot) {
                   return slot.hash != 0 && slot.state == kLaterPut;
                 });
  ++part_;
  ready_ = part_ == std::uint64_t{1} << part_bits_;
  if (ready_ && !compacted_) {
    slots_ = {};
  }
}

Result<bool> HashKvFilter::Keeps(std::uint64_t ordinal, const RecordKey& key,
                                 ByteView value) const {
  if (!NeedsUserKey(key)) {
    return Keeps(ordinal, key, std::uint64_t{0});
  }
  const Result<ByteView> user_key = DecodeUserKey(value);
  if (!user_key.ok()) {
    return Annotate(user_key.status(), ToString(key));
  }
  return Keeps(ordinal, key, HashOf(hash_, *user_key));
}

Result<bool> HashKvFilter::Keeps(std::uint64_t ordinal, const RecordKey& key,
                                 std::uint64_t user_key_hash) const {
  TRESOR_CHECK(ready_ && key.main <= request_.compact_revision);
  if (key.tombstone) {
    return false;
  }
  if (!compacted_) {
    if (ordinal / 64 >= kept_.size()) {
      return Error(Code::kDataLoss, "{}: there are more records than before", ToString(key));
    }
    return (kept_[ordinal / 64] >> (ordinal % 64) & 1) != 0;
  }
  // Unless nothing was written since.
  return used_ == 0 || Find(user_key_hash).hash == 0;
}

std::uint64_t HashKvFilter::HashOf(const crypto::KeyedHash& hash, ByteView user_key) {
  return std::max<std::uint64_t>(1, hash(user_key));  // 0 is an empty slot
}

bool HashKvFilter::InPart(std::uint64_t hash) const {
  return part_bits_ == 0 || hash >> (64 - part_bits_) == part_;
}

const HashKvFilter::Slot& HashKvFilter::Find(std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  while (slots_[i].hash != 0 && slots_[i].hash != hash) {
    i = (i + 1) & mask;
  }
  return slots_[i];
}

HashKvFilter::Slot& HashKvFilter::Find(std::uint64_t hash) {
  return const_cast<Slot&>(std::as_const(*this).Find(hash));
}

HashKvFilter::Slot* HashKvFilter::Insert(std::uint64_t hash) {
  while (Find(hash).hash == 0 && used_ >= slots_.size() / 4 * 3) {
    if (slots_.size() < most_slots_) {
      Rebuild(slots_.size() * 2);
    } else if (compacted_) {
      // Too many keys were written since the compaction: look at all records, part by part.
      compacted_ = false;
      restart_ = true;
      return nullptr;
    } else {
      ++part_bits_;
      part_ *= 2;
      Rebuild(slots_.size());
      if (!InPart(hash)) {
        return nullptr;
      }
    }
  }
  Slot& slot = Find(hash);
  if (slot.hash == 0) {
    slot.hash = hash;
    ++used_;
  }
  return &slot;
}

void HashKvFilter::Rebuild(std::size_t size) {
  std::vector<Slot> stay;
  stay.reserve(used_);
  std::ranges::copy_if(slots_, std::back_inserter(stay),
                       [this](const Slot& slot) { return slot.hash != 0 && InPart(slot.hash); });
  slots_.assign(size, {});
  for (const Slot& slot : stay) {
    Find(slot.hash) = slot;
  }
  used_ = stay.size();
}

HashKv::HashKv(const HashKvFilter& filter)
    : filter_(filter), crc_(Crc32c(0, AsBytes(kBucketKey))), crc_unfiltered_(crc_) {}

template <typename Keeps, typename Append>
Status HashKv::Take(const RecordKey& key, const Keeps& keeps, const Append& append) {
  const HashKvRequest& request = filter_.request();
  if (key.main > request.revision) {
    return OkStatus();
  }
  if (key.main > request.compact_revision) {
    Settle();
    crc_ = append(crc_);
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const bool kept, keeps(ordinal_++));
  if (kept) {
    crc_ = append(crc_);
    any_kept_ = true;
  }
  if (!any_kept_ && !(key.main == request.compact_revision && key.tombstone)) {
    crc_unfiltered_ = append(crc_unfiltered_);
  }
  return OkStatus();
}

Status HashKv::Add(ByteView key, ByteView value) {
  ASSIGN_OR_RETURN(const RecordKey record, DecodeRecordKey(key));
  return Take(
      record, [&](std::uint64_t ordinal) { return filter_.Keeps(ordinal, record, value); },
      [&](std::uint32_t crc) { return Crc32c(Crc32c(crc, key), value); });
}

Status HashKv::Add(const RecordKey& key, std::uint64_t user_key_hash, const CrcPiece& record) {
  return Take(
      key, [&](std::uint64_t ordinal) { return filter_.Keeps(ordinal, key, user_key_hash); },
      [&](std::uint32_t crc) { return AppendCrc(crc, record); });
}

std::uint32_t HashKv::Finish() {
  Settle();
  return crc_;
}

// All records <= compact_revision have been seen: now it is known whether a compaction would keep
// anything.
void HashKv::Settle() {
  if (!settled_ && !any_kept_ && !filter_.keeps_later()) {
    crc_ = crc_unfiltered_;
  }
  settled_ = true;
}

}  // namespace tresor::etcd
