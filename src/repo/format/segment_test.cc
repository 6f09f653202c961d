// SPDX-License-Identifier: Apache-2.0
#include "repo/format/segment.h"

#include "base/random.h"
#include "base/status_matchers.h"
#include "repo/format/live_map.h"
#include "repo/format/manifest.h"
#include "repo/keys.h"

namespace tresor::repo {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

RawFrame MakeFrame() {
  FrameBuilder builder;
  builder.Add({5, 0}, AsBytes("a"));
  builder.Add({5, 2}, AsBytes(""));
  builder.Add({900, 1}, AsBytes("bcd"));
  return builder.Take();
}

Directory MakeDirectory() {
  return {.lineage = {},
          .records = 3,
          .frames = {{100, 200, 2, {5, 0}, {5, 2}}, {50, 60, 1, {900, 1}, {900, 1}}},
          .blocks = {{30, 9, 2}}};
}
constexpr std::uint64_t kDirectorySize = 40;
constexpr std::uint64_t kStored = kHeaderSize + 100 + 50 + 30 + kDirectorySize + kTrailerSize;

TEST(SegmentTest, FrameIsAsFormatSays) {
  // FORMAT.md 5: count; per record main's difference, sub * 2 + tombstone, size; values.
  const Bytes expected = {std::byte{3},   std::byte{5},   std::byte{0},  std::byte{1},
                          std::byte{0},   std::byte{2},   std::byte{0},  std::byte{0xff},
                          std::byte{6},   std::byte{1},   std::byte{3},  std::byte{'a'},
                          std::byte{'b'}, std::byte{'c'}, std::byte{'d'}};
  EXPECT_EQ(MakeFrame().raw, expected);
  ASSERT_OK_AND_ASSIGN(const auto records, DecodeFrame(expected));
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[2].key, (PackedKey{900, 1}));
  EXPECT_EQ(AsText(records[2].value), "bcd");
}

TEST(SegmentTest, RejectsEveryPrefixOfAFrame) {
  const Bytes raw = MakeFrame().raw;
  for (std::size_t size = 0; size < raw.size(); ++size) {
    EXPECT_THAT(DecodeFrame(ByteView(raw).first(size)), StatusIs(Code::kDataLoss)) << size;
  }
}

TEST(SegmentTest, RejectsKeysThatDontAscend) {
  const Bytes same_twice = {std::byte{2}, std::byte{5}, std::byte{0}, std::byte{0},
                            std::byte{0}, std::byte{0}, std::byte{0}};
  EXPECT_THAT(DecodeFrame(same_twice), StatusIs(Code::kDataLoss, HasSubstr("ascend")));
}

TEST(SegmentTest, DirectoryComesBackAndIsChecked) {
  Compressor compressor(3);
  const Bytes encoded = EncodeDirectory(MakeDirectory(), compressor);
  ASSERT_OK_AND_ASSIGN(const Directory decoded, DecodeDirectory(encoded, kStored));
  EXPECT_EQ(decoded, MakeDirectory());
  EXPECT_OK(CheckDirectory(decoded, kStored, kDirectorySize));
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    EXPECT_THAT(DecodeDirectory(ByteView(encoded).first(size), kStored), StatusIs(Code::kDataLoss));
  }
}

TEST(SegmentTest, RejectsMoreFramesThanTheSegmentHolds) {
  Directory directory = MakeDirectory();
  directory.frames.clear();
  for (std::uint64_t i = 0; i < 1000; ++i) {
    directory.frames.push_back({17, 1, 1, {i + 1, 0}, {i + 1, 0}});
  }
  Compressor compressor(3);
  const Bytes encoded = EncodeDirectory(directory, compressor);
  EXPECT_OK(DecodeDirectory(encoded, 1000 * 17).status());
  EXPECT_THAT(DecodeDirectory(encoded, 999 * 17), StatusIs(Code::kDataLoss, HasSubstr("1000")));
}

TEST(SegmentTest, RejectsAFrameThatCantDecompressToItsSize) {
  Directory directory = MakeDirectory();
  directory.frames[0].raw_size = (100 - kPartOverhead) * kMaxCompressionRatio;
  EXPECT_OK(CheckDirectory(directory, kStored, kDirectorySize));
  ++directory.frames[0].raw_size;
  EXPECT_THAT(CheckDirectory(directory, kStored, kDirectorySize), StatusIs(Code::kDataLoss));
}

TEST(SegmentTest, CheckDirectoryRefusesWhatDoesNotAddUp) {
  const auto check = [](auto&& change) {
    Directory directory = MakeDirectory();
    change(directory);
    return CheckDirectory(directory, kStored, kDirectorySize);
  };
  EXPECT_OK(check([](Directory&) {}));
  EXPECT_THAT(check([](Directory& d) { ++d.records; }), StatusIs(Code::kDataLoss));
  EXPECT_THAT(check([](Directory& d) { ++d.frames[0].sealed_size; }), StatusIs(Code::kDataLoss));
  EXPECT_THAT(check([](Directory& d) { d.frames[0].records = 0; }), StatusIs(Code::kDataLoss));
  EXPECT_THAT(check([](Directory& d) { d.frames[0].raw_size = kMaxFrameSize + 1; }),
              StatusIs(Code::kDataLoss));
  EXPECT_THAT(check([](Directory& d) { d.frames[1].first = {5, 2}; }), StatusIs(Code::kDataLoss));
  EXPECT_THAT(check([](Directory& d) { d.blocks[0].frames = 1; }), StatusIs(Code::kDataLoss));
  EXPECT_THAT(check([](Directory& d) { d.blocks[0].frames = 3; }), StatusIs(Code::kDataLoss));
  EXPECT_THAT(check([](Directory& d) { d.blocks.clear(); }), StatusIs(Code::kDataLoss));
}

TEST(SegmentTest, TrailerNamesThePlaceOfTheDirectory) {
  Bytes bytes;
  AppendTrailer({kStored - kTrailerSize - kDirectorySize, kDirectorySize}, bytes);
  ASSERT_EQ(bytes.size(), kTrailerSize);
  EXPECT_OK(DecodeTrailer(bytes, kStored));
  EXPECT_THAT(DecodeTrailer(bytes, kStored + 1), StatusIs(Code::kDataLoss));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes damaged = bytes;
    damaged[i] ^= std::byte{0x40};
    EXPECT_THAT(DecodeTrailer(damaged, kStored), StatusIs(Code::kDataLoss)) << i;
  }
}

TEST(LiveMapTest, EveryFormComesBackAndTheShortestIsUsed) {
  SeededRandom random(1);
  for (const std::uint64_t size : {1U, 7U, 64U, 65U, 1000U}) {
    for (const std::uint64_t one_in : {1U, 2U, 50U}) {
      for (const bool inverted : {false, true}) {
        LiveSet live(size);
        for (std::uint64_t i = 0; i < size; ++i) {
          if ((random.Below(one_in) == 0) != inverted) {
            live.Set(i);
          }
        }
        const Bytes encoded = EncodeLiveMap(live);
        EXPECT_LE(encoded.size(), 1 + (size + 7) / 8);
        EXPECT_EQ(DecodeLiveMap(encoded, size, live.Count()).value(), live);
        EXPECT_THAT(DecodeLiveMap(encoded, size, live.Count() + 1), StatusIs(Code::kDataLoss));
      }
    }
  }
}

TEST(LiveMapTest, RejectsWhatLiesBeyondTheLastRecord) {
  const Bytes bitmap = {std::byte{1}, std::byte{0x80}};
  EXPECT_THAT(DecodeLiveMap(bitmap, 7, 1), StatusIs(Code::kDataLoss, HasSubstr("beyond")));
  const Bytes gaps = {std::byte{2}, std::byte{7}};
  EXPECT_THAT(DecodeLiveMap(gaps, 7, 1), StatusIs(Code::kDataLoss, HasSubstr("beyond")));
  EXPECT_OK(DecodeLiveMap(gaps, 8, 1));
}

}  // namespace
}  // namespace tresor::repo
