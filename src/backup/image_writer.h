// SPDX-License-Identifier: Apache-2.0
// Inside of backup: builds a database image from a source, once, and writes it to any number of
// files.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backup/progress.h"
#include "backup/proof.h"
#include "backup/source.h"
#include "base/context.h"
#include "base/queue.h"
#include "base/status.h"
#include "base/thread.h"
#include "bolt/builder.h"
#include "etcd/format/restore_plan.h"
#include "io/file_system.h"

namespace tresor::backup {

/// Writes what it is given to all files, each on a thread of its own, and has the kernel begin to
/// write back early, so that the last Sync finds little left. Only the first file's content stays
/// in the machine's memory, for the etcd that will read it at once: copies of the same would push
/// out what others need, and copying there costs more than writing. Memory: kBuffers times the size
/// of a write.
///
/// Threads: one.
class FanOutSink final : public bolt::PageSink {
 public:
  /// `files` outlive this.
  explicit FanOutSink(const std::vector<io::File*>& files);
  ~FanOutSink() override;

  /// An error may be that of an earlier write.
  [[nodiscard]] Status WriteAt(std::uint64_t offset, ByteView bytes) override;
  /// Waits until all is written, then syncs the files. The first error of any.
  [[nodiscard]] Status Finish();

 private:
  class Buffer {
   public:
    void Assign(ByteView bytes);
    [[nodiscard]] ByteView view() const;

   private:
    struct alignas(io::kBypassAlignment) Block {
      std::array<std::byte, io::kBypassAlignment> bytes;
    };
    std::vector<Block> blocks_;
    std::size_t size_ = 0;
  };
  struct Write {
    std::uint64_t offset = 0;
    std::shared_ptr<const Buffer> buffer;
  };
  struct Target {
    explicit Target(io::File* target) : file(target), queue(kBuffers) {}
    io::File* file;
    BoundedQueue<Write> queue;
    Status status;  // the thread's; read when it was joined
    Thread thread;
  };
  static constexpr std::size_t kBuffers = 12;

  void Run(Target& target);

  // Buffers go round: fresh ones of this size would be mapped and unmapped each time.
  BoundedQueue<std::unique_ptr<Buffer>> free_;
  std::atomic<bool> failed_ = false;
  std::vector<std::unique_ptr<Target>> targets_;
};

/// Passes a whole source to a builder; proves its records on the way; with a plan, makes the
/// changes of a restore.
class BuildingVisitor final : public SourceVisitor {
 public:
  /// All outlive this. `plan` may be null: everything as it is.
  BuildingVisitor(const Context& context, bolt::Builder& builder, RecordProof& proof,
                  etcd::RestorePlan* plan, const SourceFacts& facts,
                  const ProgressCallback& progress);

  Status BeginBucket(ByteView name, std::uint64_t sequence) override;
  Status Pair(ByteView key, ByteView value) override;
  Status Records(repo::RecordBatch batch) override;
  Status EndBucket() override;
  /// After the source's end.
  [[nodiscard]] Status Finish();

  /// The revision of the record that was put behind the last one, if any.
  [[nodiscard]] const std::optional<std::int64_t>& bumped_revision() const {
    return bumped_revision_;
  }

 private:
  [[nodiscard]] bool IsRewritten(std::string_view name) const;
  [[nodiscard]] Status MakeMissing(std::optional<std::string_view> before);
  [[nodiscard]] Status EndKey();
  [[nodiscard]] Status EndRewritten();

  const Context& context_;
  bolt::Builder& builder_;
  RecordProof& proof_;
  etcd::RestorePlan* plan_;
  const SourceFacts& facts_;
  const ProgressCallback& progress_;

  std::vector<std::string> names_;       // of the buckets that we are in, outermost first
  std::size_t next_required_ = 0;        // of etcd::kRestoredBuckets
  std::vector<etcd::BucketPair> pairs_;  // of the bucket that is rewritten
  std::uint64_t pair_bytes_ = 0;
  std::optional<std::int64_t> bumped_revision_;
  Bytes key_;
};

}  // namespace tresor::backup
