// SPDX-License-Identifier: Apache-2.0
// Segments: records in compressed, sealed frames, with their index. FORMAT.md 5. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "etcd/format/record.h"
#include "repo/format/compression.h"
#include "repo/format/envelope.h"
#include "repo/id.h"
#include "repo/repository.h"

namespace tresor::repo {

inline constexpr std::uint64_t kIndexPart = std::uint64_t{1} << 32;
inline constexpr std::uint64_t kDirectoryPart = std::uint64_t{1} << 33;
inline constexpr std::size_t kPartOverhead = crypto::Aead::kTagSize;
inline constexpr std::size_t kTrailerSize = 24;
/// Limits for readers; writers stay far below.
inline constexpr std::uint64_t kMaxSegmentSize = std::uint64_t{4} << 30;
inline constexpr std::uint64_t kMaxFrameSize = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kMaxFrameRecords = std::uint64_t{1} << 20;
inline constexpr std::uint64_t kMaxBlockRecords = std::uint64_t{1} << 21;
inline constexpr std::uint64_t kMaxDirectorySize = std::uint64_t{64} << 20;

/// A record's key as segments hold it: the same order as etcd::RecordKey's.
struct PackedKey {
  std::uint64_t main = 0;
  std::uint64_t sub_and_flag = 0;  // sub * 2 + tombstone
  friend auto operator<=>(const PackedKey&, const PackedKey&) = default;
};
[[nodiscard]] constexpr PackedKey Pack(const etcd::RecordKey& key) {
  return {static_cast<std::uint64_t>(key.main),
          static_cast<std::uint64_t>(key.sub) * 2 + (key.tombstone ? 1 : 0)};
}
[[nodiscard]] constexpr etcd::RecordKey Unpack(const PackedKey& key) {
  return {static_cast<std::int64_t>(key.main), static_cast<std::int64_t>(key.sub_and_flag / 2),
          key.sub_and_flag % 2 != 0};
}

// --- frames -------------------------------------------------------------------------------------

/// Records of one frame, before compression.
struct RawFrame {
  Bytes raw;
  std::vector<PackedKey> keys;
};

/// Collects the records of a frame. Threads: one.
class FrameBuilder {
 public:
  /// `key` is above the one before.
  void Add(const PackedKey& key, ByteView value);
  [[nodiscard]] bool empty() const { return keys_.empty(); }
  [[nodiscard]] std::size_t records() const { return keys_.size(); }
  /// Of what Take would give, but for a few bytes.
  [[nodiscard]] std::size_t raw_size() const { return head_.size() + values_.size(); }
  /// The frame; the builder is empty afterwards.
  [[nodiscard]] RawFrame Take();

 private:
  std::vector<PackedKey> keys_;
  ByteWriter head_;
  Bytes values_;
};

struct FrameRecord {
  PackedKey key;
  ByteView value;
};
/// The records of a raw frame, borrowed from it, ascending. kDataLoss.
[[nodiscard]] Result<std::vector<FrameRecord>> DecodeFrame(ByteView raw);

// --- index blocks -------------------------------------------------------------------------------

/// Keys and tags of the records of some frames, in order; both have the same size.
struct IndexBlock {
  std::vector<PackedKey> keys;
  std::vector<std::uint64_t> tags;
};
struct EncodedIndexBlock {
  Bytes bytes;
  std::uint64_t raw_keys_size = 0;
};
[[nodiscard]] EncodedIndexBlock EncodeIndexBlock(const IndexBlock& block, Compressor& compressor);
/// kDataLoss: not a block of `records` records.
[[nodiscard]] Result<IndexBlock> DecodeIndexBlock(ByteView bytes, std::uint64_t raw_keys_size,
                                                  std::uint64_t records,
                                                  Decompressor& decompressor);

// --- the directory ------------------------------------------------------------------------------

struct FrameInfo {
  std::uint64_t sealed_size = 0;
  std::uint64_t raw_size = 0;
  std::uint64_t records = 0;
  PackedKey first, last;
  friend bool operator==(const FrameInfo&, const FrameInfo&) = default;
};
struct BlockInfo {
  std::uint64_t sealed_size = 0;
  std::uint64_t raw_keys_size = 0;
  std::uint64_t frames = 0;
  friend bool operator==(const BlockInfo&, const BlockInfo&) = default;
};
struct Directory {
  Id lineage;
  std::uint64_t records = 0;
  std::vector<FrameInfo> frames;  // at least one
  std::vector<BlockInfo> blocks;
  friend bool operator==(const Directory&, const Directory&) = default;
};
/// Its size, varint, and a zstd frame.
[[nodiscard]] Bytes EncodeDirectory(const Directory& directory, Compressor& compressor);
/// Of a segment of `stored_size`, which bounds how many frames there can be. kDataLoss.
[[nodiscard]] Result<Directory> DecodeDirectory(ByteView bytes, std::uint64_t stored_size);
/// The invariants of FORMAT.md 5, for a segment of `stored_size` whose directory is sealed in
/// `sealed_size` bytes.
[[nodiscard]] Status CheckDirectory(const Directory& directory, std::uint64_t stored_size,
                                    std::uint64_t sealed_size);

struct Trailer {
  std::uint64_t directory_offset = 0;
  std::uint32_t directory_sealed_size = 0;
};
void AppendTrailer(const Trailer& trailer, Bytes& out);
/// Of a segment's last kTrailerSize bytes. kDataLoss.
[[nodiscard]] Result<Trailer> DecodeTrailer(ByteView bytes, std::uint64_t stored_size);

// --- a whole segment, in memory -----------------------------------------------------------------

/// Puts compressed frames together to a segment. Threads: one.
class SegmentBuilder {
 public:
  /// `cipher` has sealed nothing yet. Index blocks end with the frame that reaches
  /// `records_per_block`. `reserve_bytes`: what the segment should fit in without moving.
  SegmentBuilder(ObjectCipher cipher, const Id& lineage, std::uint64_t records_per_block,
                 std::uint64_t reserve_bytes = 0);

  /// The next frame: `compressed` is one zstd frame of `raw_size` bytes; keys ascend.
  void AddFrame(ByteView compressed, std::uint64_t raw_size, const std::vector<PackedKey>& keys,
                const std::vector<std::uint64_t>& tags);
  /// Of the frames so far.
  [[nodiscard]] std::uint64_t stored_size() const { return object_.size(); }
  [[nodiscard]] bool empty() const { return directory_.frames.empty(); }

  struct Segment {
    Bytes object;
    Directory directory;
    std::uint32_t directory_sealed_size = 0;
  };
  /// At least one frame was added. The builder is spent.
  [[nodiscard]] Segment Finish();

 private:
  void CloseBlock();

  ObjectCipher cipher_;
  std::uint64_t records_per_block_;
  Compressor compressor_;
  Bytes object_;
  Directory directory_;
  IndexBlock block_;
  std::uint64_t block_frames_ = 0;
  struct Sealable {
    EncodedIndexBlock block;
    std::uint64_t frames = 0;
  };
  std::vector<Sealable> blocks_;
};

}  // namespace tresor::repo
