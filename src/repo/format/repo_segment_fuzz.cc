// SPDX-License-Identifier: Apache-2.0
// Everything of a segment, and what is read beside it: decoders of decrypted bytes, also of what
// is compressed in them, and of sealed ones. The first byte says which.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "repo/format/buckets.h"
#include "repo/format/live_map.h"
#include "repo/format/segment.h"
#include "repo/keys.h"

namespace tresor::repo {
namespace {

class Ignore final : public BucketVisitor {
 public:
  Status BeginBucket(ByteView, std::uint64_t) override { return OkStatus(); }
  Status Pair(ByteView, ByteView) override { return OkStatus(); }
  Status EndBucket() override { return OkStatus(); }
};

// Made once: they cost more than a run.
Compressor& TheCompressor() {
  static Compressor& compressor = *new Compressor(1);
  return compressor;
}
Decompressor& TheDecompressor() {
  static Decompressor& decompressor = *new Decompressor;
  return decompressor;
}

void FuzzFrame(ByteView bytes) {
  const auto records = DecodeFrame(bytes);
  if (!records.ok()) {
    return;
  }
  FrameBuilder builder;
  for (const FrameRecord& record : *records) {
    builder.Add(record.key, record.value);
  }
  const Bytes again = builder.Take().raw;
  const auto decoded = DecodeFrame(again);
  TRESOR_CHECK(decoded.ok() && decoded->size() == records->size());
}

void FuzzDirectory(ByteView bytes) {
  constexpr std::uint64_t kStored = 1 << 20;
  const auto directory = DecodeDirectory(bytes, kStored);
  if (directory.ok()) {
    (void)CheckDirectory(*directory, kStored, 100);
    TRESOR_CHECK(DecodeDirectory(EncodeDirectory(*directory, TheCompressor()), kStored).ok());
  }
}

// As FuzzDirectory, with what zstd would hide.
void FuzzRawDirectory(ByteView raw) {
  ByteWriter writer;
  writer.Varint(raw.size());
  TheCompressor().Compress(raw, writer.bytes());
  FuzzDirectory(writer.view());
}

// An index block: how many records, and their keys.
void FuzzIndexBlock(ByteView bytes) {
  ByteReader reader(bytes);
  const std::uint64_t records = reader.U16();
  const ByteView keys = reader.View(reader.remaining());
  ByteWriter writer;
  Bytes compressed;
  TheCompressor().Compress(keys, compressed);
  writer.LengthPrefixed(compressed);
  writer.Zeros(records * 8);
  const auto block = DecodeIndexBlock(writer.view(), keys.size(), records, TheDecompressor());
  if (block.ok()) {
    const EncodedIndexBlock again = EncodeIndexBlock(*block, TheCompressor());
    const auto decoded =
        DecodeIndexBlock(again.bytes, again.raw_keys_size, records, TheDecompressor());
    TRESOR_CHECK(decoded.ok() && decoded->keys == block->keys);
  }
}

void FuzzLiveMap(ByteView bytes) {
  ByteReader reader(bytes);
  const std::uint64_t records = reader.U16();
  const std::uint64_t live = reader.U16();
  const auto map = DecodeLiveMap(reader.View(reader.remaining()), records, live);
  if (map.ok()) {
    TRESOR_CHECK(DecodeLiveMap(EncodeLiveMap(*map), records, live).value() == *map);
  }
}

void FuzzSealed(ByteView bytes) {
  static const KeyRing& keys = *new KeyRing(
      *crypto::SecretKey::FromBytes(AsBytes("0123456789abcdef0123456789abcdef")), Id{});
  auto cipher = keys.CipherOf(ObjectKind::kSegment, "segments/00/00", bytes);
  if (cipher.ok()) {
    (void)cipher->Open(kDirectoryPart, bytes.subspan(kHeaderSize));
    (void)DecodeTrailer(bytes.last(std::min(bytes.size(), kTrailerSize)), bytes.size());
  }
  (void)keys.Open(ObjectKind::kBlob, "blobs/00/00", bytes);
}

}  // namespace
}  // namespace tresor::repo

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor::repo;
  tresor::ByteView bytes = std::as_bytes(std::span(data, size));
  if (bytes.empty()) {
    return 0;
  }
  const auto which = static_cast<unsigned>(bytes[0]) % 8;
  bytes = bytes.subspan(1);
  switch (which) {
    case 0:
      FuzzFrame(bytes);
      break;
    case 1:
      FuzzDirectory(bytes);
      break;
    case 2:
      (void)DecodeIndexBlock(bytes, 40, 4, TheDecompressor());
      break;
    case 3:
      FuzzLiveMap(bytes);
      break;
    case 4: {
      Ignore ignore;
      BucketDecoder decoder(ignore);
      (void)decoder.Part(bytes);
      (void)decoder.Finish();
      break;
    }
    case 5:
      FuzzRawDirectory(bytes);
      break;
    case 6:
      FuzzIndexBlock(bytes);
      break;
    default:
      FuzzSealed(bytes);
  }
  return 0;
}
