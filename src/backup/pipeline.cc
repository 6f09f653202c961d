// SPDX-License-Identifier: Apache-2.0
#include "backup/pipeline.h"

#include <optional>
#include <utility>

#include "base/queue.h"
#include "base/thread.h"

namespace tresor::backup {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{512} << 10;
constexpr std::size_t kBatchItems = 1024;
constexpr std::size_t kQueuedBatches = 4;

class BatchingVisitor final : public bolt::Visitor {
 public:
  explicit BatchingVisitor(BoundedQueue<WalkBatch>& queue) : queue_(queue) {}

  Status BeginBucket(ByteView name, std::uint64_t sequence) override {
    WalkItem& item = Add(WalkItem::Kind::kBegin);
    item.name = ToBytes(name);
    item.sequence = sequence;
    return OkStatus();
  }
  Status Pairs(bolt::Leaf leaf) override {
    bytes_ += leaf.bytes.size();
    Add(WalkItem::Kind::kPairs).leaf = std::move(leaf);
    return SendFull();
  }
  Status Reduced(bolt::PageId page, bolt::ReducedLeaf leaf) override {
    bytes_ += leaf.content.size();
    WalkItem& item = Add(WalkItem::Kind::kReduced);
    item.page = page;
    item.reduced = std::move(leaf);
    return SendFull();
  }
  Status EndBucket() override {
    Add(WalkItem::Kind::kEnd);
    return OkStatus();
  }
  Status Send() {
    bytes_ = 0;
    return queue_.Push(std::exchange(batch_, {}))
               ? OkStatus()
               : Error(Code::kCancelled, "the walk's reader has gone");
  }

 private:
  WalkItem& Add(WalkItem::Kind kind) {
    WalkItem& item = batch_.emplace_back();
    item.kind = kind;
    return item;
  }
  Status SendFull() {
    return bytes_ < kBatchBytes && batch_.size() < kBatchItems ? OkStatus() : Send();
  }

  BoundedQueue<WalkBatch>& queue_;
  WalkBatch batch_;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<bolt::WalkStats> WalkPipelined(const Context& context, const bolt::Database& database,
                                      const std::function<Status(WalkBatch)>& consume) {
  BoundedQueue<WalkBatch> queue(kQueuedBatches);
  std::optional<Result<bolt::WalkStats>> walked;  // belongs to the thread until it is joined
  Status consumed = OkStatus();
  {
    const Thread walker([&] {
      BatchingVisitor visitor(queue);
      walked = database.Walk(context, &visitor);
      if (walked->ok()) {
        (void)visitor.Send();
      }
      queue.Finish();
    });
    while (std::optional<WalkBatch> batch = queue.Pop()) {
      consumed = consume(*std::move(batch));
      if (!consumed.ok()) {
        queue.Close();
        break;
      }
    }
  }
  RETURN_IF_ERROR(consumed);
  return *std::move(walked);
}

}  // namespace tresor::backup
