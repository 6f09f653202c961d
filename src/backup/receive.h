// SPDX-License-Identifier: Apache-2.0
// Inside of backup: takes in a snapshot's stream and keeps the network thread free: hashing and
// writing happen on another one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "backup/progress.h"
#include "base/context.h"
#include "base/queue.h"
#include "base/status.h"
#include "base/thread.h"
#include "crypto/crypto.h"
#include "etcd/snapshot_stream.h"

namespace tresor::backup {

/// In which pieces the image goes on: page sizes divide it.
inline constexpr std::size_t kReceiveBytes = std::size_t{1} << 20;

/// Where the image goes. Called by one thread at a time.
class ImageStore {
 public:
  virtual ~ImageStore() = default;
  [[nodiscard]] virtual Status Begin(std::uint64_t image_bytes) = 0;
  /// kReceiveBytes; the last call has what is left.
  [[nodiscard]] virtual Status Append(ByteView bytes) = 0;
};

/// Threads: one; it makes another.
class ReceivingSink final : public etcd::SnapshotSink {
 public:
  /// All outlive this.
  ReceivingSink(ImageStore& store, const ProgressCallback& progress);
  ~ReceivingSink() override;

  Status Begin(std::uint64_t image_bytes) override;
  Status Append(ByteView bytes) override;
  /// After the stream's end: waits until all is stored. kDataLoss: the digest is not the image's.
  [[nodiscard]] Status Finish(const etcd::SnapshotSummary& summary);

 private:
  [[nodiscard]] Status Send();
  [[nodiscard]] Status Join();
  void Run();

  ImageStore& store_;
  const ProgressCallback& progress_;
  std::uint64_t image_bytes_ = 0;
  std::uint64_t received_bytes_ = 0;

  // Buffers go round.
  BoundedQueue<std::unique_ptr<Bytes>> free_;
  BoundedQueue<std::unique_ptr<Bytes>> full_;
  std::unique_ptr<Bytes> buffer_;
  crypto::Sha256 hash_;  // the thread's; read when it was joined
  Status stored_;        // likewise
  Thread thread_;
};

}  // namespace tresor::backup
