// SPDX-License-Identifier: Apache-2.0
#include "backup/image_writer.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "etcd/format/record.h"

namespace tresor::backup {
namespace {

constexpr std::uint64_t kWritebackBytes = std::uint64_t{8} << 20;
// A bucket that restore rewrites holds members, alarms and a few settings.
constexpr std::uint64_t kMaxRewrittenBytes = std::uint64_t{16} << 20;

}  // namespace

void FanOutSink::Buffer::Assign(ByteView bytes) {
  const std::size_t blocks = (bytes.size() + sizeof(Block) - 1) / sizeof(Block);
  if (blocks > blocks_.size()) {
    blocks_.resize(blocks);
  }
  std::memcpy(blocks_.data(), bytes.data(), bytes.size());
  size_ = bytes.size();
}

ByteView FanOutSink::Buffer::view() const { return std::as_bytes(std::span(blocks_)).first(size_); }

FanOutSink::FanOutSink(const std::vector<io::File*>& files) : free_(kBuffers) {
  for (std::size_t i = 0; i < kBuffers; ++i) {
    (void)free_.Push(std::make_unique<Buffer>());
  }
  for (io::File* file : files) {
    Target& target = *targets_.emplace_back(std::make_unique<Target>(file));
    if (targets_.size() > 1) {
      file->BypassCache();
    }
    target.thread = Thread([this, &target] { Run(target); });
  }
}

FanOutSink::~FanOutSink() {
  for (const auto& target : targets_) {
    target->queue.Close();
  }
  targets_.clear();  // joins; the buffers they still held come back before free_ goes
}

Status FanOutSink::WriteAt(std::uint64_t offset, ByteView bytes) {
  if (failed_.load(std::memory_order_relaxed)) {
    return Finish();
  }
  std::optional<std::unique_ptr<Buffer>> buffer = free_.Pop();
  (*buffer)->Assign(bytes);
  const std::shared_ptr<const Buffer> shared(buffer->release(), [this](const Buffer* back) {
    (void)free_.Push(std::unique_ptr<Buffer>(const_cast<Buffer*>(back)));
  });
  for (const auto& target : targets_) {
    (void)target->queue.Push({.offset = offset, .buffer = shared});
  }
  return OkStatus();
}

Status FanOutSink::Finish() {
  Status first = OkStatus();
  for (const auto& target : targets_) {
    target->queue.Finish();
  }
  for (const auto& target : targets_) {
    if (target->thread.joinable()) {
      target->thread.join();
    }
    if (first.ok()) {
      first = target->status;
    }
  }
  return first;
}

void FanOutSink::Run(Target& target) {
  std::uint64_t written_back = 0;
  while (const std::optional<Write> write = target.queue.Pop()) {
    target.status = target.file->WriteAt(write->offset, write->buffer->view());
    if (!target.status.ok()) {
      failed_.store(true, std::memory_order_relaxed);
      target.queue.Close();
      return;
    }
    const std::uint64_t end = write->offset + write->buffer->view().size();
    if (end >= written_back + kWritebackBytes) {
      target.file->StartWriteback(written_back, end - written_back);
      written_back = end;
    }
  }
  target.status = target.file->Sync();
}

BuildingVisitor::BuildingVisitor(const Context& context, bolt::Builder& builder, RecordProof& proof,
                                 etcd::RestorePlan* plan, const SourceFacts& facts,
                                 const ProgressCallback& progress)
    : context_(context),
      builder_(builder),
      proof_(proof),
      plan_(plan),
      facts_(facts),
      progress_(progress) {}

bool BuildingVisitor::IsRewritten(std::string_view name) const {
  return plan_ != nullptr && (name == etcd::kBucketAlarm || name == etcd::kBucketCluster ||
                              name == etcd::kBucketMembers || name == etcd::kBucketMembersRemoved ||
                              name == etcd::kBucketMeta);
}

// Buckets that a restored database must have and that did not come.
Status BuildingVisitor::MakeMissing(std::optional<std::string_view> before) {
  if (plan_ == nullptr) {
    return OkStatus();
  }
  for (; next_required_ < etcd::kRestoredBuckets.size(); ++next_required_) {
    const std::string_view name = etcd::kRestoredBuckets[next_required_];
    if (before.has_value() && name >= *before) {
      if (name == *before) {
        ++next_required_;
      }
      return OkStatus();
    }
    RETURN_IF_ERROR(builder_.BeginBucket(AsBytes(name), 0));
    names_.emplace_back(name);
    RETURN_IF_ERROR(EndBucket());
  }
  return OkStatus();
}

Status BuildingVisitor::BeginBucket(ByteView name, std::uint64_t sequence) {
  RETURN_IF_ERROR(context_.Check());
  if (names_.empty()) {
    RETURN_IF_ERROR(MakeMissing(AsText(name)));
  } else if (IsRewritten(names_.front())) {
    return Error(Code::kDataLoss, "bucket {}: there is a bucket inside", names_.front());
  }
  names_.push_back(ToString(name));
  return builder_.BeginBucket(name, sequence);
}

Status BuildingVisitor::Pair(ByteView key, ByteView value) {
  if (!IsRewritten(names_.front())) {
    return builder_.Put(key, value);
  }
  pair_bytes_ += key.size() + value.size();
  if (pair_bytes_ > kMaxRewrittenBytes) {
    return Error(Code::kDataLoss, "bucket {}: larger than {} bytes", names_.front(),
                 kMaxRewrittenBytes);
  }
  pairs_.push_back({.key = ToBytes(key), .value = ToBytes(value)});
  return OkStatus();
}

Status BuildingVisitor::Records(repo::RecordBatch batch) {
  RETURN_IF_ERROR(context_.Check());
  for (const repo::Record& record : batch.records) {
    key_.clear();
    etcd::AppendRecordKey(record.key, key_);
    RETURN_IF_ERROR(proof_.Add(key_, record));
    RETURN_IF_ERROR(builder_.Put(key_, record.value));
  }
  if (progress_) {
    progress_({.phase = Phase::kRead,
               .done_bytes = proof_.record_bytes(),
               .total_bytes = facts_.record_bytes});
  }
  return OkStatus();
}

Status BuildingVisitor::EndKey() {
  if (plan_ == nullptr) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const auto bump, plan_->BumpRecord(proof_.last()));
  if (!bump.has_value()) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const etcd::RecordKey key, etcd::DecodeRecordKey(bump->key));
  bumped_revision_ = key.main;
  return builder_.Put(bump->key, bump->value);
}

Status BuildingVisitor::EndRewritten() {
  pair_bytes_ = 0;
  for (const etcd::BucketPair& pair : plan_->Rewrite(names_.front(), std::exchange(pairs_, {}))) {
    RETURN_IF_ERROR(builder_.Put(pair.key, pair.value));
  }
  return OkStatus();
}

Status BuildingVisitor::EndBucket() {
  if (names_.size() == 1 && names_.front() == etcd::kBucketKey) {
    RETURN_IF_ERROR(EndKey());
  } else if (names_.size() == 1 && IsRewritten(names_.front())) {
    RETURN_IF_ERROR(EndRewritten());
  }
  names_.pop_back();
  return builder_.EndBucket();
}

Status BuildingVisitor::Finish() { return MakeMissing(std::nullopt); }

}  // namespace tresor::backup
