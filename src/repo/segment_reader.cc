// SPDX-License-Identifier: Apache-2.0
#include "repo/segment_reader.h"

#include <utility>

#include "base/parallel.h"
#include "repo/format/names.h"

namespace tresor::repo {
namespace {

/// One per thread: making one costs more than a small frame.
Decompressor& ThreadDecompressor() {
  thread_local Decompressor decompressor;
  return decompressor;
}

Status CheckFrame(const FrameInfo& info, const std::vector<FrameRecord>& records) {
  if (records.size() != info.records || records.front().key != info.first ||
      records.back().key != info.last) {
    return Error(Code::kDataLoss, "{} records from {} to {}; the directory says {} from {} to {}",
                 records.size(), etcd::ToString(Unpack(records.front().key)),
                 etcd::ToString(Unpack(records.back().key)), info.records,
                 etcd::ToString(Unpack(info.first)), etcd::ToString(Unpack(info.last)));
  }
  return OkStatus();
}

}  // namespace

SegmentReader::SegmentReader(const Objects& objects, const Id& id, std::uint64_t stored_size,
                             ObjectCipher cipher, Directory directory)
    : objects_(objects),
      id_(id),
      name_(SegmentName(id)),
      stored_size_(stored_size),
      cipher_(std::move(cipher)),
      directory_(std::move(directory)) {
  std::uint64_t offset = kHeaderSize;
  std::uint64_t ordinal = 0;
  for (const FrameInfo& frame : directory_.frames) {
    frame_offsets_.push_back(offset);
    ordinals_.push_back(ordinal);
    offset += frame.sealed_size;
    ordinal += frame.records;
  }
  frame_offsets_.push_back(offset);
  ordinals_.push_back(ordinal);
  std::size_t frame = 0;
  for (const BlockInfo& block : directory_.blocks) {
    block_offsets_.push_back(offset);
    block_frames_.push_back(frame);
    offset += block.sealed_size;
    frame += block.frames;
  }
  block_offsets_.push_back(offset);
  block_frames_.push_back(frame);
}

Result<std::unique_ptr<SegmentReader>> SegmentReader::Open(const Context& context,
                                                           const Objects& objects,
                                                           const SegmentRef& ref) {
  ASSIGN_OR_RETURN(auto reader,
                   OpenTail(context, objects, ref.id, ref.stored_size, ref.directory_sealed_size));
  if (reader->directory().records != ref.records) {
    return Error(Code::kDataLoss, "{}: {} records; the manifest says {}", reader->name(),
                 reader->directory().records, ref.records);
  }
  return reader;
}

Result<std::unique_ptr<SegmentReader>> SegmentReader::OpenBySize(const Context& context,
                                                                 const Objects& objects,
                                                                 const Id& id,
                                                                 std::uint64_t stored_size) {
  const std::string name = SegmentName(id);
  if (stored_size < kHeaderSize + kTrailerSize) {
    return Error(Code::kDataLoss, "{}: {} bytes are too few", name, stored_size);
  }
  auto bytes = objects.store().Get(context, name, {stored_size - kTrailerSize, kTrailerSize});
  if (!bytes.ok()) {
    return Annotate(bytes.status(), name);
  }
  auto trailer = DecodeTrailer(*bytes, stored_size);
  if (!trailer.ok()) {
    return Annotate(trailer.status(), name);
  }
  return OpenTail(context, objects, id, stored_size, trailer->directory_sealed_size);
}

Result<std::unique_ptr<SegmentReader>> SegmentReader::OpenTail(
    const Context& context, const Objects& objects, const Id& id, std::uint64_t stored_size,
    std::uint64_t directory_sealed_size) {
  const std::string name = SegmentName(id);
  const auto fail = [&](const Status& status) {
    // The size is written down elsewhere: an object that is shorter has lost something.
    return status.code() == Code::kOutOfRange
               ? Error(Code::kDataLoss, "{}: shorter than {} bytes", name, stored_size)
               : Annotate(status, name);
  };
  const std::uint64_t tail_size = directory_sealed_size + kTrailerSize;
  if (stored_size > kMaxSegmentSize || directory_sealed_size > kMaxDirectorySize ||
      tail_size > stored_size - std::min<std::uint64_t>(stored_size, kHeaderSize)) {
    return Error(Code::kDataLoss, "{}: a directory of {} bytes in {}", name, directory_sealed_size,
                 stored_size);
  }
  auto header = objects.store().Get(context, name, {0, kHeaderSize});
  if (!header.ok()) {
    return fail(header.status());
  }
  ASSIGN_OR_RETURN(ObjectCipher cipher,
                   objects.keys().CipherOf(ObjectKind::kSegment, name, *header));
  auto tail = objects.store().Get(context, name, {stored_size - tail_size, tail_size});
  if (!tail.ok()) {
    return fail(tail.status());
  }
  const ByteView view(*tail);
  auto trailer = DecodeTrailer(view.last(kTrailerSize), stored_size);
  if (!trailer.ok()) {
    return fail(trailer.status());
  }
  if (trailer->directory_sealed_size != directory_sealed_size) {
    return Error(Code::kDataLoss, "{}: the trailer and the manifest disagree", name);
  }
  auto plain = cipher.Open(kDirectoryPart, view.first(directory_sealed_size));
  if (!plain.ok()) {
    return fail(plain.status());
  }
  auto directory = DecodeDirectory(*plain, stored_size);
  if (!directory.ok()) {
    return fail(directory.status());
  }
  if (Status status = CheckDirectory(*directory, stored_size, directory_sealed_size);
      !status.ok()) {
    return fail(status);
  }
  return std::unique_ptr<SegmentReader>(
      new SegmentReader(objects, id, stored_size, std::move(cipher), *std::move(directory)));
}

Result<IndexBlock> SegmentReader::ReadBlock(const Context& context, std::size_t block) const {
  const BlockInfo& info = directory_.blocks[block];
  const auto fail = [&](const Status& status) {
    return Annotate(status, fmt::format("{}: index block {}", name_, block));
  };
  auto sealed = objects_.store().Get(context, name_, {block_offsets_[block], info.sealed_size});
  if (!sealed.ok()) {
    return fail(sealed.status());
  }
  ObjectCipher cipher = cipher_.Clone();
  auto plain = cipher.Open(kIndexPart + block, *sealed);
  if (!plain.ok()) {
    return fail(plain.status());
  }
  const std::size_t begin = block_frames_[block];
  const std::size_t end = block_frames_[block + 1];
  auto decoded = DecodeIndexBlock(*plain, info.raw_keys_size, ordinals_[end] - ordinals_[begin],
                                  ThreadDecompressor());
  if (!decoded.ok()) {
    return fail(decoded.status());
  }
  for (std::size_t frame = begin; frame < end; ++frame) {
    if (decoded->keys[ordinals_[frame] - ordinals_[begin]] != directory_.frames[frame].first ||
        decoded->keys[ordinals_[frame + 1] - 1 - ordinals_[begin]] !=
            directory_.frames[frame].last) {
      return fail(Error(Code::kDataLoss, "it and the directory disagree about frame {}", frame));
    }
  }
  return decoded;
}

Result<std::vector<OpenedFrame>> SegmentReader::ReadFrames(const Context& context,
                                                           std::size_t begin,
                                                           std::size_t end) const {
  return ReadFrames(context, begin, end, std::vector<bool>(end - begin, true));
}

Result<std::vector<OpenedFrame>> SegmentReader::ReadFrames(const Context& context,
                                                           std::size_t begin, std::size_t end,
                                                           const std::vector<bool>& wanted) const {
  const std::uint64_t offset = frame_offsets_[begin];
  auto sealed = objects_.store().Get(context, name_, {offset, frame_offsets_[end] - offset});
  if (!sealed.ok()) {
    return Annotate(sealed.status(), name_);
  }
  ObjectCipher cipher = cipher_.Clone();
  std::vector<OpenedFrame> frames(end - begin);
  Bytes compressed;
  for (std::size_t frame = begin; frame < end; ++frame) {
    if (!wanted[frame - begin]) {
      continue;
    }
    const FrameInfo& info = directory_.frames[frame];
    const ByteView part =
        ByteView(*sealed).subspan(frame_offsets_[frame] - offset, info.sealed_size);
    const auto fail = [&](const Status& status) {
      return Annotate(status, fmt::format("{}: frame {}", name_, frame));
    };
    compressed.resize(part.size() - kPartOverhead);
    if (Status status = cipher.Open(frame, part, compressed); !status.ok()) {
      return fail(status);
    }
    auto raw = std::make_shared<Bytes>(info.raw_size);
    if (Status status = ThreadDecompressor().Decompress(compressed, *raw); !status.ok()) {
      return fail(status);
    }
    auto records = DecodeFrame(*raw);
    if (!records.ok()) {
      return fail(records.status());
    }
    if (Status status = CheckFrame(info, *records); !status.ok()) {
      return fail(status);
    }
    frames[frame - begin] = {std::move(raw), *std::move(records)};
  }
  return frames;
}

Result<LiveSet> ReadLiveMap(const Context& context, const Objects& objects, const SegmentRef& ref) {
  if (!ref.map) {
    return LiveSet::All(ref.records);
  }
  ASSIGN_OR_RETURN(const Bytes blob, objects.ReadBlob(context, ref.map->blob));
  return LiveMapIn(blob, ref);
}

Result<std::vector<std::unique_ptr<SegmentReader>>> OpenSegments(
    const Context& context, const Objects& objects, const std::vector<const SegmentRef*>& refs) {
  std::vector<std::unique_ptr<SegmentReader>> readers(refs.size());
  RETURN_IF_ERROR(ForEachParallel(refs.size(), kParallelReads, [&](std::size_t i) -> Status {
    ASSIGN_OR_RETURN(readers[i], SegmentReader::Open(context, objects, *refs[i]));
    return OkStatus();
  }));
  return readers;
}

Result<LiveSet> LiveMapIn(ByteView blob, const SegmentRef& ref) {
  const auto fail = [&](const Status& status) {
    return Annotate(status,
                    fmt::format("{}: for {}", BlobName(ref.map->blob), SegmentName(ref.id)));
  };
  if (ref.map->offset > blob.size() || ref.map->size > blob.size() - ref.map->offset) {
    return fail(Error(Code::kDataLoss, "the live map lies beyond its end"));
  }
  auto live = DecodeLiveMap(blob.subspan(ref.map->offset, ref.map->size), ref.records, ref.live);
  if (!live.ok()) {
    return fail(live.status());
  }
  return live;
}

}  // namespace tresor::repo
