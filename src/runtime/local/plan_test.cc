// SPDX-License-Identifier: Apache-2.0
#include "runtime/local/plan.h"

#include <algorithm>
#include <string>

#include "base/status_matchers.h"

namespace tresor::runtime {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::StatusIs;

constexpr PlanOptions kOptions{
    .etcd = {}, .defragment_from_bytes = 1000, .defragment_below_use = 0.5};

std::string Name(const Action& action) {
  struct Namer {
    std::string operator()(const SaveRecord&) { return "save"; }
    std::string operator()(const AddMember&) { return "add"; }
    std::string operator()(const ChangePorts&) { return "ports"; }
    std::string operator()(const ChangeClosedPort& one) { return "closed-port " + one.member; }
    std::string operator()(const GiveOrder& one) { return "order " + one.member; }
    std::string operator()(const StartLauncher& one) { return "launch " + one.member; }
    std::string operator()(const AddToEtcd&) { return "etcd-add"; }
    std::string operator()(const PromoteInEtcd&) { return "promote"; }
    std::string operator()(const RemoveFromEtcd& one) {
      return fmt::format("etcd-remove {}", static_cast<std::uint64_t>(one.id));
    }
    std::string operator()(const DropMember& one) { return "drop " + one.member; }
    std::string operator()(const WipeMember& one) { return "wipe " + one.member; }
    std::string operator()(const DefragmentMember& one) { return "defragment " + one.member; }
  };
  return std::visit(Namer(), action);
}

/// A cluster that does what the plan says, but for etcd itself.
struct World {
  explicit World(int replicas) {
    spec.id = {.project = "p", .name = "c", .uid = "u"};
    spec.replicas = replicas;
    record = NewRecord(spec);
    std::uint16_t port = 1000;
    for (MemberRecord& member : record.members) {
      member.client_port = port++;
      member.closed_port = port++;
      member.peer_port = port++;
    }
    facts.members.resize(record.members.size());
  }

  Result<std::vector<std::string>> Plan() {
    ASSIGN_OR_RETURN(actions, runtime::Plan(spec, record, facts, kOptions));
    std::vector<std::string> names;
    for (const Action& action : actions) {
      names.push_back(Name(action));
    }
    return names;
  }
  std::vector<std::string> Planned() {
    const auto names = Plan();
    EXPECT_THAT(names, testing::IsOk());
    return names.ok() ? *names : std::vector<std::string>();
  }

  /// Carries out what was planned last.
  void Follow() {
    for (const Action& action : actions) {
      if (const auto* save = std::get_if<SaveRecord>(&action)) {
        record = save->record;
      } else if (const auto* give = std::get_if<GiveOrder>(&action)) {
        Facts(give->member).order = give->order;
      } else if (const auto* start = std::get_if<StartLauncher>(&action)) {
        Facts(start->member).launcher_runs = true;
      } else if (const auto* drop = std::get_if<DropMember>(&action)) {
        const std::size_t i = Index(drop->member);
        record.members.erase(record.members.begin() + static_cast<std::ptrdiff_t>(i));
        facts.members.erase(facts.members.begin() + static_cast<std::ptrdiff_t>(i));
      } else if (const auto* wipe = std::get_if<WipeMember>(&action)) {
        Facts(wipe->member) = {};
      } else if (std::holds_alternative<AddMember>(action)) {
        MemberRecord& member = record.members.emplace_back();
        member.name = fmt::format("m{}", record.next_member++);
        member.state = MemberState::kJoining;
        member.peer_port = static_cast<std::uint16_t>(2000 + record.next_member);
        facts.members.emplace_back();
      }
    }
  }

  /// All that have orders run well; m0 leads. etcd lists them.
  void Run() {
    facts.etcd_members.emplace();
    for (std::size_t i = 0; i < record.members.size(); ++i) {
      MemberFacts& member = facts.members[i];
      if (!member.order) {
        continue;
      }
      member.launcher_runs = true;
      member.answered = true;
      member.healthy = record.members[i].state != MemberState::kJoining;
      member.status.emplace();
      member.status->phase = MemberPhase::kRunning;
      member.status->order_generation = member.order->generation;
      member.etcd.emplace();
      member.etcd->header.member = etcd::MemberId(i + 1);
      member.etcd->leader = etcd::MemberId(1);
      facts.etcd_members->push_back({.id = etcd::MemberId(i + 1),
                                     .name = record.members[i].name,
                                     .peer_urls = {PeerUrl(record.members[i].peer_port)},
                                     .learner = record.members[i].state == MemberState::kJoining});
    }
  }
  /// From nothing to a cluster that needs nothing.
  void Establish() {
    for (int i = 0; i < 5; ++i) {
      (void)Planned();
      Follow();
      Run();
    }
    ASSERT_THAT(Planned(), IsEmpty());
  }

  std::size_t Index(const std::string& name) {
    const auto found = std::ranges::find(record.members, name, &MemberRecord::name);
    return static_cast<std::size_t>(found - record.members.begin());
  }
  MemberFacts& Facts(const std::string& name) { return facts.members[Index(name)]; }

  void RestoreSeen(std::size_t i, std::optional<RestoreStep> done, bool rolled_back = false) {
    facts.members[i].status->restore =
        RestoreObservation{.id = "r", .done = done, .rolled_back = rolled_back};
  }

  ClusterSpec spec;
  ClusterRecord record;
  ClusterFacts facts;
  std::vector<Action> actions;
};

TEST(PlanTest, NewClusterGetsOrdersThenLaunchers) {
  World world(3);

  EXPECT_THAT(world.Planned(), ElementsAre("order m0", "launch m0", "order m1", "launch m1",
                                           "order m2", "launch m2"));
  world.Follow();
  EXPECT_THAT(world.Planned(), IsEmpty()) << "it takes its time";
  EXPECT_EQ(world.facts.members[2].order->members.size(), 3U);
  EXPECT_FALSE(world.facts.members[2].order->joins);
}

TEST(PlanTest, WhoHasRunIsEstablishedAndKnowsIt) {
  World world(1);
  world.Establish();
  EXPECT_TRUE(world.record.members[0].established);
  EXPECT_TRUE(world.facts.members[0].order->established);
}

TEST(PlanTest, LauncherThatDiedIsStartedAgain) {
  World world(3);
  world.Establish();
  world.facts.members[1].launcher_runs = false;
  EXPECT_THAT(world.Planned(), ElementsAre("launch m1"));
}

TEST(PlanTest, ChangedArgumentsGoToOneMemberAfterAnotherTheLeaderLast) {
  World world(3);
  world.Establish();
  world.spec.extra_args = {"--snapshot-count=5"};

  for (const char* next : {"order m1", "order m2", "order m0"}) {
    EXPECT_THAT(world.Planned(), ElementsAre(next));
    world.Follow();
    EXPECT_THAT(world.Planned(), IsEmpty()) << "not before " << next << " is carried out";
    world.Run();
  }
  EXPECT_THAT(world.Planned(), IsEmpty());
}

TEST(PlanTest, MemberThatIsDownGetsChangedArgumentsAndTheOthersWait) {
  World world(3);
  world.Establish();
  world.spec.extra_args = {"--snapshot-count=5"};
  world.facts.members[2].healthy = world.facts.members[2].answered = false;

  EXPECT_THAT(world.Planned(), ElementsAre("order m2"));
  world.Follow();
  EXPECT_THAT(world.Planned(), IsEmpty());
}

TEST(PlanTest, StopGoesToAllAtOnce) {
  World world(3);
  world.Establish();
  world.spec.stopped = true;
  EXPECT_THAT(world.Planned(), ElementsAre("order m0", "order m1", "order m2"));
}

TEST(PlanTest, MoreMembersComeOneByOneAsLearners) {
  World world(1);
  world.Establish();
  world.spec.replicas = 3;

  for (const char* name : {"m1", "m2"}) {
    EXPECT_THAT(world.Planned(), ElementsAre("add"));
    world.Follow();
    EXPECT_THAT(world.Planned(), ElementsAre("etcd-add"));
    world.facts.etcd_members->push_back(
        {.id = etcd::MemberId(9),
         .peer_urls = {PeerUrl(world.record.members.back().peer_port)},
         .learner = true});
    EXPECT_THAT(world.Planned(),
                ElementsAre(std::string("order ") + name, std::string("launch ") + name));
    world.Follow();
    EXPECT_TRUE(world.facts.members.back().order->joins);
    EXPECT_EQ(world.facts.members.back().order->members.size(), world.record.members.size());
    EXPECT_EQ(world.facts.members.back().order->members.back().name, name);
    world.Run();
    EXPECT_THAT(world.Planned(), ElementsAre("promote"));
    world.facts.etcd_members->back().learner = false;
    world.facts.members.back().healthy = true;
    EXPECT_THAT(world.Planned(), ElementsAre("save"));
    world.Follow();
    EXPECT_THAT(world.Planned(), ElementsAre(std::string("order ") + name)) << "established";
    world.Follow();
    world.Run();
  }
  EXPECT_THAT(world.Planned(), IsEmpty());
}

TEST(PlanTest, FewerMembersGoOneByOneNotTheLeader) {
  World world(3);
  world.Establish();
  world.spec.replicas = 1;
  for (const char* name : {"m2", "m1"}) {
    EXPECT_THAT(world.Planned(), ElementsAre("save"));
    world.Follow();
    const auto id = world.Index(name) + 1;
    EXPECT_THAT(world.Planned(), ElementsAre(fmt::format("etcd-remove {}", id)));
    world.facts.etcd_members->pop_back();
    EXPECT_THAT(world.Planned(), ElementsAre(std::string("drop ") + name));
    world.Follow();
  }
  EXPECT_THAT(world.Planned(), IsEmpty());
  EXPECT_EQ(world.record.members.size(), 1U);
}

TEST(PlanTest, FewerMembersTakeTheOneThatIsDown) {
  World world(3);
  world.Establish();
  world.spec.replicas = 1;
  world.facts.members[1].healthy = false;
  EXPECT_THAT(world.Planned(), ElementsAre("save"));
  world.Follow();
  EXPECT_EQ(world.record.members[1].state, MemberState::kLeaving);
}

TEST(PlanTest, WithoutAQuorumMembersStayAsTheyAre) {
  World world(3);
  world.Establish();
  world.facts.etcd_members.reset();
  world.spec.replicas = 5;
  EXPECT_THAT(world.Plan(), StatusIs(Code::kFailedPrecondition, HasSubstr("no quorum")));
  world.spec.replicas = 3;
  world.facts.members[0].status->phase = MemberPhase::kLost;
  EXPECT_THAT(world.Planned(), IsEmpty());
}

TEST(PlanTest, MemberWithoutDataIsReplacedUnderItsName) {
  World world(3);
  world.Establish();
  MemberFacts& lost = world.facts.members[1];
  lost.healthy = lost.answered = false;
  lost.status->phase = MemberPhase::kLost;

  EXPECT_THAT(world.Planned(), ElementsAre("save"));
  world.Follow();
  EXPECT_EQ(world.record.members[1].stale_id, 2U);
  EXPECT_EQ(world.record.members[1].incarnation, 2U);
  EXPECT_THAT(world.Planned(), ElementsAre("etcd-remove 2"));
  world.facts.etcd_members->erase(world.facts.etcd_members->begin() + 1);
  EXPECT_THAT(world.Planned(), ElementsAre("save"));
  world.Follow();
  EXPECT_THAT(world.Planned(), ElementsAre("etcd-add"));
  world.facts.etcd_members->push_back({.id = etcd::MemberId(9),
                                       .peer_urls = {PeerUrl(world.record.members[1].peer_port)},
                                       .learner = true});
  EXPECT_THAT(world.Planned(), ElementsAre("order m1"));
  world.Follow();
  EXPECT_EQ(lost.order->incarnation, 2U);
  EXPECT_TRUE(lost.order->joins);
  EXPECT_FALSE(lost.order->established);
}

TEST(PlanTest, MemberWhoseFolderIsGoneIsLostToo) {
  World world(3);
  world.Establish();
  world.facts.members[2] = MemberFacts{};
  EXPECT_THAT(world.Planned(), ElementsAre("save"));
  world.Follow();
  EXPECT_EQ(world.record.members[2].incarnation, 2U);

  // Alone there is nobody to learn from: it must not begin anew by itself.
  World alone(1);
  alone.Establish();
  alone.facts.members[0] = MemberFacts{};
  alone.facts.etcd_members.reset();
  EXPECT_THAT(alone.Planned(), ElementsAre("order m0", "launch m0"));
  alone.Follow();
  EXPECT_TRUE(alone.facts.members[0].order->established);
}

TEST(PlanTest, PortThatIsTakenIsChangedBeforeTheFirstStart) {
  World world(3);
  world.facts.members[1].port_taken = true;
  EXPECT_THAT(world.Planned(), ElementsAre("ports"));
  EXPECT_THAT(std::get<ChangePorts>(world.actions[0]).members, ElementsAre("m1"));
  for (const MemberRecord& member : std::get<ChangePorts>(world.actions[0]).record.members) {
    EXPECT_EQ(member.incarnation, 2U) << "who started knows the old ports";
  }
}

TEST(PlanTest, FounderWhosePortWasTakenJoinsTheOthersOnAnother) {
  World world(3);
  (void)world.Planned();
  world.Follow();
  world.Run();
  world.facts.members[1].healthy = world.facts.members[1].answered = false;
  world.facts.members[1].status->port_taken = true;
  EXPECT_THAT(world.Planned(), ElementsAre("save")) << "the others are established";
  world.Follow();
  EXPECT_THAT(world.Planned(), ElementsAre("ports"));
  const ChangePorts change = std::get<ChangePorts>(world.actions[0]);
  EXPECT_THAT(change.members, ElementsAre("m1"));
  EXPECT_EQ(change.record.members[1].state, MemberState::kJoining);
  EXPECT_EQ(change.record.members[1].stale_id, 2U);
  world.record = change.record;
  world.record.members[1].peer_port = 3000;
  EXPECT_EQ(world.Planned().back(), "etcd-remove 2");
}

TEST(PlanTest, MemberThatHasRunKeepsItsPorts) {
  World world(3);
  world.Establish();
  world.facts.members[0].status->port_taken = true;
  world.facts.members[0].healthy = false;
  EXPECT_THAT(world.Planned(), IsEmpty());
}

TEST(PlanTest, DefragmentationIsForOneWastefulMemberWhenAllAreWell) {
  World world(3);
  world.Establish();
  for (const std::size_t i : {std::size_t{0}, std::size_t{2}}) {
    world.facts.members[i].etcd->db_bytes = 1000;
    world.facts.members[i].etcd->db_in_use_bytes = 500;
  }
  EXPECT_THAT(world.Planned(), IsEmpty()) << "not while it is not allowed";
  world.spec.may_defragment = true;
  EXPECT_THAT(world.Planned(), ElementsAre("defragment m2"));
  world.facts.members[2].etcd->db_in_use_bytes = 501;
  EXPECT_THAT(world.Planned(), ElementsAre("defragment m0")) << "the leader last";
  world.facts.members[1].healthy = false;
  EXPECT_THAT(world.Planned(), IsEmpty());
}

// --- restore
// ---------------------------------------------------------------------------------------

RestoreOrder Restore(RestoreStep until) { return {.id = "r", .until = until}; }

std::vector<RestoreStep> Untils(const World& world) {
  std::vector<RestoreStep> untils;
  for (const MemberFacts& member : world.facts.members) {
    untils.push_back(member.order->restore->until);
  }
  return untils;
}

/// Orders a restore and carries the plan out.
void Order(World& world, const RestoreOrder& restore) {
  world.spec.restore = restore;
  for (int i = 0; i < 3; ++i) {
    (void)world.Planned();
    world.Follow();
  }
}

TEST(PlanRestoreTest, AllMembersGoForwardTogetherUntilTheyOpenOneByOne) {
  World world(3);
  world.Establish();
  Order(world, Restore(RestoreStep::kForget));
  EXPECT_THAT(Untils(world), ElementsAre(RestoreStep::kStartClosed, RestoreStep::kStartClosed,
                                         RestoreStep::kStartClosed));
  world.RestoreSeen(0, RestoreStep::kStartClosed);
  world.RestoreSeen(1, RestoreStep::kStartClosed);
  world.RestoreSeen(2, RestoreStep::kRebuild);
  EXPECT_THAT(world.Planned(), IsEmpty()) << "not before all are closed";
  world.RestoreSeen(2, RestoreStep::kStartClosed);
  EXPECT_THAT(world.Planned(), ElementsAre("order m0"));
  world.Follow();
  EXPECT_THAT(Untils(world), ElementsAre(RestoreStep::kOpen, RestoreStep::kStartClosed,
                                         RestoreStep::kStartClosed));
  EXPECT_THAT(world.Planned(), IsEmpty());
  world.RestoreSeen(0, RestoreStep::kOpen);
  EXPECT_THAT(world.Planned(), ElementsAre("order m1"));
  world.Follow();
  world.RestoreSeen(1, RestoreStep::kOpen);
  EXPECT_THAT(world.Planned(), ElementsAre("order m2"));
  world.Follow();
  world.RestoreSeen(2, RestoreStep::kOpen);
  EXPECT_THAT(world.Planned(), ElementsAre("order m0", "order m1", "order m2"));
  world.Follow();
  EXPECT_THAT(Untils(world),
              ElementsAre(RestoreStep::kForget, RestoreStep::kForget, RestoreStep::kForget));
}

TEST(PlanRestoreTest, ClosedPortThatIsTakenIsChangedBeforeItIsNeeded) {
  World world(3);
  world.Establish();
  world.facts.members[1].closed_port_taken = true;
  EXPECT_THAT(world.Planned(), IsEmpty());
  Order(world, Restore(RestoreStep::kStop));
  EXPECT_THAT(world.Planned(), ElementsAre("closed-port m1"));
  world.facts.members[1].closed_port_taken = false;
  (void)world.Planned();
  world.Follow();
  world.facts.members[1].closed_port_taken = true;  // by its own etcd
  EXPECT_THAT(world.Planned(), ElementsAre("closed-port m1"));
  world.RestoreSeen(1, RestoreStep::kStartClosed);
  EXPECT_THAT(world.Planned(), Not(Contains("closed-port m1")));
}

TEST(PlanRestoreTest, GoesOnWhenNoSpecNamesIt) {
  World world(1);
  world.Establish();
  Order(world, Restore(RestoreStep::kRebuild));
  world.spec.restore.reset();
  world.spec.extra_args = {};
  world.facts.members[0].launcher_runs = false;

  EXPECT_THAT(world.Planned(), ElementsAre("launch m0"));
  EXPECT_EQ(world.facts.members[0].order->restore->until, RestoreStep::kRebuild);
}

TEST(PlanRestoreTest, AnotherOneWaitsForItsEnd) {
  World world(1);
  world.Establish();
  Order(world, Restore(RestoreStep::kStop));
  world.spec.restore->id = "s";
  EXPECT_THAT(world.Plan(), StatusIs(Code::kFailedPrecondition, HasSubstr("r is not over")));
  world.RestoreSeen(0, RestoreStep::kSetAside, true);
  for (int i = 0; i < 3; ++i) {
    (void)world.Planned();
    world.Follow();
  }
  EXPECT_EQ(world.facts.members[0].order->restore->id, "s");
}

TEST(PlanRestoreTest, NoRollBackOnceAMemberMayBeOpen) {
  World world(3);
  world.Establish();
  Order(world, Restore(RestoreStep::kForget));
  RestoreOrder back = Restore(RestoreStep::kForget);
  back.roll_back = true;
  world.spec.restore = back;
  EXPECT_THAT(world.Planned(), ElementsAre("save")) << "all are closed: it is possible";
  world.spec.restore = Restore(RestoreStep::kForget);
  for (std::size_t i = 0; i < 3; ++i) {
    world.RestoreSeen(i, RestoreStep::kStartClosed);
  }
  (void)world.Planned();
  world.Follow();
  world.spec.restore = back;
  EXPECT_THAT(world.Plan(), StatusIs(Code::kFailedPrecondition, HasSubstr("clients")));
}

TEST(PlanRestoreTest, EndIsNotedOnceAndNewMembersNeverGetTheOrder) {
  World world(1);
  world.Establish();
  Order(world, Restore(RestoreStep::kForget));
  world.RestoreSeen(0, RestoreStep::kForget);
  EXPECT_THAT(world.Planned(), ElementsAre("save"));
  world.Follow();
  EXPECT_TRUE(world.record.restore_over);
  EXPECT_THAT(world.Planned(), IsEmpty());
  EXPECT_TRUE(world.facts.members[0].order->restore.has_value()) << "it can still be seen";

  world.spec.replicas = 3;
  world.Run();
  EXPECT_THAT(world.Planned(), ElementsAre("add"));
  world.Follow();
  ASSERT_EQ(world.record.members.size(), 2U);
  world.facts.etcd_members->push_back({.id = etcd::MemberId(9),
                                       .peer_urls = {PeerUrl(world.record.members[1].peer_port)},
                                       .learner = true});
  EXPECT_THAT(world.Planned(), ElementsAre("order m1", "launch m1"));
  world.Follow();
  EXPECT_FALSE(world.facts.members[1].order->restore.has_value());

  world.spec.restore.reset();
  EXPECT_THAT(world.Planned(), ElementsAre("save"));
  world.Follow();
  EXPECT_FALSE(world.record.restore.has_value());
  EXPECT_EQ(world.Planned().front(), "order m0");
  world.Follow();
  EXPECT_FALSE(world.facts.members[0].order->restore.has_value());
}

TEST(PlanRestoreTest, WhatAMemberSaidBeforeItWasToldIsNotTheEnd) {
  World world(1);
  world.Establish();
  Order(world, Restore(RestoreStep::kForget));
  world.RestoreSeen(0, RestoreStep::kForget);
  const auto follow = [&] {
    while (!world.Planned().empty()) {
      world.Follow();
    }
  };
  follow();
  world.spec.restore.reset();
  follow();
  ASSERT_FALSE(world.facts.members[0].order->restore.has_value());

  // The same one again, while the member's status is still of the order before.
  world.spec.restore = Restore(RestoreStep::kForget);
  follow();
  EXPECT_TRUE(world.facts.members[0].order->restore.has_value()) << "nobody would hear of it again";
  EXPECT_TRUE(world.record.restore_over);
}

/// All three are closed; m0 has been told to open, and does not.
void AwaitFirst(World& world) {
  world.Establish();
  Order(world, Restore(RestoreStep::kOpen));
  for (std::size_t i = 0; i < 3; ++i) {
    world.RestoreSeen(i, RestoreStep::kStartClosed);
  }
  ASSERT_THAT(world.Planned(), ElementsAre("order m0"));
  world.Follow();
  world.facts.members[0].healthy = false;
  ASSERT_THAT(world.Planned(), IsEmpty());
}

TEST(PlanRestoreTest, OthersOpenWithoutOneThatNobodyWaitsForAndItBeginsAnew) {
  World world(3);
  ASSERT_NO_FATAL_FAILURE(AwaitFirst(world));
  world.spec.restore->without = {"m0", "m1", "m2"};  // who opens is waited for again
  EXPECT_THAT(world.Planned(), ElementsAre("save"));
  world.Follow();
  EXPECT_THAT(world.Planned(), ElementsAre("order m1", "order m2"));
  world.Follow();
  EXPECT_THAT(world.facts.members[1].order->restore->without, IsEmpty()) << "not its concern";
  world.RestoreSeen(1, RestoreStep::kOpen);
  world.RestoreSeen(2, RestoreStep::kOpen);
  EXPECT_THAT(world.Planned(), IsEmpty());

  world.spec.restore->until = RestoreStep::kForget;
  world.spec.restore->without = {"m0"};
  EXPECT_THAT(world.Planned(), ElementsAre("save"));
  world.Follow();
  EXPECT_THAT(world.Planned(), ElementsAre("order m0", "order m1", "order m2"));
  world.Follow();
  world.RestoreSeen(1, RestoreStep::kForget);
  EXPECT_THAT(world.Planned(), IsEmpty()) << "not before the others are over it";
  world.RestoreSeen(2, RestoreStep::kForget);
  world.facts.members[2].healthy = false;
  EXPECT_THAT(world.Planned(), IsEmpty()) << "without it there might be no quorum";
  world.facts.members[2].healthy = true;

  EXPECT_THAT(world.Planned(), ElementsAre("wipe m0", "save"));
  world.Follow();
  EXPECT_TRUE(world.record.restore_over);
  EXPECT_EQ(world.record.restore->without, std::vector<std::string>{"m0"});
  EXPECT_THAT(world.Planned(), ElementsAre("save")) << "as one that lost its data";
  world.Follow();
  EXPECT_EQ(world.record.members[0].state, MemberState::kJoining);
  EXPECT_EQ(world.record.members[0].stale_id, 1U);
  EXPECT_THAT(world.Planned(), ElementsAre("etcd-remove 1"));
}

TEST(PlanRestoreTest, OneThatNobodyWaitedForAndThatComesAfterAllIsKept) {
  World world(3);
  ASSERT_NO_FATAL_FAILURE(AwaitFirst(world));
  world.spec.restore->until = RestoreStep::kForget;
  world.spec.restore->without = {"m0"};
  world.RestoreSeen(1, RestoreStep::kForget);
  world.RestoreSeen(2, RestoreStep::kForget);
  world.RestoreSeen(0, RestoreStep::kOpen);
  world.facts.members[0].healthy = true;
  for (int i = 0; i < 3; ++i) {
    for (const std::string& action : world.Planned()) {
      EXPECT_NE(action, "wipe m0");
    }
    world.Follow();
  }
  EXPECT_FALSE(world.record.restore_over);
  world.RestoreSeen(0, RestoreStep::kForget);
  EXPECT_THAT(world.Planned(), ElementsAre("save"));
}

TEST(PlanRestoreTest, WithoutAMajorityNothingIsGivenUp) {
  World world(3);
  ASSERT_NO_FATAL_FAILURE(AwaitFirst(world));
  world.spec.restore->until = RestoreStep::kForget;
  for (const std::vector<std::string>& without :
       {std::vector<std::string>{"m0", "m1"}, {"m0", "m1", "m2"}}) {
    world.spec.restore->without = without;
    if (without.size() == 2) {
      world.RestoreSeen(2, RestoreStep::kForget);
    }
    for (int i = 0; i < 3; ++i) {
      for (const std::string& action : world.Planned()) {
        EXPECT_THAT(action, Not(HasSubstr("wipe")));
      }
      world.Follow();
    }
    EXPECT_FALSE(world.record.restore_over);
  }
}

TEST(PlanRestoreTest, FolderThatGoesOnceMembersMayBeOpenIsNotRebuilt) {
  World world(3);
  ASSERT_NO_FATAL_FAILURE(AwaitFirst(world));
  world.facts.members[1] = {};
  EXPECT_THAT(world.Planned(), IsEmpty());
  world.spec.restore->without = {"m1"};
  world.RestoreSeen(0, RestoreStep::kOpen);
  (void)world.Planned();
  world.Follow();
  EXPECT_THAT(world.Planned(), ElementsAre("order m2"));
}

TEST(PlanRestoreTest, LostMembersAreRestoredAndLeavingOnesDropped) {
  World world(3);
  world.Establish();
  world.facts.etcd_members.reset();
  world.record.members[1].state = MemberState::kJoining;
  world.record.members[1].stale_id = 2;
  world.record.members[2].state = MemberState::kLeaving;
  Order(world, Restore(RestoreStep::kForget));
  EXPECT_EQ(world.facts.members[0].order->members.size(), 2U);
  EXPECT_FALSE(world.facts.members[2].order->run);
  EXPECT_FALSE(world.facts.members[2].order->restore.has_value());

  world.RestoreSeen(0, RestoreStep::kForget);
  world.RestoreSeen(1, RestoreStep::kForget);
  EXPECT_THAT(world.Planned(), ElementsAre("save", "drop m2"));
  world.Follow();
  EXPECT_EQ(world.record.members[1].state, MemberState::kMember);
  EXPECT_EQ(world.record.members[1].stale_id, 0U);
  EXPECT_EQ(world.record.members.size(), 2U);
}

}  // namespace
}  // namespace tresor::runtime
