// SPDX-License-Identifier: Apache-2.0
// The stream of Maintenance.Snapshot: taking its messages apart, and refusing what no sound server
// sends. Pure.
//
//   message 1..k   the next bytes of the database image; remaining_bytes = what is still to come
//   message k+1    SHA-256 of the image (32 bytes), remaining_bytes = 0
//   status OK      the end
//
// etcd server/etcdserver/api/v3rpc/maintenance.go at v3.6; the same in 3.4 to 3.7. A server that
// fails to read its own file goes on with empty messages for ever, and one that ends early may
// still say OK; so a stream counts only when every byte that was announced has come.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/crypto.h"

namespace tresor::etcd {

/// Receives a snapshot's database image, front to back, without the digest.
///
/// Threads: the client calls from the thread that called Snapshot.
class SnapshotSink {
 public:
  virtual ~SnapshotSink() = default;
  /// Once, first: how long the image will be. A multiple of 512, at least 512.
  [[nodiscard]] virtual Status Begin(std::uint64_t image_bytes) = 0;
  /// The next bytes: not empty, gone when the call returns. An error ends the stream and is what
  /// Snapshot returns.
  [[nodiscard]] virtual Status Append(ByteView bytes) = 0;
};

/// What came with a whole stream.
struct SnapshotSummary {
  std::uint64_t image_bytes = 0;
  /// What the server says is the SHA-256 of the image. It is not compared yet: see
  /// SnapshotVerifier.
  crypto::Sha256Digest digest{};
  std::string version;  // storage version, "3.6.0"; empty before 3.6
};

/// One message of the stream; borrows its bytes.
struct SnapshotMessage {
  std::uint64_t remaining_bytes = 0;
  std::vector<ByteView> blob;  // in order; a blob that lies in several buffers has several parts
  std::string version;

  [[nodiscard]] std::uint64_t blob_bytes() const;
};

/// Takes an etcdserverpb.SnapshotResponse apart that lies in `buffers`, one after the other, into
/// `out` (whose storage is reused). Unknown fields are passed over. kDataLoss: not a protobuf
/// message, or a field of a wrong wire type.
[[nodiscard]] Status DecodeSnapshotMessage(std::span<const ByteView> buffers, SnapshotMessage& out);

/// Lets a sound stream through to the sink.
///
/// Threads: one.
class SnapshotGuard {
 public:
  explicit SnapshotGuard(SnapshotSink& sink) : sink_(sink) {}

  /// kDataLoss: an empty blob, remaining_bytes that doesn't add up, an image whose size isn't a
  /// multiple of 512, more after the digest. Otherwise what the sink says. Spent after an error.
  [[nodiscard]] Status OnMessage(const SnapshotMessage& message);
  /// The server said OK. kDataLoss: bytes or the digest are missing.
  [[nodiscard]] Result<SnapshotSummary> Finish();

  /// The sink was told of an image.
  [[nodiscard]] bool begun() const { return begun_; }
  [[nodiscard]] std::uint64_t received_bytes() const { return received_bytes_; }

 private:
  SnapshotSink& sink_;
  bool begun_ = false;
  std::uint64_t received_bytes_ = 0;  // of the image
  bool digest_seen_ = false;
  SnapshotSummary summary_;
};

/// A sink that hashes on the way to another: for callers that don't hash elsewhere.
///   SnapshotVerifier verifier(file);
///   ASSIGN_OR_RETURN(auto summary, client.Snapshot(context, endpoint, verifier));
///   RETURN_IF_ERROR(verifier.Verify(summary));
class SnapshotVerifier final : public SnapshotSink {
 public:
  explicit SnapshotVerifier(SnapshotSink& next) : next_(next) {}
  [[nodiscard]] Status Begin(std::uint64_t image_bytes) override;
  [[nodiscard]] Status Append(ByteView bytes) override;
  /// kDataLoss: the image is not what the server sent. Once, after the stream.
  [[nodiscard]] Status Verify(const SnapshotSummary& summary);

 private:
  SnapshotSink& next_;
  crypto::Sha256 hash_;
};

}  // namespace tresor::etcd
