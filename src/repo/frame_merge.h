// SPDX-License-Identifier: Apache-2.0
// The records of many segments in one order, up or down. Frames are read, opened and decompressed
// ahead on other threads; each once.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/context.h"
#include "base/guarded.h"
#include "base/status.h"
#include "base/thread.h"
#include "repo/segment_reader.h"

namespace tresor::repo {

/// A segment that takes part, and which of its frames. `reader` outlives the merge.
struct MergeSource {
  const SegmentReader* reader = nullptr;
  std::vector<bool> frames;
};

/// What is found out about the records of a frame on the thread that decodes it.
struct Inspected {
  std::vector<std::uint32_t> crcs;
  std::vector<std::uint64_t> user_keys;  // hashes
};

struct MergedRecord {
  PackedKey key;
  ByteView value;  // until the next call of Next
  std::uint64_t tag = 0;
  std::uint32_t crc = 0;  // this and the next: when there is an Inspect
  std::uint64_t user_key = 0;
  std::size_t source = 0;
  std::size_t frame = 0;      // of the source
  std::uint64_t ordinal = 0;  // in the segment
};

/// Of equal keys of several sources all come, one after the other.
///
/// Memory: some frames and index blocks, and one frame more for each segment whose keys overlap
/// others'. Threads: one.
class FrameMerge {
 public:
  enum class Direction { kAscending, kDescending };
  /// Called for a frame, or its index block, that can't be read: when it returns OK the merge goes
  /// on without the frame.
  using BadFrame = std::function<Status(std::size_t source, std::size_t frame, const Status&)>;

  /// Called on the decoding threads. An error makes the frame a bad one.
  using Inspect = std::function<Result<Inspected>(const SegmentReader& segment,
                                                  const std::vector<FrameRecord>& records,
                                                  std::span<const std::uint64_t> tags)>;

  FrameMerge(
      const Context& context, std::vector<MergeSource> sources, Direction direction,
      Inspect inspect = nullptr,
      BadFrame bad_frame = [](std::size_t, std::size_t, const Status& status) { return status; });
  ~FrameMerge();
  FrameMerge(const FrameMerge&) = delete;
  FrameMerge& operator=(const FrameMerge&) = delete;

  [[nodiscard]] Result<std::optional<MergedRecord>> Next();

 private:
  struct Task {
    std::size_t source;
    std::size_t frame;
    PackedKey edge;  // the key that comes first in this direction
  };
  struct Decoded {
    OpenedFrame frame;
    std::shared_ptr<const IndexBlock> block;
    std::uint64_t block_ordinal = 0;  // of the block's first record
    Inspected inspected;
  };
  struct Cursor {
    Task task;
    Decoded decoded;
    std::size_t position = 0;  // records given so far
  };
  struct Progress {
    std::size_t next = 0;      // the first task that nobody has begun
    std::size_t consumed = 0;  // tasks that Next has taken
    std::map<std::size_t, Result<Decoded>> ready;
    bool stopped = false;
  };
  struct CachedBlock {
    std::size_t source;
    std::size_t block;
    std::shared_ptr<const IndexBlock> content;
  };

  [[nodiscard]] bool IsBefore(const PackedKey& a, const PackedKey& b) const {
    return direction_ == Direction::kAscending ? a < b : b < a;
  }
  void Work();
  [[nodiscard]] Result<Decoded> Decode(const Task& task);
  [[nodiscard]] Result<std::shared_ptr<const IndexBlock>> Block(std::size_t source,
                                                                std::size_t block);
  [[nodiscard]] Result<Decoded> Take(std::size_t task);
  /// Takes the frames in whose range the first key of the cursors lies.
  [[nodiscard]] Status Activate();
  [[nodiscard]] std::size_t RecordAt(const Cursor& cursor) const;
  [[nodiscard]] const PackedKey& KeyOf(const Cursor& cursor) const;

  const Context context_;
  const std::vector<MergeSource> sources_;
  const Direction direction_;
  const Inspect inspect_;
  const BadFrame bad_frame_;
  std::vector<Task> tasks_;
  std::size_t next_task_ = 0;
  std::list<Cursor> cursors_;  // few: one, where segments don't overlap
  std::list<Cursor>::iterator given_;

  std::size_t window_;
  Guarded<Progress> progress_;
  std::condition_variable changed_;
  Guarded<std::list<CachedBlock>> blocks_;
  std::vector<Thread> threads_;
};

}  // namespace tresor::repo
