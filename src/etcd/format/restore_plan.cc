// SPDX-License-Identifier: Apache-2.0
#include "etcd/format/restore_plan.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace tresor::etcd {
namespace {

// Raft's term in a restored member, until the first election.
constexpr std::uint64_t kTerm = 1;

void Erase(std::vector<BucketPair>& pairs, std::string_view key) {
  std::erase_if(pairs, [key](const BucketPair& pair) { return AsText(pair.key) == key; });
}

void Set(std::vector<BucketPair>& pairs, std::string_view key, Bytes value) {
  const auto at = std::ranges::lower_bound(pairs, key, {},
                                           [](const BucketPair& pair) { return AsText(pair.key); });
  if (at != pairs.end() && AsText(at->key) == key) {
    at->value = std::move(value);
  } else {
    pairs.insert(at, {.key = ToBytes(key), .value = std::move(value)});
  }
}

}  // namespace

Result<RestorePlan> RestorePlan::Make(const RestoreOptions& options,
                                      const InitialCluster& cluster) {
  if (options.bump_revision < 0) {
    return Error(Code::kInvalidArgument, "revision bump {} is negative", options.bump_revision);
  }
  return RestorePlan(options, cluster);
}

Result<std::optional<BucketPair>> RestorePlan::BumpRecord(std::optional<RecordKey> last) {
  if (options_.bump_revision == 0) {
    return std::nullopt;
  }
  const std::int64_t latest = last.has_value() ? last->main : 0;
  if (options_.bump_revision > std::numeric_limits<std::int64_t>::max() - latest) {
    return Error(Code::kInvalidArgument, "revision bump {} would take revision {} past 2^63 - 1",
                 options_.bump_revision, latest);
  }
  bumped_revision_ = latest + options_.bump_revision;
  return BucketPair{.key = EncodeRecordKey({.main = *bumped_revision_}), .value = {}};
}

std::vector<BucketPair> RestorePlan::Rewrite(std::string_view name,
                                             std::vector<BucketPair> pairs) const {
  TRESOR_CHECK(name != kBucketKey);
  if (name == kBucketMembers) {
    pairs.clear();
    for (const MemberSpec& member : cluster_.members) {
      Set(pairs, ToString(member.id), tresor::ToBytes(EncodeMemberJson(ToStoredMember(member))));
    }
  } else if (name == kBucketMembersRemoved || (name == kBucketAlarm && options_.clear_alarms)) {
    pairs.clear();
  } else if (name == kBucketCluster && options_.portable) {
    Erase(pairs, kClusterVersion);
    Erase(pairs, kClusterDowngrade);
  } else if (name == kBucketMeta) {
    // The index must be the WAL's commit: entries up to it count as applied, so a larger one that
    // stayed from the old cluster would swallow the new cluster's first writes.
    Set(pairs, kMetaConsistentIndex, EncodeCounter(cluster_.members.size()));
    Set(pairs, kMetaTerm, EncodeCounter(kTerm));
    if (options_.bump_revision != 0) {
      TRESOR_CHECK(bumped_revision_.has_value());
      Set(pairs, kMetaScheduledCompaction, EncodeCompaction(*bumped_revision_));
    }
    if (options_.portable) {
      Erase(pairs, kMetaStorageVersion);
    }
  }
  return pairs;
}

}  // namespace tresor::etcd
