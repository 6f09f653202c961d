// SPDX-License-Identifier: Apache-2.0
// etcd's small buckets: their names, keys and values. Pure. Tables: etcd/format/FORMAT.md.
//
// etcd server/storage/schema/ at v3.6; the same in 3.4 to 3.7 but for keys that came later.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "etcd/format/ids.h"

namespace tresor::etcd {

/// Top-level buckets, in the order in which they lie in the file.
inline constexpr std::string_view kBucketAlarm = "alarm";
inline constexpr std::string_view kBucketAuth = "auth";
inline constexpr std::string_view kBucketAuthRoles = "authRoles";
inline constexpr std::string_view kBucketAuthUsers = "authUsers";
inline constexpr std::string_view kBucketCluster = "cluster";
inline constexpr std::string_view kBucketKey = "key";
inline constexpr std::string_view kBucketLease = "lease";
inline constexpr std::string_view kBucketMembers = "members";
inline constexpr std::string_view kBucketMembersRemoved = "members_removed";
inline constexpr std::string_view kBucketMeta = "meta";

/// Keys of bucket `meta`.
inline constexpr std::string_view kMetaConsistentIndex = "consistent_index";
inline constexpr std::string_view kMetaTerm = "term";
inline constexpr std::string_view kMetaConfState = "confState";
inline constexpr std::string_view kMetaScheduledCompaction = "scheduledCompactRev";
inline constexpr std::string_view kMetaFinishedCompaction = "finishedCompactRev";
inline constexpr std::string_view kMetaStorageVersion = "storageVersion";
/// Keys of bucket `cluster`.
inline constexpr std::string_view kClusterVersion = "clusterVersion";
inline constexpr std::string_view kClusterDowngrade = "downgrade";
/// Keys of bucket `auth`.
inline constexpr std::string_view kAuthEnabled = "authEnabled";
inline constexpr std::string_view kAuthRevision = "authRevision";

/// consistent_index, term, authRevision: 8 bytes, big-endian. kDataLoss: another length; `what`
/// names the value.
[[nodiscard]] Bytes EncodeCounter(std::uint64_t value);
[[nodiscard]] Result<std::uint64_t> DecodeCounter(ByteView bytes, std::string_view what);

/// scheduledCompactRev, finishedCompactRev: a 17-byte RecordKey with sub 0, of which only `main`
/// means something.
[[nodiscard]] Bytes EncodeCompaction(std::int64_t revision);
[[nodiscard]] Result<std::int64_t> DecodeCompaction(ByteView bytes, std::string_view what);

/// authEnabled: one byte, 1 or 0. kDataLoss: anything else.
[[nodiscard]] Result<bool> DecodeAuthEnabled(ByteView bytes);

/// A value of bucket `members`, and the context of a ConfChange in the WAL.
struct StoredMember {
  MemberId id{};
  std::vector<std::string> peer_urls;
  bool is_learner = false;
  std::string name;  // empty: added, but never started
  std::vector<std::string> client_urls;
  friend bool operator==(const StoredMember&, const StoredMember&) = default;
};

/// A member that has not started yet.
[[nodiscard]] StoredMember ToStoredMember(const MemberSpec& spec);

/// {"id":1,"peerURLs":[…],"isLearner":true,"name":"…","clientURLs":[…]}, as Go's encoder writes it;
/// the last three only when not empty.
[[nodiscard]] std::string EncodeMemberJson(const StoredMember& member);
/// Unknown fields are skipped, all but the id may be missing. kDataLoss: not a JSON object, or a
/// value of a wrong type.
[[nodiscard]] Result<StoredMember> DecodeMemberJson(ByteView json);

/// A JSON string with its quotes as Go's encoding/json writes it: besides what must be, it escapes
/// < > & U+2028 and U+2029, and turns invalid UTF-8 into U+FFFD.
[[nodiscard]] std::string GoJsonString(std::string_view text);

enum class AlarmType : std::uint32_t { kNone = 0, kNoSpace = 1, kCorrupt = 2 };

/// A key of bucket `alarm`; its value is empty.
struct AlarmMember {
  MemberId member{};
  AlarmType alarm = AlarmType::kNone;  // a later etcd may know more
  friend bool operator==(const AlarmMember&, const AlarmMember&) = default;
};
[[nodiscard]] Bytes EncodeAlarmMember(const AlarmMember& alarm);
[[nodiscard]] Result<AlarmMember> DecodeAlarmMember(ByteView bytes);

/// A key of bucket `lease`: the id, 8 bytes big-endian.
[[nodiscard]] Bytes EncodeLeaseId(std::int64_t id);
[[nodiscard]] Result<std::int64_t> DecodeLeaseId(ByteView bytes);

/// A value of bucket `lease`.
struct Lease {
  std::int64_t id = 0;
  std::int64_t ttl_seconds = 0;
  std::int64_t remaining_ttl_seconds = 0;  // 0: not checkpointed
  friend bool operator==(const Lease&, const Lease&) = default;
};
[[nodiscard]] Bytes EncodeLease(const Lease& lease);
[[nodiscard]] Result<Lease> DecodeLease(ByteView bytes);

}  // namespace tresor::etcd
