// SPDX-License-Identifier: Apache-2.0
#include "base/status.h"

#include "base/status_matchers.h"

namespace tresor {
namespace {

using ::testing::HasSubstr;
using ::tresor::testing::IsOk;
using ::tresor::testing::StatusIs;

Result<int> Half(int number) {
  if (number % 2 != 0) {
    return Error(Code::kInvalidArgument, "{} is odd", number);
  }
  return number / 2;
}

Result<int> Quarter(int number) {
  ASSIGN_OR_RETURN(const int half, Half(number));
  ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Status CheckEven(int number) {
  RETURN_IF_ERROR(Half(number).status());
  return OkStatus();
}

TEST(StatusTest, AnnotateKeepsTheCodeAndNamesTheObject) {
  const Status status = Annotate(Error(Code::kDataLoss, "bad magic"), "segment 3f2a");
  EXPECT_THAT(status, StatusIs(Code::kDataLoss, "segment 3f2a: bad magic"));
}

TEST(StatusTest, AnnotateLeavesOkAlone) { EXPECT_THAT(Annotate(OkStatus(), "x"), IsOk()); }

TEST(StatusTest, PayloadsStayThroughAnnotate) {
  const Status status = Annotate(
      WithPayload(Error(Code::kAborted, "x"), "tresor.dev/t", std::string("a\0b", 3)), "y");
  EXPECT_EQ(PayloadOf(status, "tresor.dev/t"), std::string("a\0b", 3));
  EXPECT_EQ(PayloadOf(status, "tresor.dev/u"), std::nullopt);
  EXPECT_THAT(WithPayload(OkStatus(), "tresor.dev/t", "x"), IsOk());
}

TEST(StatusTest, MacrosPassErrorsOn) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_THAT(Quarter(6), StatusIs(Code::kInvalidArgument, HasSubstr("3 is odd")));
  EXPECT_THAT(CheckEven(5), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(CheckEven(4), IsOk());
}

}  // namespace
}  // namespace tresor
