// SPDX-License-Identifier: Apache-2.0
#include "repo/format/envelope.h"

#include <algorithm>
#include <string>

#include "base/random.h"
#include "base/status_matchers.h"
#include "repo/format/names.h"
#include "repo/keys.h"
#include "repo/repository.h"

namespace tresor::repo {
namespace {

using ::testing::HasSubstr;
using ::tresor::testing::IsOk;
using ::tresor::testing::StatusIs;

KeyRing MakeKeys(std::uint64_t seed) {
  SeededRandom random(seed);
  return KeyRing(crypto::SecretKey::Generate(random), MakeId(random));
}

Magic Derived(std::string_view kind) {
  const auto digest = crypto::Sha256::Of(AsBytes(fmt::format("tresor {} v1", kind)));
  Magic magic;
  std::copy_n(digest.begin(), magic.size(), magic.begin());
  return magic;
}

TEST(EnvelopeTest, MagicsAreDerivedFromTheKindsNames) {
  for (const ObjectKind kind : kObjectKinds) {
    EXPECT_EQ(MagicOf(kind), Derived(KindName(kind))) << KindName(kind);
  }
  EXPECT_EQ(SegmentEndMagic(), Derived("segment end"));
}

TEST(EnvelopeTest, HeaderKeepsKindVersionAndSalt) {
  Salt salt;
  SeededRandom(1).Fill(salt);

  const Header header = EncodeHeader(ObjectKind::kManifest, salt);

  EXPECT_TRUE(Equal(ByteView(header).first(8), MagicOf(ObjectKind::kManifest)));
  EXPECT_EQ(LoadU16(header.data() + 8), 1);
  EXPECT_EQ(SaltOf(header), salt);
  EXPECT_THAT(DecodeHeader(ObjectKind::kManifest, header), IsOk());
}

TEST(EnvelopeTest, RefusesEveryShorterHeaderAnotherKindAndNonZeroReserve) {
  Header header = EncodeHeader(ObjectKind::kBlob, Salt{});
  for (std::size_t size = 0; size < header.size(); ++size) {
    EXPECT_THAT(DecodeHeader(ObjectKind::kBlob, ByteView(header).first(size)),
                StatusIs(Code::kDataLoss));
  }
  EXPECT_THAT(DecodeHeader(ObjectKind::kLock, header),
              StatusIs(Code::kDataLoss, HasSubstr("not a lock")));
  header[12] = std::byte{1};
  EXPECT_THAT(DecodeHeader(ObjectKind::kBlob, header), StatusIs(Code::kDataLoss));
}

TEST(EnvelopeTest, SaysThatANewerVersionIsUnknown) {
  Header header = EncodeHeader(ObjectKind::kCatalog, Salt{});
  StoreU16(header.data() + 8, 2);

  EXPECT_THAT(DecodeHeader(ObjectKind::kCatalog, header),
              StatusIs(Code::kUnimplemented, HasSubstr("format version 2")));
}

TEST(EnvelopeTest, OpensWhatItSealedCompressibleOrNot) {
  const KeyRing keys = MakeKeys(1);
  Bytes random(10'000);
  SeededRandom(2).Fill(random);
  for (const Bytes& raw : {Bytes{}, Bytes(100'000, std::byte{7}), random}) {
    const Bytes object = keys.Seal(ObjectKind::kBlob, "blobs/x", raw, 3);

    const auto opened = keys.Open(ObjectKind::kBlob, "blobs/x", object);

    ASSERT_OK(opened);
    EXPECT_EQ(*opened, raw);
    EXPECT_LE(object.size(), raw.size() + 64);
  }
}

TEST(EnvelopeTest, EveryFlippedBitAndEveryCutIsRefusedByName) {
  const KeyRing keys = MakeKeys(1);
  const Bytes object = keys.Seal(ObjectKind::kManifest, "manifests/m", AsBytes("content"), 3);
  for (std::size_t i = 0; i < object.size(); ++i) {
    Bytes flipped = object;
    flipped[i] ^= std::byte{1};
    const auto opened = keys.Open(ObjectKind::kManifest, "manifests/m", flipped);
    ASSERT_FALSE(opened.ok()) << i;
    EXPECT_THAT(std::string(Message(opened.status())), HasSubstr("manifests/m"));
    EXPECT_THAT(keys.Open(ObjectKind::kManifest, "manifests/m", ByteView(object).first(i)).status(),
                StatusIs(Code::kDataLoss));
  }
}

TEST(EnvelopeTest, RefusesAnObjectOfAnotherNameKindOrRepository) {
  const KeyRing keys = MakeKeys(1);
  const Bytes object = keys.Seal(ObjectKind::kBlob, "blobs/a", AsBytes("content"), 3);

  EXPECT_THAT(keys.Open(ObjectKind::kBlob, "blobs/b", object), StatusIs(Code::kDataLoss));
  EXPECT_THAT(keys.Open(ObjectKind::kLock, "blobs/a", object), StatusIs(Code::kDataLoss));
  const KeyRing same_master(keys.master().Clone(), Id{});
  EXPECT_THAT(same_master.Open(ObjectKind::kBlob, "blobs/a", object), StatusIs(Code::kDataLoss));
  EXPECT_THAT(MakeKeys(2).Open(ObjectKind::kBlob, "blobs/a", object), StatusIs(Code::kDataLoss));
}

TEST(EnvelopeTest, PartsOfOneObjectDontOpenInEachOthersPlace) {
  const KeyRing keys = MakeKeys(1);
  ObjectCipher cipher = keys.NewCipher(ObjectKind::kSegment, "segments/s");
  Bytes first;
  cipher.Seal(0, AsBytes("frame"), first);
  ASSERT_OK_AND_ASSIGN(ObjectCipher reader,
                       keys.CipherOf(ObjectKind::kSegment, "segments/s", cipher.header()));

  EXPECT_THAT(reader.Open(1, first), StatusIs(Code::kDataLoss));
  ASSERT_OK_AND_ASSIGN(const Bytes plain, reader.Clone().Open(0, first));
  EXPECT_EQ(ToString(plain), "frame");
}

TEST(EnvelopeTest, RefusesARawSizeBeyondTheLimitWithoutAllocatingIt) {
  const KeyRing keys = MakeKeys(1);
  ObjectCipher cipher = keys.NewCipher(ObjectKind::kBlob, "b");
  for (const int codec : {0, 1, 2}) {
    ByteWriter plain;
    plain.U8(static_cast<std::uint8_t>(codec));
    plain.Varint(kMaxRawSize + 1);
    Bytes object = ToBytes(ByteView(cipher.header()));
    cipher.Seal(0, plain.view(), object);
    EXPECT_THAT(keys.Open(ObjectKind::kBlob, "b", object), StatusIs(Code::kDataLoss));
  }
}

TEST(KeysTest, BlobIdsDependOnContentAndRepository) {
  EXPECT_EQ(MakeKeys(1).BlobId(AsBytes("x")), MakeKeys(1).BlobId(AsBytes("x")));
  EXPECT_NE(MakeKeys(1).BlobId(AsBytes("x")), MakeKeys(1).BlobId(AsBytes("y")));
  EXPECT_NE(MakeKeys(1).BlobId(AsBytes("x")), MakeKeys(2).BlobId(AsBytes("x")));
}

TEST(KeysTest, TagsJoinTheUserKeysHashWithTheContents) {
  const KeyRing keys = MakeKeys(1);
  const auto tagger = keys.MakeTagger();
  const etcd::RecordKey key{.main = 5, .sub = 1, .tombstone = false};
  const std::uint64_t tag = tagger->Tag(key, AsBytes("k"), AsBytes("v"));

  EXPECT_EQ(tag, keys.MakeTagger()->Tag(key, AsBytes("k"), AsBytes("v")));
  EXPECT_EQ(tag & kTagUserKeyMask, keys.user_key_hash()(AsBytes("k")) & kTagUserKeyMask);
  const std::uint64_t other_value = tagger->Tag(key, AsBytes("k"), AsBytes("w"));
  EXPECT_EQ(tag & kTagUserKeyMask, other_value & kTagUserKeyMask);
  EXPECT_NE(tag, other_value);
  for (const etcd::RecordKey& other : {etcd::RecordKey{.main = 6, .sub = 1, .tombstone = false},
                                       etcd::RecordKey{.main = 5, .sub = 0, .tombstone = false},
                                       etcd::RecordKey{.main = 5, .sub = 1, .tombstone = true}}) {
    EXPECT_NE(tagger->Tag(other, AsBytes("k"), AsBytes("v")), tag);
  }
}

TEST(IdTest, ParsesOnlyItsOwnForm) {
  const Id id = MakeId(SystemRandom());
  ASSERT_OK_AND_ASSIGN(const Id parsed, ParseId(id.ToString()));
  EXPECT_EQ(parsed, id);
  EXPECT_EQ(id.Short(), id.ToString().substr(0, 8));
  EXPECT_THAT(ParseId("ab"), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(ParseId(std::string(32, 'A')), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(ParseId(std::string(34, 'a')), StatusIs(Code::kInvalidArgument));
}

}  // namespace
}  // namespace tresor::repo
