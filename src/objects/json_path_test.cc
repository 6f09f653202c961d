// SPDX-License-Identifier: Apache-2.0
#include "objects/json_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor::objects {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tresor::testing::StatusIs;

const Json kObject = Json::parse(R"({"metadata":{"labels":{"tresor.dev/config":"c"}},
    "status":{"phase":"Running","list":[{"n":1},{"n":2}],
              "conditions":[{"type":"Ready","status":"True","by":{"who":"x"}},
                            {"type":"Other","status":"False"},7]}})");

std::vector<Json> At(std::string_view text) {
  const Result<JsonPath> path = JsonPath::Parse(text);
  EXPECT_THAT(path, tresor::testing::IsOk()) << text;
  std::vector<Json> values;
  if (path.ok()) {
    for (const Json* value : path->Evaluate(kObject)) {
      values.push_back(*value);
    }
  }
  return values;
}

TEST(JsonPathTest, LeadsToValues) {
  EXPECT_THAT(At(".status.phase"), ElementsAre(Json("Running")));
  EXPECT_THAT(At("{.status.phase}"), ElementsAre(Json("Running")));
  EXPECT_THAT(At(R"(.metadata.labels.tresor\.dev/config)"), ElementsAre(Json("c")));
  EXPECT_THAT(At(".status.list[1].n"), ElementsAre(Json(2)));
  EXPECT_THAT(At(".status.list[*].n"), ElementsAre(Json(1), Json(2)));
  EXPECT_THAT(At(R"(.status.conditions[?(@.type=="Ready")].status)"), ElementsAre(Json("True")));
  EXPECT_THAT(At(R"(.status.conditions[?(@.by.who=="x")].type)"), ElementsAre(Json("Ready")));
}

TEST(JsonPathTest, LeadsNowhereWhereThereIsNothing) {
  EXPECT_THAT(At(".status.none"), IsEmpty());
  EXPECT_THAT(At(".status.phase.deeper"), IsEmpty());
  EXPECT_THAT(At(".status.list[2]"), IsEmpty());
  EXPECT_THAT(At(".status[0]"), IsEmpty());
  EXPECT_THAT(At(R"(.status.conditions[?(@.type=="None")].status)"), IsEmpty());
}

TEST(JsonPathTest, RejectsOtherForms) {
  for (const char* text :
       {"status", ".", "..a", ".a.", ".a[", ".a[x]", ".a[-1]", ".a[0:2]", ".a[?(@.b)]",
        ".a[?(@.b=='c')]", ".a[?(@.b==\"c\"]", ".a[?(@.==\"c\")]"}) {
    EXPECT_THAT(JsonPath::Parse(text), StatusIs(Code::kInvalidArgument)) << text;
  }
}

}  // namespace
}  // namespace tresor::objects
