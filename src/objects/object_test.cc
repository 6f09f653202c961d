// SPDX-License-Identifier: Apache-2.0
#include "objects/object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor::objects {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using tresor::testing::IsOkAndHolds;
using tresor::testing::StatusIs;

Object FromText(std::string_view text) { return Object{Json::parse(text)}; }

WallTime AtSecond(std::int64_t seconds) { return WallTime{std::chrono::seconds{seconds}}; }

TEST(ObjectTest, ReadsMetadata) {
  const Object object = FromText(R"({"apiVersion":"tresor.dev/v1","kind":"EtcdCluster","metadata":{
      "name":"prod","namespace":"demo","uid":"u-1","resourceVersion":"42","generation":3,
      "creationTimestamp":"2026-01-02T03:04:05Z","labels":{"a":"b"},"annotations":{"c":"d"},
      "finalizers":["tresor.dev/x"],
      "ownerReferences":[{"apiVersion":"v1","kind":"K","name":"n","uid":"u-2","controller":true}]}})");

  EXPECT_EQ(object.api_version(), "tresor.dev/v1");
  EXPECT_EQ(object.kind(), "EtcdCluster");
  EXPECT_EQ(object.name(), "prod");
  EXPECT_EQ(object.name_space(), "demo");
  EXPECT_EQ(object.uid(), "u-1");
  EXPECT_EQ(object.resource_version(), 42);
  EXPECT_EQ(object.generation(), 3);
  EXPECT_EQ(object.creation_time(), AtSecond(1767323045));
  EXPECT_EQ(object.deletion_time(), std::nullopt);
  EXPECT_THAT(object.labels(), ElementsAre(Pair("a", "b")));
  EXPECT_THAT(object.annotations(), ElementsAre(Pair("c", "d")));
  EXPECT_THAT(object.finalizers(), ElementsAre("tresor.dev/x"));
  ASSERT_EQ(object.owner_references().size(), 1U);
  EXPECT_EQ(object.owner_references()[0].uid, "u-2");
  EXPECT_TRUE(object.owner_references()[0].controller);
}

TEST(ObjectTest, ValuesOfWrongTypesReadAsEmpty) {
  for (const char* text :
       {"[]", "null", R"({"metadata":[1]})", R"({"kind":{},"metadata":{"name":1,"labels":[],
        "resourceVersion":7,"generation":"x","finalizers":{},"ownerReferences":[1],
        "annotations":{"a":1},"creationTimestamp":"soon"}})"}) {
    const Object object = FromText(text);
    EXPECT_EQ(object.kind(), "") << text;
    EXPECT_EQ(object.name(), "") << text;
    EXPECT_EQ(object.resource_version(), 0U) << text;
    EXPECT_EQ(object.generation(), 0) << text;
    EXPECT_EQ(object.creation_time(), std::nullopt) << text;
    EXPECT_THAT(object.labels(), IsEmpty()) << text;
    EXPECT_THAT(object.annotations(), IsEmpty()) << text;
    EXPECT_THAT(object.finalizers(), IsEmpty()) << text;
    EXPECT_THAT(object.owner_references(), IsEmpty()) << text;
  }
}

TEST(ObjectTest, ResourceVersionsThatAreNoWholeNumberReadAsNone) {
  for (const char* version : {"", "x", "1x", "-1", "99999999999999999999"}) {
    EXPECT_EQ((Object{{{"metadata", {{"resourceVersion", version}}}}}.resource_version()), 0U)
        << version;
  }
}

TEST(ObjectTest, WritesMetadata) {
  Object object;

  object.SetResourceVersion(7);
  object.SetLabel("a", "1");
  object.SetLabel("a", "2");
  object.SetAnnotation("tresor.dev/note", "x");
  object.AddFinalizer("f1");
  object.AddFinalizer("f2");
  object.AddFinalizer("f1");
  object.AddOwner({.api_version = "v1", .kind = "K", .name = "n", .uid = "u"});
  object.AddOwner({.api_version = "v1", .kind = "K", .name = "n", .uid = "u"});

  EXPECT_EQ(object.json["metadata"]["resourceVersion"], "7");
  EXPECT_THAT(object.labels(), ElementsAre(Pair("a", "2")));
  EXPECT_THAT(object.annotations(), ElementsAre(Pair("tresor.dev/note", "x")));
  EXPECT_THAT(object.finalizers(), ElementsAre("f1", "f2"));
  EXPECT_EQ(object.owner_references().size(), 1U);
}

TEST(ObjectTest, TheLastFinalizerTakesTheListWithIt) {
  Object object;
  object.RemoveFinalizer("f");
  EXPECT_EQ(object.json, Json::object());

  object.AddFinalizer("f");
  object.RemoveFinalizer("g");
  EXPECT_THAT(object.finalizers(), ElementsAre("f"));
  object.RemoveFinalizer("f");
  EXPECT_FALSE(object.json["metadata"].contains("finalizers"));
}

TEST(ObjectTest, FindsByPath) {
  const Object object = FromText(R"({"spec":{"cluster":{"name":"c"},"keep":3}})");

  EXPECT_EQ(object.Text("spec.cluster.name"), "c");
  EXPECT_EQ(*object.Find("spec.keep"), 3);
  EXPECT_EQ(object.Text("spec.keep"), "");
  EXPECT_EQ(object.Find("spec.cluster.name.x"), nullptr);
  EXPECT_EQ(object.Find("spec.none"), nullptr);
  EXPECT_EQ(object.Find(""), nullptr);
  EXPECT_EQ(object.Find("spec..name"), nullptr);
}

TEST(ObjectTest, KeysReadAsPeopleWriteThem) {
  EXPECT_EQ(ToString(ResourceName{"", "secrets"}), "secrets");
  EXPECT_EQ(ToString(ObjectKey{{"tresor.dev", "etcdclusters"}, "demo", "prod"}),
            "etcdclusters.tresor.dev \"demo/prod\"");
  EXPECT_EQ(ToString(ObjectKey{{"", "namespaces"}, "", "demo"}), "namespaces \"demo\"");
}

TEST(ParseTimeTest, ReadsRfc3339) {
  EXPECT_THAT(ParseTime("1970-01-01T00:00:00Z"), IsOkAndHolds(AtSecond(0)));
  EXPECT_THAT(ParseTime("2024-02-29T12:00:00Z"), IsOkAndHolds(AtSecond(1709208000)));
  EXPECT_THAT(ParseTime("2024-02-29T14:30:00+02:30"), IsOkAndHolds(AtSecond(1709208000)));
  EXPECT_THAT(ParseTime("2024-02-29T04:00:00-08:00"), IsOkAndHolds(AtSecond(1709208000)));
  EXPECT_THAT(ParseTime("1970-01-01T00:00:01.5Z"),
              IsOkAndHolds(AtSecond(1) + std::chrono::milliseconds{500}));
  EXPECT_THAT(ParseTime("1970-01-01T00:00:00.123456789999Z"),
              IsOkAndHolds(AtSecond(0) + std::chrono::nanoseconds{123456789}));
  EXPECT_THAT(ParseTime(FormatTime(AtSecond(1767323045))), IsOkAndHolds(AtSecond(1767323045)));
}

TEST(ParseTimeTest, RejectsWhatIsNoTime) {
  for (const char* text :
       {"", "now", "2024-02-30T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z", "2024-01-01T00:00:60Z", "2024-01-01T00:00:00",
        "2024-01-01 00:00:00Z", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00Zx",
        "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+0100", "0001-01-01T00:00:00Z",
        "9999-01-01T00:00:00Z", "-024-01-01T00:00:00Z"}) {
    EXPECT_THAT(ParseTime(text), StatusIs(Code::kInvalidArgument)) << text;
  }
}

TEST(ErrorDetailsTest, TravelWithTheStatus) {
  const Status status =
      Annotate(WithDetails(Error(Code::kInvalidArgument, "bad"),
                           {.reason = "Invalid",
                            .group = "tresor.dev",
                            .kind = "EtcdCluster",
                            .name = "a\xff",
                            .uid = "u",
                            .causes = {{"FieldValueInvalid", "spec.keep", "Invalid value: 0"}},
                            .retry_after_seconds = 5}),
               "creating");

  EXPECT_THAT(status, StatusIs(Code::kInvalidArgument, HasSubstr("creating: bad")));
  const std::optional<ErrorDetails> details = DetailsOf(status);
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->reason, "Invalid");
  EXPECT_EQ(details->group, "tresor.dev");
  EXPECT_EQ(details->kind, "EtcdCluster");
  EXPECT_EQ(details->uid, "u");
  EXPECT_EQ(details->retry_after_seconds, 5);
  ASSERT_EQ(details->causes.size(), 1U);
  EXPECT_EQ(details->causes[0].field, "spec.keep");
  EXPECT_EQ(details->causes[0].message, "Invalid value: 0");
}

TEST(ErrorDetailsTest, AStatusWithoutThemHasNone) {
  EXPECT_FALSE(DetailsOf(Error(Code::kNotFound, "x")).has_value());
  EXPECT_FALSE(DetailsOf(OkStatus()).has_value());
}

}  // namespace
}  // namespace tresor::objects
