// SPDX-License-Identifier: Apache-2.0
#include "backup/check.h"

#include <algorithm>
#include <memory>
#include <unordered_set>
#include <utility>

#include "backup/pipeline.h"
#include "base/crc32c.h"
#include "base/random.h"
#include "crypto/crypto.h"
#include "etcd/format/record.h"

namespace tresor::backup {
namespace {

constexpr std::uint64_t kProgressStep = std::uint64_t{1} << 20;

/// Feeds the records of bucket `key` to `take` as they lie in it.
class RecordVisitor final : public bolt::Visitor {
 public:
  using Take = std::function<Status(const RecordSummary&)>;
  RecordVisitor(const crypto::KeyedHash& user_key_hash, Take take)
      : user_key_hash_(user_key_hash), take_(std::move(take)) {}
  Status BeginBucket(ByteView name, std::uint64_t) override {
    // WalkBucket's own bucket is not announced; one inside it is not etcd's.
    return depth_++ == 0 && AsText(name) == etcd::kBucketKey
               ? OkStatus()
               : Error(Code::kDataLoss, "bucket key: there is a bucket inside");
  }
  Status Pairs(bolt::Leaf leaf) override {
    records_.clear();
    RETURN_IF_ERROR(Summarize(leaf.pairs, user_key_hash_, nullptr, records_));
    return TakeAll();
  }
  Status Reduced(bolt::PageId, bolt::ReducedLeaf leaf) override {
    records_.clear();
    RETURN_IF_ERROR(DecodeSummaries(leaf.content, records_));
    return TakeAll();
  }
  Status EndBucket() override {
    --depth_;
    return OkStatus();
  }

 private:
  Status TakeAll() {
    for (const RecordSummary& record : records_) {
      RETURN_IF_ERROR(take_(record));
    }
    return OkStatus();
  }

  const crypto::KeyedHash user_key_hash_;
  const Take take_;
  std::vector<RecordSummary> records_;
  int depth_ = 0;
};

Status WalkRecords(const Context& context, const bolt::Database& database,
                   const crypto::KeyedHash& user_key_hash, ByteView from,
                   RecordVisitor::Take take) {
  RecordVisitor visitor(user_key_hash, std::move(take));
  const Status status = database.WalkBucket(context, AsBytes(etcd::kBucketKey), from, visitor);
  return status.code() == Code::kNotFound ? OkStatus() : status;
}

/// Runs the passes that tell which compacted records are hashed.
Result<std::unique_ptr<etcd::HashKvFilter>> PrepareFilter(const Context& context,
                                                          const bolt::Database& database,
                                                          const crypto::KeyedHash& user_key_hash,
                                                          const etcd::HashKvRequest& request,
                                                          bool compacted) {
  auto filter = std::make_unique<etcd::HashKvFilter>(
      request, etcd::HashKvOptions{.compacted = compacted}, user_key_hash);
  while (const std::optional<std::int64_t> from = filter->BeginPass()) {
    const Bytes start = etcd::EncodeRecordKey({.main = *from});
    RETURN_IF_ERROR(WalkRecords(context, database, user_key_hash, start,
                                [&](const RecordSummary& record) -> Status {
                                  filter->Observe(record.key, record.user_key_hash);
                                  return OkStatus();
                                }));
    filter->EndPass();
  }
  return filter;
}

/// Counts the keys that have a value at the current revision.
class LiveKeyCounter {
 public:
  explicit LiveKeyCounter(const etcd::StoreRevisions& revisions)
      : compacted_(revisions.compacted()) {
    if (!revisions.compaction_finished()) {
      alive_.emplace();
    }
  }

  void Add(const RecordSummary& record) {
    if (record.no_user_key) {
      return;  // the record that --bump-revision wrote
    }
    const etcd::RecordKey& key = record.key;
    if (alive_) {
      // In the middle of a compaction some superseded records are left and some are not: only a
      // table tells.
      if (key.tombstone) {
        alive_->erase(record.user_key_hash);
      } else {
        alive_->insert(record.user_key_hash);
      }
      return;
    }
    // A finished compaction has left one record of each key alive then; later ones are all there,
    // and a key's life begins with version 1 and ends with a tombstone.
    if (key.main <= compacted_) {
      count_ += key.tombstone ? 0 : 1;
    } else if (key.tombstone) {
      --count_;
    } else if (record.first_version) {
      ++count_;
    }
  }
  [[nodiscard]] std::uint64_t count() const {
    return alive_ ? alive_->size() : static_cast<std::uint64_t>(std::max<std::int64_t>(count_, 0));
  }

 private:
  std::int64_t compacted_;
  std::int64_t count_ = 0;
  std::optional<std::unordered_set<std::uint64_t>> alive_;
};

/// Takes the walk's items and works out the facts.
class Checker {
 public:
  Checker(const Context& context, const CheckOptions& options,
          const crypto::KeyedHash& user_key_hash, const etcd::HashKvFilter& filter,
          const etcd::StoreRevisions& revisions, const bolt::Database& database)
      : context_(context),
        options_(options),
        user_key_hash_(user_key_hash),
        hash_kv_(filter),
        live_keys_(revisions),
        image_bytes_(database.image_bytes()),
        page_size_(database.meta().page_size) {}

  Status Consume(const WalkBatch& batch) {
    RETURN_IF_ERROR(context_.Check());
    for (const WalkItem& item : batch) {
      switch (item.kind) {
        case WalkItem::Kind::kBegin:
          RETURN_IF_ERROR(Begin(item));
          break;
        case WalkItem::Kind::kEnd:
          names_.pop_back();
          break;
        case WalkItem::Kind::kPairs:
          RETURN_IF_ERROR(Annotate(Pairs(item.leaf), "bucket " + names_.back()));
          Report(item.leaf.bytes.size());
          break;
        case WalkItem::Kind::kReduced:
          RETURN_IF_ERROR(Annotate(Reduced(item.page, item.reduced), "bucket " + names_.back()));
          Report(item.reduced.run_pages * page_size_);
          break;
      }
    }
    return OkStatus();
  }

  SnapshotFacts Finish(repo::HashKv hash_kv) {
    facts_.live_keys = live_keys_.count();
    hash_kv.hash = hash_kv_.Finish();
    facts_.hash_kv = hash_kv;
    if (options_.status_hash) {
      facts_.status_hash = status_crc_;
    }
    return std::move(facts_);
  }

 private:
  Status Begin(const WalkItem& item) {
    names_.push_back(ToString(ByteView(item.name)));
    if (names_.size() > 1 && names_.front() == etcd::kBucketKey) {
      return Error(Code::kDataLoss, "bucket key: there is a bucket inside");
    }
    if (names_.size() == 1) {
      facts_.buckets.push_back(names_.back());
      if (names_.back() == etcd::kBucketKey) {
        facts_.has_key_bucket = true;
        facts_.key_bucket_sequence = item.sequence;
      }
      if (options_.status_hash) {
        status_crc_ = Crc32c(status_crc_, item.name);
      }
    }
    return OkStatus();
  }

  Status Pairs(const bolt::Leaf& leaf) {
    facts_.bucket_pairs += leaf.pairs.size();
    if (options_.status_hash && names_.size() == 1) {
      for (const bolt::Pair& pair : leaf.pairs) {
        status_crc_ = Crc32c(Crc32c(status_crc_, pair.key), pair.value);
      }
    }
    if (names_.size() > 1) {
      return OkStatus();
    }
    if (names_.back() == etcd::kBucketKey) {
      records_.clear();
      RETURN_IF_ERROR(Summarize(leaf.pairs, user_key_hash_, options_.tagger, records_));
      return Records(leaf.page, false);
    }
    for (const bolt::Pair& pair : leaf.pairs) {
      RETURN_IF_ERROR(Small(names_.back(), pair));
    }
    return OkStatus();
  }

  Status Reduced(bolt::PageId page, const bolt::ReducedLeaf& leaf) {
    if (names_.size() != 1 || names_.back() != etcd::kBucketKey) {
      return Error(Code::kDataLoss, "page {}: records in another bucket than key",
                   bolt::ToNumber(page));
    }
    facts_.bucket_pairs += leaf.pairs;
    records_.clear();
    RETURN_IF_ERROR(DecodeSummaries(leaf.content, records_));
    return Records(page, true);
  }

  Status Records(bolt::PageId page, bool reduced) {
    for (const RecordSummary& record : records_) {
      RETURN_IF_ERROR(hash_kv_.Add(record.key, record.user_key_hash, record.record));
      live_keys_.Add(record);
      ++facts_.records;
      facts_.record_bytes += record.record.size_bytes;
    }
    return options_.observer == nullptr ? OkStatus()
                                        : options_.observer->Leaf(page, records_, reduced);
  }

  Status Small(const std::string& bucket, const bolt::Pair& pair) {
    const std::string_view key = AsText(pair.key);
    if (bucket == etcd::kBucketMeta) {
      if (key == etcd::kMetaConsistentIndex) {
        ASSIGN_OR_RETURN(facts_.consistent_index, etcd::DecodeCounter(pair.value, key));
      } else if (key == etcd::kMetaTerm) {
        ASSIGN_OR_RETURN(facts_.term, etcd::DecodeCounter(pair.value, key));
      } else if (key == etcd::kMetaStorageVersion) {
        facts_.storage_version = AsText(pair.value);
      }
    } else if (bucket == etcd::kBucketCluster && key == etcd::kClusterVersion) {
      facts_.cluster_version = AsText(pair.value);
    } else if (bucket == etcd::kBucketAuth && key == etcd::kAuthEnabled) {
      ASSIGN_OR_RETURN(facts_.auth_enabled, etcd::DecodeAuthEnabled(pair.value));
    } else if (bucket == etcd::kBucketLease) {
      RETURN_IF_ERROR(etcd::DecodeLeaseId(pair.key).status());
      RETURN_IF_ERROR(etcd::DecodeLease(pair.value).status());
      ++facts_.leases;
    } else if (bucket == etcd::kBucketAlarm) {
      ASSIGN_OR_RETURN(const etcd::AlarmMember alarm, etcd::DecodeAlarmMember(pair.key));
      facts_.alarms.push_back(alarm);
    } else if (bucket == etcd::kBucketMembers) {
      ASSIGN_OR_RETURN(etcd::StoredMember member, etcd::DecodeMemberJson(pair.value));
      facts_.members.push_back(std::move(member));
    }
    return OkStatus();
  }

  void Report(std::uint64_t bytes) {
    done_bytes_ += bytes;
    if (options_.progress && done_bytes_ >= reported_bytes_ + kProgressStep) {
      reported_bytes_ = done_bytes_;
      options_.progress(
          {.phase = Phase::kCheck, .done_bytes = done_bytes_, .total_bytes = image_bytes_});
    }
  }

  const Context& context_;
  const CheckOptions& options_;
  const crypto::KeyedHash& user_key_hash_;
  etcd::HashKv hash_kv_;
  LiveKeyCounter live_keys_;
  SnapshotFacts facts_;
  std::uint32_t status_crc_ = 0;
  std::vector<std::string> names_;  // of the buckets that we are in, outermost first
  std::vector<RecordSummary> records_;
  std::uint64_t image_bytes_;
  std::uint64_t page_size_;
  std::uint64_t done_bytes_ = 0;
  std::uint64_t reported_bytes_ = 0;
};

}  // namespace

Result<etcd::StoreRevisions> ReadRevisions(const bolt::Database& database) {
  const ByteView meta = AsBytes(etcd::kBucketMeta);
  ASSIGN_OR_RETURN(const auto finished, database.Get(meta, AsBytes(etcd::kMetaFinishedCompaction)));
  ASSIGN_OR_RETURN(const auto scheduled,
                   database.Get(meta, AsBytes(etcd::kMetaScheduledCompaction)));
  ASSIGN_OR_RETURN(const auto last, database.LastKey(AsBytes(etcd::kBucketKey)));
  return etcd::ReadStoreRevisions(finished, scheduled, last);
}

crypto::KeyedHash NewUserKeyHash() {
  return crypto::KeyedHash(crypto::SecretKey::Generate(SystemRandom()));
}

Result<std::uint32_t> ExactHashKv(const Context& context, const bolt::Database& database,
                                  const crypto::KeyedHash& user_key_hash,
                                  const etcd::HashKvRequest& request) {
  ASSIGN_OR_RETURN(const auto filter,
                   PrepareFilter(context, database, user_key_hash, request, false));
  etcd::HashKv hash(*filter);
  RETURN_IF_ERROR(
      WalkRecords(context, database, user_key_hash, {}, [&](const RecordSummary& record) {
        return hash.Add(record.key, record.user_key_hash, record.record);
      }));
  return hash.Finish();
}

Result<SnapshotFacts> CheckDatabase(const Context& context, const bolt::Database& database,
                                    const CheckOptions& options) {
  const crypto::KeyedHash user_key_hash =
      options.user_key_hash ? *options.user_key_hash : NewUserKeyHash();
  ASSIGN_OR_RETURN(const etcd::StoreRevisions revisions, ReadRevisions(database));
  ASSIGN_OR_RETURN(const etcd::HashKvRequest request, etcd::MakeHashKvRequest(revisions, 0));
  ASSIGN_OR_RETURN(const auto filter, PrepareFilter(context, database, user_key_hash, request,
                                                    revisions.compaction_finished()));
  Checker checker(context, options, user_key_hash, *filter, revisions, database);
  ASSIGN_OR_RETURN(const bolt::WalkStats walk,
                   WalkPipelined(context, database,
                                 [&](const WalkBatch& batch) { return checker.Consume(batch); }));
  SnapshotFacts facts = checker.Finish(
      {.hash = 0, .revision = request.revision, .compact_revision = request.compact_revision});
  facts.walk = walk;
  facts.revisions = revisions;
  facts.image_bytes = database.image_bytes();
  facts.page_size_bytes = database.meta().page_size;
  return facts;
}

Result<SnapshotFacts> CheckSnapshot(const Context& context, const io::RandomReader& image,
                                    const CheckOptions& options) {
  ASSIGN_OR_RETURN(const auto database,
                   bolt::Database::Open(image, {.exact_size = options.exact_size}));
  return CheckDatabase(context, *database, options);
}

}  // namespace tresor::backup
