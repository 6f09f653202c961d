// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/status_matchers.h"
#include "crypto/crypto.h"

namespace tresor::crypto {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using tresor::testing::StatusIs;

constexpr std::string_view kSalt = "somesaltsomesalt";

SecretKey ZeroKey() { return *SecretKey::FromBytes(Bytes(SecretKey::kSize)); }
std::string Hex(const SecretKey& key) { return ToHex(key.bytes()); }

TEST(SecretKeyTest, GeneratesAnotherKeyEachTime) {
  EXPECT_NE(Hex(SecretKey::Generate(SystemRandom())), Hex(SecretKey::Generate(SystemRandom())));
}

TEST(SecretKeyTest, RefusesOtherSizes) {
  EXPECT_THAT(SecretKey::FromBytes(Bytes(31)), StatusIs(Code::kInvalidArgument, HasSubstr("31")));
  EXPECT_THAT(SecretKey::FromBytes(Bytes(33)), StatusIs(Code::kInvalidArgument, HasSubstr("33")));
  EXPECT_THAT(SecretKey::FromBytes({}), StatusIs(Code::kInvalidArgument));
}

TEST(SecretKeyTest, LeavesNothingBehindWhenMoved) {
  SeededRandom random(1);
  SecretKey source = SecretKey::Generate(random);
  const std::string text = Hex(source);

  SecretKey constructed = std::move(source);
  EXPECT_EQ(Hex(constructed), text);
  EXPECT_THAT(source.bytes(), Each(std::byte{0}));  // NOLINT(bugprone-use-after-move)

  SecretKey assigned = ZeroKey();
  assigned = std::move(constructed);
  EXPECT_EQ(Hex(assigned), text);
  EXPECT_THAT(constructed.bytes(), Each(std::byte{0}));  // NOLINT(bugprone-use-after-move)
}

TEST(SecretKeyTest, IsWipedWhenDestroyed) {
  SeededRandom random(1);
  alignas(SecretKey) std::array<std::byte, sizeof(SecretKey)> memory;
  auto* const key = new (memory.data()) SecretKey(SecretKey::Generate(random));
  ASSERT_THAT(key->bytes(), ::testing::Contains(::testing::Ne(std::byte{0})));
  key->~SecretKey();
  EXPECT_THAT(memory, Each(std::byte{0}));
}

TEST(SecretKeyTest, CloneIsEqualAndIndependent) {
  SeededRandom random(1);
  SecretKey key = SecretKey::Generate(random);
  const SecretKey clone = key.Clone();
  EXPECT_EQ(Hex(clone), Hex(key));
  key = ZeroKey();
  EXPECT_NE(Hex(clone), Hex(key));
}

// RFC 8448, section 3: the "Early Secret" is extracted from 32 zeros with a salt of zeros, the next
// one expanded of it with the label "derived".
TEST(DeriveTest, GivesThePublishedKey) {
  ASSERT_OK_AND_ASSIGN(const Bytes info,
                       FromHex("00200d746c733133206465726976656420"
                               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
  EXPECT_EQ(Hex(ZeroKey().Derive(info)),
            "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba");
}

TEST(DeriveTest, GivesAnotherKeyForEachUseAndEachSource) {
  SeededRandom random(1);
  const SecretKey key = SecretKey::Generate(random);
  EXPECT_EQ(Hex(key.Derive(AsBytes("a"))), Hex(key.Derive(AsBytes("a"))));
  EXPECT_NE(Hex(key.Derive(AsBytes("a"))), Hex(key.Derive(AsBytes("b"))));
  EXPECT_NE(Hex(key.Derive(AsBytes("a"))), Hex(key.Derive({})));
  EXPECT_NE(Hex(key.Derive(AsBytes("a"))), Hex(ZeroKey().Derive(AsBytes("a"))));
}

// Made with the reference implementation's program:
//   printf password | argon2 somesaltsomesalt -id -t 3 -k 65536 -p 1 -l 32 -r
TEST(DeriveFromPassphraseTest, GivesTheReferenceKeys) {
  ASSERT_OK_AND_ASSIGN(
      const SecretKey strong,
      DeriveFromPassphrase("password", AsBytes(kSalt), {.passes = 3, .memory_kib = 65536}));
  EXPECT_EQ(Hex(strong), "7664ad4ba1a3c999fcdd0991ffc2270f78302d2383233db5e7befc85d1bb1819");
  ASSERT_OK_AND_ASSIGN(
      const SecretKey quick,
      DeriveFromPassphrase("password", AsBytes(kSalt), {.passes = 2, .memory_kib = 256}));
  EXPECT_EQ(Hex(quick), "cab746b4621993fdc91ec50787980b414a90a692f0bc68dfe19f9c25b3cba9ec");
}

TEST(DeriveFromPassphraseTest, TakesAnEmptyPassphrase) {
  EXPECT_OK(DeriveFromPassphrase("", AsBytes(kSalt), {.passes = 1, .memory_kib = 8}));
}

TEST(DeriveFromPassphraseTest, RefusesWrongParameters) {
  const auto derive = [](std::size_t salt_size, std::uint32_t passes, std::uint32_t memory_kib) {
    return DeriveFromPassphrase("password", Bytes(salt_size),
                                {.passes = passes, .memory_kib = memory_kib});
  };
  EXPECT_THAT(derive(15, 1, 8), StatusIs(Code::kInvalidArgument, HasSubstr("salt")));
  EXPECT_THAT(derive(17, 1, 8), StatusIs(Code::kInvalidArgument, HasSubstr("salt")));
  EXPECT_THAT(derive(16, 0, 8), StatusIs(Code::kInvalidArgument, HasSubstr("passes")));
  EXPECT_THAT(derive(16, 65, 8), StatusIs(Code::kInvalidArgument, HasSubstr("passes")));
  EXPECT_THAT(derive(16, 1, 7), StatusIs(Code::kInvalidArgument, HasSubstr("memory")));
  EXPECT_THAT(derive(16, 1, 1024 * 1024 + 1),
              StatusIs(Code::kInvalidArgument, HasSubstr("memory")));
}

}  // namespace
}  // namespace tresor::crypto
