// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <limits>

#include "base/status_matchers.h"

namespace tresor {
namespace {

TEST(BytesTest, IntegersRoundTrip) {
  ByteWriter writer;
  writer.U8(7);
  writer.U16(0x1234);
  writer.U32(0xdeadbeef);
  writer.U64(0x0123456789abcdef);
  writer.U64BigEndian(42);
  writer.LengthPrefixed("text");

  ByteReader reader(writer.view());

  EXPECT_EQ(reader.U8(), 7);
  EXPECT_EQ(reader.U16(), 0x1234);
  EXPECT_EQ(reader.U32(), 0xdeadbeef);
  EXPECT_EQ(reader.U64(), 0x0123456789abcdef);
  EXPECT_EQ(reader.U64BigEndian(), 42U);
  EXPECT_EQ(AsText(reader.LengthPrefixed()), "text");
  EXPECT_TRUE(reader.done());
}

TEST(BytesTest, VarintsRoundTripAtEveryLength) {
  for (unsigned bits = 0; bits <= 64; ++bits) {
    const std::uint64_t value =
        bits == 64 ? std::numeric_limits<std::uint64_t>::max() : (std::uint64_t{1} << bits) - 1;
    ByteWriter writer;
    writer.Varint(value);
    ByteReader reader(writer.view());
    EXPECT_EQ(reader.Varint(), value);
    EXPECT_TRUE(reader.done());
  }
}

TEST(BytesTest, RejectsVarintsThatAreTooLong) {
  const Bytes eleven(11, std::byte{0x80});
  ByteReader long_reader(eleven);
  EXPECT_EQ(long_reader.Varint(), 0U);
  EXPECT_FALSE(long_reader.ok());

  Bytes overflow(9, std::byte{0xff});
  overflow.push_back(std::byte{2});
  ByteReader overflow_reader(overflow);
  EXPECT_EQ(overflow_reader.Varint(), 0U);
  EXPECT_FALSE(overflow_reader.ok());
}

TEST(BytesTest, ReadsPastTheEndAreStickyAndGiveZero) {
  const Bytes two(2, std::byte{1});
  ByteReader reader(two);
  EXPECT_EQ(reader.U32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.U8(), 0);
  EXPECT_EQ(reader.remaining(), 0U);
}

TEST(BytesTest, LengthsNearTheLimitDoNotOverflow) {
  ByteWriter writer;
  writer.Varint(std::numeric_limits<std::uint64_t>::max());
  writer.U8(1);
  ByteReader reader(writer.view());
  EXPECT_TRUE(reader.LengthPrefixed().empty());
  EXPECT_FALSE(reader.ok());
}

TEST(BytesTest, ComparesAsMemcmpThenByLength) {
  EXPECT_TRUE(Compare(AsBytes("a"), AsBytes("ab")) < 0);
  EXPECT_TRUE(Compare(AsBytes("a"), AsBytes("\xff")) < 0);
  EXPECT_TRUE(Compare(AsBytes("b"), AsBytes("ab")) > 0);
  EXPECT_TRUE(Compare({}, {}) == 0);
}

TEST(BytesTest, ZigZagRoundTrips) {
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1},
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(UnZigZag(ZigZag(value)), value);
  }
}

}  // namespace
}  // namespace tresor
