// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/status_matchers.h"
#include "crypto/crypto.h"

namespace tresor::crypto {
namespace {

// A key whose first bytes are `text`, the rest zero: HMAC pads shorter keys in just this way, so
// the RFC's shorter keys can be tried.
SecretKey PaddedKey(std::string_view text) {
  Bytes bytes = ToBytes(text);
  bytes.resize(SecretKey::kSize);
  return *SecretKey::FromBytes(bytes);
}

std::string Sha256Hex(std::string_view text) { return ToHex(Sha256::Of(AsBytes(text))); }

// FIPS 180-2, appendix B.
TEST(Sha256Test, GivesThePublishedDigests) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, DoesNotDependOnHowTheBytesAreCut) {
  const std::string text(1000, 'x');
  for (std::size_t cut = 0; cut <= text.size(); cut += 13) {
    Sha256 hash;
    hash.Update(AsBytes(text).first(cut));
    hash.Update({});
    hash.Update(AsBytes(text).subspan(cut));
    EXPECT_EQ(hash.Finish(), Sha256::Of(AsBytes(text))) << cut;
  }
}

TEST(Sha256Test, MovesWithWhatItHasSeen) {
  Sha256 first;
  first.Update(AsBytes("ab"));
  Sha256 second = std::move(first);
  second.Update(AsBytes("c"));
  EXPECT_EQ(second.Finish(), Sha256::Of(AsBytes("abc")));
}

TEST(Sha1Test, GivesThePublishedDigest) {
  EXPECT_EQ(ToHex(Sha1(AsBytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(ToHex(Sha1({})), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

// RFC 4231, cases 1 and 2.
TEST(HmacSha256Test, GivesThePublishedTags) {
  EXPECT_EQ(ToHex(HmacSha256(PaddedKey(std::string(20, '\x0b')), AsBytes("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(ToHex(HmacSha256(PaddedKey("Jefe"), AsBytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// The reference implementation's vectors.h: key 00 01 … 0f, message 00 01 ….
TEST(KeyedHashTest, GivesTheReferenceHashes) {
  std::string key;
  for (char i = 0; i < 32; ++i) {
    key.push_back(i);
  }
  const KeyedHash hash(PaddedKey(key));
  const auto hash_of_first = [&](std::size_t size) {
    std::array<std::byte, 8> little_endian;
    StoreU64(little_endian.data(), hash(AsBytes(key).first(size)));
    return ToHex(little_endian);
  };

  EXPECT_EQ(hash_of_first(0), "310e0edd47db6f72");
  EXPECT_EQ(hash_of_first(1), "fd67dc93c539f874");
  EXPECT_EQ(hash_of_first(2), "5a4fa9d909806c0d");
  EXPECT_EQ(hash_of_first(8), "6224939a79f5f593");
  EXPECT_EQ(hash_of_first(15), "e545be4961ca29a1");
}

TEST(KeyedHashTest, DependsOnEachOfTheFirst16KeyBytesOnly) {
  const std::uint64_t hash = KeyedHash(PaddedKey(""))(AsBytes("message"));
  for (std::size_t i = 0; i < SecretKey::kSize; ++i) {
    std::string key(SecretKey::kSize, '\0');
    key[i] = 1;
    EXPECT_EQ(KeyedHash(PaddedKey(key))(AsBytes("message")) == hash, i >= 16) << i;
  }
}

}  // namespace
}  // namespace tresor::crypto
