// SPDX-License-Identifier: Apache-2.0
// Restores from beginning to end, with everything that can go wrong going wrong at every place.
#include "control/restore_controller.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/test_world.h"

namespace tresor::control {
namespace {

using namespace std::chrono_literals;
using objects::ClusterPhase;
using objects::EtcdBackupStatus;
using objects::EtcdClusterStatus;
using objects::EtcdRestoreStatus;
using objects::Object;
using objects::RestorePhase;
using runtime::RestoreStep;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Key kRestore{"p", "back"};

/// A cluster with old data, a backup of it, and a restore that is to be.
class RestoreWorld : public TestWorld {
 public:
  explicit RestoreWorld(const objects::Json& more = objects::Json::object()) {
    cluster = MakeCluster("prod");
    EXPECT_OK(runtime.Apply(context(), {.id = {"p", "prod", cluster.uid()}, .replicas = 3}));
    MakeBackup("b1");
    MakeRestore("back", more);
    Restart();
  }

  void MakeBackup(const std::string& name) {
    const RepositoryAddress address{"main", "p", cluster.uid()};
    const StoredBackup stored = vault.Put(address, "new", {});
    Make(objects::kEtcdBackups, objects::kApiVersion, "EtcdBackup", "p", name,
         {{"cluster", {{"name", "prod"}}}});
    EtcdBackupStatus status;
    status.phase = objects::BackupPhase::kCompleted;
    status.destination = "main";
    status.repository = "p/" + cluster.uid();
    status.id = stored.id;
    status.cluster_uid = cluster.uid();
    SetStatus(objects::kEtcdBackups, name, status);
  }
  void MakeRestore(const std::string& name, const objects::Json& more = objects::Json::object()) {
    objects::Json spec = {{"cluster", {{"name", "prod"}}}, {"backup", {{"name", "b1"}}}};
    spec.update(more);
    Make(objects::kEtcdRestores, objects::kApiVersion, "EtcdRestore", "p", name, spec);
  }

  /// Only the controller: launchers, repositories and the store go on.
  void Restart() {
    faults.Restart();
    controller = std::make_unique<RestoreController>(services());
  }

  [[nodiscard]] EtcdRestoreStatus Status(const std::string& name = "back") const {
    return EtcdRestoreStatus::FromObject(Get(objects::kEtcdRestores, name));
  }
  [[nodiscard]] EtcdClusterStatus ClusterStatus() const {
    return EtcdClusterStatus::FromObject(Get(objects::kEtcdClusters, "prod"));
  }
  [[nodiscard]] FakeRuntime::Cluster& Members() { return runtime.clusters.at(cluster.uid()); }

  /// Whoever takes backups does his work.
  void TakeSafetyBackups() {
    for (const Object& backup : All(objects::kEtcdBackups)) {
      auto status = EtcdBackupStatus::FromObject(backup);
      if (!status.phase.has_value() || !objects::IsOver(*status.phase)) {
        status.phase =
            safety_fails ? objects::BackupPhase::kFailed : objects::BackupPhase::kCompleted;
        status.message = safety_fails ? "no room" : "";
        SetStatus(objects::kEtcdBackups, backup.name(), status);
      }
    }
  }

  /// Until it is over, or `until` holds. The clock goes on as reconciles ask.
  void Drive(const std::function<bool()>& until = [] { return false; }, const Key& key = kRestore) {
    for (int round = 0; round < 3000; ++round) {
      if (until()) {
        return;
      }
      phases.insert(
          std::string(objects::ToString(Status(key.name).phase.value_or(RestorePhase::kPending))));
      const Result<Next> next = controller->Reconcile(context(), key);
      if (faults.crashed()) {
        Restart();
        continue;
      }
      if (next.ok() && !next->after.has_value()) {
        return;
      }
      clock.Advance(next.ok() ? std::max<std::chrono::nanoseconds>(*next->after, 1ms)
                              : std::chrono::nanoseconds(1s));
      TakeSafetyBackups();
    }
    ADD_FAILURE() << "stuck in " << Describe();
  }
  [[nodiscard]] std::string Describe() const {
    const EtcdRestoreStatus status = Status();
    return fmt::format("{}: {}", status.steps.empty() ? "nothing" : status.steps.back().name,
                       status.message);
  }

  /// What must hold of every restore that is over, whatever happened.
  void CheckEnd() {
    const EtcdRestoreStatus status = Status();
    ASSERT_TRUE(status.phase.has_value() && objects::IsOver(*status.phase)) << Describe();
    EXPECT_TRUE(
        FakeRuntime::Serves(Members(), *status.phase == RestorePhase::kCompleted ? "new" : "old"))
        << Describe();
    EXPECT_EQ(ClusterStatus().active_restore, "");
    EXPECT_EQ(ClusterStatus().phase == ClusterPhase::kRestoring, false);
    EXPECT_THAT(Get(objects::kEtcdRestores, "back").finalizers(), IsEmpty());
    EXPECT_THAT(runtime.violations, IsEmpty());
    for (const auto& step : status.steps) {
      EXPECT_TRUE(step.start_time.has_value() && step.completion_time.has_value()) << step.name;
    }
    if (*status.phase != RestorePhase::kCompleted) {
      EXPECT_NE(status.message, "");
    }
  }

  Object cluster;
  std::unique_ptr<RestoreController> controller;
  std::set<std::string> phases;
  bool safety_fails = false;
};

std::vector<std::string> Names(const EtcdRestoreStatus& status) {
  std::vector<std::string> names;
  for (const auto& step : status.steps) {
    names.push_back(step.name);
  }
  return names;
}

TEST(RestoreControllerTest, BringsTheClusterBackStepByStep) {
  RestoreWorld world;

  world.Drive();

  world.CheckEnd();
  const EtcdRestoreStatus status = world.Status();
  EXPECT_EQ(status.phase, RestorePhase::kCompleted) << status.message;
  EXPECT_THAT(Names(status), ElementsAre("Preflight", "SafetyBackup", "Pausing", "StoppingMembers",
                                         "Rebuilding", "StartingMembers", "Verifying", "Opening",
                                         "RemovingOldData", "Releasing"));
  EXPECT_EQ(status.safety_backup, "back-safety");
  EXPECT_EQ(status.backup_id, "new");
  EXPECT_EQ(world.ClusterStatus().phase, ClusterPhase::kRunning);
  EXPECT_TRUE(objects::IsTrue(status.conditions, objects::kCompletedCondition));
}

TEST(RestoreControllerTest, TheClusterIsRestoringUntilTheEnd) {
  RestoreWorld world;
  for (const RestorePhase phase : {RestorePhase::kStoppingMembers, RestorePhase::kRebuilding,
                                   RestorePhase::kStartingMembers, RestorePhase::kVerifying}) {
    world.runtime.obstacle = FakeRuntime::Obstacle{
        .member = 1,
        .step = phase == RestorePhase::kStoppingMembers   ? RestoreStep::kSetAside
                : phase == RestorePhase::kRebuilding      ? RestoreStep::kRebuild
                : phase == RestorePhase::kStartingMembers ? RestoreStep::kStartClosed
                                                          : RestoreStep::kOpen};
    world.Drive([&] { return world.Status().phase == phase; });
    EXPECT_EQ(world.ClusterStatus().phase, ClusterPhase::kRestoring);
    EXPECT_EQ(world.ClusterStatus().active_restore, "back");
  }
  world.runtime.obstacle.reset();
  world.Drive();
  world.CheckEnd();
}

TEST(RestoreControllerTest, ADamagedBackupTouchesNothing) {
  RestoreWorld world;
  world.vault.before = [](std::string_view what) {
    return what == "Prove" ? Error(Code::kDataLoss, "segment 3f: bad frame") : OkStatus();
  };

  world.Drive();

  world.CheckEnd();
  EXPECT_EQ(world.Status().phase, RestorePhase::kFailed);
  EXPECT_THAT(world.Status().message, HasSubstr("segment 3f"));
  EXPECT_FALSE(world.phases.contains("Pausing"));
}

TEST(RestoreControllerTest, LooksForRoomVersionAndQuotaBeforeAnythingIsTouched) {
  {
    RestoreWorld world;
    world.vault.data_bytes = std::uint64_t{2} << 30;
    world.Drive();
    world.CheckEnd();
    EXPECT_THAT(world.Status().message, HasSubstr("quotaBackendBytes"));
  }
  {
    RestoreWorld world;
    Services services = world.services();
    services.free_bytes = [](const runtime::ClusterId&) { return std::uint64_t{1} << 20; };
    world.controller = std::make_unique<RestoreController>(services);
    world.Drive();
    world.CheckEnd();
    EXPECT_THAT(world.Status().message, HasSubstr("are needed"));
  }
  {
    RestoreWorld world;
    auto status = EtcdBackupStatus::FromObject(world.Get(objects::kEtcdBackups, "b1"));
    status.snapshot.emplace().etcd_version = "3.9.1";
    world.SetStatus(objects::kEtcdBackups, "b1", status);
    world.Drive();
    world.CheckEnd();
    EXPECT_THAT(world.Status().message, HasSubstr("3.9.1"));
  }
}

TEST(RestoreControllerTest, AFailedSafetyBackupTouchesNothing) {
  RestoreWorld world;
  world.safety_fails = true;

  world.Drive();

  world.CheckEnd();
  EXPECT_EQ(world.Status().phase, RestorePhase::kFailed);
  EXPECT_THAT(world.Status().message, HasSubstr("no room"));
}

TEST(RestoreControllerTest, GoesOnWithoutASafetyBackupWhenThereIsNothingToRead) {
  RestoreWorld world;
  for (auto& member : world.Members().members) {
    member.data.reset();  // lost disks
  }

  world.Drive();

  world.CheckEnd();
  EXPECT_EQ(world.Status().phase, RestorePhase::kCompleted);
  EXPECT_THAT(world.Status().steps[1].message, HasSubstr("no safety backup"));
  EXPECT_EQ(world.Status().safety_backup, "");
  EXPECT_FALSE(world.Has(objects::kEtcdBackups, "back-safety"));
}

TEST(RestoreControllerTest, ASafetyBackupOfAnEarlierRestoreOfThatNameIsNotTakenForItsOwn) {
  RestoreWorld world;
  world.Drive();
  ASSERT_EQ(world.Status().phase, RestorePhase::kCompleted);
  ASSERT_OK(
      world.store->Delete(world.context(), {objects::kEtcdRestores, "p", "back"}, {}).status());
  ASSERT_FALSE(world.Has(objects::kEtcdRestores, "back"));
  world.MakeRestore("back");

  world.Drive();

  world.CheckEnd();
  EXPECT_EQ(world.Status().phase, RestorePhase::kCompleted);
  EXPECT_THAT(world.Status().safety_backup, ::testing::StartsWith("back-safety-"));
  EXPECT_TRUE(world.Has(objects::kEtcdBackups, "back-safety"));
  EXPECT_TRUE(world.Has(objects::kEtcdBackups, world.Status().safety_backup));
}

TEST(RestoreControllerTest, SkipsTheSafetyBackupWhenToldTo) {
  RestoreWorld world(objects::Json{{"safetyBackup", false}});

  world.Drive();

  world.CheckEnd();
  EXPECT_EQ(world.Status().phase, RestorePhase::kCompleted);
  EXPECT_FALSE(world.Has(objects::kEtcdBackups, "back-safety"));
}

TEST(RestoreControllerTest, WaitsForRunningBackups) {
  RestoreWorld world(objects::Json{{"safetyBackup", false}});
  EtcdBackupStatus running;
  running.phase = objects::BackupPhase::kRunning;
  world.Make(objects::kEtcdBackups, objects::kApiVersion, "EtcdBackup", "p", "now",
             {{"cluster", {{"name", "prod"}}}});
  world.SetStatus(objects::kEtcdBackups, "now", running);

  for (int i = 0; i < 5; ++i) {
    ASSERT_OK(world.controller->Reconcile(world.context(), kRestore));
  }
  EXPECT_EQ(world.Status().phase, RestorePhase::kPausing);
  EXPECT_THAT(world.Status().message, HasSubstr("running backup"));

  world.Drive();  // which ends it
  world.CheckEnd();
  EXPECT_EQ(world.Status().phase, RestorePhase::kCompleted);
}

TEST(RestoreControllerTest, DifferentDataIsRolledBack) {
  RestoreWorld world;
  world.runtime.rebuild = [](const runtime::RestoreOrder& order) {
    return FakeRuntime::Data{.content = "new", .revision = 50 + order.bump_revision, .hash = 666};
  };

  world.Drive();

  world.CheckEnd();
  EXPECT_EQ(world.Status().phase, RestorePhase::kFailed);
  EXPECT_THAT(world.Status().message, HasSubstr("hash 666"));
}

TEST(RestoreControllerTest, AMemberThatNeverGetsHealthyIsRolledBackInTime) {
  RestoreWorld world(objects::Json{{"timeout", "2m"}});
  world.runtime.never_healthy_when_closed = true;
  const WallTime begin = world.clock.Now();

  world.Drive();

  world.CheckEnd();
  EXPECT_EQ(world.Status().phase, RestorePhase::kFailed);
  EXPECT_THAT(world.Status().message, HasSubstr("not done in time"));
  EXPECT_LE(world.clock.Now() - begin, 3min);
}

class RestoreObstacleTest : public ::testing::TestWithParam<std::tuple<int, bool>> {};
INSTANTIATE_TEST_SUITE_P(EveryStep, RestoreObstacleTest,
                         ::testing::Combine(::testing::Range(0, 6), ::testing::Bool()));

TEST_P(RestoreObstacleTest, EndsWithOneOfBoth) {
  const auto [step, final] = GetParam();
  RestoreWorld world(objects::Json{{"timeout", "2m"}});
  world.runtime.obstacle = FakeRuntime::Obstacle{
      .member = 2, .step = static_cast<RestoreStep>(step), .error = "trouble", .final = final};

  world.Drive([&] {
    // Past the point of return members go on by themselves when what held them up is gone.
    if (world.Status().phase == RestorePhase::kCompleted) {
      world.runtime.obstacle.reset();
    }
    return false;
  });

  const EtcdRestoreStatus status = world.Status();
  if (static_cast<RestoreStep>(step) < RestoreStep::kOpen) {
    EXPECT_EQ(status.phase, RestorePhase::kFailed);
    EXPECT_THAT(status.message, HasSubstr(final ? "trouble" : "not done in time"));
    world.CheckEnd();
    return;
  }
  EXPECT_EQ(status.phase, RestorePhase::kCompleted);
  EXPECT_EQ(world.ClusterStatus().active_restore, "");
  for (const auto& member : world.Members().members) {
    EXPECT_EQ(member.data->content, "new");
  }
}

std::vector<std::string> ReasonsOf(const TestWorld& world, const std::string& about) {
  std::vector<std::string> reasons;
  for (const Object& event : world.All(objects::kEvents)) {
    if (event.Text("involvedObject.name") == about) {
      reasons.push_back(event.Text("reason"));
    }
  }
  return reasons;
}

TEST(RestoreControllerTest, AQuorumThatHasOpenedGoesOnWithoutAMember) {
  RestoreWorld world;
  world.runtime.obstacle = FakeRuntime::Obstacle{
      .member = 0, .step = RestoreStep::kOpen, .error = "etcd ended with exit 1"};
  std::vector<std::vector<std::string>> ordered;
  world.runtime.while_applying = [&](const runtime::ClusterSpec& spec) {
    if (ordered.empty() || ordered.back() != spec.restore->without) {
      ordered.push_back(spec.restore->without);
    }
  };

  world.Drive();

  world.CheckEnd();
  const EtcdRestoreStatus status = world.Status();
  EXPECT_EQ(status.phase, RestorePhase::kCompleted) << status.message;
  EXPECT_THAT(status.missing_members, ElementsAre("m1"));
  EXPECT_THAT(status.steps[7].message, HasSubstr("went on without m1: etcd ended with exit 1"));
  // For its turn it is waited for, then nobody waits for it.
  EXPECT_THAT(ordered, ElementsAre(IsEmpty(), ElementsAre("m1")));
  EXPECT_THAT(ReasonsOf(world, "back"), Contains("MemberMissing"));
  EXPECT_THAT(ReasonsOf(world, "prod"), Contains("RestoreMemberMissing"));
}

TEST(RestoreControllerTest, WithoutAQuorumItIsStuckAndSaysSoUntilAMemberComes) {
  RestoreWorld world;
  const Object solo = world.MakeCluster("solo", {{"runtime", "local"}, {"replicas", 1}});
  ASSERT_OK(world.runtime.Apply(world.context(), {.id = {"p", "solo", solo.uid()}, .replicas = 1}));
  world.MakeRestore("into-solo", {{"cluster", {{"name", "solo"}}}});
  const Key key{"p", "into-solo"};
  const auto is_stuck = [&] {
    return objects::IsTrue(world.Status("into-solo").conditions, kStuckCondition);
  };
  const auto of_solo = [&] {
    return EtcdClusterStatus::FromObject(world.Get(objects::kEtcdClusters, "solo"));
  };
  world.runtime.obstacle =
      FakeRuntime::Obstacle{.member = 0, .step = RestoreStep::kOpen, .error = "no such port"};
  const WallTime begin = world.clock.Now();
  world.Drive(is_stuck, key);

  EXPECT_GE(world.clock.Now() - begin, kOpenPatience);
  EXPECT_THAT(world.Status("into-solo").message,
              ::testing::AllOf(HasSubstr("m1: no such port"), HasSubstr("etcd.log"),
                               HasSubstr("into another cluster")));
  EXPECT_THAT(ReasonsOf(world, "into-solo"), Contains("Stuck"));
  EXPECT_THAT(ReasonsOf(world, "solo"), Contains("RestoreStuck"));
  for (int i = 0; i < 100; ++i) {  // for ever
    ASSERT_OK(world.controller->Reconcile(world.context(), key));
    world.clock.Advance(1h);
  }
  EXPECT_TRUE(is_stuck());
  EXPECT_EQ(of_solo().active_restore, "into-solo");

  world.runtime.obstacle.reset();
  world.Drive([] { return false; }, key);
  EXPECT_EQ(world.Status("into-solo").phase, RestorePhase::kCompleted);
  EXPECT_FALSE(is_stuck());
  EXPECT_EQ(of_solo().active_restore, "");
}

TEST(RestoreControllerTest, AClusterThatIsBeingDeletedGetsNoOrdersAndEndsIt) {
  for (const auto step : {RestoreStep::kOpen, RestoreStep::kRebuild}) {
    RestoreWorld world(objects::Json{{"timeout", "2m"}});
    world.runtime.obstacle = FakeRuntime::Obstacle{.member = 0, .step = step, .final = true};
    world.Drive([&] {
      return StageOf(world.Status()) ==
             (step == RestoreStep::kOpen ? RestoreStage::kOpening : RestoreStage::kRebuilding);
    });
    ASSERT_OK(store::Modify(world.context(), *world.store, {objects::kEtcdClusters, "p", "prod"},
                            TestWorld::Person(), [](Object& object) -> Result<bool> {
                              object.AddFinalizer("test/held");
                              return true;
                            }));
    ASSERT_OK(
        world.store->Delete(world.context(), {objects::kEtcdClusters, "p", "prod"}, {}).status());
    bool ordered = false;
    world.runtime.while_applying = [&](const auto&) { ordered = true; };
    for (int i = 0; i < 10; ++i) {
      ASSERT_OK(world.controller->Reconcile(world.context(), kRestore));
      world.clock.Advance(1s);
    }
    EXPECT_FALSE(ordered) << "a runtime would make the members anew";
    ASSERT_OK(store::Modify(world.context(), *world.store, {objects::kEtcdClusters, "p", "prod"},
                            TestWorld::Person(), [](Object& object) -> Result<bool> {
                              object.RemoveFinalizer("test/held");
                              return true;
                            }));
    world.Drive();
    EXPECT_EQ(world.Status().phase, RestorePhase::kFailed);
    EXPECT_THAT(world.Status().message, HasSubstr("cluster \"prod\""));
  }
}

/// The stage that is interrupted, as a test parameter.
class RestoreStageTest : public ::testing::TestWithParam<RestoreStage> {
 protected:
  /// Drives to the beginning of the stage, so that it has been recorded but not acted on.
  static void DriveTo(RestoreWorld& world, RestoreStage stage) {
    if (stage == RestoreStage::kPending) {
      return;
    }
    // Whatever the stage would do first is held up.
    const auto hold = [&world, stage](std::string_view) {
      const EtcdRestoreStatus status = world.Status();
      return StageOf(status) == stage ? Error(Code::kUnavailable, "held up") : OkStatus();
    };
    world.runtime.before = hold;
    world.vault.before = hold;
    world.Drive([&] { return StageOf(world.Status()) == stage; });
    world.runtime.before = world.vault.before = [](std::string_view) { return OkStatus(); };
    ASSERT_EQ(ToString(StageOf(world.Status())), ToString(stage));
  }
};
INSTANTIATE_TEST_SUITE_P(EveryStage, RestoreStageTest,
                         ::testing::Values(RestoreStage::kPending, RestoreStage::kPreflight,
                                           RestoreStage::kSafetyBackup,
                                           RestoreStage::kStoppingMembers,
                                           RestoreStage::kRebuilding,
                                           RestoreStage::kStartingMembers, RestoreStage::kVerifying,
                                           RestoreStage::kOpening, RestoreStage::kRemovingOldData),
                         [](const auto& stage) { return std::string(ToString(stage.param)); });

TEST_P(RestoreStageTest, CanBeCancelledUntilItOpens) {
  RestoreWorld world;
  DriveTo(world, GetParam());
  ASSERT_OK(store::Modify(world.context(), *world.store, {objects::kEtcdRestores, "p", "back"},
                          TestWorld::Person(), [](Object& object) -> Result<bool> {
                            object.json["spec"]["cancel"] = true;
                            return true;
                          }));

  world.Drive();

  world.CheckEnd();
  EXPECT_EQ(world.Status().phase, GetParam() >= RestoreStage::kOpening ? RestorePhase::kCompleted
                                                                       : RestorePhase::kCancelled);
}

TEST(RestoreControllerTest, AWordThatComesJustBeforeOpeningStillCounts) {
  RestoreWorld world;
  RestoreControllerOptions options;
  options.at_record = [&](std::string_view point) {
    if (point == "before enter Opening") {
      ASSERT_OK(store::Modify(world.context(), *world.store, {objects::kEtcdRestores, "p", "back"},
                              TestWorld::Person(), [](Object& object) -> Result<bool> {
                                object.json["spec"]["cancel"] = true;
                                return true;
                              }));
    }
  };
  world.controller = std::make_unique<RestoreController>(world.services(), options);

  world.Drive();

  world.CheckEnd();
  EXPECT_EQ(world.Status().phase, RestorePhase::kCancelled);
}

TEST(RestoreControllerTest, AProofThatNeverEndsIsGivenUpInTime) {
  RestoreWorld world(objects::Json{{"timeout", "2m"}});
  world.vault.while_proving = [&](const Context& context) {
    while (context.Check().ok()) {
      world.clock.Advance(1s);
    }
  };

  const Context context = RestoreWorld::context().WithClock(world.clock);
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK(world.controller->Reconcile(context, kRestore));
  }

  world.CheckEnd();
  EXPECT_EQ(world.Status().phase, RestorePhase::kFailed);
  EXPECT_THAT(world.Status().message, HasSubstr("not done in time"));
}

TEST_P(RestoreStageTest, DeletingCancelsAndGoesOnlyWhenAllIsBack) {
  RestoreWorld world;
  DriveTo(world, GetParam());
  const Object before = world.Get(objects::kEtcdRestores, "back");
  ASSERT_OK(
      world.store->Delete(world.context(), {objects::kEtcdRestores, "p", "back"}, {}).status());

  for (int i = 0; i < 500 && world.Has(objects::kEtcdRestores, "back"); ++i) {
    ASSERT_OK(world.controller->Reconcile(world.context(), kRestore));
    world.clock.Advance(500ms);
    world.TakeSafetyBackups();
  }

  EXPECT_FALSE(world.Has(objects::kEtcdRestores, "back"));
  EXPECT_TRUE(
      FakeRuntime::Serves(world.Members(), GetParam() >= RestoreStage::kOpening ? "new" : "old"));
  EXPECT_EQ(world.ClusterStatus().active_restore, "");
}

TEST_P(RestoreStageTest, TakesTooLongOnlyUntilItOpens) {
  RestoreWorld world;
  DriveTo(world, GetParam());
  world.clock.Advance(31min);

  world.Drive();

  world.CheckEnd();
  EXPECT_EQ(world.Status().phase,
            GetParam() >= RestoreStage::kOpening || GetParam() == RestoreStage::kPending
                ? RestorePhase::kCompleted
                : RestorePhase::kFailed);
}

TEST(RestoreControllerTest, ProvingIsInterruptedByCancel) {
  RestoreWorld world;
  world.vault.while_proving = [&](const Context& context) {
    Object restore = world.Get(objects::kEtcdRestores, "back");
    restore.json["spec"]["cancel"] = true;
    ASSERT_OK(
        world.store
            ->Update(world.context(), objects::kEtcdRestores, restore, TestWorld::Person(), nullptr)
            .status());
    EXPECT_FALSE(context.stop().stop_requested());
    world.controller->OnChange(restore);
    EXPECT_TRUE(context.stop().stop_requested());
  };

  world.Drive();

  world.CheckEnd();
  EXPECT_EQ(world.Status().phase, RestorePhase::kCancelled);
}

TEST(RestoreControllerTest, OfTwoAtOnceOneFailsAndTouchesNothing) {
  RestoreWorld world(objects::Json{{"safetyBackup", false}});
  world.MakeRestore("other", {{"safetyBackup", false}});
  const Key other{"p", "other"};
  world.runtime.obstacle = FakeRuntime::Obstacle{.member = 1, .step = RestoreStep::kRebuild};
  world.Drive([&] { return world.Status().phase == RestorePhase::kRebuilding; });

  world.Drive([] { return false; }, other);

  EXPECT_EQ(world.Status("other").phase, RestorePhase::kFailed);
  EXPECT_THAT(world.Status("other").message, HasSubstr("\"back\" has the cluster"));
  EXPECT_EQ(world.ClusterStatus().active_restore, "back");
  world.runtime.obstacle.reset();
  world.Drive();
  world.CheckEnd();
  EXPECT_EQ(world.Status().phase, RestorePhase::kCompleted);
}

TEST(RestoreControllerTest, TwoThatTakeTurnsStillEndOneByOne) {
  RestoreWorld world(objects::Json{{"safetyBackup", false}});
  world.MakeRestore("other", {{"safetyBackup", false}});
  const Key other{"p", "other"};
  for (int i = 0; i < 300; ++i) {
    ASSERT_OK(world.controller->Reconcile(world.context(), i % 2 == 0 ? kRestore : other));
    world.clock.Advance(500ms);
  }
  const auto first = world.Status().phase;
  const auto second = world.Status("other").phase;
  EXPECT_TRUE((first == RestorePhase::kCompleted && second == RestorePhase::kFailed) ||
              (second == RestorePhase::kCompleted && first == RestorePhase::kFailed));
  EXPECT_TRUE(FakeRuntime::Serves(world.Members(), "new"));
  EXPECT_THAT(world.runtime.violations, IsEmpty());
}

TEST(RestoreControllerTest, RefusesAnEtcdThatIsNotOurs) {
  RestoreWorld world;
  world.MakeCluster("theirs", {{"runtime", "external"}, {"endpoints", {"http://127.0.0.1:1"}}});
  world.MakeRestore("into-theirs", {{"cluster", {{"name", "theirs"}}}});

  world.Drive([] { return false; }, {"p", "into-theirs"});

  EXPECT_EQ(world.Status("into-theirs").phase, RestorePhase::kFailed);
  EXPECT_THAT(world.Status("into-theirs").message, HasSubstr("tresor snapshot restore"));
}

TEST(RestoreControllerTest, RestoresIntoAnotherClusterOfAnotherSize) {
  RestoreWorld world;
  const Object other = world.MakeCluster("other", {{"runtime", "local"}, {"replicas", 5}});
  ASSERT_OK(
      world.runtime.Apply(world.context(), {.id = {"p", "other", other.uid()}, .replicas = 5}));
  world.MakeRestore("copy", {{"cluster", {{"name", "other"}}}});

  world.Drive([] { return false; }, {"p", "copy"});

  EXPECT_EQ(world.Status("copy").phase, RestorePhase::kCompleted) << world.Status("copy").message;
  EXPECT_TRUE(FakeRuntime::Serves(world.runtime.clusters.at(other.uid()), "new"));
  EXPECT_TRUE(FakeRuntime::Serves(world.Members(), "old"));
}

TEST(RestoreControllerTest, WaitsForAClusterThatWasJustCreated) {
  RestoreWorld world;
  const Object other = world.MakeCluster("young", {{"runtime", "local"}, {"replicas", 1}});
  world.MakeRestore("first", {{"cluster", {{"name", "young"}}}});
  const Key key{"p", "first"};
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(world.controller->Reconcile(world.context(), key));
    world.clock.Advance(5s);
  }
  EXPECT_EQ(world.Status("first").phase, RestorePhase::kPreflight);
  EXPECT_THAT(world.Status("first").message, HasSubstr("not been started yet"));
  ASSERT_OK(
      world.runtime.Apply(world.context(), {.id = {"p", "young", other.uid()}, .replicas = 1}));

  world.Drive([] { return false; }, key);

  EXPECT_EQ(world.Status("first").phase, RestorePhase::kCompleted) << world.Status("first").message;
  EXPECT_TRUE(FakeRuntime::Serves(world.runtime.clusters.at(other.uid()), "new"));
}

TEST(RestoreControllerTest, AClusterThatIsGrowingIsLeftAloneUntilItHasGrown) {
  RestoreWorld world;
  world.Members().members.resize(2);
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK(world.controller->Reconcile(world.context(), kRestore));
    world.clock.Advance(5s);
  }
  EXPECT_EQ(world.Status().phase, RestorePhase::kPreflight);
  EXPECT_THAT(world.Status().message, HasSubstr("has 2 of 3 members"));
  EXPECT_TRUE(FakeRuntime::Serves(world.Members(), "old"));
  world.Members().members.resize(3);

  world.Drive();

  world.CheckEnd();
  EXPECT_EQ(world.Status().phase, RestorePhase::kCompleted);
}

// --- everything that can go wrong, everywhere
// ---------------------------------------------------------

struct Scenario {
  std::string name;
  std::function<void(RestoreWorld&)> prepare;
};

class RestoreFaultTest : public ::testing::TestWithParam<std::tuple<Scenario, Faults::Mode>> {};

void CancelWhenRebuilding(RestoreWorld& world) {
  world.runtime.rebuild = [&world](const runtime::RestoreOrder& order) {
    // A person's word comes in the middle of it.
    static_cast<void>(store::Modify(world.context(), *world.store,
                                    {objects::kEtcdRestores, "p", "back"}, TestWorld::Person(),
                                    [](Object& object) -> Result<bool> {
                                      object.json["spec"]["cancel"] = true;
                                      return true;
                                    }));
    return FakeRuntime::Data{
        .content = order.backup, .revision = 50 + order.bump_revision, .hash = 2};
  };
}

const Scenario kScenarios[] = {
    {"Completes", [](RestoreWorld&) {}},
    {"WrongHash",
     [](RestoreWorld& world) {
       world.runtime.rebuild = [](const runtime::RestoreOrder& order) {
         return FakeRuntime::Data{
             .content = order.backup, .revision = 50 + order.bump_revision, .hash = 3};
       };
     }},
    {"HopelessMember",
     [](RestoreWorld& world) {
       world.runtime.obstacle = FakeRuntime::Obstacle{
           .member = 1, .step = RestoreStep::kRebuild, .error = "disk full", .final = true};
     }},
    {"Cancelled", CancelWhenRebuilding},
};

std::string NameOfFaultTest(
    const ::testing::TestParamInfo<std::tuple<Scenario, Faults::Mode>>& test) {
  constexpr std::array kModes{"ErrorBefore", "ErrorAfter", "CrashBefore", "CrashAfter"};
  return std::get<0>(test.param).name +
         kModes.at(static_cast<std::size_t>(std::get<1>(test.param)));
}

INSTANTIATE_TEST_SUITE_P(
    Everywhere, RestoreFaultTest,
    ::testing::Combine(::testing::ValuesIn(kScenarios),
                       ::testing::Values(Faults::Mode::kErrorBefore, Faults::Mode::kErrorAfter,
                                         Faults::Mode::kCrashBefore, Faults::Mode::kCrashAfter)),
    NameOfFaultTest);

TEST_P(RestoreFaultTest, OneFaultAtEveryCallEndsWithOneOfBoth) {
  const auto& [scenario, mode] = GetParam();
  int call = 0;
  for (;; ++call) {
    RestoreWorld world;
    scenario.prepare(world);
    world.faults.Arm(call, mode);

    world.Drive();

    SCOPED_TRACE(fmt::format("call {}: {}", call, world.faults.hit()));
    world.CheckEnd();
    if (HasFailure() || world.faults.hit().empty()) {
      break;
    }
  }
  EXPECT_GT(call, 60);  // it was really everywhere
}

}  // namespace
}  // namespace tresor::control
