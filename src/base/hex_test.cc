// SPDX-License-Identifier: Apache-2.0
#include "base/hex.h"

#include "base/status_matchers.h"

namespace tresor {
namespace {

using ::tresor::testing::StatusIs;

TEST(HexTest, RoundTrips) {
  ASSERT_OK_AND_ASSIGN(const Bytes bytes, FromHex("00Ff10"));
  EXPECT_EQ(ToHex(bytes), "00ff10");
  EXPECT_EQ(ToHex(std::uint64_t{0x8e9e05c52164694d}), "8e9e05c52164694d");
  EXPECT_EQ(ToHex(std::uint64_t{0xa0}), "a0");
}

TEST(HexTest, RejectsWhatIsNotHex) {
  EXPECT_THAT(FromHex("0"), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(FromHex("0g"), StatusIs(Code::kInvalidArgument, "not a hex digit at offset 1"));
}

}  // namespace
}  // namespace tresor
