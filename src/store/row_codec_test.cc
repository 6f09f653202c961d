// SPDX-License-Identifier: Apache-2.0
#include "store/row_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor::store {
namespace {

using ::testing::HasSubstr;
using tresor::testing::StatusIs;

class RowCodecTest : public ::testing::Test {
 protected:
  const LogKey key_{"secrets", "demo", "s"};
  objects::Object object_{.json = {{"kind", "Secret"},
                                   {"metadata", {{"name", "s"}, {"namespace", "demo"}}},
                                   {"data", {{"password", "c3dvcmRmaXNo"}}}}};
  RowCodec codec_{crypto::SecretKey::Generate(SystemRandom()), SystemRandom()};
};

TEST_F(RowCodecTest, GivesBackWhatItWasGivenWithItsRevision) {
  for (const bool sealed : {false, true}) {
    const std::string value = codec_.Encode(key_, object_, sealed);

    ASSERT_OK_AND_ASSIGN(const auto decoded, codec_.Decode(key_, 42, value));

    objects::Object expected = object_;
    expected.SetResourceVersion(42);
    EXPECT_EQ(*decoded, expected);
  }
}

TEST_F(RowCodecTest, SealsEachTimeAnew) {
  EXPECT_NE(codec_.Encode(key_, object_, true), codec_.Encode(key_, object_, true));
}

TEST_F(RowCodecTest, SealedValuesOpenOnlyUnderTheirOwnName) {
  const std::string value = codec_.Encode(key_, object_, true);

  EXPECT_THAT(codec_.Decode({"secrets", "demo", "t"}, 1, value), StatusIs(Code::kDataLoss));
  EXPECT_THAT(codec_.Decode({"secrets", "other", "s"}, 1, value), StatusIs(Code::kDataLoss));
}

TEST_F(RowCodecTest, RejectsEveryPrefixAndEveryFlippedByteOfASealedValue) {
  const std::string value = codec_.Encode(key_, object_, true);
  for (std::size_t i = 0; i < value.size(); ++i) {
    EXPECT_THAT(codec_.Decode(key_, 1, value.substr(0, i)), StatusIs(Code::kDataLoss)) << i;
    std::string flipped = value;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x40);
    EXPECT_THAT(codec_.Decode(key_, 1, flipped), StatusIs(Code::kDataLoss)) << i;
  }
}

TEST_F(RowCodecTest, RejectsWhatIsNoObjectOfThatName) {
  for (const char* value :
       {"", "{", "[]", "1", "{}", R"({"metadata":{"name":"t"}})", R"({"metadata":[]})",
        "\x02"
        "something"}) {
    EXPECT_THAT(codec_.Decode(key_, 7, value), StatusIs(Code::kDataLoss, HasSubstr("revision 7")))
        << value;
  }
}

TEST_F(RowCodecTest, KeysGoForthAndBack) {
  const objects::ObjectKey key{{"tresor.dev", "etcdclusters"}, "demo", "prod"};
  const objects::ObjectKey core{{"", "namespaces"}, "", "demo"};

  EXPECT_EQ(ToLogKey(key).resource, "etcdclusters.tresor.dev");
  EXPECT_EQ(ToObjectKey(ToLogKey(key)), key);
  EXPECT_EQ(ToObjectKey(ToLogKey(core)), core);
}

}  // namespace
}  // namespace tresor::store
