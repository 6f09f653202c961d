// SPDX-License-Identifier: Apache-2.0
// Makes segments out of ascending records: frames are compressed on other threads, segments stored
// and read back.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/context.h"
#include "base/status.h"
#include "repo/format/manifest.h"
#include "repo/format/segment.h"
#include "repo/objects.h"

namespace tresor::repo {

/// Why these sizes: docs/design/0003-repository-frames.md.
struct SegmentWriterOptions {
  std::size_t frame_size_bytes = std::size_t{1} << 20;         // before compression
  std::uint64_t segment_size_bytes = std::uint64_t{16} << 20;  // stored
  std::uint64_t records_per_block = 8192;
  int compression_level = 3;
};

/// Threads: one. Memory: two segments and a few frames, whatever is added.
class SegmentWriter {
 public:
  /// `objects` outlives this. `context` is for what is stored in the background.
  SegmentWriter(const Context& context, const Objects& objects, const Id& lineage,
                const SegmentWriterOptions& options = {});
  /// Without Finish before: stops; what was stored stays, and stored() names it.
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  /// Ascending. An error of the background (store full, say) is returned by this or a later call.
  [[nodiscard]] Status Add(const PackedKey& key, ByteView value, std::uint64_t tag);
  /// Waits until all is stored and read back. The segments, all of whose records live, in order.
  /// kDataLoss: what was read back differs. Once.
  [[nodiscard]] Result<std::vector<SegmentRef>> Finish();
  /// Ends the background work; what is not stored yet is dropped. Idempotent.
  void Stop();
  /// After Finish or Stop: every segment that is stored, or may be, because storing it failed.
  [[nodiscard]] std::vector<SegmentRef> stored() const;

 private:
  class Pipeline;
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace tresor::repo
