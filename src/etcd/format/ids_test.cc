// SPDX-License-Identifier: Apache-2.0
#include "etcd/format/ids.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor::etcd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using testing::StatusIs;

TEST(InitialClusterTest, DerivesTheIdsOfEtcdsDefaults) {
  ASSERT_OK_AND_ASSIGN(const InitialCluster cluster,
                       ParseInitialCluster(kDefaultInitialCluster, kDefaultInitialClusterToken));
  ASSERT_EQ(cluster.members.size(), 1u);
  EXPECT_EQ(ToString(cluster.members[0].id), "8e9e05c52164694d");
  EXPECT_EQ(ToString(cluster.id), "cdf818194e3a8c32");
}

TEST(InitialClusterTest, DerivesTheIdsOfThreeMembers) {
  ASSERT_OK_AND_ASSIGN(const InitialCluster cluster,
                       ParseInitialCluster("m1=http://127.0.0.1:13101,m2=http://127.0.0.1:13111,"
                                           "m3=http://127.0.0.1:13121",
                                           "tokr"));
  ASSERT_EQ(cluster.members.size(), 3u);
  EXPECT_EQ(cluster.members[0].name, "m1");
  EXPECT_EQ(ToString(cluster.members[0].id), "656e105c6df7b60c");
  EXPECT_EQ(ToString(cluster.members[1].id), "a1427029d2b2a27a");
  EXPECT_EQ(ToString(cluster.members[2].id), "d9584b1bf730f8d1");
  EXPECT_EQ(cluster.id, ClusterId{2678902322895033638u});
}

TEST(InitialClusterTest, ANameMayComeAgainAndItsUrlsAreSorted) {
  ASSERT_OK_AND_ASSIGN(const InitialCluster cluster,
                       ParseInitialCluster(",a=http://z:1,,a= HTTP://b:2 ,", "t"));
  ASSERT_EQ(cluster.members.size(), 1u);
  EXPECT_THAT(cluster.members[0].peer_urls, ElementsAre("http://b:2", "http://z:1"));
  ASSERT_OK_AND_ASSIGN(const InitialCluster turned,
                       ParseInitialCluster("a=http://b:2,a=http://z:1", "t"));
  EXPECT_EQ(cluster.id, turned.id);
}

TEST(InitialClusterTest, TheTokenChangesTheIds) {
  ASSERT_OK_AND_ASSIGN(const InitialCluster one, ParseInitialCluster("a=http://b:2", "t"));
  ASSERT_OK_AND_ASSIGN(const InitialCluster other, ParseInitialCluster("a=http://b:2", "u"));
  EXPECT_NE(one.members[0].id, other.members[0].id);
}

TEST(InitialClusterTest, RefusesWhatEtcdRefuses) {
  const struct {
    std::string_view text;
    std::string_view why;
  } cases[] = {
      {"", "no member"},
      {",,", "no member"},
      {"a", "name=URL"},
      {"=http://b:2", "name=URL"},
      {"a=", "scheme://"},
      {"a=b:2", "scheme://"},
      {"a=ftp://b:2", "scheme must be"},
      {"a=http://b", "host:port"},
      {"a=http://b:x", "host:port"},
      {"a=http://b:2/", "path"},
      {"a=http://b:2/x", "path"},
      {"a=http://user@b:2", "host:port"},
      {"a=http://b:2?x", "host:port"},
      {"a=http://[::1:2", "host:port"},
      {"a=http://b c:2", "host:port"},
      {"a=unix://", "socket"},
      {"a=http://b:2,a=http://b:2", "twice"},
      {"a=http://b:2,c=http://b:2", "twice"},
  };
  for (const auto& [text, why] : cases) {
    EXPECT_THAT(ParseInitialCluster(text, "t"),
                StatusIs(Code::kInvalidArgument, HasSubstr(std::string(why))))
        << text;
  }
}

TEST(PeerUrlsTest, AreTrimmedPrintedAsGoDoesAndSorted) {
  EXPECT_THAT(ParsePeerUrls("https://b:2380 , HTTP://a:1,unix://sock:1,http://[::1]:2380"),
              IsOkAndHolds(ElementsAre("http://[::1]:2380", "http://a:1", "https://b:2380",
                                       "unix://sock:1")));
}

TEST(PeerUrlsTest, KeepTheCaseOfTheHost) {
  EXPECT_THAT(ParsePeerUrls("http://Host:2380"), IsOkAndHolds(ElementsAre("http://Host:2380")));
}

TEST(PeerUrlsTest, RefusesNone) {
  EXPECT_THAT(ParsePeerUrls(" "), StatusIs(Code::kInvalidArgument));
}

TEST(FindLocalMemberTest, WantsTheSameUrlsAsInTheCluster) {
  ASSERT_OK_AND_ASSIGN(const InitialCluster cluster,
                       ParseInitialCluster("a=http://b:2,a=http://c:3,d=http://d:4", "t"));
  ASSERT_OK_AND_ASSIGN(const auto both, ParsePeerUrls("http://c:3,http://b:2"));
  ASSERT_OK_AND_ASSIGN(const auto one, ParsePeerUrls("http://b:2"));

  ASSERT_OK_AND_ASSIGN(const MemberSpec found, FindLocalMember(cluster, "a", both));
  EXPECT_EQ(found.name, "a");
  EXPECT_THAT(FindLocalMember(cluster, "a", one),
              StatusIs(Code::kInvalidArgument, HasSubstr("(http://b:2) are not its URLs")));
  EXPECT_THAT(FindLocalMember(cluster, "x", both),
              StatusIs(Code::kInvalidArgument, HasSubstr("\"x\" is not in")));
}

TEST(MemberIdTest, TextHasNoLeadingZeros) {
  EXPECT_EQ(ToString(MemberId{0xab}), "ab");
  EXPECT_THAT(ParseMemberId("ab"), IsOkAndHolds(MemberId{0xab}));
  EXPECT_THAT(ParseMemberId("ffffffffffffffff"), IsOkAndHolds(MemberId{~std::uint64_t{0}}));
  for (const std::string_view bad :
       {"", "0ab", "AB", "-1", "+1", "0xab", "g", "ab ", "10000000000000000"}) {
    EXPECT_THAT(ParseMemberId(bad), StatusIs(Code::kDataLoss)) << bad;
  }
}

}  // namespace
}  // namespace tresor::etcd
