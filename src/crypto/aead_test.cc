// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include "base/hex.h"
#include "base/status_matchers.h"
#include "crypto/crypto.h"

namespace tresor::crypto {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using tresor::testing::IsOkAndHolds;
using tresor::testing::StatusIs;

constexpr std::uint64_t kCounter = 7;

SecretKey KeyOf(std::string_view hex) { return *SecretKey::FromBytes(*FromHex(hex)); }
SecretKey ZeroKey() { return *SecretKey::FromBytes(Bytes(SecretKey::kSize)); }
SecretKey SomeKey(std::uint64_t seed) {
  SeededRandom random(seed);
  return SecretKey::Generate(random);
}
Bytes SomeBytes(std::uint64_t seed, std::size_t size) {
  SeededRandom random(seed);
  Bytes bytes(size);
  random.Fill(bytes);
  return bytes;
}
Bytes Seal(const SecretKey& key, std::uint64_t counter, ByteView associated, ByteView plaintext) {
  Bytes sealed;
  Aead(key).Seal(counter, associated, plaintext, sealed);
  return sealed;
}

// "The Galois/Counter Mode of Operation", McGrew and Viega, appendix B, cases 13 and 14 (nonce
// zero).
TEST(AeadTest, GivesThePublishedCiphertexts) {
  EXPECT_EQ(ToHex(Seal(ZeroKey(), 0, {}, {})), "530f8afbc74536b9a963b4f1c4cb738b");
  EXPECT_EQ(ToHex(Seal(ZeroKey(), 0, {}, Bytes(16))),
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

// Keeps the nonce's layout, which is in the files: four zero bytes, the counter little-endian.
// Expected: the Python package cryptography's AESGCM.
TEST(AeadTest, MakesTheNonceOfTheCounter) {
  EXPECT_EQ(
      ToHex(Seal(KeyOf("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
                 0x0102030405060708, AsBytes("associated"), AsBytes("plaintext of no importance"))),
      "6c949e2c0c5bad36e1539155be40558ad49847a72ac04826ca01cd1f8ea426eefc30e69d9257df5316de");
}

TEST(AeadTest, AgreesWithAnotherImplementation) {
  ASSERT_GE(sodium_init(), 0);
  if (crypto_aead_aes256gcm_is_available() == 0) {
    GTEST_SKIP() << "libsodium has AES-256-GCM only on processors with AES instructions";
  }
  const SecretKey key = SomeKey(1);
  Aead aead(key);
  const auto raw = [](ByteView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
  };
  for (const std::size_t size :
       std::initializer_list<std::size_t>{0, 1, 15, 16, 17, 255, 4096, 100001}) {
    const Bytes plaintext = SomeBytes(size, size);
    const Bytes associated = SomeBytes(2, size % 50);
    std::array<std::byte, 12> nonce{};
    StoreU64(nonce.data() + 4, size);
    Bytes expected(size + Aead::kTagSize);
    crypto_aead_aes256gcm_encrypt(reinterpret_cast<unsigned char*>(expected.data()), nullptr,
                                  raw(plaintext), size, raw(associated), associated.size(), nullptr,
                                  raw(nonce), raw(key.bytes()));

    Bytes sealed;
    aead.Seal(size, associated, plaintext, sealed);

    EXPECT_EQ(sealed, expected) << size;
    EXPECT_THAT(aead.Open(size, associated, sealed), IsOkAndHolds(plaintext)) << size;
  }
}

TEST(AeadTest, AppendsToWhatIsThere) {
  Bytes out = ToBytes(std::string_view("head"));
  Aead(SomeKey(1)).Seal(kCounter, {}, AsBytes("text"), out);
  ASSERT_EQ(out.size(), 4 + 4 + Aead::kTagSize);
  EXPECT_EQ(ToString(ByteView(out).first(4)), "head");
  EXPECT_EQ(Bytes(out.begin() + 4, out.end()), Seal(SomeKey(1), kCounter, {}, AsBytes("text")));
}

TEST(AeadTest, SealsAndOpensInAnyOrder) {
  Aead aead(SomeKey(1));
  Bytes first;
  aead.Seal(1, AsBytes("one"), AsBytes("first"), first);
  EXPECT_THAT(aead.Open(1, AsBytes("one"), first), IsOkAndHolds(ToBytes(AsBytes("first"))));
  Bytes second;
  aead.Seal(2, {}, AsBytes("second"), second);
  EXPECT_THAT(aead.Open(1, AsBytes("two"), first), StatusIs(Code::kDataLoss));
  EXPECT_THAT(aead.Open(2, {}, second), IsOkAndHolds(ToBytes(AsBytes("second"))));
  EXPECT_THAT(aead.Open(1, AsBytes("one"), first), IsOkAndHolds(ToBytes(AsBytes("first"))));
}

TEST(AeadTest, RefusesEveryChangedBit) {
  Aead aead(SomeKey(1));
  const Bytes associated = SomeBytes(3, 20);
  const Bytes sealed = Seal(SomeKey(1), kCounter, associated, SomeBytes(2, 40));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes changed = sealed;
    changed[bit / 8] ^= std::byte{1} << (bit % 8);
    Bytes out(40, std::byte{0xff});
    EXPECT_THAT(aead.Open(kCounter, associated, changed, out), StatusIs(Code::kDataLoss)) << bit;
    EXPECT_THAT(out, Each(std::byte{0})) << bit;
  }
  for (std::size_t bit = 0; bit < associated.size() * 8; ++bit) {
    Bytes changed = associated;
    changed[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_THAT(aead.Open(kCounter, changed, sealed), StatusIs(Code::kDataLoss)) << bit;
  }
}

TEST(AeadTest, RefusesEveryPrefixAndMore) {
  Aead aead(SomeKey(1));
  Bytes sealed = Seal(SomeKey(1), kCounter, {}, SomeBytes(2, 40));
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_THAT(aead.Open(kCounter, {}, ByteView(sealed).first(size)), StatusIs(Code::kDataLoss))
        << size;
  }
  sealed.push_back(std::byte{0});
  EXPECT_THAT(aead.Open(kCounter, {}, sealed), StatusIs(Code::kDataLoss));
}

TEST(AeadTest, RefusesAnotherKeyCounterOrAssociatedData) {
  const Bytes sealed = Seal(SomeKey(1), kCounter, AsBytes("name"), AsBytes("text"));
  EXPECT_THAT(Aead(SomeKey(2)).Open(kCounter, AsBytes("name"), sealed),
              StatusIs(Code::kDataLoss, HasSubstr("tag does not fit")));
  EXPECT_THAT(Aead(SomeKey(1)).Open(kCounter + 1, AsBytes("name"), sealed),
              StatusIs(Code::kDataLoss));
  EXPECT_THAT(Aead(SomeKey(1)).Open(kCounter, AsBytes("nam"), sealed), StatusIs(Code::kDataLoss));
  EXPECT_THAT(Aead(SomeKey(1)).Open(kCounter, {}, sealed), StatusIs(Code::kDataLoss));
}

// NIST CAVP, gcmEncryptExtIV256.rsp, [PTlen = 0] [AADlen = 128], count 0; the tag's first 8 bytes.
TEST(FingerprinterTest, IsThePublishedGmac) {
  Fingerprinter fingerprint(
      KeyOf("78dc4e0aaf52d935c3c01eea57428f00ca1fd475f5da86a49c8dd73d68c8e223"));
  ASSERT_OK_AND_ASSIGN(const Bytes nonce, FromHex("d79cf22d504cc793c3fb6c8a"));
  ASSERT_OK_AND_ASSIGN(const Bytes message, FromHex("b96baa8c1c75a671bfb2d08d06be5f36"));
  ASSERT_OK_AND_ASSIGN(const Bytes tag, FromHex("3e5d486aa2e30b22e040b85723a06e76"));
  EXPECT_EQ(fingerprint(LoadU64(nonce.data()), LoadU32(nonce.data() + 8), message),
            LoadU64(tag.data()));
}

TEST(FingerprinterTest, DependsOnKeyNonceAndEveryByte) {
  Fingerprinter fingerprint(SomeKey(1));
  Fingerprinter other(SomeKey(2));
  const Bytes message = SomeBytes(3, 100);
  std::set<std::uint64_t> seen = {fingerprint(1, 2, message), fingerprint(2, 2, message),
                                  fingerprint(1, 3, message), fingerprint(2, 1, message),
                                  other(1, 2, message),       fingerprint(1, 2, {})};
  for (std::size_t i = 0; i < message.size(); ++i) {
    Bytes changed = message;
    changed[i] ^= std::byte{1};
    seen.insert(fingerprint(1, 2, changed));
    seen.insert(fingerprint(1, 2, ByteView(message).subspan(i + 1)));
  }
  EXPECT_EQ(seen.size(), 6 + 2 * message.size() - 1);  // the empty message came twice
  EXPECT_EQ(fingerprint(1, 2, message), Fingerprinter(SomeKey(1))(1, 2, message));
}

}  // namespace
}  // namespace tresor::crypto
