// SPDX-License-Identifier: Apache-2.0
// Builds a bbolt file from sorted pairs, front to back, with memory that does not grow with the
// file.
//
// The result is packed: no free pages, no freelist page (as etcd on Linux writes it).
// bolt/FORMAT.md.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace tresor::bolt {

/// Where the pages go. Written front to back, but for the two meta pages at offset 0, which come
/// last.
class PageSink {
 public:
  virtual ~PageSink() = default;
  [[nodiscard]] virtual Status WriteAt(std::uint64_t offset, ByteView bytes) = 0;
};

struct BuilderOptions {
  std::uint32_t page_size = 4096;
  /// A leaf is closed before it grows past this many bytes, or a page if that is more (it always
  /// takes two pairs, of any size): more than a page wastes less room on pairs that are nearly a
  /// page each, at the price of rewriting more per later change.
  std::uint32_t leaf_bytes = 4096;
  std::uint32_t write_buffer_bytes = 1 << 20;
};

struct BuildResult {
  std::uint64_t image_bytes = 0;
  std::uint64_t pages = 0;
};

/// Calls come in tree order: BeginBucket (names ascending within the parent), Put (keys ascending),
/// nested buckets at their place among the keys, EndBucket; then Finish. kInvalidArgument: out of
/// order, an empty or too long key (over 32768 bytes), a value over 2^31 - 2 bytes, a Put outside
/// of a bucket, buckets nested deeper than 32, EndBucket without a bucket, Finish within one. Else
/// the sink's errors. After an error the builder is spent.
///
/// Memory: one leaf and one branch page per level of each open bucket, and the write buffer.
///
/// Threads: one.
class Builder {
 public:
  /// `sink` outlives this. kInvalidArgument: page size not a power of two from 1 KiB to 64 KiB.
  [[nodiscard]] static Result<std::unique_ptr<Builder>> Create(PageSink& sink,
                                                               const BuilderOptions& options = {});
  virtual ~Builder() = default;
  [[nodiscard]] virtual Status BeginBucket(ByteView name, std::uint64_t sequence) = 0;
  [[nodiscard]] virtual Status Put(ByteView key, ByteView value) = 0;
  [[nodiscard]] virtual Status EndBucket() = 0;
  /// Writes what is left and the metas (txid 1 and 0: both describe this tree, so either alone will
  /// do). Durable only when the sink's owner syncs.
  [[nodiscard]] virtual Result<BuildResult> Finish() = 0;
};

}  // namespace tresor::bolt
