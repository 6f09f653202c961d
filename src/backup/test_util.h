// SPDX-License-Identifier: Apache-2.0
// What the tests of backup share: a small model of an etcd store, written as a snapshot image.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backup/source.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "bolt/builder.h"
#include "bolt/reader.h"
#include "crypto/crypto.h"
#include "etcd/format/hash_kv.h"
#include "etcd/format/meta.h"
#include "etcd/format/record.h"

namespace tresor::backup::testing {

class MemorySink final : public bolt::PageSink {
 public:
  Status WriteAt(std::uint64_t offset, ByteView bytes) override {
    image.resize(std::max<std::size_t>(image.size(), offset + bytes.size()));
    std::memcpy(image.data() + offset, bytes.data(), bytes.size());
    return OkStatus();
  }
  Bytes image;
};

/// Writes and compactions as etcd does them, one operation to a revision.
class StoreModel {
 public:
  struct Live {
    std::string value;
    std::int64_t create_revision = 0;
    std::int64_t mod_revision = 0;
    std::int64_t version = 0;
  };

  void Put(const std::string& key, const std::string& value) {
    ++revision_;
    Live& live = live_[key];
    live.create_revision = live.version == 0 ? revision_ : live.create_revision;
    live.mod_revision = revision_;
    ++live.version;
    live.value = value;
    records_[{.main = revision_}] = {key,
                                     etcd::EncodeKeyValue({.key = AsBytes(key),
                                                           .create_revision = live.create_revision,
                                                           .mod_revision = revision_,
                                                           .version = live.version,
                                                           .value = AsBytes(value)})};
  }
  void Delete(const std::string& key) {
    TRESOR_CHECK(live_.erase(key) == 1);
    ++revision_;
    records_[{.main = revision_, .tombstone = true}] = {
        key, etcd::EncodeKeyValue({.key = AsBytes(key)})};
  }
  /// Keeps the latest record <= `revision` of each key, tombstones not.
  void Compact(std::int64_t revision) {
    std::map<std::string, etcd::RecordKey> latest;
    for (const auto& [key, record] : records_) {
      if (key.main <= revision) {
        latest[record.first] = key;
      }
    }
    std::erase_if(records_, [&](const auto& entry) {
      return entry.first.main <= revision &&
             (entry.first.tombstone || latest[entry.second.first] != entry.first);
    });
    compacted_ = revision;
  }

  [[nodiscard]] std::int64_t revision() const { return revision_; }
  [[nodiscard]] std::int64_t compacted() const { return compacted_; }
  [[nodiscard]] const std::map<std::string, Live>& live() const { return live_; }
  [[nodiscard]] std::size_t record_count() const { return records_.size(); }
  /// Something that is not what the others have, at one revision.
  void Corrupt(std::int64_t revision) {
    auto& record = records_.at({.main = revision});
    record.second.back() ^= std::byte{1};
  }

  [[nodiscard]] Bytes Image(std::uint32_t leaf_bytes = 4096) const {
    MemorySink sink;
    auto builder = bolt::Builder::Create(sink, {.leaf_bytes = leaf_bytes}).value();
    const auto bucket = [&](std::string_view name,
                            const std::vector<std::pair<Bytes, Bytes>>& pairs) {
      Require(builder->BeginBucket(AsBytes(name), 0));
      for (const auto& [key, value] : pairs) {
        Require(builder->Put(key, value));
      }
      Require(builder->EndBucket());
    };
    bucket("alarm", {{etcd::EncodeAlarmMember(
                          {.member = etcd::MemberId{7}, .alarm = etcd::AlarmType::kNoSpace}),
                      {}}});
    bucket("auth", {{ToBytes(etcd::kAuthRevision), etcd::EncodeCounter(1)}});
    bucket("cluster", {{ToBytes(etcd::kClusterVersion), ToBytes(std::string_view("3.5.0"))}});
    std::vector<std::pair<Bytes, Bytes>> records;
    for (const auto& [key, record] : records_) {
      records.emplace_back(etcd::EncodeRecordKey(key), record.second);
    }
    bucket("key", records);
    bucket("lease", {{etcd::EncodeLeaseId(5), etcd::EncodeLease({.id = 5, .ttl_seconds = 60})}});
    bucket("members",
           {{ToBytes(std::string_view("7")),
             ToBytes(etcd::EncodeMemberJson(
                 {.id = etcd::MemberId{7}, .peer_urls = {"http://old:1"}, .name = "old"}))}});
    bucket("members_removed", {});
    std::vector<std::pair<Bytes, Bytes>> meta = {
        {ToBytes(etcd::kMetaConsistentIndex), etcd::EncodeCounter(99)}};
    if (compacted_ > 0) {
      meta.emplace_back(ToBytes(etcd::kMetaFinishedCompaction), etcd::EncodeCompaction(compacted_));
      meta.emplace_back(ToBytes(etcd::kMetaScheduledCompaction),
                        etcd::EncodeCompaction(compacted_));
    }
    meta.emplace_back(ToBytes(etcd::kMetaTerm), etcd::EncodeCounter(3));
    bucket("meta", meta);
    Require(builder->Finish().status());
    return std::move(sink.image);
  }

  static void Require(const Status& status) { TRESOR_CHECK(status.ok()); }

 private:
  std::int64_t revision_ = 1;
  std::int64_t compacted_ = -1;
  std::map<std::string, Live> live_;
  std::map<etcd::RecordKey, std::pair<std::string, Bytes>> records_;  // user key, KeyValue
};

/// A few thousand operations on a few hundred keys, compacted in the middle; the same for the same
/// seed.
inline StoreModel RandomStore(std::uint64_t seed, int operations, bool compact) {
  SeededRandom random(seed);
  StoreModel store;
  for (int i = 0; i < operations; ++i) {
    const std::string key = "/registry/k" + std::to_string(random.Below(200));
    if (store.live().contains(key) && random.Below(4) == 0) {
      store.Delete(key);
    } else {
      store.Put(key, std::string(random.Below(300) + 1, static_cast<char>('a' + random.Below(26))));
    }
    if (compact && i == operations / 2) {
      store.Compact(store.revision() - 10);
    }
  }
  return store;
}

/// An image with its SHA-256, as a snapshot file.
inline Bytes WithHash(Bytes image) {
  const crypto::Sha256Digest digest = crypto::Sha256::Of(image);
  image.insert(image.end(), digest.begin(), digest.end());
  return image;
}

/// All pairs of a database, bucket by bucket, as text lines; big values too.
class Content final : public bolt::Visitor {
 public:
  Status BeginBucket(ByteView name, std::uint64_t sequence) override {
    bucket_ = ToString(name);
    buckets[bucket_];
    sequences[bucket_] = sequence;
    return OkStatus();
  }
  Status Pairs(bolt::Leaf leaf) override {
    for (const bolt::Pair& pair : leaf.pairs) {
      buckets[bucket_].emplace_back(ToString(pair.key), ToString(pair.value));
    }
    return OkStatus();
  }
  Status EndBucket() override { return OkStatus(); }

  std::map<std::string, std::vector<std::pair<std::string, std::string>>> buckets;
  std::map<std::string, std::uint64_t> sequences;

 private:
  std::string bucket_;
};

inline Content ReadContent(const io::RandomReader& image) {
  Content content;
  auto database = bolt::Database::Open(image).value();
  StoreModel::Require(database->Walk(Context::Background(), &content).status());
  return content;
}

}  // namespace tresor::backup::testing
