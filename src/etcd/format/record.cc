// SPDX-License-Identifier: Apache-2.0
#include "etcd/format/record.h"

#include <algorithm>

#include "base/hex.h"
#include "etcd/format/proto_wire.h"

namespace tresor::etcd {
namespace {

constexpr std::byte kSeparator{'_'};
constexpr std::byte kTombstoneMark{'t'};
constexpr std::size_t kSeparatorOffset = 8;
constexpr std::size_t kSubOffset = 9;
static_assert(kRecordKeySize == kSubOffset + 8);

}  // namespace

void AppendRecordKey(const RecordKey& key, Bytes& out) {
  const std::size_t at = out.size();
  out.resize(at + (key.tombstone ? kTombstoneKeySize : kRecordKeySize));
  StoreU64BigEndian(out.data() + at, static_cast<std::uint64_t>(key.main));
  out[at + kSeparatorOffset] = kSeparator;
  StoreU64BigEndian(out.data() + at + kSubOffset, static_cast<std::uint64_t>(key.sub));
  if (key.tombstone) {
    out[at + kRecordKeySize] = kTombstoneMark;
  }
}

Bytes EncodeRecordKey(const RecordKey& key) {
  Bytes out;
  AppendRecordKey(key, out);
  return out;
}

Result<RecordKey> DecodeRecordKey(ByteView bytes) {
  const bool tombstone = bytes.size() == kTombstoneKeySize;
  if (!tombstone && bytes.size() != kRecordKeySize) {
    return Error(Code::kDataLoss, "record key of {} bytes, not {} or {}", bytes.size(),
                 kRecordKeySize, kTombstoneKeySize);
  }
  if (bytes[kSeparatorOffset] != kSeparator ||
      (tombstone && bytes[kRecordKeySize] != kTombstoneMark)) {
    return Error(Code::kDataLoss, "record key {}: not a revision", ToHex(bytes));
  }
  const RecordKey key{.main = static_cast<std::int64_t>(LoadU64BigEndian(bytes.data())),
                      .sub = static_cast<std::int64_t>(LoadU64BigEndian(bytes.data() + kSubOffset)),
                      .tombstone = tombstone};
  if (key.main < 0 || key.sub < 0) {
    return Error(Code::kDataLoss, "record key {}: negative revision", ToHex(bytes));
  }
  return key;
}

std::string ToString(const RecordKey& key) {
  return fmt::format("{}_{}{}", key.main, key.sub, key.tombstone ? "t" : "");
}

Result<KeyValue> DecodeKeyValue(ByteView bytes) {
  KeyValue out;
  ProtoReader reader(bytes);
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        out.key = reader.Bytes();
        break;
      case 2:
        out.create_revision = reader.Int64();
        break;
      case 3:
        out.mod_revision = reader.Int64();
        break;
      case 4:
        out.version = reader.Int64();
        break;
      case 5:
        out.value = reader.Bytes();
        break;
      case 6:
        out.lease = reader.Int64();
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) {
    return Error(Code::kDataLoss, "record value of {} bytes: not a KeyValue", bytes.size());
  }
  return out;
}

Bytes EncodeKeyValue(const KeyValue& key_value) {
  ProtoWriter out;
  const auto number = [&out](std::uint32_t field, std::int64_t value) {
    if (value != 0) {
      out.Int64(field, value);
    }
  };
  if (!key_value.key.empty()) {
    out.Bytes(1, key_value.key);
  }
  number(2, key_value.create_revision);
  number(3, key_value.mod_revision);
  number(4, key_value.version);
  if (!key_value.value.empty()) {
    out.Bytes(5, key_value.value);
  }
  number(6, key_value.lease);
  return out.Take();
}

Result<ByteView> DecodeUserKey(ByteView bytes) {
  // To the end, also when the key is found: of a field that comes twice, the last one counts.
  ByteView key;
  ProtoReader reader(bytes);
  while (reader.Next()) {
    if (reader.field() == 1) {
      key = reader.Bytes();
    } else {
      reader.Skip();
    }
  }
  if (!reader.ok()) {
    return Error(Code::kDataLoss, "record value of {} bytes: not a KeyValue", bytes.size());
  }
  return key;
}

}  // namespace tresor::etcd
