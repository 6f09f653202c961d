// SPDX-License-Identifier: Apache-2.0
// Config, locks and names.
#include "base/random.h"
#include "base/status_matchers.h"
#include "repo/format/config.h"
#include "repo/format/lock.h"
#include "repo/format/names.h"

namespace tresor::repo {
namespace {

using ::tresor::testing::StatusIs;

TEST(ConfigTest, KeepsTheRepositorysId) {
  const Config config{.repository = MakeId(SystemRandom())};
  const Bytes bytes = EncodeConfig(config);

  ASSERT_OK_AND_ASSIGN(const Config decoded, DecodeConfig(bytes));

  EXPECT_EQ(bytes.size(), kConfigSize);
  EXPECT_EQ(decoded.repository, config.repository);
}

TEST(ConfigTest, RefusesEveryFlippedBitAndEveryCut) {
  const Bytes bytes = EncodeConfig({.repository = MakeId(SystemRandom())});
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes flipped = bytes;
    flipped[i] ^= std::byte{1};
    EXPECT_FALSE(DecodeConfig(flipped).ok()) << i;
    EXPECT_THAT(DecodeConfig(ByteView(bytes).first(i)), StatusIs(Code::kDataLoss));
  }
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_THAT(DecodeConfig(longer), StatusIs(Code::kDataLoss));
}

TEST(ConfigTest, SaysThatANewerVersionIsUnknown) {
  Bytes bytes = EncodeConfig({.repository = Id{}});
  StoreU16(bytes.data() + 8, 2);
  EXPECT_THAT(DecodeConfig(bytes), StatusIs(Code::kUnimplemented));
}

TEST(LockTest, KeepsEveryField) {
  const Lock lock{.host = "alpha",
                  .boot_id = "b",
                  .process_id = 77,
                  .process_start_ticks = 12345,
                  .operation = "prune",
                  .taken_unix_nanos = 1,
                  .expires_unix_nanos = -2};
  ASSERT_OK_AND_ASSIGN(const Lock decoded, DecodeLock(EncodeLock(lock)));
  EXPECT_EQ(decoded, lock);
}

TEST(LockTest, RefusesEveryCut) {
  const Bytes bytes = EncodeLock({.host = "alpha", .boot_id = "b", .operation = "prune"});
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_THAT(DecodeLock(ByteView(bytes).first(i)), StatusIs(Code::kDataLoss)) << i;
  }
}

TEST(NamesTest, ParseTurnsEveryNameBack) {
  const Id id = MakeId(SystemRandom());
  EXPECT_EQ(ParseName(SegmentName(id))->kind, ObjectKind::kSegment);
  EXPECT_EQ(ParseName(SegmentName(id))->id, id);
  EXPECT_EQ(ParseName(BlobName(id))->kind, ObjectKind::kBlob);
  EXPECT_EQ(ParseName(ManifestName(id))->id, id);
  EXPECT_EQ(ParseName(KeyName(id))->kind, ObjectKind::kKey);
  EXPECT_EQ(ParseName("config")->kind, ObjectKind::kConfig);
  EXPECT_EQ(ParseName(CatalogName(0xabc))->sequence, 0xabcU);
  EXPECT_EQ(CatalogName(0xabc), "catalog/0000000000000abc");
  EXPECT_EQ(LockName(3, 0xff), "locks/0000000000000003-000000ff");
  EXPECT_EQ(ParseName(LockName(3, kReleasedBeat))->beat, kReleasedBeat);
  EXPECT_EQ(ParseName(LockName(3, 1))->sequence, 3U);
}

TEST(NamesTest, ParseRefusesEveryOtherForm) {
  const std::string hex(32, 'a');
  for (const std::string& name :
       {std::string(), std::string("x"), std::string("config/"), "manifests/" + hex + "a",
        "segments/ab/" + hex, "segments/" + hex, "blobs/aa/" + std::string(32, 'A'),
        std::string("catalog/1"), std::string("catalog/0000000000000ABC"),
        std::string("catalog/x/0000000000000abc"), std::string("locks/0000000000000003"),
        std::string("locks/0000000000000003_00000001"), std::string("locks/"),
        std::string("locks/000-")}) {
    EXPECT_FALSE(ParseName(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace tresor::repo
