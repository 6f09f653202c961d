// SPDX-License-Identifier: Apache-2.0
#include "etcd/format/snap.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/status_matchers.h"
#include "crypto/crypto.h"

namespace tresor::etcd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

InitialCluster DefaultCluster() {
  return ParseInitialCluster(kDefaultInitialCluster, kDefaultInitialClusterToken).value();
}
// That of testdata/restored-*-three-members.snap.
InitialCluster GoldenCluster() {
  return ParseInitialCluster(
             "m1=http://127.0.0.1:13101,m<2>=https://10.0.0.2:2380,m<2>=http://"
             "[::1]:2380,m&3=unix://sock:1",
             "a<b>&c")
      .value();
}

Bytes Golden(std::string_view line) {
  std::ifstream in(fmt::format("{}/src/etcd/format/testdata/restored-{}-three-members.snap",
                               TRESOR_SOURCE_DIR, line),
                   std::ios::binary);
  EXPECT_TRUE(in) << line;
  return tresor::ToBytes(std::string(std::istreambuf_iterator<char>(in), {}));
}

TEST(RestoredSnapTest, IsByteForByteThatOfEtcd) {
  const Bytes snap = EncodeRestoredSnap(DefaultCluster());
  EXPECT_EQ(snap.size(), 6490u);
  EXPECT_EQ(ToHex(ByteView(snap).first(8)), "08b6f8818f0112d1");
  EXPECT_EQ(ToHex(crypto::Sha256::Of(snap)),
            "391e233526d2ed237b95d33b9d3c7975cf3db23b1913a478baacdeee4177b533");
}

TEST(RestoredSnapTest, IsByteForByteThatOfEtcdWithThreeMembersAndSeveralUrls) {
  EXPECT_TRUE(Equal(EncodeRestoredSnap(GoldenCluster()), Golden("3.5")))
      << "3.4.23 writes the same";
}

TEST(RestoredSnapTest, SaysTheSameAsThoseOfEtcd36And37) {
  const Bytes ours = EncodeRestoredSnap(GoldenCluster());
  ASSERT_OK_AND_ASSIGN(const SnapFile our_snap, DecodeSnap(ours));
  for (const std::string_view line : {"3.6", "3.7"}) {
    const Bytes theirs = Golden(line);
    ASSERT_OK_AND_ASSIGN(const SnapFile their_snap, DecodeSnap(theirs));
    EXPECT_EQ(their_snap.index, our_snap.index);
    EXPECT_EQ(their_snap.term, our_snap.term);
    EXPECT_EQ(their_snap.conf_state, our_snap.conf_state);
    EXPECT_EQ(*DecodeV2Members(their_snap.v2_store), *DecodeV2Members(our_snap.v2_store));
  }
}

TEST(RestoredSnapTest, ReadsBack) {
  const InitialCluster cluster = GoldenCluster();
  const Bytes file = EncodeRestoredSnap(cluster);

  ASSERT_OK_AND_ASSIGN(const SnapFile snap, DecodeSnap(file));
  ASSERT_OK_AND_ASSIGN(const std::vector<StoredMember> members, DecodeV2Members(snap.v2_store));

  EXPECT_EQ(snap.index, 3u);
  EXPECT_EQ(snap.term, 1u);
  ASSERT_EQ(members.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(snap.conf_state.voters[i], cluster.members[i].id);
    EXPECT_EQ(members[i].id, cluster.members[i].id);
    EXPECT_EQ(members[i].peer_urls, cluster.members[i].peer_urls);
    EXPECT_EQ(members[i].name, "") << "published only when the member starts";
  }
}

TEST(RestoredSnapTest, NameHoldsTermAndIndex) {
  EXPECT_EQ(RestoredSnapFileName(GoldenCluster()), "0000000000000001-0000000000000003.snap");
}

TEST(SnapTest, RefusesEveryFlippedBit) {
  const Bytes file = EncodeRestoredSnap(DefaultCluster());
  for (std::size_t at = 0; at < file.size(); ++at) {
    Bytes bad = file;
    bad[at] ^= std::byte{0x01};
    EXPECT_THAT(DecodeSnap(bad), StatusIs(Code::kDataLoss)) << at;
  }
}

TEST(SnapTest, RefusesEveryPrefix) {
  const Bytes file = EncodeRestoredSnap(DefaultCluster());
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_THAT(DecodeSnap(ByteView(file).first(size)), StatusIs(Code::kDataLoss)) << size;
  }
}

TEST(V2MembersTest, ReadsWhatMembersPublished) {
  const std::string json =
      R"({"Root":{"Children":{"0":{"Children":{"members":{"Children":{"1f":{"Children":{)"
      R"("raftAttributes":{"Value":"{\"peerURLs\":[\"http://a:1\"],\"isLearner\":true}"},)"
      R"("attributes":{"Value":"{\"name\":\"n\",\"clientURLs\":[\"http://c:2\"]}"}}}}}}}}}})";
  ASSERT_OK_AND_ASSIGN(const std::vector<StoredMember> members, DecodeV2Members(AsBytes(json)));
  EXPECT_THAT(members, ElementsAre(StoredMember{.id = MemberId{0x1f},
                                                .peer_urls = {"http://a:1"},
                                                .is_learner = true,
                                                .name = "n",
                                                .client_urls = {"http://c:2"}}));
}

TEST(V2MembersTest, RefusesOtherShapes) {
  const auto with = [](std::string_view members) {
    return fmt::format(
        R"({{"Root":{{"Children":{{"0":{{"Children":{{"members":{{"Children":{}}}}}}}}}}}}})",
        members);
  };
  EXPECT_OK(DecodeV2Members(AsBytes(with("{}"))));
  for (const std::string& json :
       {std::string("{"), std::string("[]"), std::string(R"({"Root":1})"), with("[]"),
        with(R"({"xyz":{}})"), with(R"({"1":1})"), with(R"({"1":{"Children":null}})"),
        with(R"({"1":{"Children":{"raftAttributes":1}}})"),
        with(R"({"1":{"Children":{"raftAttributes":{"Value":"["}}}})")}) {
    EXPECT_THAT(DecodeV2Members(AsBytes(json)), StatusIs(Code::kDataLoss, HasSubstr(""))) << json;
  }
}

}  // namespace
}  // namespace tresor::etcd
