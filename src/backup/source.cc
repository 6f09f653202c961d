// SPDX-License-Identifier: Apache-2.0
#include "backup/source.h"

#include <utility>
#include <vector>

#include "backup/check.h"
#include "backup/pipeline.h"
#include "base/queue.h"
#include "base/thread.h"
#include "etcd/format/meta.h"

namespace tresor::backup {
namespace {

// --- a repository's backup
// ------------------------------------------------------------------------

/// Puts bucket `key` at its place among the others.
class MergingVisitor final : public repo::BucketVisitor {
 public:
  MergingVisitor(SourceVisitor& out, bool has_key, std::function<Status()> visit_key)
      : out_(out), key_is_due_(has_key), visit_key_(std::move(visit_key)) {}

  Status BeginBucket(ByteView name, std::uint64_t sequence) override {
    if (depth_++ == 0 && Compare(name, AsBytes(etcd::kBucketKey)) > 0) {
      RETURN_IF_ERROR(VisitKey());
    }
    return out_.BeginBucket(name, sequence);
  }
  Status Pair(ByteView key, ByteView value) override { return out_.Pair(key, value); }
  Status EndBucket() override {
    --depth_;
    return out_.EndBucket();
  }
  Status VisitKey() { return std::exchange(key_is_due_, false) ? visit_key_() : OkStatus(); }

 private:
  SourceVisitor& out_;
  bool key_is_due_;
  std::function<Status()> visit_key_;
  int depth_ = 0;
};

class BackupSource final : public Source {
 public:
  explicit BackupSource(const repo::Backup& backup) : backup_(backup) {
    const repo::BackupDetails& details = backup.details();
    const repo::BackupDescription& said = details.description;
    facts_.name = "backup " + details.info.id.Short();
    facts_.revisions = {.current = said.revision,
                        .finished = said.finished_compact_revision,
                        .scheduled = said.scheduled_compact_revision};
    facts_.image_bytes = said.source.image_bytes;
    facts_.record_bytes = details.info.record_bytes;
    facts_.records = details.info.records;
    facts_.records_crc32c = details.records_crc32c;
    facts_.hash_kv = said.hash_kv;
  }

  const SourceFacts& facts() const override { return facts_; }

  Status Visit(const Context& context, SourceVisitor& visitor) const override {
    const repo::BackupDescription& said = backup_.details().description;
    MergingVisitor merging(visitor, said.has_key_bucket, [&]() -> Status {
      RETURN_IF_ERROR(visitor.BeginBucket(AsBytes(etcd::kBucketKey), said.key_bucket_sequence));
      ASSIGN_OR_RETURN(const auto stream, backup_.Records(context, {}));
      while (true) {
        ASSIGN_OR_RETURN(auto batch, stream->Next(context));
        if (!batch.has_value()) {
          return visitor.EndBucket();
        }
        RETURN_IF_ERROR(visitor.Records(*std::move(batch)));
      }
    });
    RETURN_IF_ERROR(backup_.Buckets(context, merging));
    return merging.VisitKey();
  }
  Result<std::unique_ptr<repo::RecordStream>> Records(const Context& context,
                                                      etcd::RecordKey from) const override {
    return backup_.Records(context, from);
  }
  Result<repo::RecordBatch> Lookup(const Context& context, ByteView user_key) const override {
    return backup_.Lookup(context, user_key);
  }

 private:
  const repo::Backup& backup_;
  SourceFacts facts_;
};

// --- an image
// -------------------------------------------------------------------------------------

constexpr std::size_t kBatchBytes = std::size_t{512} << 10;
constexpr std::size_t kQueuedBatches = 4;

Status AddLeaf(bolt::Leaf leaf, repo::RecordBatch& batch) {
  for (const bolt::Pair& pair : leaf.pairs) {
    ASSIGN_OR_RETURN(const etcd::RecordKey key, etcd::DecodeRecordKey(pair.key));
    batch.records.push_back({.key = key, .value = pair.value});
  }
  batch.backing.push_back(std::make_shared<const Bytes>(std::move(leaf.bytes)));
  return OkStatus();
}

/// Gathers leaves to batches worth handing over.
class BatchMaker {
 public:
  explicit BatchMaker(std::function<Status(repo::RecordBatch)> give) : give_(std::move(give)) {}
  Status Add(bolt::Leaf leaf) {
    bytes_ += leaf.bytes.size();
    RETURN_IF_ERROR(Annotate(AddLeaf(std::move(leaf), batch_), "bucket key"));
    return bytes_ < kBatchBytes ? OkStatus() : Flush();
  }
  Status Flush() {
    bytes_ = 0;
    return batch_.records.empty() ? OkStatus() : give_(std::exchange(batch_, {}));
  }

 private:
  std::function<Status(repo::RecordBatch)> give_;
  repo::RecordBatch batch_;
  std::size_t bytes_ = 0;
};

class WalkedRecords final : public repo::RecordStream {
 public:
  WalkedRecords(const Context& context, const bolt::Database& database, Bytes from)
      : queue_(kQueuedBatches), walker_([this, context, &database, from = std::move(from)] {
          Walk(context, database, from);
        }) {}
  ~WalkedRecords() override { queue_.Close(); }

  Result<std::optional<repo::RecordBatch>> Next(const Context& context) override {
    RETURN_IF_ERROR(context.Check());
    std::optional<repo::RecordBatch> batch = queue_.Pop();
    if (!batch.has_value() && walker_.joinable()) {
      walker_.join();
    }
    if (!batch.has_value() && !status_.ok()) {
      return status_;
    }
    return batch;
  }

 private:
  class Visitor final : public bolt::Visitor {
   public:
    explicit Visitor(BatchMaker& maker) : maker_(maker) {}
    Status BeginBucket(ByteView name, std::uint64_t) override {
      return depth_++ == 0 && AsText(name) == etcd::kBucketKey
                 ? OkStatus()
                 : Error(Code::kDataLoss, "bucket key: there is a bucket inside");
    }
    Status Pairs(bolt::Leaf leaf) override { return maker_.Add(std::move(leaf)); }
    Status EndBucket() override { return OkStatus(); }

   private:
    BatchMaker& maker_;
    int depth_ = 0;
  };

  void Walk(const Context& context, const bolt::Database& database, ByteView from) {
    BatchMaker maker([this](repo::RecordBatch batch) {
      return queue_.Push(std::move(batch)) ? OkStatus()
                                           : Error(Code::kCancelled, "nobody reads any more");
    });
    Visitor visitor(maker);
    status_ = database.WalkBucket(context, AsBytes(etcd::kBucketKey), from, visitor);
    if (status_.code() == Code::kNotFound) {
      status_ = OkStatus();  // no bucket, no records
    }
    if (status_.ok()) {
      status_ = maker.Flush();
    }
    queue_.Finish();
  }

  BoundedQueue<repo::RecordBatch> queue_;
  Status status_;  // the walker's; read when it was joined
  Thread walker_;
};

class ImageSource final : public Source {
 public:
  static Result<std::unique_ptr<Source>> Make(const io::RandomReader& image, std::string name) {
    ASSIGN_OR_RETURN(auto database, bolt::Database::Open(image));
    SourceFacts facts;
    facts.name = std::move(name);
    ASSIGN_OR_RETURN(facts.revisions, ReadRevisions(*database));
    facts.image_bytes = database->image_bytes();
    facts.record_bytes = database->image_bytes();
    return std::unique_ptr<Source>(new ImageSource(std::move(database), std::move(facts)));
  }

  const SourceFacts& facts() const override { return facts_; }

  Status Visit(const Context& context, SourceVisitor& visitor) const override {
    BatchMaker maker([&](repo::RecordBatch batch) { return visitor.Records(std::move(batch)); });
    std::vector<bool> is_key;  // of the buckets that we are in
    return WalkPipelined(context, *database_,
                         [&](WalkBatch batch) -> Status {
                           for (WalkItem& item : batch) {
                             RETURN_IF_ERROR(Pass(std::move(item), is_key, maker, visitor));
                           }
                           return OkStatus();
                         })
        .status();
  }
  Result<std::unique_ptr<repo::RecordStream>> Records(const Context& context,
                                                      etcd::RecordKey from) const override {
    return std::make_unique<WalkedRecords>(context, *database_, etcd::EncodeRecordKey(from));
  }
  Result<repo::RecordBatch> Lookup(const Context& context, ByteView user_key) const override {
    ASSIGN_OR_RETURN(const auto stream, Records(context, {}));
    auto bytes = std::make_shared<Bytes>();
    std::vector<std::pair<etcd::RecordKey, std::size_t>> found;  // and where its value ends
    while (true) {
      ASSIGN_OR_RETURN(const auto batch, stream->Next(context));
      if (!batch.has_value()) {
        break;
      }
      for (const repo::Record& record : batch->records) {
        ASSIGN_OR_RETURN(const ByteView key, etcd::DecodeUserKey(record.value));
        if (!record.value.empty() && Equal(key, user_key)) {
          bytes->insert(bytes->end(), record.value.begin(), record.value.end());
          found.emplace_back(record.key, bytes->size());
        }
      }
    }
    repo::RecordBatch result;
    std::size_t begin = 0;
    for (const auto& [key, end] : found) {
      result.records.push_back({.key = key, .value = ByteView(*bytes).subspan(begin, end - begin)});
      begin = end;
    }
    result.backing.push_back(std::move(bytes));
    return result;
  }

 private:
  ImageSource(std::unique_ptr<bolt::Database> database, SourceFacts facts)
      : database_(std::move(database)), facts_(std::move(facts)) {}

  static Status Pass(WalkItem item, std::vector<bool>& is_key, BatchMaker& maker,
                     SourceVisitor& visitor) {
    switch (item.kind) {
      case WalkItem::Kind::kBegin:
        if (!is_key.empty() && is_key.front()) {
          return Error(Code::kDataLoss, "bucket key: there is a bucket inside");
        }
        is_key.push_back(is_key.empty() && AsText(item.name) == etcd::kBucketKey);
        return visitor.BeginBucket(item.name, item.sequence);
      case WalkItem::Kind::kEnd:
        is_key.pop_back();
        RETURN_IF_ERROR(maker.Flush());
        return visitor.EndBucket();
      case WalkItem::Kind::kPairs:
        if (is_key.front()) {
          return maker.Add(std::move(item.leaf));
        }
        for (const bolt::Pair& pair : item.leaf.pairs) {
          RETURN_IF_ERROR(visitor.Pair(pair.key, pair.value));
        }
        return OkStatus();
      case WalkItem::Kind::kReduced:
        break;  // this database was opened without
    }
    return Error(Code::kInternal, "page {}: reduced", bolt::ToNumber(item.page));
  }

  std::unique_ptr<bolt::Database> database_;
  SourceFacts facts_;
};

}  // namespace

std::unique_ptr<Source> MakeSource(const repo::Backup& backup) {
  return std::make_unique<BackupSource>(backup);
}

Result<std::unique_ptr<Source>> MakeSource(const io::RandomReader& image, const std::string& name) {
  auto source = ImageSource::Make(image, name);
  if (!source.ok()) {
    return Annotate(source.status(), name);
  }
  return source;
}

}  // namespace tresor::backup
