// SPDX-License-Identifier: Apache-2.0
#include "api/projection.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor::api {
namespace {

using objects::Json;

const Json kObject = Json::parse(R"({"metadata":{"name":"a","uid":"1","labels":{"x":"y"}},
  "spec":{"cluster":{"name":"prod"},"keep":3},
  "status":{"evidence":[{"check":"a","detail":"long"},{"check":"b"}]}})");

Json Of(std::string_view paths) {
  const auto projection = Projection::Parse(paths);
  EXPECT_OK(projection);
  return projection->Of(kObject);
}

TEST(ProjectionTest, KeepsOnlyWhatWasAskedFor) {
  EXPECT_EQ(Of("metadata.name,spec.cluster"),
            Json::parse(R"({"metadata":{"name":"a"},"spec":{"cluster":{"name":"prod"}}})"));
}

TEST(ProjectionTest, GoesThroughLists) {
  EXPECT_EQ(Of("status.evidence.check"),
            Json::parse(R"({"status":{"evidence":[{"check":"a"},{"check":"b"}]}})"));
}

TEST(ProjectionTest, LeavesOutWhatIsNotThere) {
  EXPECT_EQ(Of("spec.other.more,nothing"), Json::parse(R"({"spec":{}})"));
}

TEST(ProjectionTest, TheWiderPathHolds) {
  const Json spec = {{"spec", kObject["spec"]}};
  EXPECT_EQ(Of("spec.keep,spec"), spec);
  EXPECT_EQ(Of("spec,spec.keep"), spec);
}

TEST(ProjectionTest, RefusesEmptyNamesAndTooMany) {
  EXPECT_THAT(Projection::Parse("a..b"), testing::StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(Projection::Parse(",a"), testing::StatusIs(Code::kInvalidArgument));
  std::string many = "a";
  for (int i = 0; i < 1000; ++i) {
    many += ".a";
  }
  EXPECT_THAT(Projection::Parse(many), testing::StatusIs(Code::kInvalidArgument));
}

}  // namespace
}  // namespace tresor::api
