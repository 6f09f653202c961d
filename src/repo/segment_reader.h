// SPDX-License-Identifier: Apache-2.0
// Reads one segment: its directory once, index blocks and frames when asked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/context.h"
#include "base/status.h"
#include "repo/format/live_map.h"
#include "repo/format/manifest.h"
#include "repo/format/segment.h"
#include "repo/objects.h"

namespace tresor::repo {

/// A frame as it was before compression, and its records, which point into it.
struct OpenedFrame {
  std::shared_ptr<const Bytes> raw;
  std::vector<FrameRecord> records;
};

/// Threads: const methods from any thread. Errors name the segment: kNotFound (it is gone),
/// kDataLoss.
class SegmentReader {
 public:
  /// Reads the directory and checks it against `ref`. `objects` outlives this.
  [[nodiscard]] static Result<std::unique_ptr<SegmentReader>> Open(const Context& context,
                                                                   const Objects& objects,
                                                                   const SegmentRef& ref);
  /// Of an object whose size alone is known (an orphan, say): found by its trailer.
  [[nodiscard]] static Result<std::unique_ptr<SegmentReader>> OpenBySize(const Context& context,
                                                                         const Objects& objects,
                                                                         const Id& id,
                                                                         std::uint64_t stored_size);

  [[nodiscard]] const Id& id() const { return id_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Directory& directory() const { return directory_; }
  [[nodiscard]] std::uint64_t stored_size() const { return stored_size_; }
  [[nodiscard]] PackedKey first() const { return directory_.frames.front().first; }
  [[nodiscard]] PackedKey last() const { return directory_.frames.back().last; }
  /// The ordinal of the first record of frame `frame`; of frames.size(): the number of records.
  [[nodiscard]] std::uint64_t frame_ordinal(std::size_t frame) const { return ordinals_[frame]; }
  /// The first frame of block `block`; of blocks.size(): the number of frames.
  [[nodiscard]] std::size_t block_frame(std::size_t block) const { return block_frames_[block]; }

  [[nodiscard]] Result<IndexBlock> ReadBlock(const Context& context, std::size_t block) const;
  /// Frames [begin, end) with one read; their records agree with the directory.
  [[nodiscard]] Result<std::vector<OpenedFrame>> ReadFrames(const Context& context,
                                                            std::size_t begin,
                                                            std::size_t end) const;
  /// As ReadFrames, but only those of [begin, end) for which `wanted` is set; the others are empty.
  [[nodiscard]] Result<std::vector<OpenedFrame>> ReadFrames(const Context& context,
                                                            std::size_t begin, std::size_t end,
                                                            const std::vector<bool>& wanted) const;

 private:
  SegmentReader(const Objects& objects, const Id& id, std::uint64_t stored_size,
                ObjectCipher cipher, Directory directory);
  [[nodiscard]] static Result<std::unique_ptr<SegmentReader>> OpenTail(
      const Context& context, const Objects& objects, const Id& id, std::uint64_t stored_size,
      std::uint64_t directory_sealed_size);

  const Objects& objects_;
  Id id_;
  std::string name_;
  std::uint64_t stored_size_;
  ObjectCipher cipher_;  // only cloned after construction
  Directory directory_;
  std::vector<std::uint64_t> frame_offsets_,
      block_offsets_;  // in the object, one more than there are
  std::vector<std::uint64_t> ordinals_;
  std::vector<std::size_t> block_frames_;
};

/// Opens many, several at a time: each waits for one read of a store that may be far away. As
/// SegmentReader::Open, for each of `refs`, in their order; the error of the first that failed.
[[nodiscard]] Result<std::vector<std::unique_ptr<SegmentReader>>> OpenSegments(
    const Context& context, const Objects& objects, const std::vector<const SegmentRef*>& refs);
/// The live map of `ref`, which has one, in the content of its blob. kDataLoss.
[[nodiscard]] Result<LiveSet> LiveMapIn(ByteView blob, const SegmentRef& ref);
/// The live map of a segment of a backup: all, or read from its blob.
[[nodiscard]] Result<LiveSet> ReadLiveMap(const Context& context, const Objects& objects,
                                          const SegmentRef& ref);

}  // namespace tresor::repo
