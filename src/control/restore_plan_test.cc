// SPDX-License-Identifier: Apache-2.0
#include "control/restore_plan.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tresor::control {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Kind = RestoreAction::Kind;
using Stage = RestoreStage;
using Safety = SafetyState::Kind;
using runtime::RestoreStep;

constexpr WallTime kNow{std::chrono::seconds{1'700'000'000}};
constexpr ExpectedData kExpected{.revision = 1050, .compact_revision = 1050, .hash = 2};

runtime::MemberObservation Member(std::optional<RestoreStep> done) {
  runtime::MemberObservation member;
  member.name = "m1";
  member.phase = runtime::MemberPhase::kRestoring;
  member.restore = runtime::RestoreObservation{.id = "r", .done = done};
  return member;
}
runtime::MemberObservation Restored() {
  runtime::MemberObservation member = Member(RestoreStep::kStartClosed);
  member.phase = runtime::MemberPhase::kRunning;
  member.healthy = true;
  member.restore->rebuilt = runtime::RebuiltData{.revision = kExpected.revision,
                                                 .compact_revision = kExpected.compact_revision,
                                                 .hash = kExpected.hash};
  member.restore->verified = true;
  return member;
}
runtime::ClusterObservation Three(const runtime::MemberObservation& member) {
  runtime::ClusterObservation seen;
  seen.members = {member, member, member};
  return seen;
}
Result<etcd::HashKvResponse> Answer(std::uint64_t member, std::uint32_t hash,
                                    std::int64_t compact = kExpected.compact_revision) {
  etcd::HashKvResponse answer;
  answer.header.member = etcd::MemberId{member};
  answer.hash = hash;
  answer.compact_revision = compact;
  return answer;
}

RestoreFacts At(Stage stage) {
  RestoreFacts facts;
  facts.stage = stage;
  facts.now = kNow;
  facts.stage_since = kNow - 1s;
  facts.deadline = kNow + 30min;
  facts.restore_id = "r";
  facts.replicas = 3;
  facts.expected = kExpected;
  facts.members_touched = stage >= Stage::kStoppingMembers;
  return facts;
}

struct Row {
  std::string name;
  Stage stage;
  std::function<void(RestoreFacts&)> given;
  Kind kind;
  Stage next = Stage::kPending;  // of kEnter
  std::string message = {};
};

class RestorePlanTest : public ::testing::TestWithParam<Row> {};

TEST_P(RestorePlanTest, Decides) {
  RestoreFacts facts = At(GetParam().stage);
  GetParam().given(facts);

  const RestoreAction action = PlanRestore(facts);

  EXPECT_EQ(action.kind, GetParam().kind) << action.message;
  if (action.kind == Kind::kEnter) {
    EXPECT_EQ(ToString(action.stage), ToString(GetParam().next)) << action.message;
  }
  EXPECT_THAT(action.message, HasSubstr(GetParam().message));
  EXPECT_EQ(action.stuck, action.message.starts_with("stuck: "));
  EXPECT_EQ(action.missing.empty(), !action.message.starts_with("went on without m"));
}

void Nothing(RestoreFacts&) {}
void Cancelled(RestoreFacts& f) { f.cancelled = true; }
void Late(RestoreFacts& f) { f.now = f.deadline; }
void Ordered(RestoreFacts& f) { f.order = OkStatus(); }
std::function<void(RestoreFacts&)> Seen(std::optional<RestoreStep> done) {
  return [done](RestoreFacts& f) {
    f.order = OkStatus();
    f.members = Three(Member(done));
  };
}
std::function<void(RestoreFacts&)> SeenHealthy(RestoreStep done) {
  return [done](RestoreFacts& f) {
    f.order = OkStatus();
    runtime::MemberObservation member = Restored();
    member.restore->done = done;
    f.members = Three(member);
  };
}
runtime::ClusterObservation RolledBack(bool healthy) {
  runtime::MemberObservation member = Member(RestoreStep::kRebuild);
  member.restore->rolled_back = true;
  member.healthy = healthy;
  return Three(member);
}
std::function<void(RestoreFacts&)> SeenError(bool final) {
  return [final](RestoreFacts& f) {
    f.order = OkStatus();
    runtime::ClusterObservation seen = Three(Member(RestoreStep::kStop));
    seen.members[1].restore->error = "no space";
    seen.members[1].restore->final = final;
    f.members = seen;
  };
}
std::function<void(RestoreFacts&)> OrderFails(Code code) {
  return [code](RestoreFacts& f) { f.order = Error(code, "trouble"); };
}
std::function<void(RestoreFacts&)> Proof(Status status) {
  return [status](RestoreFacts& f) { f.proof = status; };
}
std::function<void(RestoreFacts&)> SafetyIs(Safety kind) {
  return [kind](RestoreFacts& f) {
    f.proof = OkStatus();
    f.safety = {.kind = kind, .detail = "detail"};
  };
}

/// m0 is as `first` says after so long; the others have opened, or not.
std::function<void(RestoreFacts&)> OneBehind(std::chrono::nanoseconds since, bool others_open,
                                             bool final = false) {
  return [=](RestoreFacts& f) {
    f.order = OkStatus();
    f.stage_since = f.now - since;
    runtime::MemberObservation open = Restored();
    open.restore->done = others_open ? RestoreStep::kOpen : RestoreStep::kStartClosed;
    runtime::ClusterObservation seen = Three(open);
    seen.members[0] = Member(RestoreStep::kStartClosed);
    seen.members[0].name = "m0";
    seen.members[0].restore->error = "etcd ended";
    seen.members[0].restore->final = final;
    f.members = seen;
  };
}
std::function<void(RestoreFacts&)> OneBehindAnd(std::chrono::nanoseconds since,
                                                std::vector<Result<etcd::HashKvResponse>> answers) {
  return [=](RestoreFacts& f) {
    OneBehind(since, true)(f);
    f.answers = answers;
  };
}

const Row kRows[] = {
    {"pending begins", Stage::kPending, Nothing, Kind::kEnter, Stage::kPreflight},
    {"pending cancelled", Stage::kPending, Cancelled, Kind::kEnter, Stage::kCancelled},
    {"pending without a cluster", Stage::kPending,
     [](RestoreFacts& f) { f.target_problem = "no cluster"; }, Kind::kEnter, Stage::kFailed,
     "no cluster"},

    {"preflight proves", Stage::kPreflight, Nothing, Kind::kProve},
    {"proven, safety asked", Stage::kPreflight, SafetyIs(Safety::kMissing), Kind::kEnter,
     Stage::kSafetyBackup},
    {"proven, no safety", Stage::kPreflight, SafetyIs(Safety::kNotAsked), Kind::kEnter,
     Stage::kPausing},
    {"proof damaged", Stage::kPreflight, Proof(Error(Code::kDataLoss, "bad")), Kind::kEnter,
     Stage::kFailed, "bad"},
    {"proof without room", Stage::kPreflight, Proof(Error(Code::kResourceExhausted, "room")),
     Kind::kEnter, Stage::kFailed, "room"},
    {"proof unavailable waits", Stage::kPreflight, Proof(Error(Code::kUnavailable, "later")),
     Kind::kWait, Stage::kPending, "later"},
    {"preflight cancelled", Stage::kPreflight, Cancelled, Kind::kEnter, Stage::kCancelled},
    {"preflight too late", Stage::kPreflight, Late, Kind::kEnter, Stage::kFailed,
     "not done in time"},

    {"safety is made", Stage::kSafetyBackup, SafetyIs(Safety::kMissing), Kind::kBackUp},
    {"safety waits", Stage::kSafetyBackup, SafetyIs(Safety::kWaiting), Kind::kWait, Stage::kPending,
     "detail"},
    {"safety done", Stage::kSafetyBackup, SafetyIs(Safety::kCompleted), Kind::kEnter,
     Stage::kPausing},
    {"safety impossible says so", Stage::kSafetyBackup, SafetyIs(Safety::kImpossible), Kind::kEnter,
     Stage::kPausing, "no safety backup: detail"},
    {"safety failed", Stage::kSafetyBackup, SafetyIs(Safety::kFailed), Kind::kEnter, Stage::kFailed,
     "spec.safetyBackup: false"},
    {"safety cancelled", Stage::kSafetyBackup, Cancelled, Kind::kEnter, Stage::kCancelled},

    {"pausing claims", Stage::kPausing, Nothing, Kind::kClaim},
    {"pausing finds another", Stage::kPausing, [](RestoreFacts& f) { f.other_restore = "other"; },
     Kind::kEnter, Stage::kFailed, "other"},
    {"pausing waits for backups", Stage::kPausing,
     [](RestoreFacts& f) {
       f.claimed = true;
       f.running_backups = 1;
     },
     Kind::kWait, Stage::kPending, "1 running backup"},
    {"paused", Stage::kPausing, [](RestoreFacts& f) { f.claimed = true; }, Kind::kEnter,
     Stage::kStoppingMembers},
    {"pausing cancelled rolls back", Stage::kPausing, Cancelled, Kind::kEnter, Stage::kRollingBack,
     "cancelled"},

    {"stopping orders", Stage::kStoppingMembers, Nothing, Kind::kOrder},
    {"stopping waits", Stage::kStoppingMembers, Seen(RestoreStep::kStop), Kind::kWait},
    {"stopping not begun", Stage::kStoppingMembers, Seen(std::nullopt), Kind::kWait},
    {"stopped", Stage::kStoppingMembers, Seen(RestoreStep::kSetAside), Kind::kEnter,
     Stage::kRebuilding},
    {"two of three members are not all", Stage::kStoppingMembers,
     [](RestoreFacts& f) {
       f.order = OkStatus();
       runtime::ClusterObservation seen = Three(Member(RestoreStep::kSetAside));
       seen.members.pop_back();
       f.members = seen;
     },
     Kind::kWait},
    {"one behind is not all", Stage::kStoppingMembers,
     [](RestoreFacts& f) {
       f.order = OkStatus();
       runtime::ClusterObservation seen = Three(Member(RestoreStep::kSetAside));
       seen.members[2] = Member(RestoreStep::kStop);
       f.members = seen;
     },
     Kind::kWait},
    {"another restore's word does not count", Stage::kStoppingMembers,
     [](RestoreFacts& f) {
       f.order = OkStatus();
       runtime::ClusterObservation seen = Three(Member(RestoreStep::kSetAside));
       seen.members[2].restore->id = "old";
       f.members = seen;
     },
     Kind::kWait},
    {"passing error waits", Stage::kStoppingMembers, SeenError(false), Kind::kWait, Stage::kPending,
     "m1: no space"},
    {"final error rolls back", Stage::kStoppingMembers, SeenError(true), Kind::kEnter,
     Stage::kRollingBack, "m1: no space"},
    {"order unavailable waits", Stage::kStoppingMembers, OrderFails(Code::kUnavailable),
     Kind::kWait, Stage::kPending, "trouble"},
    {"order refused rolls back", Stage::kStoppingMembers, OrderFails(Code::kInvalidArgument),
     Kind::kEnter, Stage::kRollingBack, "trouble"},
    {"refused order that nobody began gives up", Stage::kStoppingMembers,
     OrderFails(Code::kFailedPrecondition), Kind::kEnter, Stage::kRollingBack, "trouble"},
    {"refused order of what was begun waits", Stage::kStoppingMembers,
     [](RestoreFacts& f) {
       f.order = Error(Code::kFailedPrecondition, "trouble");
       f.members = Three(Member(std::nullopt));
     },
     Kind::kWait, Stage::kPending, "trouble"},
    {"stopping cancelled", Stage::kStoppingMembers, Cancelled, Kind::kEnter, Stage::kRollingBack},
    {"stopping late", Stage::kStoppingMembers, Late, Kind::kEnter, Stage::kRollingBack,
     "StoppingMembers"},
    {"late says what it waited for", Stage::kStoppingMembers,
     [](RestoreFacts& f) {
       Late(f);
       f.last_trouble = "m1: etcd ended";
     },
     Kind::kEnter, Stage::kRollingBack, "m1: etcd ended"},

    {"rebuilt", Stage::kRebuilding, Seen(RestoreStep::kRebuild), Kind::kEnter,
     Stage::kStartingMembers},
    {"rebuilding cancelled", Stage::kRebuilding, Cancelled, Kind::kEnter, Stage::kRollingBack},
    {"started", Stage::kStartingMembers, Seen(RestoreStep::kStartClosed), Kind::kEnter,
     Stage::kVerifying},
    {"starting late", Stage::kStartingMembers, Late, Kind::kEnter, Stage::kRollingBack},

    {"verifying waits for health", Stage::kVerifying, Seen(RestoreStep::kStartClosed), Kind::kWait,
     Stage::kPending, "healthy"},
    {"verifying asks", Stage::kVerifying,
     [](RestoreFacts& f) {
       f.order = OkStatus();
       f.members = Three(Restored());
     },
     Kind::kVerify},
    {"verified", Stage::kVerifying,
     [](RestoreFacts& f) {
       f.order = OkStatus();
       f.members = Three(Restored());
       f.answers = {Answer(1, 2), Answer(2, 2), Answer(3, 2)};
     },
     Kind::kEnter, Stage::kOpening, "hash 2"},
    {"other hash rolls back", Stage::kVerifying,
     [](RestoreFacts& f) {
       f.order = OkStatus();
       f.members = Three(Restored());
       f.answers = {Answer(1, 2), Answer(2, 9), Answer(3, 2)};
     },
     Kind::kEnter, Stage::kRollingBack, "hash 9"},
    {"verifying cancelled", Stage::kVerifying, Cancelled, Kind::kEnter, Stage::kRollingBack},
    {"verifying late", Stage::kVerifying, Late, Kind::kEnter, Stage::kRollingBack},

    {"opening cannot be cancelled", Stage::kOpening, Cancelled, Kind::kOrder},
    {"opening is never late", Stage::kOpening, Late, Kind::kOrder},
    {"opening waits", Stage::kOpening, Seen(RestoreStep::kStartClosed), Kind::kWait},
    {"opened", Stage::kOpening, SeenHealthy(RestoreStep::kOpen), Kind::kEnter,
     Stage::kRemovingOldData},
    {"open and not healthy keeps the old data", Stage::kOpening, Seen(RestoreStep::kOpen),
     Kind::kWait, Stage::kPending, "healthy"},
    {"opening waits for one that is behind", Stage::kOpening, OneBehind(9min, true), Kind::kWait,
     Stage::kPending, "m0: etcd ended"},
    {"a quorum that waited long enough is asked what it has", Stage::kOpening,
     OneBehind(10min, true), Kind::kVerify},
    {"one that never will is not waited for", Stage::kOpening, OneBehind(1s, true, true),
     Kind::kVerify},
    {"a quorum with the backup's data goes on", Stage::kOpening,
     OneBehindAnd(10min, {Answer(2, 2), Answer(3, 2)}), Kind::kEnter, Stage::kRemovingOldData,
     "went on without m0: etcd ended"},
    {"what clients compacted was proven before", Stage::kOpening,
     OneBehindAnd(10min, {Answer(2, 7, 2000), Error(Code::kOutOfRange, "compacted")}), Kind::kEnter,
     Stage::kRemovingOldData, "m0"},
    {"a quorum with other data does not go on", Stage::kOpening,
     OneBehindAnd(10min, {Answer(2, 2), Answer(3, 9)}), Kind::kWait, Stage::kPending,
     "stuck: members have opened with other data: member 3 answers hash 9"},
    {"no quorum waits", Stage::kOpening, OneBehind(9min, false), Kind::kWait, Stage::kPending,
     "m0: etcd ended"},
    {"no quorum never goes on, and says what to do", Stage::kOpening, OneBehind(1000h, false),
     Kind::kWait, Stage::kPending, "stuck: no quorum has opened: m0: etcd ended"},
    {"open and not healthy is no quorum", Stage::kOpening,
     [](RestoreFacts& f) {
       Seen(RestoreStep::kOpen)(f);
       f.stage_since = f.now - 10min;
     },
     Kind::kWait, Stage::kPending, "stuck: no quorum"},
    {"one of three that are there is no quorum", Stage::kOpening,
     [](RestoreFacts& f) {
       SeenHealthy(RestoreStep::kOpen)(f);
       f.members->members.resize(1);
     },
     Kind::kWait, Stage::kPending, "1 of 3 members"},
    {"members that cannot be told are tried for ever", Stage::kOpening,
     [](RestoreFacts& f) {
       f.order = Error(Code::kUnavailable, "gone");
       f.stage_since = f.now - 10min;
     },
     Kind::kWait, Stage::kPending, "stuck: members cannot be told to open: gone"},
    {"opening of a cluster that was deleted fails", Stage::kOpening,
     [](RestoreFacts& f) {
       f.order = OkStatus();
       f.target_gone = true;
       f.target_problem = "no cluster";
     },
     Kind::kEnter, Stage::kFailed, "no cluster"},
    {"removing does not wait for who is missing", Stage::kRemovingOldData,
     [](RestoreFacts& f) {
       OneBehind(1s, true, true)(f);
       f.members->members[1].restore->done = RestoreStep::kForget;
       f.members->members[2].restore->done = RestoreStep::kForget;
       f.missing = {"m0"};
     },
     Kind::kEnter, Stage::kReleasing},
    {"removing waits for who is not missing", Stage::kRemovingOldData,
     [](RestoreFacts& f) {
       OneBehind(1s, true, true)(f);
       f.members->members[1].restore->done = RestoreStep::kForget;
       f.missing = {"m0"};
     },
     Kind::kWait},
    {"removing goes on after a while", Stage::kRemovingOldData,
     [](RestoreFacts& f) {
       f.order = Error(Code::kUnavailable, "gone");
       f.stage_since = f.now - 10min;
     },
     Kind::kEnter, Stage::kReleasing, "gone"},
    {"removing waits", Stage::kRemovingOldData, Seen(RestoreStep::kOpen), Kind::kWait},
    {"removed", Stage::kRemovingOldData, Seen(RestoreStep::kForget), Kind::kEnter,
     Stage::kReleasing},
    {"removed and forgotten", Stage::kRemovingOldData,
     [](RestoreFacts& f) {
       f.order = OkStatus();
       runtime::ClusterObservation seen = Three(Restored());
       for (auto& member : seen.members) {
         member.restore.reset();
       }
       f.members = seen;
     },
     Kind::kEnter, Stage::kReleasing},
    {"releasing releases", Stage::kReleasing, Nothing, Kind::kRelease},
    {"released", Stage::kReleasing, [](RestoreFacts& f) { f.released = true; }, Kind::kEnter,
     Stage::kCompleted},

    {"nothing to roll back", Stage::kRollingBack,
     [](RestoreFacts& f) { f.members_touched = false; }, Kind::kEnter, Stage::kReturning},
    {"rolling back orders, also when late", Stage::kRollingBack, Late, Kind::kOrder},
    {"rolling back waits", Stage::kRollingBack, Seen(RestoreStep::kRebuild), Kind::kWait},
    {"rolling back keeps on after a refusal", Stage::kRollingBack,
     OrderFails(Code::kInvalidArgument), Kind::kWait, Stage::kPending, "trouble"},
    {"rolling back what nobody began", Stage::kRollingBack, OrderFails(Code::kFailedPrecondition),
     Kind::kEnter, Stage::kReturning},
    {"rolled back", Stage::kRollingBack,
     [](RestoreFacts& f) {
       f.order = OkStatus();
       f.members = RolledBack(true);
     },
     Kind::kEnter, Stage::kReturning},
    {"rolled back and not healthy yet", Stage::kRollingBack,
     [](RestoreFacts& f) {
       f.order = OkStatus();
       f.members = RolledBack(false);
     },
     Kind::kWait, Stage::kPending, "healthy"},
    {"rolled back and never healthy", Stage::kRollingBack,
     [](RestoreFacts& f) {
       f.order = OkStatus();
       f.members = RolledBack(false);
       f.stage_since = f.now - 2min;
     },
     Kind::kEnter, Stage::kReturning},
    {"one not rolled back", Stage::kRollingBack,
     [](RestoreFacts& f) {
       f.order = OkStatus();
       runtime::ClusterObservation seen = Three(Member(RestoreStep::kRebuild));
       seen.members[0].restore->rolled_back = true;
       f.members = seen;
     },
     Kind::kWait},
    {"one that is not rolled back for long", Stage::kRollingBack,
     [](RestoreFacts& f) {
       f.order = OkStatus();
       f.stage_since = f.now - 10min;
       runtime::ClusterObservation seen = Three(Member(std::nullopt));
       seen.members[0].message = "restore-journal.json: bad";
       f.members = seen;
     },
     Kind::kWait, Stage::kPending, "stuck: members are not back on their old data: m1: restore-"},
    {"returning releases", Stage::kReturning, Nothing, Kind::kRelease},
    {"returned", Stage::kReturning, [](RestoreFacts& f) { f.released = true; }, Kind::kEnter,
     Stage::kFailed},
    {"returned by request", Stage::kReturning,
     [](RestoreFacts& f) {
       f.released = true;
       f.rolling_back_for_cancel = true;
     },
     Kind::kEnter, Stage::kCancelled},

    {"completed stays", Stage::kCompleted, Cancelled, Kind::kWait},
    {"failed stays", Stage::kFailed, Late, Kind::kWait},
    {"cancelled stays", Stage::kCancelled, Ordered, Kind::kWait},
};

INSTANTIATE_TEST_SUITE_P(Table, RestorePlanTest, ::testing::ValuesIn(kRows), [](const auto& row) {
  std::string name = row.param.name;
  for (char& c : name) {
    c = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_';
  }
  return name;
});

TEST(RestoreStagesTest, HaveNamesThatAreReadBack) {
  for (int i = 0; i <= static_cast<int>(Stage::kCancelled); ++i) {
    const auto stage = static_cast<Stage>(i);
    EXPECT_EQ(ParseRestoreStage(ToString(stage)), stage);
  }
  EXPECT_EQ(ParseRestoreStage("Elsewhere"), std::nullopt);
}

TEST(JudgeRestoredTest, BelievesLaunchersWhenNobodyElseAnswers) {
  EXPECT_EQ(
      JudgeRestored(Three(Restored()), "r", 3, kExpected, {Error(Code::kUnavailable, "closed")})
          .kind,
      Verdict::Kind::kPassed);
}

TEST(JudgeRestoredTest, WaitsWhileAMemberIsUnproven) {
  runtime::ClusterObservation seen = Three(Restored());
  seen.members[2].restore->verified = false;
  EXPECT_EQ(JudgeRestored(seen, "r", 3, kExpected, {Answer(1, 2), Answer(2, 2)}).kind,
            Verdict::Kind::kWait);
  EXPECT_EQ(JudgeRestored(seen, "r", 3, kExpected, {Answer(1, 2), Answer(2, 2), Answer(2, 2)}).kind,
            Verdict::Kind::kWait);
  EXPECT_EQ(JudgeRestored(seen, "r", 3, kExpected, {Answer(1, 2), Answer(2, 2), Answer(3, 2)}).kind,
            Verdict::Kind::kPassed);
}

TEST(JudgeRestoredTest, AnAnswerForAnotherCompactRevisionProvesNothing) {
  runtime::ClusterObservation seen = Three(Restored());
  seen.members[2].restore->verified = false;
  EXPECT_EQ(
      JudgeRestored(seen, "r", 3, kExpected, {Answer(1, 2), Answer(2, 2), Answer(3, 8, 44)}).kind,
      Verdict::Kind::kWait);
}

TEST(JudgeRestoredTest, RefusesOtherRevisionsHashesAndDifferingMembers) {
  for (const auto& spoil : std::vector<std::function<void(runtime::RebuiltData&)>>{
           [](auto& data) { data.revision = 1049; }, [](auto& data) { data.hash = 3; },
           [](auto& data) { data.compact_revision = 3; }}) {
    runtime::ClusterObservation seen = Three(Restored());
    spoil(*seen.members[1].restore->rebuilt);
    EXPECT_EQ(JudgeRestored(seen, "r", 3, kExpected, {}).kind, Verdict::Kind::kFailed);
  }
}

}  // namespace
}  // namespace tresor::control
