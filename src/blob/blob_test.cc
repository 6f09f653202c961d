// SPDX-License-Identifier: Apache-2.0
#include "blob/blob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor::blob {
namespace {

using tresor::testing::StatusIs;

TEST(CheckNameTest, TakesNamesUpToTheirLimits) {
  const std::string part(100, 'a');
  std::string longest = part + "/" + part + "/" + part + "/" + part + "/" + part;
  longest += "/abcdef";
  ASSERT_EQ(longest.size(), 511);
  EXPECT_OK(CheckName("a"));
  EXPECT_OK(CheckName("az09._-/b"));
  EXPECT_OK(CheckName("a.."));
  EXPECT_OK(CheckName(part));
  EXPECT_OK(CheckName(longest + "x"));
  EXPECT_THAT(CheckName(longest + "xy"), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(CheckName(part + "a"), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(CheckName("a/.b"), StatusIs(Code::kInvalidArgument));
}

}  // namespace
}  // namespace tresor::blob
