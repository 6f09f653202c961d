// SPDX-License-Identifier: Apache-2.0
#include "objects/selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor::objects {
namespace {

using ::testing::HasSubstr;
using tresor::testing::StatusIs;

Object Labelled(const std::map<std::string, std::string>& labels) {
  return Object{{{"metadata", {{"labels", labels}}}}};
}

bool LabelsMatch(std::string_view selector, const std::map<std::string, std::string>& labels) {
  const Result<LabelSelector> parsed = LabelSelector::Parse(selector);
  EXPECT_THAT(parsed, tresor::testing::IsOk()) << selector;
  return parsed.ok() && parsed->Matches(Labelled(labels));
}

bool FieldsMatch(std::string_view selector, const Json& json) {
  const Result<FieldSelector> parsed = FieldSelector::Parse(selector);
  EXPECT_THAT(parsed, tresor::testing::IsOk()) << selector;
  return parsed.ok() && parsed->Matches(Object{json});
}

TEST(LabelSelectorTest, TheEmptyOneMatchesEverything) {
  EXPECT_TRUE(LabelSelector().empty());
  EXPECT_TRUE(LabelSelector().Matches(Object{}));
  EXPECT_TRUE(LabelsMatch("", {}));
  EXPECT_TRUE(LabelsMatch("  ", {{"a", "b"}}));
}

TEST(LabelSelectorTest, EqualityIsWrittenWithOneOrTwoSigns) {
  for (const char* selector : {"a=b", "a==b", " a = b "}) {
    EXPECT_TRUE(LabelsMatch(selector, {{"a", "b"}})) << selector;
    EXPECT_FALSE(LabelsMatch(selector, {{"a", "c"}})) << selector;
    EXPECT_FALSE(LabelsMatch(selector, {})) << selector;
  }
  EXPECT_TRUE(LabelsMatch("a=", {{"a", ""}}));
  EXPECT_FALSE(LabelsMatch("a=", {}));
}

TEST(LabelSelectorTest, InequalityMatchesObjectsWithoutTheLabel) {
  EXPECT_TRUE(LabelsMatch("a!=b", {}));
  EXPECT_TRUE(LabelsMatch("a!=b", {{"a", "c"}}));
  EXPECT_FALSE(LabelsMatch("a!=b", {{"a", "b"}}));
}

TEST(LabelSelectorTest, Sets) {
  EXPECT_TRUE(LabelsMatch("a in (x, y)", {{"a", "y"}}));
  EXPECT_FALSE(LabelsMatch("a in (x,y)", {{"a", "z"}}));
  EXPECT_FALSE(LabelsMatch("a in (x,y)", {}));
  EXPECT_TRUE(LabelsMatch("a in (x,)", {{"a", ""}}));
  EXPECT_TRUE(LabelsMatch("a notin (x,y)", {{"a", "z"}}));
  EXPECT_TRUE(LabelsMatch("a notin(x,y)", {}));
  EXPECT_FALSE(LabelsMatch("a notin (x,y)", {{"a", "x"}}));
}

TEST(LabelSelectorTest, Existence) {
  EXPECT_TRUE(LabelsMatch("a", {{"a", ""}}));
  EXPECT_FALSE(LabelsMatch("a", {}));
  EXPECT_TRUE(LabelsMatch("!a", {}));
  EXPECT_FALSE(LabelsMatch("! a", {{"a", "b"}}));
}

TEST(LabelSelectorTest, NumbersCompareAsNumbers) {
  EXPECT_TRUE(LabelsMatch("a>9", {{"a", "10"}}));
  EXPECT_FALSE(LabelsMatch("a>9", {{"a", "9"}}));
  EXPECT_TRUE(LabelsMatch("a<10", {{"a", "9"}}));
  EXPECT_FALSE(LabelsMatch("a<10", {{"a", "x"}}));
  EXPECT_FALSE(LabelsMatch("a<10", {}));
}

TEST(LabelSelectorTest, EveryRequirementMustHold) {
  constexpr std::string_view kSelector = "tresor.dev/cluster=c,b!=d,e in (f,g),!k";
  EXPECT_TRUE(LabelsMatch(kSelector, {{"tresor.dev/cluster", "c"}, {"e", "g"}}));
  EXPECT_FALSE(LabelsMatch(kSelector, {{"tresor.dev/cluster", "c"}, {"e", "g"}, {"k", ""}}));
  EXPECT_FALSE(LabelsMatch(kSelector, {{"e", "g"}}));
}

TEST(LabelSelectorTest, RejectsWhatKubectlWouldNotSend) {
  for (const char* selector : {",",      "a,", ",a",  "a=b=c", "a in",  "a in ()", "a in (b",
                               "a in b", "=b", "a b", "!",     "!a=b",  "(a)",     "a=(b)",
                               "a>x",    "a>", "-a",  "a=-b",  "a/b/c", "A_/b",    "a=b c"}) {
    EXPECT_THAT(LabelSelector::Parse(selector), StatusIs(Code::kInvalidArgument)) << selector;
  }
  EXPECT_THAT(LabelSelector::Parse("a in b"),
              StatusIs(Code::kInvalidArgument,
                       HasSubstr("unable to parse label selector: found 'b' at offset 5")));
}

TEST(FieldSelectorTest, ComparesAnyPath) {
  const Json json = Json::parse(
      R"({"metadata":{"name":"x"},"spec":{"keep":3,"paused":true,"cluster":{"name":"c"}}})");
  EXPECT_TRUE(FieldsMatch("", json));
  EXPECT_TRUE(FieldsMatch("metadata.name=x", json));
  EXPECT_TRUE(FieldsMatch("metadata.name==x,spec.cluster.name!=d", json));
  EXPECT_FALSE(FieldsMatch("metadata.name=x,spec.cluster.name!=c", json));
  EXPECT_TRUE(FieldsMatch("spec.keep=3", json));
  EXPECT_TRUE(FieldsMatch("spec.paused=true", json));
  EXPECT_FALSE(FieldsMatch("spec.paused=True", json));
}

TEST(FieldSelectorTest, WhatIsMissingEqualsTheEmptyText) {
  EXPECT_TRUE(FieldsMatch("spec.destination=", Json::object()));
  EXPECT_TRUE(FieldsMatch("spec.destination!=a", Json::object()));
  EXPECT_FALSE(FieldsMatch("spec.destination=a", Json::object()));
  EXPECT_TRUE(FieldsMatch("spec=", Json{{"spec", {{"a", 1}}}}));
}

TEST(FieldSelectorTest, BackslashesProtectCommasAndEqualSigns) {
  EXPECT_TRUE(FieldsMatch(R"(a=b\,c\=d\\)", Json{{"a", R"(b,c=d\)"}}));
}

TEST(FieldSelectorTest, RejectsWhatItCannotRead) {
  for (const char* selector : {"a", "=b", "a=b=c", "a!b", ",", "a=b,,c=d", "a=b, c=d"}) {
    EXPECT_THAT(FieldSelector::Parse(selector), StatusIs(Code::kInvalidArgument)) << selector;
  }
}

}  // namespace
}  // namespace tresor::objects
