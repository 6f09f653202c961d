// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/status_matchers.h"

namespace tresor {
namespace {

TEST(Base64Test, KnowsTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(ToBase64(AsBytes(plain)), encoded);
    const auto decoded = FromBase64(encoded);
    ASSERT_OK(decoded);
    EXPECT_EQ(ToString(*decoded), plain);
  }
}

TEST(Base64Test, DecodesWhatItEncoded) {
  SeededRandom random(1);
  for (std::size_t size = 0; size < 70; ++size) {
    Bytes bytes(size);
    random.Fill(bytes);
    const auto decoded = FromBase64(ToBase64(bytes));
    ASSERT_OK(decoded);
    EXPECT_EQ(*decoded, bytes);
  }
}

TEST(Base64Test, RefusesWhatNoEncoderWrites) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zm9v\n", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Zm9-", "Zm 9"}) {
    EXPECT_EQ(FromBase64(text).status().code(), Code::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace tresor
