// SPDX-License-Identifier: Apache-2.0
#include "store/continue_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor::store {
namespace {

using tresor::testing::IsOkAndHolds;
using tresor::testing::StatusIs;

TEST(ContinueTokenTest, GoesForthAndBack) {
  for (const ContinueToken& token :
       {ContinueToken{.revision = 1, .name_space = "", .name = "a"},
        ContinueToken{.revision = 1ULL << 62, .name_space = "demo", .name = "prod.example"},
        ContinueToken{
            .revision = 300, .name_space = std::string(253, 'n'), .name = std::string(253, 'o')}}) {
    EXPECT_THAT(DecodeContinueToken(EncodeContinueToken(token)), IsOkAndHolds(token));
  }
}

TEST(ContinueTokenTest, RejectsEveryPrefixAndWhatFollows) {
  const std::string text =
      EncodeContinueToken({.revision = 300, .name_space = "demo", .name = "prod"});
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_THAT(DecodeContinueToken(text.substr(0, i)), StatusIs(Code::kInvalidArgument)) << i;
  }
  EXPECT_THAT(DecodeContinueToken(text + "00"), StatusIs(Code::kInvalidArgument));
}

TEST(ContinueTokenTest, RejectsRevisionZeroAndOnesThatNoDatabaseHas) {
  for (const std::uint64_t revision : {std::uint64_t{0}, std::uint64_t{1} << 63}) {
    EXPECT_THAT(DecodeContinueToken(EncodeContinueToken(
                    {.revision = revision, .name_space = "demo", .name = "prod"})),
                StatusIs(Code::kInvalidArgument));
  }
}

TEST(ContinueTokenTest, RejectsHugeTexts) {
  EXPECT_THAT(DecodeContinueToken(std::string(1 << 20, '0')), StatusIs(Code::kInvalidArgument));
}

}  // namespace
}  // namespace tresor::store
