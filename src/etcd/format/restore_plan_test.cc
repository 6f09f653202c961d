// SPDX-License-Identifier: Apache-2.0
#include "etcd/format/restore_plan.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/status_matchers.h"

namespace tresor::etcd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::StatusIs;

InitialCluster ThreeMembers() {
  return ParseInitialCluster(
             "m1=http://127.0.0.1:13101,m2=http://127.0.0.1:13111,m3=http://127.0.0.1:13121",
             "tokr")
      .value();
}

BucketPair Text(std::string_view key, std::string_view value) {
  return {.key = tresor::ToBytes(key), .value = tresor::ToBytes(value)};
}

std::vector<std::pair<std::string, std::string>> AsTexts(const std::vector<BucketPair>& pairs) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const BucketPair& pair : pairs) {
    out.emplace_back(tresor::ToString(ByteView(pair.key)), tresor::ToString(ByteView(pair.value)));
  }
  return out;
}

std::vector<BucketPair> SourceMeta() {
  return {{.key = tresor::ToBytes(kMetaConfState), .value = tresor::ToBytes("{}")},
          {.key = tresor::ToBytes(kMetaConsistentIndex), .value = EncodeCounter(12345)},
          {.key = tresor::ToBytes(kMetaFinishedCompaction), .value = EncodeCompaction(40)},
          {.key = tresor::ToBytes(kMetaScheduledCompaction), .value = EncodeCompaction(40)},
          {.key = tresor::ToBytes(kMetaStorageVersion), .value = tresor::ToBytes("3.6.0")},
          {.key = tresor::ToBytes(kMetaTerm), .value = EncodeCounter(9)}};
}

std::optional<Bytes> ValueOf(const std::vector<BucketPair>& pairs, std::string_view key) {
  for (const BucketPair& pair : pairs) {
    if (AsText(pair.key) == key) {
      return pair.value;
    }
  }
  return std::nullopt;
}

TEST(RestorePlanTest, ReplacesTheMembersAndForgetsTheRemoved) {
  ASSERT_OK_AND_ASSIGN(const RestorePlan plan, RestorePlan::Make({}, ThreeMembers()));

  EXPECT_THAT(
      AsTexts(plan.Rewrite(kBucketMembers, {Text("1a", "old"), Text("8e9e05c52164694d", "old")})),
      ElementsAre(
          Pair("656e105c6df7b60c",
               R"({"id":7308797234436879884,"peerURLs":["http://127.0.0.1:13101"],"name":"m1"})"),
          Pair("a1427029d2b2a27a",
               R"({"id":11619973313500193402,"peerURLs":["http://127.0.0.1:13111"],"name":"m2"})"),
          Pair(
              "d9584b1bf730f8d1",
              R"({"id":15661350287664281809,"peerURLs":["http://127.0.0.1:13121"],"name":"m3"})")));
  EXPECT_THAT(plan.Rewrite(kBucketMembersRemoved, {Text("1a", "removed")}), IsEmpty());
}

TEST(RestorePlanTest, MembersLieInByteOrderAlsoWhenIdsAreShort) {
  InitialCluster cluster;
  cluster.members = {{.id = MemberId{0x2b}, .name = "a", .peer_urls = {"http://a:1"}},
                     {.id = MemberId{0x1f0}, .name = "b", .peer_urls = {"http://b:1"}}};
  ASSERT_OK_AND_ASSIGN(const RestorePlan plan, RestorePlan::Make({}, cluster));
  const auto pairs = AsTexts(plan.Rewrite(kBucketMembers, {}));
  EXPECT_THAT(pairs, ElementsAre(Pair("1f0", ::testing::_), Pair("2b", ::testing::_)));
}

TEST(RestorePlanTest, PortableMetaLosesTheStorageVersion) {
  ASSERT_OK_AND_ASSIGN(const RestorePlan plan, RestorePlan::Make({}, ThreeMembers()));

  const std::vector<BucketPair> meta = plan.Rewrite(kBucketMeta, SourceMeta());

  EXPECT_EQ(ValueOf(meta, kMetaConsistentIndex), EncodeCounter(3));
  EXPECT_EQ(ValueOf(meta, kMetaTerm), EncodeCounter(1));
  EXPECT_EQ(ValueOf(meta, kMetaStorageVersion), std::nullopt);
  EXPECT_EQ(ValueOf(meta, kMetaConfState), tresor::ToBytes("{}"));
  EXPECT_EQ(ValueOf(meta, kMetaScheduledCompaction), EncodeCompaction(40));
  EXPECT_EQ(meta.size(), 5u);
}

TEST(RestorePlanTest, StrictFormIsThatOfEtcdutl) {
  ASSERT_OK_AND_ASSIGN(const RestorePlan plan,
                       RestorePlan::Make({.portable = false}, ThreeMembers()));
  const std::vector<BucketPair> cluster = {Text(kClusterVersion, "3.6.0"),
                                           Text(kClusterDowngrade, "{}")};

  EXPECT_EQ(plan.Rewrite(kBucketCluster, cluster), cluster);
  EXPECT_EQ(ValueOf(plan.Rewrite(kBucketMeta, SourceMeta()), kMetaStorageVersion),
            tresor::ToBytes("3.6.0"));
}

TEST(RestorePlanTest, PortableClusterKeepsOnlyWhatItDoesNotKnow) {
  ASSERT_OK_AND_ASSIGN(const RestorePlan plan, RestorePlan::Make({}, ThreeMembers()));
  EXPECT_THAT(
      AsTexts(plan.Rewrite(kBucketCluster, {Text(kClusterVersion, "3.6.0"),
                                            Text(kClusterDowngrade, "{}"), Text("later", "x")})),
      ElementsAre(Pair("later", "x")));
}

TEST(RestorePlanTest, MakesMetaWhenTheSourceHasNone) {
  ASSERT_OK_AND_ASSIGN(const RestorePlan plan, RestorePlan::Make({}, ThreeMembers()));
  EXPECT_EQ(plan.Rewrite(kBucketMeta, {}),
            (std::vector<BucketPair>{
                {.key = tresor::ToBytes(kMetaConsistentIndex), .value = EncodeCounter(3)},
                {.key = tresor::ToBytes(kMetaTerm), .value = EncodeCounter(1)}}));
}

TEST(RestorePlanTest, AlarmsStayUnlessTheyAreToBeCleared) {
  ASSERT_OK_AND_ASSIGN(const RestorePlan keeping, RestorePlan::Make({}, ThreeMembers()));
  ASSERT_OK_AND_ASSIGN(const RestorePlan clearing,
                       RestorePlan::Make({.clear_alarms = true}, ThreeMembers()));
  EXPECT_EQ(keeping.Rewrite(kBucketAlarm, {Text("a", "")}).size(), 1u);
  EXPECT_THAT(clearing.Rewrite(kBucketAlarm, {Text("a", "")}), IsEmpty());
}

TEST(RestorePlanTest, OtherBucketsStayAsTheyAre) {
  ASSERT_OK_AND_ASSIGN(const RestorePlan plan,
                       RestorePlan::Make({.clear_alarms = true}, ThreeMembers()));
  const std::vector<BucketPair> pairs = {Text("a", "b")};
  for (const std::string_view name :
       {kBucketAuth, kBucketAuthRoles, kBucketAuthUsers, kBucketLease}) {
    EXPECT_EQ(plan.Rewrite(name, pairs), pairs) << name;
  }
  EXPECT_EQ(plan.Rewrite("of a later etcd", pairs), pairs);
}

TEST(RestorePlanTest, BumpAppendsAnEmptyRecordAndMarksItCompacted) {
  ASSERT_OK_AND_ASSIGN(RestorePlan plan,
                       RestorePlan::Make({.bump_revision = 1000}, ThreeMembers()));

  ASSERT_OK_AND_ASSIGN(const std::optional<BucketPair> record,
                       plan.BumpRecord(RecordKey{41, 3, true}));
  const std::vector<BucketPair> meta = plan.Rewrite(kBucketMeta, SourceMeta());

  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->key, EncodeRecordKey({1041, 0, false}));
  EXPECT_THAT(record->value, IsEmpty());
  EXPECT_EQ(ValueOf(meta, kMetaScheduledCompaction), EncodeCompaction(1041));
  EXPECT_EQ(ValueOf(meta, kMetaFinishedCompaction), EncodeCompaction(40));
}

TEST(RestorePlanTest, BumpOfAnEmptyStoreCountsFromZero) {
  ASSERT_OK_AND_ASSIGN(RestorePlan plan, RestorePlan::Make({.bump_revision = 7}, ThreeMembers()));
  ASSERT_OK_AND_ASSIGN(const std::optional<BucketPair> record, plan.BumpRecord(std::nullopt));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->key, EncodeRecordKey({7, 0, false}));
}

TEST(RestorePlanTest, WithoutABumpNothingIsAppended) {
  ASSERT_OK_AND_ASSIGN(RestorePlan plan, RestorePlan::Make({}, ThreeMembers()));
  EXPECT_THAT(plan.BumpRecord(RecordKey{41, 3, true}), testing::IsOkAndHolds(std::nullopt));
}

TEST(RestorePlanTest, RefusesABumpPastTheLastRevision) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  ASSERT_OK_AND_ASSIGN(RestorePlan plan,
                       RestorePlan::Make({.bump_revision = kMost - 5}, ThreeMembers()));
  EXPECT_OK(plan.BumpRecord(RecordKey{5, 0, false}));
  EXPECT_THAT(plan.BumpRecord(RecordKey{6, 0, false}),
              StatusIs(Code::kInvalidArgument, HasSubstr("2^63")));
  EXPECT_THAT(RestorePlan::Make({.bump_revision = -1}, ThreeMembers()),
              StatusIs(Code::kInvalidArgument));
}

}  // namespace
}  // namespace tresor::etcd
