// SPDX-License-Identifier: Apache-2.0
// Records of etcd's bucket `key`: the revision that is their bbolt key, and the KeyValue that is
// their value. Pure.
//
// etcd server/storage/mvcc/revision.go and api/mvccpb/kv.proto at v3.6; the same in 3.4 to 3.7.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace tresor::etcd {

/// A record's identity and its place in the order: 8 bytes big-endian main, '_', 8 bytes big-endian
/// sub, and 't' when the record is a deletion. `main` counts transactions (first write: 2), `sub`
/// the operations inside one from 0.
struct RecordKey {
  std::int64_t main = 0;
  std::int64_t sub = 0;
  bool tombstone = false;
  friend auto operator<=>(const RecordKey&, const RecordKey&) = default;
};

inline constexpr std::size_t kRecordKeySize = 17;
inline constexpr std::size_t kTombstoneKeySize = 18;

/// 17 or 18 bytes.
void AppendRecordKey(const RecordKey& key, Bytes& out);
[[nodiscard]] Bytes EncodeRecordKey(const RecordKey& key);
/// kDataLoss: not 17 or 18 bytes, no '_', no 't', or a negative number.
[[nodiscard]] Result<RecordKey> DecodeRecordKey(ByteView bytes);
/// "1234_0", "1234_0t"
[[nodiscard]] std::string ToString(const RecordKey& key);

/// mvccpb.KeyValue; borrows from the bytes that it was decoded from. A tombstone's has only `key`;
/// the record that
/// `--bump-revision` writes is empty and decodes as an empty KeyValue.
struct KeyValue {
  ByteView key;
  std::int64_t create_revision = 0;
  std::int64_t mod_revision = 0;
  std::int64_t version = 0;
  ByteView value;
  std::int64_t lease = 0;
};

/// Unknown fields are skipped. kDataLoss: not a protobuf message, or a field of a wrong wire type.
[[nodiscard]] Result<KeyValue> DecodeKeyValue(ByteView bytes);
[[nodiscard]] Bytes EncodeKeyValue(const KeyValue& key_value);
/// Only the user key (field 1): the fast way, for whoever needs no more. Same errors for what it
/// passes over.
[[nodiscard]] Result<ByteView> DecodeUserKey(ByteView bytes);

}  // namespace tresor::etcd
