// SPDX-License-Identifier: Apache-2.0
#include "repo/check_data.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/crc32c.h"
#include "base/crc_algebra.h"
#include "repo/frame_merge.h"
#include "repo/records_crc.h"

namespace tresor::repo {
namespace {

constexpr std::size_t kBatch = 64;
using Mask = std::uint64_t;  // of the backups of a batch
constexpr std::string_view kKeyBucket = "key";

Mask Bit(std::size_t backup) { return Mask{1} << backup; }

template <typename Function>
void ForEachBit(Mask mask, const Function& function) {
  for (; mask != 0; mask &= mask - 1) {
    function(static_cast<std::size_t>(std::countr_zero(mask)));
  }
}

// For each user key, by its hash: the backups in which a record of it was seen.
class SeenKeys {
 public:
  [[nodiscard]] Mask Find(std::uint64_t key) const {
    const Slot& slot = slots_[Position(key)];
    return slot.key == key ? slot.mask : 0;
  }
  void Add(std::uint64_t key, Mask mask) {
    Slot& slot = slots_[Position(key)];
    if (slot.mask == 0) {
      slot.key = key;
      ++used_;
    }
    slot.mask |= mask;
    if (used_ * 4 > slots_.size() * 3) {
      Grow();
    }
  }

 private:
  struct Slot {
    std::uint64_t key = 0;
    Mask mask = 0;  // 0: empty
  };
  // Of `key`, or where it belongs.
  [[nodiscard]] std::size_t Position(std::uint64_t key) const {
    std::size_t position = key & (slots_.size() - 1);
    while (slots_[position].mask != 0 && slots_[position].key != key) {
      position = (position + 1) & (slots_.size() - 1);
    }
    return position;
  }
  void Grow() {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    for (const Slot& slot : old) {
      if (slot.mask != 0) {
        slots_[Position(slot.key)] = slot;
      }
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(1024);
  std::size_t used_ = 0;
};

// What a batch's backups come to. Records are given from the last to the first.
class Sums {
 public:
  Sums(const Inventory& inventory, const std::vector<std::size_t>& backups)
      : inventory_(inventory), backups_(backups), sums_(backups.size()) {
    for (std::size_t i = 0; i < backups_.size(); ++i) {
      const BackupDescription& description = inventory_.manifest(backups_[i]).description;
      if (description.hash_kv.revision > 0) {
        hashed_ |= Bit(i);
      }
      // Otherwise a key may have several records at or below the compaction.
      if (description.finished_compact_revision < description.hash_kv.compact_revision) {
        uncompacted_ |= Bit(i);
      }
    }
  }

  void Add(const MergedRecord& record, Mask members) {
    const etcd::RecordKey key = Unpack(record.key);
    const std::uint64_t size = RecordsCrc::KeySize(key) + record.value.size();
    const CrcMultiplier crc(record.crc);
    const CrcMultiplier shift(CrcShift(size));
    if (last_ && *last_ == record.key) {
      twice_ |= members & last_members_;
      last_members_ |= members;
    } else {
      last_ = record.key;
      last_members_ = members;
      SetRevision(key.main);
    }
    ForEachBit(members, [&](std::size_t i) {
      sums_[i].records.Prepend(crc, shift);
      ++sums_[i].count;
      sums_[i].bytes += size;
    });
    AddToHashKv(record, key, members & visible_, crc, shift);
  }

  // Of each backup: OK, or how it differs from its manifest.
  [[nodiscard]] Status Judge(std::size_t i) const {
    const Manifest& manifest = inventory_.manifest(backups_[i]);
    const Sum& sum = sums_[i];
    if ((twice_ & Bit(i)) != 0) {
      return Error(Code::kDataLoss, "a record is in it twice");
    }
    if (sum.count != manifest.records || sum.bytes != manifest.record_bytes) {
      return Error(Code::kDataLoss, "{} records of {} bytes; its manifest says {} of {}", sum.count,
                   sum.bytes, manifest.records, manifest.record_bytes);
    }
    if (sum.records.value() != manifest.records_crc32c) {
      return Error(Code::kDataLoss, "its records' CRC-32C is {:08x}; its manifest says {:08x}",
                   sum.records.value(), manifest.records_crc32c);
    }
    const HashKv& expected = manifest.description.hash_kv;
    if ((hashed_ & Bit(i)) == 0) {
      return OkStatus();
    }
    // A compaction that would keep nothing filters nothing: etcd's own rule.
    BackwardCrc hash = (any_kept_ & Bit(i)) != 0 ? sum.hash : sum.unfiltered;
    hash.Prepend(CrcMultiplier(Crc32c(0, AsBytes(kKeyBucket))),
                 CrcMultiplier(CrcShift(kKeyBucket.size())));
    if (hash.value() != expected.hash) {
      return Error(Code::kDataLoss,
                   "its HashKV at revision {} (compacted at {}) is {}; its manifest says {}",
                   expected.revision, expected.compact_revision, hash.value(), expected.hash);
    }
    return OkStatus();
  }

 private:
  struct Sum {
    BackwardCrc records;
    BackwardCrc hash;
    BackwardCrc unfiltered;
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
  };

  [[nodiscard]] const HashKv& Hash(std::size_t i) const {
    return inventory_.manifest(backups_[i]).description.hash_kv;
  }

  void SetRevision(std::int64_t main) {
    if (main == main_) {
      return;
    }
    main_ = main;
    visible_ = above_ = 0;
    ForEachBit(hashed_, [&](std::size_t i) {
      visible_ |= main <= Hash(i).revision ? Bit(i) : 0;
      above_ |= main > Hash(i).compact_revision ? Bit(i) : 0;
    });
  }

  // etcd-formats: a record is hashed when it is above the compaction, or when a compaction at the
  // hash's own revision would keep it: as the last of its key, and not a deletion.
  void AddToHashKv(const MergedRecord& record, const etcd::RecordKey& key, Mask members,
                   const CrcMultiplier& crc, const CrcMultiplier& shift) {
    if (members == 0) {
      return;
    }
    const Mask seen = seen_.Find(record.user_key);
    const Mask kept = key.tombstone ? 0 : members & ~seen;
    ForEachBit(members & (above_ | kept),
               [&](std::size_t i) { sums_[i].hash.Prepend(crc, shift); });
    ForEachBit(members & ~any_kept_, [&](std::size_t i) {
      if (!key.tombstone || key.main != Hash(i).compact_revision) {
        sums_[i].unfiltered.Prepend(crc, shift);
      }
    });
    any_kept_ |= kept;
    const Mask remember = members & (above_ | uncompacted_) & ~seen;
    if (remember != 0) {
      seen_.Add(record.user_key, remember);
    }
  }

  const Inventory& inventory_;
  const std::vector<std::size_t>& backups_;
  std::vector<Sum> sums_;
  SeenKeys seen_;
  Mask hashed_ = 0;       // have a HashKV
  Mask uncompacted_ = 0;  // see the constructor
  Mask any_kept_ = 0;
  Mask twice_ = 0;
  std::optional<PackedKey> last_;
  Mask last_members_ = 0;
  std::int64_t main_ = -1;
  Mask visible_ = 0;  // main_ <= their hash's revision
  Mask above_ = 0;    // main_ > their hash's compact revision
};

Result<Inspected> Inspect(const Objects& objects, const SegmentReader& segment,
                          const std::vector<FrameRecord>& records,
                          std::span<const std::uint64_t> tags) {
  const auto tagger = objects.keys().MakeTagger();
  Inspected inspected;
  inspected.crcs.reserve(records.size());
  inspected.user_keys.reserve(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const etcd::RecordKey key = Unpack(records[i].key);
    const ByteView user_key = etcd::DecodeUserKey(records[i].value).value_or(ByteView());
    if (tagger->Tag(key, user_key, records[i].value) != tags[i]) {
      return Error(Code::kDataLoss, "{}: the tag of record {} is not its own", segment.name(),
                   etcd::ToString(key));
    }
    RecordsCrc crc;
    crc.Add(key, records[i].value);
    inspected.crcs.push_back(crc.value());
    inspected.user_keys.push_back(objects.keys().user_key_hash()(user_key));
  }
  return inspected;
}

// Of each record of a segment, the backups of the batch that have it.
Result<std::vector<Mask>> MembersOf(const Context& context, LiveMaps& maps,
                                    const CheckedSegment& segment,
                                    const std::vector<std::size_t>& batch) {
  std::vector<Mask> members(segment.reader->directory().records);
  for (const SegmentUser& user : *segment.users) {
    const auto found = std::ranges::find(batch, user.backup);
    if (found == batch.end()) {
      continue;
    }
    const Mask bit = Bit(static_cast<std::size_t>(found - batch.begin()));
    ASSIGN_OR_RETURN(const LiveSet live, maps.Get(context, *user.ref));
    for (std::uint64_t ordinal = 0; ordinal < members.size(); ++ordinal) {
      members[ordinal] |= live.Test(ordinal) ? bit : 0;
    }
  }
  return members;
}

// `everything`: also frames that no backup of the batch needs.
Status CheckBatch(const Context& context, const Objects& objects, const Inventory& inventory,
                  const std::vector<CheckedSegment>& segments,
                  const std::vector<std::size_t>& batch, bool everything,
                  const DataCheckEvents& events, DataCheckResult& result) {
  LiveMaps maps(objects);
  std::vector<std::vector<Mask>> members;
  std::vector<MergeSource> sources;
  for (const CheckedSegment& segment : segments) {
    ASSIGN_OR_RETURN(members.emplace_back(), MembersOf(context, maps, segment, batch));
    const SegmentReader& reader = *segment.reader;
    std::vector<bool> frames;
    for (std::size_t i = 0; i < reader.directory().frames.size(); ++i) {
      const auto begin =
          members.back().begin() + static_cast<std::ptrdiff_t>(reader.frame_ordinal(i));
      const auto end =
          members.back().begin() + static_cast<std::ptrdiff_t>(reader.frame_ordinal(i + 1));
      frames.push_back(everything || std::any_of(begin, end, [](Mask mask) { return mask != 0; }));
    }
    sources.push_back({&reader, std::move(frames)});
  }

  Sums sums(inventory, batch);
  Mask harmed = 0;
  std::vector<std::size_t> last_frame(segments.size(), ~std::size_t{0});
  FrameMerge merge(
      context, std::move(sources), FrameMerge::Direction::kDescending,
      [&](const SegmentReader& segment, const std::vector<FrameRecord>& records,
          std::span<const std::uint64_t> tags) { return Inspect(objects, segment, records, tags); },
      [&](std::size_t source, std::size_t frame, const Status& status) -> Status {
        if (status.code() != Code::kDataLoss && status.code() != Code::kNotFound &&
            status.code() != Code::kOutOfRange) {
          return status;
        }
        const SegmentReader& reader = *segments[source].reader;
        for (std::uint64_t i = reader.frame_ordinal(frame); i < reader.frame_ordinal(frame + 1);
             ++i) {
          harmed |= members[source][i];
        }
        events.bad_frame(segments[source], frame, status);
        return OkStatus();
      });
  while (true) {
    ASSIGN_OR_RETURN(const auto record, merge.Next());
    if (!record) {
      break;
    }
    if (last_frame[record->source] != record->frame) {
      last_frame[record->source] = record->frame;
      const std::uint64_t bytes =
          segments[record->source].reader->directory().frames[record->frame].sealed_size;
      result.bytes_read += bytes;
      events.progress(bytes);
    }
    result.records += everything ? 1 : 0;
    if (const Mask mask = members[record->source][record->ordinal]; mask != 0) {
      sums.Add(*record, mask);
    }
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if ((harmed & Bit(i)) == 0) {
      if (const Status status = sums.Judge(i); !status.ok()) {
        events.bad_backup(batch[i], status);
      }
    }
  }
  return OkStatus();
}

}  // namespace

Result<DataCheckResult> CheckData(const Context& context, const Objects& objects,
                                  const Inventory& inventory,
                                  const std::vector<CheckedSegment>& segments,
                                  std::set<std::size_t> skip, const DataCheckEvents& events) {
  DataCheckResult result;
  std::vector<std::size_t> batch;
  bool first = true;
  const auto run = [&]() -> Status {
    const Status status =
        CheckBatch(context, objects, inventory, segments, batch, first, events, result);
    first = false;
    batch.clear();
    return status;
  };
  for (std::size_t backup = 0; backup < inventory.backups.size(); ++backup) {
    if (skip.contains(backup)) {
      continue;
    }
    batch.push_back(backup);
    if (batch.size() == kBatch) {
      RETURN_IF_ERROR(run());
    }
  }
  if (first || !batch.empty()) {
    RETURN_IF_ERROR(run());
  }
  return result;
}

}  // namespace tresor::repo
