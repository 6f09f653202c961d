// SPDX-License-Identifier: Apache-2.0
#include "backup/record_summary.h"

#include <limits>

#include "base/crc32c.h"
#include "etcd/format/hash_kv.h"

namespace tresor::backup {
namespace {

constexpr std::uint8_t kTombstone = 1;
constexpr std::uint8_t kNoUserKey = 2;
constexpr std::uint8_t kFirstVersion = 4;
constexpr std::size_t kLeastBytes = 24;  // of one summary

std::string Describe(ByteView record_key) {
  const auto key = etcd::DecodeRecordKey(record_key);
  return key.ok() ? etcd::ToString(*key) : std::string("(not a revision)");
}

}  // namespace

Status Summarize(std::span<const bolt::Pair> pairs, const crypto::KeyedHash& user_key_hash,
                 repo::RecordTagger* tagger, std::vector<RecordSummary>& out) {
  for (const bolt::Pair& pair : pairs) {
    ASSIGN_OR_RETURN(const etcd::RecordKey key, etcd::DecodeRecordKey(pair.key));
    const Result<etcd::KeyValue> value = etcd::DecodeKeyValue(pair.value);
    if (!value.ok()) {
      return Annotate(value.status(), "record " + Describe(pair.key));
    }
    if (key.main < 1 || (value->key.empty() && !pair.value.empty())) {
      return Error(Code::kDataLoss, "record {}: {}", Describe(pair.key),
                   key.main < 1 ? "revision below 1" : "no user key");
    }
    if (!key.tombstone && !pair.value.empty() && value->mod_revision != key.main) {
      return Error(Code::kDataLoss, "record {}: says that it was written at revision {}",
                   Describe(pair.key), value->mod_revision);
    }
    out.push_back({.key = key,
                   .user_key_hash = etcd::HashKvFilter::HashOf(user_key_hash, value->key),
                   .tag = tagger == nullptr ? 0 : tagger->Tag(key, value->key, pair.value),
                   .record = {.crc = Crc32c(Crc32c(0, pair.key), pair.value),
                              .size_bytes = pair.key.size() + pair.value.size()},
                   .no_user_key = value->key.empty(),
                   .first_version = value->version == 1});
  }
  return OkStatus();
}

void AppendSummaries(std::span<const RecordSummary> records, Bytes& out) {
  ByteWriter writer;
  std::int64_t last_main = 0;
  for (const RecordSummary& record : records) {
    writer.U8(static_cast<std::uint8_t>((record.key.tombstone ? kTombstone : 0) |
                                        (record.no_user_key ? kNoUserKey : 0) |
                                        (record.first_version ? kFirstVersion : 0)));
    writer.Varint(static_cast<std::uint64_t>(record.key.main - last_main));
    last_main = record.key.main;
    writer.Varint(static_cast<std::uint64_t>(record.key.sub));
    writer.Varint(record.record.size_bytes);
    writer.U32(record.record.crc);
    writer.U64(record.user_key_hash);
    writer.U64(record.tag);
  }
  out.insert(out.end(), writer.view().begin(), writer.view().end());
}

Status DecodeSummaries(ByteView bytes, std::vector<RecordSummary>& out) {
  ByteReader reader(bytes);
  out.reserve(out.size() + bytes.size() / kLeastBytes);
  std::uint64_t main = 0;
  while (reader.remaining() > 0) {
    const std::uint8_t flags = reader.U8();
    main += reader.Varint();
    const std::uint64_t sub = reader.Varint();
    RecordSummary record{.key = {.main = static_cast<std::int64_t>(main),
                                 .sub = static_cast<std::int64_t>(sub),
                                 .tombstone = (flags & kTombstone) != 0}};
    record.record.size_bytes = reader.Varint();
    record.record.crc = reader.U32();
    record.user_key_hash = reader.U64();
    record.tag = reader.U64();
    record.no_user_key = (flags & kNoUserKey) != 0;
    record.first_version = (flags & kFirstVersion) != 0;
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    if (main > kMost || sub > kMost) {
      reader.MarkBad();
    }
    out.push_back(record);
  }
  return reader.done() ? OkStatus() : Error(Code::kDataLoss, "record summaries: cut short");
}

}  // namespace tresor::backup
