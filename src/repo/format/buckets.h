// SPDX-License-Identifier: Apache-2.0
// The buckets other than `key` as a stream of tokens, in parts. FORMAT.md 6. Pure.
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "base/status.h"
#include "repo/repository.h"

namespace tresor::repo {

/// Cuts the stream so that a large bucket has parts of its own, which stay the same while others
/// change: that is what makes them the same blobs in the next backup.
///
/// Threads: one.
class BucketEncoder final : public BucketVisitor {
 public:
  using TakePart = std::function<Status(Bytes)>;
  /// `take` is given each part, in order, none empty.
  explicit BucketEncoder(TakePart take) : take_(std::move(take)) {}

  /// kInvalidArgument: a pair or an end outside a bucket, too deep, or a pair beyond the limit.
  [[nodiscard]] Status BeginBucket(ByteView name, std::uint64_t sequence) override;
  [[nodiscard]] Status Pair(ByteView key, ByteView value) override;
  [[nodiscard]] Status EndBucket() override;
  /// Gives the last part. kInvalidArgument: a bucket has not ended.
  [[nodiscard]] Status Finish();

 private:
  [[nodiscard]] Status Token(ByteWriter token);
  [[nodiscard]] Status Give(ByteWriter& part);

  TakePart take_;
  std::uint64_t depth_ = 0;
  ByteWriter small_;    // small top-level buckets, one after the other
  ByteWriter current_;  // the top-level bucket that is open, since it was last cut
  bool was_cut_ = false;
};

/// Reads parts and tells a visitor. Threads: one.
class BucketDecoder {
 public:
  explicit BucketDecoder(BucketVisitor& visitor) : visitor_(visitor) {}
  /// kDataLoss, or the visitor's error.
  [[nodiscard]] Status Part(ByteView part);
  /// kDataLoss: a bucket has not ended.
  [[nodiscard]] Status Finish() const;

 private:
  BucketVisitor& visitor_;
  std::uint64_t depth_ = 0;
};

}  // namespace tresor::repo
