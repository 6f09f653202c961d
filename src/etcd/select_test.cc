// SPDX-License-Identifier: Apache-2.0
#include "etcd/select.h"

#include <string>
#include <vector>

#include "base/status_matchers.h"

namespace tresor::etcd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

constexpr MemberId kLeader{1};

/// A member that answers, follows member 1 and is up to date.
ObservedMember Healthy(std::uint64_t id) {
  ObservedMember observed;
  observed.member = {.id = MemberId(id),
                     .name = "m" + std::to_string(id),
                     .client_urls = {"http://10.0.0." + std::to_string(id) + ":2379"}};
  observed.endpoint = observed.member.client_urls[0];
  MemberStatus status;
  status.leader = kLeader;
  status.raft_applied_index = 5000;
  observed.status = status;
  return observed;
}

ObservedMember Dead(std::uint64_t id) {
  ObservedMember observed = Healthy(id);
  observed.status = Error(Code::kUnavailable, "connection refused");
  return observed;
}

ObservedMember WithAlarm(std::uint64_t id, AlarmType alarm) {
  ObservedMember observed = Healthy(id);
  observed.alarms = {alarm};
  return observed;
}

ObservedMember Behind(std::uint64_t id, std::uint64_t entries) {
  ObservedMember observed = Healthy(id);
  observed.status->raft_applied_index -= entries;
  return observed;
}

ObservedMember Learner(std::uint64_t id) {
  ObservedMember observed = Healthy(id);
  observed.status->learner = true;
  return observed;
}

ObservedMember WithoutLeader(std::uint64_t id) {
  ObservedMember observed = Healthy(id);
  observed.status->leader = MemberId{};
  return observed;
}

struct Row {
  const char* rule;
  std::vector<ObservedMember> members;
  std::size_t chosen;
};

TEST(SelectMemberTest, Table) {
  const std::vector<Row> rows = {
      {"the only one", {Healthy(1)}, 0},
      {"follower before leader", {Healthy(1), Healthy(2)}, 1},
      {"the first of equals", {Healthy(1), Healthy(2), Healthy(3)}, 1},
      {"leader before the dead", {Dead(2), Healthy(1), Dead(3)}, 1},
      {"never a corrupt one", {WithAlarm(2, AlarmType::kCorrupt), Healthy(1)}, 1},
      {"leader before one without space", {WithAlarm(2, AlarmType::kNoSpace), Healthy(1)}, 1},
      {"one without space before none", {WithAlarm(2, AlarmType::kNoSpace), Dead(1)}, 0},
      {"leader before one that lags", {Behind(2, kMaxLag + 1), Healthy(1)}, 1},
      {"a little behind is no lag", {Behind(2, kMaxLag), Healthy(1)}, 0},
      {"the most advanced", {Healthy(1), Behind(2, 5), Behind(3, 2)}, 2},
      {"leader before learner", {Learner(2), Healthy(1)}, 1},
      {"learner before nothing", {Learner(2), Dead(1)}, 0},
      {"learner before one that lags", {Learner(2), Behind(3, 2000), Dead(1)}, 0},
      {"one that sees no leader is the last", {WithoutLeader(2), Healthy(1)}, 1},
      {"without any leader, the most advanced", {Behind(2, 1), WithoutLeader(3), Dead(1)}, 0},
  };
  for (const Row& row : rows) {
    const Result<SelectedMember> selected = SelectMember(row.members, "");
    ASSERT_OK(selected) << row.rule;
    EXPECT_EQ(selected->index, row.chosen) << row.rule;
    EXPECT_EQ(selected->passed_over.size(), row.members.size() - 1) << row.rule;
  }
}

TEST(SelectMemberTest, SaysWhyOthersWerePassedOver) {
  ASSERT_OK_AND_ASSIGN(
      const SelectedMember selected,
      SelectMember(
          {Healthy(1), Healthy(2), Dead(3), WithAlarm(4, AlarmType::kCorrupt), Behind(5, 3000),
           Learner(6), WithAlarm(7, AlarmType::kNoSpace), Healthy(8), WithoutLeader(9)},
          ""));
  EXPECT_EQ(selected.index, 1U);
  EXPECT_THAT(
      selected.passed_over,
      ElementsAre("member m1 (1): the leader", "member m3 (3): connection refused",
                  "member m4 (4): alarm CORRUPT", "member m5 (5): 3000 raft entries behind",
                  "member m6 (6): learner", "member m7 (7): alarm NOSPACE",
                  "member m8 (8): another one is as good", "member m9 (9): sees no leader"));
}

TEST(SelectMemberTest, TakesTheNamedOneWhateverItsState) {
  const std::vector<ObservedMember> members = {Healthy(1), Healthy(0xab),
                                               WithAlarm(3, AlarmType::kCorrupt)};
  for (const char* name : {"m3", "3", "http://10.0.0.3:2379", "10.0.0.3:2379"}) {
    ASSERT_OK_AND_ASSIGN(const SelectedMember selected, SelectMember(members, name));
    EXPECT_EQ(selected.index, 2U) << name;
  }
  ASSERT_OK_AND_ASSIGN(const SelectedMember selected, SelectMember(members, "ab"));
  EXPECT_EQ(selected.index, 1U);
}

TEST(SelectMemberTest, UnknownNameIsNotFoundAndListsTheKnown) {
  EXPECT_THAT(SelectMember({Healthy(1), Healthy(2)}, "m9"),
              StatusIs(Code::kNotFound, AllOf(HasSubstr("m9"), HasSubstr("member m2 (2)"))));
}

TEST(SelectMemberTest, NamedOneThatDoesNotAnswerIsAnError) {
  EXPECT_THAT(SelectMember({Healthy(1), Dead(2)}, "m2"),
              StatusIs(Code::kUnavailable, HasSubstr("member m2 (2): connection refused")));
}

TEST(SelectMemberTest, NobodyAnswersIsUnavailable) {
  EXPECT_THAT(SelectMember({Dead(1), Dead(2)}, ""),
              StatusIs(Code::kUnavailable, HasSubstr("m2 (2): connection refused")));
  EXPECT_THAT(SelectMember({}, ""), StatusIs(Code::kUnavailable));
}

TEST(SelectMemberTest, OnlyCorruptOnesIsAPreconditionThatFails) {
  EXPECT_THAT(SelectMember({Dead(1), WithAlarm(2, AlarmType::kCorrupt)}, ""),
              StatusIs(Code::kFailedPrecondition, HasSubstr("alarm CORRUPT")));
}

}  // namespace
}  // namespace tresor::etcd
