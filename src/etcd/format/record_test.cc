// SPDX-License-Identifier: Apache-2.0
#include "etcd/format/record.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/status_matchers.h"

namespace tresor::etcd {
namespace {

using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using testing::StatusIs;

Bytes Hex(std::string_view text) { return FromHex(text).value(); }

TEST(RecordKeyTest, EncodesAPut) {
  EXPECT_EQ(ToHex(EncodeRecordKey({.main = 0x1122, .sub = 3})),
            "00000000000011225f0000000000000003");
}

TEST(RecordKeyTest, EncodesATombstoneWithATrailingT) {
  EXPECT_EQ(ToHex(EncodeRecordKey({.main = 4, .sub = 0, .tombstone = true})),
            "00000000000000045f000000000000000074");
}

TEST(RecordKeyTest, DecodesWhatItEncodes) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  for (const RecordKey& key :
       {RecordKey{}, RecordKey{2, 7, true}, RecordKey{kMost, kMost, false}}) {
    EXPECT_THAT(DecodeRecordKey(EncodeRecordKey(key)), IsOkAndHolds(key));
  }
}

TEST(RecordKeyTest, ByteOrderIsRevisionOrder) {
  const RecordKey keys[] = {
      {1, 256, false}, {2, 0, false}, {2, 0, true}, {2, 1, false}, {256, 0, false}};
  for (std::size_t i = 1; i < std::size(keys); ++i) {
    EXPECT_LT(keys[i - 1], keys[i]);
    EXPECT_EQ(Compare(EncodeRecordKey(keys[i - 1]), EncodeRecordKey(keys[i])),
              std::strong_ordering::less);
  }
}

TEST(RecordKeyTest, RefusesEveryOtherLength) {
  const Bytes key = EncodeRecordKey({2, 0, true});
  for (std::size_t size = 0; size < 30; ++size) {
    Bytes cut = key;
    cut.resize(size);
    EXPECT_EQ(DecodeRecordKey(cut).ok(), size == 17 || size == 18) << size;
  }
}

TEST(RecordKeyTest, RefusesWrongMarksAndNegativeNumbers) {
  EXPECT_THAT(DecodeRecordKey(Hex("00000000000000025e0000000000000000")),
              StatusIs(Code::kDataLoss));
  EXPECT_THAT(DecodeRecordKey(Hex("00000000000000025f000000000000000073")),
              StatusIs(Code::kDataLoss));
  EXPECT_THAT(DecodeRecordKey(Hex("80000000000000025f0000000000000000")),
              StatusIs(Code::kDataLoss, HasSubstr("negative")));
  EXPECT_THAT(DecodeRecordKey(Hex("00000000000000025f8000000000000000")),
              StatusIs(Code::kDataLoss));
}

TEST(RecordKeyTest, PrintsAsMainAndSub) {
  EXPECT_EQ(ToString(RecordKey{1234, 0, false}), "1234_0");
  EXPECT_EQ(ToString(RecordKey{1234, 5, true}), "1234_5t");
}

TEST(KeyValueTest, DecodesEtcdsBytes) {
  const Bytes bytes = Hex("0a01611002180320022a0179300c");

  ASSERT_OK_AND_ASSIGN(const KeyValue out, DecodeKeyValue(bytes));

  EXPECT_EQ(AsText(out.key), "a");
  EXPECT_EQ(out.create_revision, 2);
  EXPECT_EQ(out.mod_revision, 3);
  EXPECT_EQ(out.version, 2);
  EXPECT_EQ(AsText(out.value), "y");
  EXPECT_EQ(out.lease, 12);
  EXPECT_EQ(EncodeKeyValue(out), bytes);
}

TEST(KeyValueTest, DecodesNothingAsTheBumpRecord) {
  ASSERT_OK_AND_ASSIGN(const KeyValue out, DecodeKeyValue({}));
  EXPECT_TRUE(out.key.empty());
  ASSERT_OK_AND_ASSIGN(const ByteView key, DecodeUserKey({}));
  EXPECT_TRUE(key.empty());
  EXPECT_TRUE(EncodeKeyValue(out).empty());
}

TEST(KeyValueTest, KeepsNegativeNumbers) {
  const Bytes bytes = EncodeKeyValue({.key = AsBytes("k"), .value = {}, .lease = -1});
  ASSERT_OK_AND_ASSIGN(const KeyValue out, DecodeKeyValue(bytes));
  EXPECT_EQ(out.lease, -1);
}

TEST(KeyValueTest, SkipsUnknownFieldsOfEveryWireType) {
  // 7: varint, 8: fixed64, 9: bytes, 10: fixed32, then the key.
  const Bytes bytes =
      Hex("3801"
          "410000000000000000"
          "4a0178"
          "5500000000"
          "0a0161");
  ASSERT_OK_AND_ASSIGN(const KeyValue out, DecodeKeyValue(bytes));
  EXPECT_EQ(AsText(out.key), "a");
  ASSERT_OK_AND_ASSIGN(const ByteView key, DecodeUserKey(bytes));
  EXPECT_EQ(AsText(key), "a");
}

TEST(KeyValueTest, TheLastOfARepeatedFieldCounts) {
  const Bytes bytes = Hex("0a01610a0162");
  ASSERT_OK_AND_ASSIGN(const KeyValue out, DecodeKeyValue(bytes));
  ASSERT_OK_AND_ASSIGN(const ByteView key, DecodeUserKey(bytes));
  EXPECT_EQ(AsText(out.key), "b");
  EXPECT_EQ(AsText(key), "b");
}

TEST(KeyValueTest, RefusesWhatIsNoMessage) {
  for (const std::string_view hex : {
           "0a",      // no length
           "0a0561",  // runs past the end
           "0801",    // field 1 is not bytes
           "1001"
           "2801",                      // field 5 is not bytes
           "0201",                      // field 0
           "0b",                        // a group
           "0affffffffffffffffff01",    // a huge length
           "10ffffffffffffffffffff01",  // a varint of 11 bytes
           "888080808001"
           "01",  // a field number over 2^29
       }) {
    EXPECT_THAT(DecodeKeyValue(Hex(hex)), StatusIs(Code::kDataLoss)) << hex;
  }
}

TEST(KeyValueTest, TruncationIsNeverTakenForTheWhole) {
  const Bytes bytes = Hex("0a0161100218032002300c2a0179");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto out = DecodeKeyValue(ByteView(bytes).first(size));
    EXPECT_TRUE(!out.ok() || out->value.empty()) << size;
  }
}

}  // namespace
}  // namespace tresor::etcd
