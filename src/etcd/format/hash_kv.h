// SPDX-License-Identifier: Apache-2.0
// HashKV: the CRC-32C by which members of an etcd cluster compare their key spaces, computed from
// records. Pure.
//
// The rules, and why one pass is enough for a compacted store: etcd/format/FORMAT.md. etcd
// server/storage/mvcc/{hash,key_index}.go at v3.6; 3.4 to 3.7 give the same values.
//
//   ASSIGN_OR_RETURN(auto revisions, ReadStoreRevisions(finished, scheduled, last_key));
//   ASSIGN_OR_RETURN(auto request, MakeHashKvRequest(revisions, 0));
//   HashKvFilter filter(request, {.compacted = revisions.compaction_finished()}, keyed_hash);
//   while (auto from = filter.BeginPass()) {
//     for (records with main >= *from) RETURN_IF_ERROR(filter.Observe(key, value));
//     filter.EndPass();
//   }
//   HashKv hash(filter);
//   for (all records) RETURN_IF_ERROR(hash.Add(key, value));
//   hash.Finish();
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/crc_algebra.h"
#include "base/status.h"
#include "crypto/crypto.h"
#include "etcd/format/record.h"

namespace tresor::etcd {

/// Where a store stands.
struct StoreRevisions {
  std::int64_t current = 1;     // of the last transaction; 1: never written
  std::int64_t finished = -1;   // last compaction that was carried out; -1: none
  std::int64_t scheduled = -1;  // last compaction that was asked for; -1: none

  /// What a server that starts from the store takes as compacted: it carries out what was asked
  /// for. -1: nothing.
  [[nodiscard]] std::int64_t compacted() const {
    return finished > scheduled ? finished : scheduled;
  }
  /// Of every key at most one record <= compacted() is left.
  [[nodiscard]] bool compaction_finished() const { return finished >= scheduled; }
  friend bool operator==(const StoreRevisions&, const StoreRevisions&) = default;
};

/// From meta/finishedCompactRev, meta/scheduledCompactRev and the last key of bucket `key`; null:
/// there is none. kDataLoss: one of them is not a revision.
[[nodiscard]] Result<StoreRevisions> ReadStoreRevisions(
    const std::optional<Bytes>& finished, const std::optional<Bytes>& scheduled,
    const std::optional<Bytes>& last_record_key);

struct HashKvRequest {
  std::int64_t revision = 0;           // hash what is visible at it, >= compact_revision
  std::int64_t compact_revision = -1;  // -1: never compacted
};

/// The hash of `revisions` at `revision` (0: current), as a server started from it would answer.
/// kOutOfRange: compacted, or in the future. kInvalidArgument: negative.
[[nodiscard]] Result<HashKvRequest> MakeHashKvRequest(const StoreRevisions& revisions,
                                                      std::int64_t revision);

struct HashKvOptions {
  /// Of every user key, at most one record with main <= compact_revision exists: the compaction at
  /// that revision was carried out. Then a look at the records above it is enough. False is always
  /// right, and takes a pass over all.
  bool compacted = false;
  /// Bounds the table of user keys. Bytes. When they don't fit, Observe needs more passes, not more
  /// memory.
  std::size_t table_bytes = std::size_t{32} << 20;
};

/// Finds out which records <= compact_revision are hashed: those that a compaction at `revision`
/// would keep.
///
/// Keys are told apart by a 64-bit keyed hash: that two of n keys share one has a chance of
/// n^2/2^65, and nobody can choose keys that do. Memory: the table, and, if not `compacted`, one
/// bit per record <= compact_revision. Threads: one while observing; Keeps from any thread
/// afterwards.
class HashKvFilter {
 public:
  HashKvFilter(const HashKvRequest& request, const HashKvOptions& options,
               const crypto::KeyedHash& hash);

  /// The revision from which on the records must be fed to Observe, all in order; none: nothing
  /// more is needed.
  [[nodiscard]] std::optional<std::int64_t> BeginPass();
  /// Takes a record. `value` is its KeyValue. Records outside of what BeginPass asked for are
  /// ignored.
  [[nodiscard]] Status Observe(const RecordKey& key, ByteView value);
  /// The same of a record whose value is not at hand; `user_key_hash` by HashOf.
  void Observe(const RecordKey& key, std::uint64_t user_key_hash);
  void EndPass();
  /// As it tells user keys apart.
  [[nodiscard]] static std::uint64_t HashOf(const crypto::KeyedHash& hash, ByteView user_key);

  [[nodiscard]] const HashKvRequest& request() const { return request_; }
  /// Whether a compaction at `revision` keeps a record <= compact_revision, the `ordinal`-th of the
  /// store.
  [[nodiscard]] Result<bool> Keeps(std::uint64_t ordinal, const RecordKey& key,
                                   ByteView value) const;
  [[nodiscard]] Result<bool> Keeps(std::uint64_t ordinal, const RecordKey& key,
                                   std::uint64_t user_key_hash) const;
  /// Whether it keeps any above compact_revision.
  [[nodiscard]] bool keeps_later() const { return keeps_later_; }

 private:
  struct Slot {
    std::uint64_t hash = 0;  // 0: empty
    std::uint64_t state = 0;
  };
  /// The slot of a hash: its own, or the empty one where it would go.
  [[nodiscard]] const Slot& Find(std::uint64_t hash) const;
  [[nodiscard]] Slot& Find(std::uint64_t hash);
  /// The slot of a hash, filled with it. Null: there was no room, and this pass goes on without it.
  [[nodiscard]] Slot* Insert(std::uint64_t hash);
  /// Gives the table `size` slots and drops the hashes that are not in this pass's part.
  void Rebuild(std::size_t size);
  [[nodiscard]] bool InPart(std::uint64_t hash) const;
  /// Whether Observe does nothing with a record.
  [[nodiscard]] bool Ignores(const RecordKey& key) const {
    return restart_ || key.main > request_.revision ||
           (compacted_ && key.main <= request_.compact_revision);
  }
  /// Whether Keeps must look at the user key.
  [[nodiscard]] bool NeedsUserKey(const RecordKey& key) const {
    return !key.tombstone && compacted_ && used_ != 0;
  }

  HashKvRequest request_;
  bool compacted_;
  std::size_t most_slots_;
  crypto::KeyedHash hash_;

  std::vector<Slot> slots_;  // open addressing, a power of two
  std::size_t used_ = 0;
  // Pass p of 2^bits handles the keys whose hash begins with the bits of p.
  std::uint64_t part_ = 0;
  unsigned part_bits_ = 0;
  std::uint64_t ordinal_ = 0;
  std::vector<std::uint64_t> kept_;  // a bit per record <= compact_revision, when not compacted_
  bool keeps_later_ = false;
  bool restart_ = false;
  bool ready_ = false;
};

/// The hash itself. Add takes every record of bucket `key`, in order; those above the revision may
/// be left out. Threads: one.
class HashKv {
 public:
  /// `filter` outlives this and needs no more passes.
  explicit HashKv(const HashKvFilter& filter);
  /// `key` and `value` are the pair as it lies in the bucket. kDataLoss: not a record.
  [[nodiscard]] Status Add(ByteView key, ByteView value);
  /// The same of a record that is not at hand: `record` is key || value, `user_key_hash` as
  /// HashKvFilter's.
  [[nodiscard]] Status Add(const RecordKey& key, std::uint64_t user_key_hash,
                           const CrcPiece& record);
  [[nodiscard]] std::uint32_t Finish();

 private:
  /// `keeps` tells of a record <= compact_revision; `append` continues a CRC with the record.
  template <typename Keeps, typename Append>
  [[nodiscard]] Status Take(const RecordKey& key, const Keeps& keeps, const Append& append);
  void Settle();

  const HashKvFilter& filter_;
  std::uint64_t ordinal_ = 0;
  bool settled_ = false;
  bool any_kept_ = false;
  // When a compaction would keep nothing at all, etcd hashes everything: so both sums are made
  // until one is kept.
  std::uint32_t crc_;
  std::uint32_t crc_unfiltered_;
};

}  // namespace tresor::etcd
