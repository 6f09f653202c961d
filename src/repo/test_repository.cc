// SPDX-License-Identifier: Apache-2.0
#include "repo/test_repository.h"

#include "base/crc32c.h"
#include "repo/key_slots.h"
#include "repo/records_crc.h"

namespace tresor::repo {
namespace {

class Collector final : public BucketVisitor {
 public:
  explicit Collector(std::vector<Snapshot::Bucket>& buckets) : buckets_(buckets) {}
  Status BeginBucket(ByteView name, std::uint64_t sequence) override {
    buckets_.push_back({ToString(name), sequence, {}});
    return OkStatus();
  }
  Status Pair(ByteView key, ByteView value) override {
    buckets_.back().pairs.emplace_back(ToString(key), ToString(value));
    return OkStatus();
  }
  Status EndBucket() override { return OkStatus(); }

 private:
  std::vector<Snapshot::Bucket>& buckets_;
};

std::string UserKeyOf(ByteView value) {
  auto key = etcd::DecodeUserKey(value);
  return key.ok() ? ToString(*key) : std::string();
}

}  // namespace

Credential TestCredential() { return KeyFile{ToBytes("tresor test key file")}; }

Status InitTestRepository(const Context& context, blob::BlobWriter& store, Random& random) {
  NewKeyOptions options;
  options.random = &random;
  return InitRepository(context, store, TestCredential(), "test", options);
}

Result<std::unique_ptr<RepositoryImpl>> OpenTestRepository(
    const Context& context, blob::BlobStore& store, Random& random,
    const SegmentWriterOptions& segment_options) {
  ASSIGN_OR_RETURN(KeyRing keys, Unlock(context, store, TestCredential()));
  OpenOptions options;
  options.random = &random;
  return std::make_unique<RepositoryImpl>(store, std::move(keys), options, segment_options);
}

BackupDescription DescriptionOf(const Snapshot& snapshot) {
  BackupDescription description;
  description.start_unix_nanos = 1'700'000'000'000'000'000;
  description.completion_unix_nanos = 1'700'000'001'000'000'000;
  description.source = {.cluster_id = 0xcdf818194e3a8c32,
                        .member_id = 0x8e9e05c52164694d,
                        .member_name = "default",
                        .endpoint = "http://localhost:2379",
                        .etcd_version = "3.5.30",
                        .page_size_bytes = 4096,
                        .image_bytes = 1 << 20,
                        .sha256 = {}};
  description.revision = snapshot.records.empty() ? 1 : snapshot.records.rbegin()->first.main;
  // Of a store that was never compacted, as far as the hash is concerned: all records count.
  std::uint32_t hash = Crc32c(0, AsBytes("key"));
  for (const auto& [key, value] : snapshot.records) {
    hash = Crc32c(Crc32c(hash, etcd::EncodeRecordKey(key)), value);
  }
  description.hash_kv = {.hash = hash, .revision = description.revision};
  description.evidence.push_back(
      {"sha256", EvidenceResult::kPassed, "", description.completion_unix_nanos});
  description.host = "host";
  return description;
}

Result<std::unique_ptr<BackupWriter>> SaveUncommitted(const Context& context,
                                                      Repository& repository,
                                                      const Snapshot& snapshot,
                                                      SaveResult* result) {
  SaveResult ignored;
  SaveResult& out = result == nullptr ? ignored : *result;
  ASSIGN_OR_RETURN(auto writer, repository.BeginBackup(context));
  const auto tagger = writer->MakeTagger();
  std::vector<std::pair<const etcd::RecordKey*, std::uint64_t>> to_add;
  for (const auto& [key, value] : snapshot.records) {
    const std::uint64_t tag = tagger->Tag(key, AsBytes(UserKeyOf(value)), value);
    ASSIGN_OR_RETURN(const Known known, writer->Classify(context, key, PieceOf(key, value), tag));
    out.stored += known == Known::kStored ? 1U : 0U;
    out.differs += known == Known::kDiffers ? 1U : 0U;
    if (known != Known::kStored) {
      to_add.emplace_back(&key, tag);
    }
  }
  ASSIGN_OR_RETURN(out.lineage, writer->FinishClassify(context));
  out.first_difference = writer->first_difference();
  for (const auto& [key, tag] : to_add) {
    RETURN_IF_ERROR(writer->Add(context, *key, snapshot.records.at(*key), tag));
  }
  for (const Snapshot::Bucket& bucket : snapshot.buckets) {
    RETURN_IF_ERROR(writer->buckets().BeginBucket(AsBytes(bucket.name), bucket.sequence));
    for (const auto& [key, value] : bucket.pairs) {
      RETURN_IF_ERROR(writer->buckets().Pair(AsBytes(key), AsBytes(value)));
    }
    RETURN_IF_ERROR(writer->buckets().EndBucket());
  }
  return writer;
}

Result<SaveResult> Save(const Context& context, Repository& repository, const Snapshot& snapshot) {
  SaveResult result;
  ASSIGN_OR_RETURN(auto writer, SaveUncommitted(context, repository, snapshot, &result));
  ASSIGN_OR_RETURN(result.info, writer->Commit(context, DescriptionOf(snapshot)));
  return result;
}

Result<Snapshot> ReadAll(const Context& context, const Backup& backup) {
  Snapshot snapshot;
  ASSIGN_OR_RETURN(auto stream, backup.Records(context));
  while (true) {
    ASSIGN_OR_RETURN(const auto batch, stream->Next(context));
    if (!batch) {
      break;
    }
    for (const Record& record : batch->records) {
      snapshot.records.emplace_hint(snapshot.records.end(), record.key, ToBytes(record.value));
    }
  }
  Collector collector(snapshot.buckets);
  RETURN_IF_ERROR(backup.Buckets(context, collector));
  return snapshot;
}

Result<Snapshot> ReadAll(const Context& context, Repository& repository, const Id& backup) {
  ASSIGN_OR_RETURN(const auto opened, repository.OpenBackup(context, backup));
  return ReadAll(context, *opened);
}

void FakeEtcd::Put(const std::string& key, std::size_t value_size) {
  Write(key, value_size, false);
}

void FakeEtcd::Delete(const std::string& key) { Write(key, 0, true); }

void FakeEtcd::Write(const std::string& key, std::size_t value_size, bool tombstone) {
  ++revision_;
  const auto operations = random_.Below(8) == 0 ? 1 + random_.Below(3) : 1;
  for (std::uint64_t sub = 0; sub < operations; ++sub) {
    const std::string user_key = sub == 0 ? key : key + "/" + std::to_string(sub);
    Bytes value(value_size);
    random_.Fill(MutableByteView(value).first(value_size / 4));  // the rest compresses
    etcd::KeyValue key_value;
    key_value.key = AsBytes(user_key);
    if (!tombstone) {
      key_value.create_revision = revision_;
      key_value.mod_revision = revision_;
      key_value.version = 1;
      key_value.value = value;
    }
    snapshot_.records[{revision_, static_cast<std::int64_t>(sub), tombstone}] =
        etcd::EncodeKeyValue(key_value);
  }
}

void FakeEtcd::Churn(int operations, int keys, std::size_t value_size) {
  for (int i = 0; i < operations; ++i) {
    const std::string key =
        "/registry/leases/" + std::to_string(random_.Below(static_cast<std::uint64_t>(keys)));
    if (random_.Below(10) == 0) {
      Delete(key);
    } else {
      Put(key, random_.Below(value_size * 2));
    }
  }
}

void FakeEtcd::Compact(std::int64_t revision) {
  std::map<std::string, etcd::RecordKey> newest;
  for (const auto& [key, value] : snapshot_.records) {
    if (key.main <= revision) {
      newest[UserKeyOf(value)] = key;
    }
  }
  std::erase_if(snapshot_.records, [&](const auto& record) {
    const auto& [key, value] = record;
    return key.main <= revision && (key.tombstone || newest[UserKeyOf(value)] != key);
  });
}

void FakeEtcd::Corrupt() {
  auto record = snapshot_.records.begin();
  std::advance(record, random_.Below(snapshot_.records.size()));
  auto key_value = etcd::DecodeKeyValue(record->second);
  key_value->lease = 1 + static_cast<std::int64_t>(random_.Below(1000));
  record->second = etcd::EncodeKeyValue(*key_value);
}

}  // namespace tresor::repo
