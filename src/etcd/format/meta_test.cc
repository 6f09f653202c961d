// SPDX-License-Identifier: Apache-2.0
#include "etcd/format/meta.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/status_matchers.h"
#include "etcd/format/raft.h"

namespace tresor::etcd {
namespace {

using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using testing::StatusIs;

Bytes Hex(std::string_view text) { return FromHex(text).value(); }

TEST(MetaTest, CountersAreBigEndian) {
  EXPECT_EQ(ToHex(EncodeCounter(0x0102)), "0000000000000102");
  EXPECT_THAT(DecodeCounter(Hex("0000000000000102"), "term"), IsOkAndHolds(0x0102u));
  EXPECT_THAT(DecodeCounter(Hex("00000000000001"), "term"),
              StatusIs(Code::kDataLoss, HasSubstr("term: 7 bytes")));
}

TEST(MetaTest, CompactionsAreRecordKeys) {
  EXPECT_EQ(ToHex(EncodeCompaction(5)), "00000000000000055f0000000000000000");
  EXPECT_THAT(DecodeCompaction(Hex("00000000000000055f0000000000000000"), "x"), IsOkAndHolds(5));
  EXPECT_THAT(DecodeCompaction(Hex("00000000000000055f000000000000000074"), "x"),
              StatusIs(Code::kDataLoss));
  EXPECT_THAT(DecodeCompaction({}, "finishedCompactRev"),
              StatusIs(Code::kDataLoss, HasSubstr("finishedCompactRev")));
}

TEST(MetaTest, AuthEnabledIsOneByte) {
  EXPECT_THAT(DecodeAuthEnabled(Hex("01")), IsOkAndHolds(true));
  EXPECT_THAT(DecodeAuthEnabled(Hex("00")), IsOkAndHolds(false));
  EXPECT_THAT(DecodeAuthEnabled(Hex("02")), StatusIs(Code::kDataLoss));
  EXPECT_THAT(DecodeAuthEnabled({}), StatusIs(Code::kDataLoss));
}

TEST(GoJsonStringTest, EscapesWhatGoEscapes) {
  EXPECT_EQ(GoJsonString("a<b>&\"\\/"), R"("a\u003cb\u003e\u0026\"\\/")");
  EXPECT_EQ(GoJsonString("\n\r\t\x01\x7f"), "\"\\n\\r\\t\\u0001\x7f\"");
  EXPECT_EQ(GoJsonString("ü€😀"), "\"ü€😀\"");
  EXPECT_EQ(GoJsonString("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), "\"\\u2028\\u2029\xe2\x80\xaa\"");
}

TEST(GoJsonStringTest, ReplacesEachInvalidByte) {
  EXPECT_EQ(GoJsonString("\xff"), R"("\ufffd")");
  EXPECT_EQ(GoJsonString("a\xc3"), R"("a\ufffd")");                    // cut short
  EXPECT_EQ(GoJsonString("\xc0\x80"), R"("\ufffd\ufffd")");            // overlong
  EXPECT_EQ(GoJsonString("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");  // a surrogate
}

TEST(MemberTest, JsonHasGosOrderAndLeavesOutWhatIsEmpty) {
  StoredMember member;
  member.id = MemberId{10276657743932975437u};
  member.peer_urls = {"http://localhost:2380"};
  EXPECT_EQ(EncodeMemberJson(member),
            R"({"id":10276657743932975437,"peerURLs":["http://localhost:2380"]})");

  member.is_learner = true;
  member.name = "<a>";
  member.client_urls = {"http://x:1", "http://y:2"};
  const std::string json = EncodeMemberJson(member);
  EXPECT_EQ(json,
            R"({"id":10276657743932975437,"peerURLs":["http://localhost:2380"],"isLearner":true,)"
            R"("name":"\u003ca\u003e","clientURLs":["http://x:1","http://y:2"]})");
  EXPECT_THAT(DecodeMemberJson(AsBytes(json)), IsOkAndHolds(member));
}

TEST(MemberTest, RefusesWhatIsNoMember) {
  for (const std::string_view json :
       {"", "[]", "{", "{}", R"({"id":"1"})", R"({"id":-1})", R"({"id":0})",
        R"({"id":1,"peerURLs":"x"})", R"({"id":1,"peerURLs":[1]})", R"({"id":1,"name":1})",
        R"({"id":1,"isLearner":1})", R"({"id":18446744073709551616})"}) {
    EXPECT_THAT(DecodeMemberJson(AsBytes(json)), StatusIs(Code::kDataLoss)) << json;
  }
}

TEST(MemberTest, TakesNullAsMissingAndSkipsUnknownFields) {
  EXPECT_OK(DecodeMemberJson(AsBytes(R"({"id":1,"peerURLs":null,"later":{"a":[1]}})")));
}

TEST(AlarmTest, IsAProtobufKey) {
  const AlarmMember alarm{.member = MemberId{300}, .alarm = AlarmType::kNoSpace};
  EXPECT_EQ(ToHex(EncodeAlarmMember(alarm)), "08ac021001");
  EXPECT_THAT(DecodeAlarmMember(Hex("08ac021001")), IsOkAndHolds(alarm));
  EXPECT_THAT(DecodeAlarmMember(Hex("0a")), StatusIs(Code::kDataLoss));
}

TEST(LeaseTest, KeyIsTheIdBigEndian) {
  EXPECT_EQ(ToHex(EncodeLeaseId(0x1234)), "0000000000001234");
  EXPECT_THAT(DecodeLeaseId(Hex("0000000000001234")), IsOkAndHolds(0x1234));
  EXPECT_THAT(DecodeLeaseId(Hex("1234")), StatusIs(Code::kDataLoss));
}

TEST(LeaseTest, ValueKeepsItsTimes) {
  const Lease lease{.id = 0x1234, .ttl_seconds = 60, .remaining_ttl_seconds = 7};
  EXPECT_EQ(ToHex(EncodeLease(lease)), "08b424103c1807");
  EXPECT_THAT(DecodeLease(Hex("08b424103c1807")), IsOkAndHolds(lease));
  EXPECT_THAT(DecodeLease(Hex("0a0161")), StatusIs(Code::kDataLoss));
}

TEST(ConfStateTest, JsonIsThatOfMetaConfState) {
  ConfState state;
  state.voters = {MemberId{1}, MemberId{18446744073709551615u}};
  EXPECT_EQ(EncodeConfStateJson(state),
            R"({"voters":[1,18446744073709551615],"auto_leave":false})");
  state.learners = {MemberId{3}};
  state.auto_leave = true;
  const std::string json = EncodeConfStateJson(state);
  EXPECT_EQ(json, R"({"voters":[1,18446744073709551615],"learners":[3],"auto_leave":true})");
  EXPECT_THAT(DecodeConfStateJson(AsBytes(json)), IsOkAndHolds(state));
  EXPECT_THAT(DecodeConfStateJson(AsBytes(R"({"voters":[-1]})")), StatusIs(Code::kDataLoss));
}

TEST(ConfStateTest, ReadsVotersPackedAndUnpacked) {
  ConfState state;
  state.voters = {MemberId{1}, MemberId{2}};
  EXPECT_EQ(ToHex(EncodeConfState(state)), "080108022800");
  EXPECT_THAT(DecodeConfState(Hex("080108022800")), IsOkAndHolds(state));
  EXPECT_THAT(DecodeConfState(Hex("0a020102")), IsOkAndHolds(state));
  EXPECT_THAT(DecodeConfState(Hex("0a0201ff")), StatusIs(Code::kDataLoss));
}

}  // namespace
}  // namespace tresor::etcd
