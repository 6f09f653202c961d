// SPDX-License-Identifier: Apache-2.0
// What `snapshot restore` changes in the database: new membership, raft index and term, revision
// bump. Pure.
//
// etcd etcdutl/snapshot/v3_snapshot.go at v3.6; FORMAT.md says what the portable form leaves out
// and why.
//
// A restore streams the buckets by ascending name. For each: `key` is passed on, with BumpRecord()
// behind its last record; every other one is read whole (they are small), given to Rewrite(), and
// the answer is written. Buckets of kRestoredBuckets that the source lacks are made at their place
// in the order, as if they had been empty.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "etcd/format/ids.h"
#include "etcd/format/meta.h"
#include "etcd/format/record.h"

namespace tresor::etcd {

/// A pair of a bucket; owns its bytes.
struct BucketPair {
  Bytes key;
  Bytes value;
  friend bool operator==(const BucketPair&, const BucketPair&) = default;
};

struct RestoreOptions {
  /// --bump-revision with --mark-compacted: this many revisions are skipped, and all old ones are
  /// marked compacted, so that watchers notice. 0: neither.
  std::int64_t bump_revision = 0;
  /// Also drops what ties the database to the source's etcd version (storageVersion,
  /// clusterVersion, downgrade), so that 3.4 to 3.7 start from it; the servers write these anew.
  /// False: exactly as etcdutl.
  bool portable = true;
  /// Drops the alarms of the old members. Otherwise a NOSPACE alarm goes on refusing writes (as
  /// with etcdutl).
  bool clear_alarms = false;
};

/// The buckets that a restored database must have, ascending.
inline constexpr std::array<std::string_view, 6> kRestoredBuckets = {
    kBucketCluster, kBucketKey, kBucketLease, kBucketMembers, kBucketMembersRemoved, kBucketMeta};

/// Threads: one.
class RestorePlan {
 public:
  /// kInvalidArgument: a negative bump.
  [[nodiscard]] static Result<RestorePlan> Make(const RestoreOptions& options,
                                                const InitialCluster& cluster);

  /// Call it once, at the end of bucket `key` (also when that is missing) and before Rewrite of
  /// `meta`. `last` is the bucket's last record; none: it is empty. Gives the record to append;
  /// none: nothing is bumped. kInvalidArgument: the revision would pass 2^63 - 1.
  [[nodiscard]] Result<std::optional<BucketPair>> BumpRecord(std::optional<RecordKey> last);

  /// The pairs that bucket `name` (any but `key`) has after the restore, ascending by key.
  [[nodiscard]] std::vector<BucketPair> Rewrite(std::string_view name,
                                                std::vector<BucketPair> pairs) const;

 private:
  RestorePlan(const RestoreOptions& options, InitialCluster cluster)
      : options_(options), cluster_(std::move(cluster)) {}

  RestoreOptions options_;
  InitialCluster cluster_;
  std::optional<std::int64_t> bumped_revision_;
};

}  // namespace tresor::etcd
