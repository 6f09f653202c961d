// SPDX-License-Identifier: Apache-2.0
#include "api/patch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/errors.h"
#include "base/status_matchers.h"

namespace tresor::api {
namespace {

using ::testing::HasSubstr;

Json J(const char* text) { return Json::parse(text); }

Json Apply(PatchType type, const char* target, const char* patch) {
  auto result = ApplyPatch(type, J(target), J(patch));
  EXPECT_OK(result);
  return result.ok() ? *std::move(result) : Json();
}

TEST(PatchTest, MergesAsRfc7386Says) {
  EXPECT_EQ(Apply(PatchType::kMerge, R"({"a":{"b":1,"c":[1,2]},"d":2})",
                  R"({"a":{"b":null,"c":[3]},"e":{"f":null,"g":1}})"),
            J(R"({"a":{"c":[3]},"d":2,"e":{"g":1}})"));
  EXPECT_EQ(ApplyPatch(PatchType::kMerge, J("{}"), J("[1]")).status().code(),
            Code::kInvalidArgument);
}

TEST(PatchTest, AppliesJsonPatchesInOrder) {
  EXPECT_EQ(Apply(PatchType::kJson, R"({"a":1,"l":[1]})",
                  R"([{"op":"test","path":"/a","value":1},{"op":"add","path":"/l/-","value":2},
                      {"op":"copy","from":"/l","path":"/m"},{"op":"replace","path":"/l/0","value":9},
                      {"op":"remove","path":"/a"}])"),
            J(R"({"l":[9,2],"m":[1,2]})"));
}

TEST(PatchTest, RefusesJsonPatchesThatDoNotFit) {
  for (const char* patch :
       {R"({"op":"add"})", R"([{"op":"remove","path":"/none"}])",
        R"([{"op":"test","path":"/a","value":2}])", R"([{"op":"add","path":"a","value":2}])",
        R"([{"op":"fly","path":"/a"}])", R"([{"op":"add","path":"/l/7","value":2}])", R"([1])",
        R"([{"path":"/a"}])", R"([{"op":"copy","from":"/x","path":"/y"}])",
        R"([{"op":1,"path":"/a"}])"}) {
    const auto result = ApplyPatch(PatchType::kJson, J(R"({"a":1,"l":[]})"), J(patch));
    EXPECT_EQ(result.status().code(), Code::kInvalidArgument) << patch;
  }
}

TEST(PatchTest, RefusesAJsonPatchThatDoublesTheObjectAgainAndAgain) {
  Json patch = Json::array();
  for (int i = 0; i < 60; ++i) {
    patch.push_back({{"op", "copy"}, {"from", ""}, {"path", "/x" + std::to_string(i)}});
  }
  EXPECT_EQ(ApplyPatch(PatchType::kJson, J(R"({"a":1})"), patch).status().code(),
            Code::kInvalidArgument);
}

TEST(PatchTest, MergesStrategicallyAsFarAsOneCanWithoutTags) {
  EXPECT_EQ(Apply(PatchType::kStrategic, R"({"l":{"a":"1"},"f":["x","y"],"g":["x"],"m":{"a":1}})",
                  R"({"l":{"b":"2"},"$setElementOrder/f":["x","z"],"f":["z"],
                      "$deleteFromPrimitiveList/f":["y"],"g":["z"],"$retainKeys":["l"],
                      "m":{"$patch":"replace","b":2}})"),
            J(R"({"l":{"a":"1","b":"2"},"f":["x","z"],"g":["z"],"m":{"b":2}})"));
  EXPECT_EQ(Apply(PatchType::kStrategic, R"({"m":{"a":1},"n":1})",
                  R"({"m":{"$patch":"delete"},"n":null})"),
            J("{}"));
}

TEST(PatchTest, SaysWhatToDoInsteadOfServerSideApply) {
  const auto type = PatchTypeOf("application/apply-patch+yaml");
  EXPECT_EQ(HttpCode(type.status()), 415);
  EXPECT_THAT(std::string(Message(type.status())), HasSubstr("kubectl apply without"));
  EXPECT_EQ(HttpCode(PatchTypeOf("application/json").status()), 415);
  EXPECT_EQ(*PatchTypeOf("application/merge-patch+json; charset=utf-8"), PatchType::kMerge);
}

}  // namespace
}  // namespace tresor::api
