// SPDX-License-Identifier: Apache-2.0
#include "repo/format/segment.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"

namespace tresor::repo {
namespace {

constexpr std::uint64_t kMaxMain = std::numeric_limits<std::int64_t>::max();
constexpr int kIndexLevel = 3;

/// A key after `previous`; main as the difference.
void AppendKey(const PackedKey& previous, const PackedKey& key, ByteWriter& out) {
  out.Varint(key.main - previous.main);
  out.Varint(key.sub_and_flag);
}

/// The reader turns bad when the key isn't above `previous` (unless it is the `first`) or no key.
PackedKey ReadKey(const PackedKey& previous, bool first, ByteReader& reader) {
  const std::uint64_t difference = reader.Varint();
  const std::uint64_t sub_and_flag = reader.Varint();
  if (difference > kMaxMain - previous.main) {
    reader.MarkBad();
    return previous;
  }
  const PackedKey key{previous.main + difference, sub_and_flag};
  if (!first && key <= previous) {
    reader.MarkBad();
  }
  return key;
}

}  // namespace

void FrameBuilder::Add(const PackedKey& key, ByteView value) {
  TRESOR_CHECK(keys_.empty() || key > keys_.back());
  AppendKey(keys_.empty() ? PackedKey{} : keys_.back(), key, head_);
  head_.Varint(value.size());
  values_.insert(values_.end(), value.begin(), value.end());
  keys_.push_back(key);
}

RawFrame FrameBuilder::Take() {
  ByteWriter writer;
  writer.bytes().reserve(10 + raw_size());
  writer.Varint(keys_.size());
  writer.Append(head_.view());
  writer.Append(values_);
  head_.Clear();
  values_.clear();
  return {writer.Take(), std::exchange(keys_, {})};
}

Result<std::vector<FrameRecord>> DecodeFrame(ByteView raw) {
  constexpr std::size_t kMinHead = 3;
  ByteReader reader(raw);
  const std::uint64_t count = reader.Varint();
  if (!reader.ok() || count == 0 || count > kMaxFrameRecords ||
      count > reader.remaining() / kMinHead) {
    return Error(Code::kDataLoss, "frame: {} records in {} bytes", count, raw.size());
  }
  struct Entry {
    PackedKey key;
    std::uint64_t size;
  };
  std::vector<Entry> entries(count);
  PackedKey previous;
  bool first = true;
  for (Entry& entry : entries) {
    entry.key = previous = ReadKey(previous, first, reader);
    entry.size = reader.Varint();
    first = false;
  }
  std::vector<FrameRecord> records;
  records.reserve(count);
  for (const Entry& entry : entries) {
    records.push_back({entry.key, reader.View(entry.size)});
  }
  if (!reader.done()) {
    return Error(Code::kDataLoss, "frame: keys don't ascend or sizes don't add up");
  }
  return records;
}

EncodedIndexBlock EncodeIndexBlock(const IndexBlock& block, Compressor& compressor) {
  TRESOR_CHECK(block.keys.size() == block.tags.size());
  ByteWriter keys;
  PackedKey previous;
  for (const PackedKey& key : block.keys) {
    AppendKey(previous, key, keys);
    previous = key;
  }
  Bytes compressed;
  compressor.Compress(keys.view(), compressed);
  ByteWriter writer;
  writer.LengthPrefixed(compressed);
  for (const std::uint64_t tag : block.tags) {
    writer.U64(tag);
  }
  return {writer.Take(), keys.size()};
}

Result<IndexBlock> DecodeIndexBlock(ByteView bytes, std::uint64_t raw_keys_size,
                                    std::uint64_t records, Decompressor& decompressor) {
  constexpr std::uint64_t kMaxKeySize = 20;  // two varints
  ByteReader reader(bytes);
  const ByteView compressed = reader.LengthPrefixed();
  const ByteView tags = reader.View(reader.remaining());
  if (!reader.ok() || records > kMaxBlockRecords || tags.size() != records * 8 ||
      raw_keys_size > records * kMaxKeySize) {
    return Error(Code::kDataLoss, "index block: not one of {} records", records);
  }
  Bytes raw(raw_keys_size);
  if (Status status = decompressor.Decompress(compressed, raw); !status.ok()) {
    return Annotate(status, "index block");
  }
  IndexBlock block;
  block.keys.resize(records);
  block.tags.resize(records);
  ByteReader keys(raw);
  PackedKey previous;
  for (std::size_t i = 0; i < records; ++i) {
    block.keys[i] = previous = ReadKey(previous, i == 0, keys);
    block.tags[i] = LoadU64(tags.data() + i * 8);
  }
  if (!keys.done()) {
    return Error(Code::kDataLoss, "index block: keys don't ascend or have another size");
  }
  return block;
}

Bytes EncodeDirectory(const Directory& directory, Compressor& compressor) {
  ByteWriter raw;
  raw.Append(directory.lineage.bytes);
  raw.Varint(directory.records);
  raw.Varint(directory.frames.size());
  PackedKey previous;
  for (const FrameInfo& frame : directory.frames) {
    raw.Varint(frame.sealed_size);
    raw.Varint(frame.raw_size);
    raw.Varint(frame.records);
    AppendKey(previous, frame.first, raw);
    AppendKey(frame.first, frame.last, raw);
    previous = frame.last;
  }
  raw.Varint(directory.blocks.size());
  for (const BlockInfo& block : directory.blocks) {
    raw.Varint(block.sealed_size);
    raw.Varint(block.raw_keys_size);
    raw.Varint(block.frames);
  }
  ByteWriter writer;
  writer.Varint(raw.size());
  compressor.Compress(raw.view(), writer.bytes());
  return writer.Take();
}

Result<Directory> DecodeDirectory(ByteView bytes, std::uint64_t stored_size) {
  constexpr std::size_t kMinFrame = 7;
  constexpr std::size_t kMinBlock = 3;
  constexpr std::uint64_t kMinSealed = kPartOverhead + 1;
  ByteReader outer(bytes);
  const std::uint64_t raw_size = outer.Varint();
  if (!outer.ok() || raw_size > kMaxDirectorySize) {
    return Error(Code::kDataLoss, "directory: size {} is out of bounds", raw_size);
  }
  Bytes raw(raw_size);
  if (Status status = Decompressor().Decompress(outer.View(outer.remaining()), raw); !status.ok()) {
    return Annotate(status, "directory");
  }

  ByteReader reader(raw);
  Directory directory;
  const ByteView lineage = reader.View(Id::kSize);
  directory.records = reader.Varint();
  const std::uint64_t frames = reader.Varint();
  // A directory of many equal frames compresses to nothing: the segment has to hold them too.
  if (!reader.ok() || frames > reader.remaining() / kMinFrame ||
      frames > stored_size / kMinSealed) {
    return Error(Code::kDataLoss, "directory: {} frames in {} bytes, of a segment of {}", frames,
                 raw_size, stored_size);
  }
  directory.lineage = IdOf(lineage);
  directory.frames.resize(frames);
  PackedKey previous;
  for (std::size_t i = 0; i < frames; ++i) {
    FrameInfo& frame = directory.frames[i];
    frame.sealed_size = reader.Varint();
    frame.raw_size = reader.Varint();
    frame.records = reader.Varint();
    frame.first = ReadKey(previous, i == 0, reader);
    frame.last = previous = ReadKey(frame.first, frame.records == 1, reader);
  }
  const std::uint64_t blocks = reader.Varint();
  if (!reader.ok() || blocks > reader.remaining() / kMinBlock || blocks > frames) {
    return Error(Code::kDataLoss, "directory: keys of frames don't ascend, or {} blocks", blocks);
  }
  directory.blocks.resize(blocks);
  for (BlockInfo& block : directory.blocks) {
    block.sealed_size = reader.Varint();
    block.raw_keys_size = reader.Varint();
    block.frames = reader.Varint();
  }
  if (!reader.done()) {
    return Error(Code::kDataLoss, "directory: wrong size");
  }
  return directory;
}

Status CheckDirectory(const Directory& directory, std::uint64_t stored_size,
                      std::uint64_t sealed_size) {
  if (stored_size > kMaxSegmentSize || directory.frames.empty() || directory.blocks.empty()) {
    return Error(Code::kDataLoss, "directory: {} bytes, {} frames, {} blocks", stored_size,
                 directory.frames.size(), directory.blocks.size());
  }
  std::uint64_t size = kHeaderSize + sealed_size + kTrailerSize;
  std::uint64_t records = 0;
  const PackedKey* previous = nullptr;
  for (const FrameInfo& frame : directory.frames) {
    if (frame.sealed_size <= kPartOverhead || frame.sealed_size > stored_size ||
        frame.raw_size == 0 || frame.raw_size > kMaxFrameSize ||
        frame.raw_size > (frame.sealed_size - kPartOverhead) * kMaxCompressionRatio ||
        frame.records == 0 || frame.records > kMaxFrameRecords) {
      return Error(Code::kDataLoss, "directory: a frame of {} records, {} bytes, {} sealed",
                   frame.records, frame.raw_size, frame.sealed_size);
    }
    if ((previous != nullptr && frame.first <= *previous) ||
        (frame.records == 1 ? frame.first != frame.last : frame.first >= frame.last)) {
      return Error(Code::kDataLoss, "directory: keys of frames don't ascend");
    }
    previous = &frame.last;
    size += frame.sealed_size;
    records += frame.records;
    if (size > stored_size) {
      break;
    }
  }
  std::size_t next_frame = 0;
  for (const BlockInfo& block : directory.blocks) {
    if (block.sealed_size <= kPartOverhead || block.sealed_size > stored_size ||
        block.frames == 0 || block.frames > directory.frames.size() - next_frame) {
      return Error(Code::kDataLoss, "directory: a block of {} frames, {} sealed bytes",
                   block.frames, block.sealed_size);
    }
    std::uint64_t block_records = 0;
    for (std::size_t i = 0; i < block.frames; ++i) {
      block_records += directory.frames[next_frame + i].records;
    }
    if (block_records > kMaxBlockRecords) {
      return Error(Code::kDataLoss, "directory: a block of {} records", block_records);
    }
    next_frame += block.frames;
    size += block.sealed_size;
    if (size > stored_size) {
      break;
    }
  }
  if (size != stored_size || records != directory.records ||
      next_frame != directory.frames.size()) {
    return Error(Code::kDataLoss, "directory: sums don't agree with the segment's size or count");
  }
  return OkStatus();
}

void AppendTrailer(const Trailer& trailer, Bytes& out) {
  ByteWriter writer;
  writer.U64(trailer.directory_offset);
  writer.U32(trailer.directory_sealed_size);
  writer.U32(0);
  writer.Append(SegmentEndMagic());
  out.insert(out.end(), writer.view().begin(), writer.view().end());
}

Result<Trailer> DecodeTrailer(ByteView bytes, std::uint64_t stored_size) {
  ByteReader reader(bytes);
  const Trailer trailer{reader.U64(), reader.U32()};
  const std::uint32_t zero = reader.U32();
  const ByteView magic = reader.View(kMagicSize);
  if (!reader.done() || zero != 0 || !Equal(magic, SegmentEndMagic())) {
    return Error(Code::kDataLoss, "trailer: no end of a segment");
  }
  if (trailer.directory_offset < kHeaderSize || trailer.directory_offset > stored_size ||
      trailer.directory_sealed_size <= kPartOverhead ||
      stored_size - trailer.directory_offset !=
          std::uint64_t{trailer.directory_sealed_size} + kTrailerSize) {
    return Error(Code::kDataLoss, "trailer: directory at {}, {} bytes, in a segment of {}",
                 trailer.directory_offset, trailer.directory_sealed_size, stored_size);
  }
  return trailer;
}

SegmentBuilder::SegmentBuilder(ObjectCipher cipher, const Id& lineage,
                               std::uint64_t records_per_block, std::uint64_t reserve_bytes)
    : cipher_(std::move(cipher)), records_per_block_(records_per_block), compressor_(kIndexLevel) {
  object_.reserve(reserve_bytes);
  object_.assign(cipher_.header().begin(), cipher_.header().end());
  directory_.lineage = lineage;
}

void SegmentBuilder::AddFrame(ByteView compressed, std::uint64_t raw_size,
                              const std::vector<PackedKey>& keys,
                              const std::vector<std::uint64_t>& tags) {
  TRESOR_CHECK(!keys.empty() && keys.size() == tags.size());
  TRESOR_CHECK(empty() || keys.front() > directory_.frames.back().last);
  const std::size_t before = object_.size();
  cipher_.Seal(directory_.frames.size(), compressed, object_);
  directory_.frames.push_back(
      {object_.size() - before, raw_size, keys.size(), keys.front(), keys.back()});
  directory_.records += keys.size();
  block_.keys.insert(block_.keys.end(), keys.begin(), keys.end());
  block_.tags.insert(block_.tags.end(), tags.begin(), tags.end());
  ++block_frames_;
  if (block_.keys.size() >= records_per_block_) {
    CloseBlock();
  }
}

void SegmentBuilder::CloseBlock() {
  blocks_.push_back({EncodeIndexBlock(block_, compressor_), block_frames_});
  block_ = {};
  block_frames_ = 0;
}

SegmentBuilder::Segment SegmentBuilder::Finish() {
  TRESOR_CHECK(!empty());
  if (block_frames_ > 0) {
    CloseBlock();
  }
  for (const Sealable& sealable : blocks_) {
    const std::size_t before = object_.size();
    cipher_.Seal(kIndexPart + directory_.blocks.size(), sealable.block.bytes, object_);
    directory_.blocks.push_back(
        {object_.size() - before, sealable.block.raw_keys_size, sealable.frames});
  }
  const std::size_t offset = object_.size();
  cipher_.Seal(kDirectoryPart, EncodeDirectory(directory_, compressor_), object_);
  const auto sealed_size = static_cast<std::uint32_t>(object_.size() - offset);
  AppendTrailer({offset, sealed_size}, object_);
  TRESOR_CHECK(CheckDirectory(directory_, object_.size(), sealed_size).ok());
  return {std::move(object_), std::move(directory_), sealed_size};
}

}  // namespace tresor::repo
