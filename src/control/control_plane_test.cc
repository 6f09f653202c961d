// SPDX-License-Identifier: Apache-2.0
// All controllers together, on a store in memory, with a clock that the test moves: what people see
// over hours and days.
#include "control/control_plane.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/thread.h"
#include "control/admission.h"
#include "control/test_world.h"
#include "objects/backup_destination.h"
#include "objects/etcd_backup_config.h"

namespace tresor::control {
namespace {

using namespace std::chrono_literals;
using objects::BackupPhase;
using objects::ClusterPhase;
using objects::EtcdBackupConfigStatus;
using objects::EtcdBackupStatus;
using objects::EtcdClusterStatus;
using objects::EtcdRestoreStatus;
using objects::Object;
using objects::RestorePhase;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::tresor::testing::StatusIs;

/// Keeps jobs until they are asked for.
class DeferredExecutor final : public Executor {
 public:
  void Run(std::function<void(const Context&)> job) override { jobs.push_back(std::move(job)); }
  bool RunAll() {
    const bool any = !jobs.empty();
    while (!jobs.empty()) {
      auto job = std::move(jobs.front());
      jobs.pop_front();
      job(Context::Background());
    }
    return any;
  }
  std::deque<std::function<void(const Context&)>> jobs;
};

class PlaneWorld : public TestWorld {
 public:
  PlaneWorld() {
    store->SetAdmission(admission);
    Make(objects::kBackupDestinations, objects::kApiVersion, "BackupDestination", "", "main",
         {{"local", {{"path", "/backup"}}},
          {"default", true},
          {"encryption", {{"keySecretRef", {{"name", "main-key"}}}}}});
    Start();
  }
  ~PlaneWorld() { plane.reset(); }

  void Start(const ControlPlaneOptions& options = {}) {
    executor.jobs.clear();
    plane = std::make_unique<ControlPlane>(ControlPlaneParts{.store = faulty,
                                                             .vault = vault,
                                                             .runtimes = services().runtimes,
                                                             .clock = clock,
                                                             .metrics = &metrics,
                                                             .executor = &executor,
                                                             .connect = services().connect},
                                           options);
  }
  /// Until nothing follows any more, neither here nor in the store.
  void Settle() {
    std::uint64_t before = 0;
    do {
      before = store->Stats().revision;
      ASSERT_OK(plane->manager().RunUntilIdle(context()));
      store->AwaitErrands();
    } while (executor.RunAll() || store->Stats().revision != before);
  }
  /// The clock goes on from one thing that is due to the next.
  void Pass(std::chrono::nanoseconds time) {
    const MonotonicTime end = clock.Monotonic() + time;
    Settle();
    while (true) {
      const std::optional<MonotonicTime> due = plane->manager().next_due();
      if (!due.has_value() || *due > end) {
        clock.Advance(std::max(end - clock.Monotonic(), std::chrono::nanoseconds(0)));
        Settle();
        return;
      }
      clock.Advance(std::max<std::chrono::nanoseconds>(*due - clock.Monotonic(), 1ms));
      Settle();
    }
  }

  [[nodiscard]] EtcdBackupConfigStatus ConfigStatus(const std::string& name) const {
    return EtcdBackupConfigStatus::FromObject(Get(objects::kEtcdBackupConfigs, name));
  }
  [[nodiscard]] EtcdBackupStatus BackupStatus(const std::string& name) const {
    return EtcdBackupStatus::FromObject(Get(objects::kEtcdBackups, name));
  }
  [[nodiscard]] EtcdClusterStatus ClusterStatus(const std::string& name) const {
    return EtcdClusterStatus::FromObject(Get(objects::kEtcdClusters, name));
  }
  void MakeConfig(const std::string& name, const objects::Json& more) {
    objects::Json spec = {{"cluster", {{"name", "prod"}}}};
    spec.update(more);
    Make(objects::kEtcdBackupConfigs, objects::kApiVersion, "EtcdBackupConfig", "p", name, spec);
  }
  void Delete(const objects::ResourceName& resource, const std::string& name) {
    store::DeleteOptions options;
    options.requester.user = "somebody";
    const bool scoped = resource == objects::kNamespaces;
    EXPECT_OK(store->Delete(context(), {resource, scoped ? "" : "p", name}, options).status());
  }
  void Change(const objects::ResourceName& resource, const std::string& name,
              const std::function<void(Object&)>& change) {
    EXPECT_OK(store::Modify(context(), *store, {resource, "p", name}, Person(),
                            [&](Object& object) -> Result<bool> {
                              change(object);
                              return true;
                            })
                  .status());
  }
  [[nodiscard]] std::size_t Stored() const {
    std::size_t count = 0;
    for (const auto& [address, backups] : vault.repositories) {
      count += backups.size();
    }
    return count;
  }
  [[nodiscard]] std::vector<std::string> Reasons(const std::string& about) const {
    std::vector<std::string> reasons;
    for (const Object& event : All(objects::kEvents)) {
      if (event.Text("involvedObject.name") == about) {
        reasons.push_back(event.Text("reason"));
      }
    }
    return reasons;
  }

  Admission admission;
  DeferredExecutor executor;
  std::unique_ptr<ControlPlane> plane;
};

TEST(ControlPlaneTest, ANewClusterRunsAndIsBackedUpByItself) {
  PlaneWorld world;
  world.MakeCluster("prod");

  world.Pass(1min);

  EXPECT_EQ(world.ClusterStatus("prod").phase, ClusterPhase::kRunning);
  EXPECT_EQ(world.ClusterStatus("prod").ready, "3/3");
  const Object config = world.Get(objects::kEtcdBackupConfigs, "default-backups");
  EXPECT_EQ(config.Text("spec.schedule"), "@every 20m");
  EXPECT_THAT(world.All(objects::kEtcdBackups), IsEmpty());

  world.Pass(20min);

  const std::vector<Object> backups = world.All(objects::kEtcdBackups);
  ASSERT_THAT(backups, SizeIs(1));
  const EtcdBackupStatus status = EtcdBackupStatus::FromObject(backups[0]);
  EXPECT_EQ(status.phase, BackupPhase::kCompleted) << status.message;
  EXPECT_EQ(status.id, "id1");
  EXPECT_EQ(status.destination, "main");
  EXPECT_THAT(status.evidence, SizeIs(1));
  ASSERT_TRUE(status.snapshot.has_value());
  EXPECT_EQ(status.snapshot->revision, 50);
  EXPECT_EQ(status.scheduled_time, *config.creation_time() + 20min);
  const EtcdBackupConfigStatus config_status = world.ConfigStatus("default-backups");
  EXPECT_EQ(config_status.completed, 1);
  EXPECT_EQ(config_status.last_backup, backups[0].name());
  EXPECT_TRUE(objects::IsTrue(config_status.conditions, objects::kHealthyCondition));
  EXPECT_EQ(config_status.next_schedule_time, *config.creation_time() + 40min);
}

TEST(ControlPlaneTest, EverySecondClusterOfAProjectGetsItsOwnDefault) {
  PlaneWorld world;
  world.MakeCluster("one");
  world.Settle();
  world.MakeCluster("two");
  world.Settle();
  EXPECT_EQ(world.Get(objects::kEtcdBackupConfigs, "default-backups").Text("spec.cluster.name"),
            "one");
  EXPECT_EQ(world.Get(objects::kEtcdBackupConfigs, "default-backups-two").Text("spec.cluster.name"),
            "two");
}

TEST(ControlPlaneTest, ADefaultFindsANameWhateverIsTaken) {
  PlaneWorld world;
  world.MakeCluster("one");
  const std::string longest(52, 'x');
  world.MakeCluster(longest);
  world.MakeConfig("default-backups-two", {{"cluster", {{"name", "one"}}}});
  world.MakeCluster("two");
  world.Settle();
  std::map<std::string, std::string> names;  // by cluster
  for (const Object& config : world.All(objects::kEtcdBackupConfigs)) {
    if (!config.labels().empty() && config.labels().contains(std::string(kDefaultOfLabel))) {
      names[config.Text("spec.cluster.name")] = config.name();
    }
  }
  ASSERT_THAT(names, SizeIs(3));
  EXPECT_EQ(names["one"], "default-backups");
  EXPECT_THAT(names[longest], ::testing::StartsWith("default-backups-xxx"));
  EXPECT_THAT(names["two"], ::testing::MatchesRegex("default-backups-two-[0-9a-f]{8}"));
}

TEST(ControlPlaneTest, TheLongestNamesWork) {
  PlaneWorld world;
  const std::string cluster(52, 'c');
  const std::string config(52, 'b');
  world.MakeCluster(cluster);
  world.MakeConfig(config, {{"cluster", {{"name", cluster}}}, {"schedule", "@every 10m"}});
  const std::string backup = std::string(63, 'a') + "." + std::string(63, 'a') + "." +
                             std::string(63, 'a') + "." + std::string(61, 'a');
  world.Pass(11min);
  world.Make(objects::kEtcdBackups, objects::kApiVersion, "EtcdBackup", "p", backup,
             {{"cluster", {{"name", cluster}}}});
  world.Pass(1min);
  EXPECT_EQ(world.BackupStatus(backup).phase, BackupPhase::kCompleted);
  EXPECT_THAT(world.Reasons(backup), Contains("Completed"));
  EXPECT_EQ(world.ConfigStatus(config).completed, 1);

  const std::string restore(63, 'r');
  world.Make(objects::kEtcdRestores, objects::kApiVersion, "EtcdRestore", "p", restore,
             {{"cluster", {{"name", cluster}}}, {"backup", {{"name", backup}}}});
  world.Pass(1min);
  EXPECT_EQ(EtcdRestoreStatus::FromObject(world.Get(objects::kEtcdRestores, restore)).phase,
            RestorePhase::kCompleted);

  // Found again by a new server, under its own name.
  FakeVault kept;
  kept.repositories = world.vault.repositories;
  PlaneWorld other;
  other.vault.repositories = kept.repositories;
  other.Pass(1min);
  EXPECT_TRUE(other.Has(objects::kEtcdBackups, backup));
}

TEST(ControlPlaneTest, WhatPeopleDoToTheDefaultStays) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.Settle();
  world.Change(objects::kEtcdBackupConfigs, "default-backups", [](Object& config) {
    config.json["spec"]["schedule"] = "@daily";
    config.json["spec"]["keep"] = 3;
  });
  world.Pass(1h);
  EXPECT_EQ(world.Get(objects::kEtcdBackupConfigs, "default-backups").Text("spec.schedule"),
            "@daily");

  world.Delete(objects::kEtcdBackupConfigs, "default-backups");
  world.Pass(1h);
  world.Start();
  world.Pass(1h);

  EXPECT_FALSE(world.Has(objects::kEtcdBackupConfigs, "default-backups"));
}

TEST(ControlPlaneTest, KeepsTheNewestAndRemovesWhatTheOthersStored) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.MakeConfig("often", {{"schedule", "@every 10m"}, {"keep", 3}});
  world.Settle();
  world.Delete(objects::kEtcdBackupConfigs, "default-backups");

  world.Pass(3h + 1min);

  EXPECT_EQ(world.vault.taken, 18);
  EXPECT_THAT(world.All(objects::kEtcdBackups), SizeIs(3));
  EXPECT_EQ(world.Stored(), 3U);
  EXPECT_EQ(world.ConfigStatus("often").completed, 3);
  EXPECT_GE(world.vault.pruned, 1);
  EXPECT_LE(world.vault.pruned, 3);  // not after each
}

TEST(ControlPlaneTest, PinnedBackupsStay) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.MakeConfig("often", {{"schedule", "@every 10m"}, {"keep", 1}});
  world.Pass(11min);
  const std::string first = world.ConfigStatus("often").last_backup;
  world.Change(objects::kEtcdBackups, first,
               [](Object& backup) { backup.json["spec"]["pinned"] = true; });

  world.Pass(1h);

  EXPECT_TRUE(world.Has(objects::kEtcdBackups, first));
}

TEST(ControlPlaneTest, AFailedAttemptIsRepeatedWithinItsSlot) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.MakeConfig("hourly", {{"schedule", "@every 1h"}});
  int failures = 3;
  world.vault.before = [&](std::string_view what) {
    return what == "Take" && failures-- > 0 ? Error(Code::kUnavailable, "no member answers")
                                            : OkStatus();
  };
  world.Settle();
  world.Delete(objects::kEtcdBackupConfigs, "default-backups");

  world.Pass(1h + 2min);

  const std::vector<Object> backups = world.All(objects::kEtcdBackups);
  ASSERT_THAT(backups, SizeIs(1));
  const auto status = EtcdBackupStatus::FromObject(backups[0]);
  EXPECT_EQ(status.phase, BackupPhase::kCompleted) << status.message;
  EXPECT_EQ(status.attempts, 4);
  EXPECT_THAT(world.Reasons(backups[0].name()), Contains("AttemptFailed"));
}

TEST(ControlPlaneTest, ASlotThatFindsTheLastRunStillAtWorkIsSkippedAndTheNextRuns) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.MakeConfig("often", {{"schedule", "@every 10m"}});
  world.Settle();
  world.Delete(objects::kEtcdBackupConfigs, "default-backups");
  bool first = true;
  world.vault.while_taking = [&] {
    if (!std::exchange(first, false)) {
      return;
    }
    for (int i = 0; i < 22 * 6; ++i) {  // over two more slots
      world.clock.Advance(10s);
      EXPECT_OK(world.plane->manager().RunUntilIdle(world.context()));
      EXPECT_THAT(world.executor.jobs, IsEmpty());
    }
    EXPECT_THAT(world.All(objects::kEtcdBackups), SizeIs(1));
    EXPECT_EQ(world.ConfigStatus("often").last_skipped_reason, "StillRunning");
  };
  world.Pass(35min);
  EXPECT_FALSE(first);
  EXPECT_EQ(world.vault.taken, 1);
  EXPECT_THAT(world.Reasons("often"), Contains("BackupSkipped"));

  world.Pass(10min);
  EXPECT_EQ(world.vault.taken, 2);
}

TEST(ControlPlaneTest, APausedClusterSkipsItsSlotsAndGoesOnByItself) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.Pass(21min);
  world.Change(objects::kEtcdClusters, "prod",
               [](Object& cluster) { cluster.json["spec"]["paused"] = true; });
  world.Pass(1h);
  EXPECT_EQ(world.vault.taken, 1);
  EXPECT_EQ(world.ConfigStatus("default-backups").last_skipped_reason, "ClusterPaused");

  world.Change(objects::kEtcdClusters, "prod",
               [](Object& cluster) { cluster.json["spec"]["paused"] = false; });
  world.Pass(18min);
  EXPECT_EQ(world.vault.taken, 1);  // what was skipped is not made up for
  world.Pass(2min);
  EXPECT_EQ(world.vault.taken, 2);
}

TEST(ControlPlaneTest, AfterDowntimeOneBackupStandsForAllThatWereMissed) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.Pass(21min);
  world.plane.reset();
  world.clock.Advance(5h);
  world.Start();
  world.Pass(1min);
  EXPECT_EQ(world.vault.taken, 2);
  const auto last = world.ConfigStatus("default-backups").last_schedule_time;
  const Object config = world.Get(objects::kEtcdBackupConfigs, "default-backups");
  EXPECT_EQ(last, *config.creation_time() + 320min);
}

TEST(ControlPlaneTest, AFailedBackupSaysWhyAndGoesAfterADay) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.MakeConfig("half-hourly", {{"schedule", "@every 30m"}});
  world.Settle();
  world.Delete(objects::kEtcdBackupConfigs, "default-backups");
  bool broken = true;
  world.vault.before = [&](std::string_view what) {
    return what == "Take" && broken ? Error(Code::kUnavailable, "no member answers") : OkStatus();
  };
  world.Pass(61min);

  EtcdBackupConfigStatus status = world.ConfigStatus("half-hourly");
  EXPECT_EQ(status.consecutive_failures, 1);
  const auto* healthy = objects::FindCondition(status.conditions, objects::kHealthyCondition);
  ASSERT_NE(healthy, nullptr);
  EXPECT_EQ(healthy->status, objects::ConditionStatus::kFalse);
  EXPECT_THAT(healthy->message, HasSubstr("no member answers"));
  const std::string failed = world.All(objects::kEtcdBackups)[0].name();
  EXPECT_EQ(world.BackupStatus(failed).phase, BackupPhase::kFailed);
  EXPECT_THAT(world.BackupStatus(failed).message, HasSubstr("no member answers"));

  broken = false;
  world.Pass(31min);
  status = world.ConfigStatus("half-hourly");
  EXPECT_EQ(status.consecutive_failures, 0);
  EXPECT_TRUE(objects::IsTrue(status.conditions, objects::kHealthyCondition));

  world.Pass(24h);
  EXPECT_FALSE(world.Has(objects::kEtcdBackups, failed));
}

TEST(ControlPlaneTest, MembersAreNotDefragmentedWhileABackupReads) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.Settle();
  const auto may_defragment = [&] {
    world.Change(objects::kEtcdClusters, "prod", [&](Object& cluster) {
      cluster.SetLabel("look", std::to_string(cluster.resource_version()));
    });
    EXPECT_OK(world.plane->manager().RunUntilIdle(TestWorld::context()));
    return world.runtime.clusters.begin()->second.spec.may_defragment;
  };
  EXPECT_TRUE(may_defragment());
  std::optional<bool> meanwhile;
  world.vault.while_taking = [&] { meanwhile = may_defragment(); };
  world.MakeConfig("now", objects::Json::object());
  world.Settle();
  EXPECT_EQ(meanwhile, false);
  EXPECT_TRUE(may_defragment());
}

TEST(ControlPlaneTest, AServerThatEndsLosesNoBackupAndTakesNoneTwice) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.Pass(1min);
  world.Make(objects::kEtcdBackups, objects::kApiVersion, "EtcdBackup", "p", "now",
             {{"cluster", {{"name", "prod"}}}});
  ASSERT_OK(world.plane->manager().RunUntilIdle(world.context()));
  ASSERT_THAT(world.executor.jobs, SizeIs(1));
  world.executor.RunAll();  // stored, and nobody is left to write it down
  EXPECT_EQ(world.vault.taken, 1);
  EXPECT_EQ(world.BackupStatus("now").phase, BackupPhase::kRunning);

  world.Start();
  world.Pass(10s);

  EXPECT_EQ(world.BackupStatus("now").phase, BackupPhase::kCompleted);
  EXPECT_EQ(world.vault.taken, 1);
  EXPECT_EQ(world.BackupStatus("now").id, "id1");
}

TEST(ControlPlaneTest, ABackupInterruptedLongAgoIsFailedOrFoundButNotTaken) {
  for (const bool stored : {false, true}) {
    PlaneWorld world;
    world.MakeCluster("prod");
    world.Pass(1min);
    world.Make(objects::kEtcdBackups, objects::kApiVersion, "EtcdBackup", "p", "now",
               {{"cluster", {{"name", "prod"}}}});
    ASSERT_OK(world.plane->manager().RunUntilIdle(world.context()));
    if (!stored) {
      world.vault.before = [](std::string_view) { return Error(Code::kCancelled, "killed"); };
    }
    world.executor.RunAll();
    world.vault.before = [](std::string_view) { return OkStatus(); };
    world.clock.Advance(2h);
    world.Start();
    world.Settle();

    const EtcdBackupStatus status = world.BackupStatus("now");
    EXPECT_EQ(status.phase, stored ? BackupPhase::kCompleted : BackupPhase::kFailed);
    EXPECT_THAT(status.message, HasSubstr(stored ? "" : "server was stopped"));
  }
}

TEST(ControlPlaneTest, ADeletedClustersBackupsStay) {
  PlaneWorld world;
  const Object cluster = world.MakeCluster("prod");
  world.Pass(21min);
  ASSERT_THAT(world.All(objects::kEtcdBackups), SizeIs(1));

  world.Delete(objects::kEtcdClusters, "prod");
  world.Pass(1min);

  EXPECT_FALSE(world.Has(objects::kEtcdClusters, "prod"));
  EXPECT_FALSE(world.Has(objects::kEtcdBackupConfigs, "default-backups"));
  EXPECT_FALSE(world.runtime.clusters.contains(cluster.uid()));
  ASSERT_THAT(world.All(objects::kEtcdBackups), SizeIs(1));
  EXPECT_THAT(world.All(objects::kEtcdBackups)[0].owner_references(), IsEmpty());
  EXPECT_EQ(world.Stored(), 1U);
}

TEST(ControlPlaneTest, DeletionPolicyDeleteRemovesWhatIsStoredFirst) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.MakeConfig("mine", {{"schedule", "@every 10m"}, {"deletionPolicy", "Delete"}});
  world.Pass(11min);
  ASSERT_EQ(world.Stored(), 1U);

  world.Delete(objects::kEtcdBackupConfigs, "mine");
  world.Pass(10s);

  EXPECT_FALSE(world.Has(objects::kEtcdBackupConfigs, "mine"));
  EXPECT_EQ(world.Stored(), 0U);
}

TEST(ControlPlaneTest, AnUnreachableDestinationHoldsADeletionUp_AMissingOneDoesNot) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.Pass(21min);
  const std::string name = world.All(objects::kEtcdBackups)[0].name();
  world.vault.before = [](std::string_view what) {
    return what == "Forget" ? Error(Code::kUnavailable, "stale file handle") : OkStatus();
  };
  world.Delete(objects::kEtcdBackups, name);
  world.Pass(10s);
  EXPECT_THAT(world.BackupStatus(name).message, HasSubstr("stale file handle"));

  world.vault.before = [](std::string_view) { return OkStatus(); };
  world.vault.destinations.clear();
  world.Pass(10min);

  EXPECT_FALSE(world.Has(objects::kEtcdBackups, name));
}

TEST(ControlPlaneTest, ADeletedProjectIsEmptiedInOrder) {
  PlaneWorld world;
  const Object cluster = world.MakeCluster("prod");
  world.Pass(21min);
  ASSERT_EQ(world.Stored(), 1U);

  world.Delete(objects::kNamespaces, "p");
  world.Pass(1min);

  EXPECT_THAT(world.All(objects::kEtcdClusters), IsEmpty());
  EXPECT_THAT(world.All(objects::kEtcdBackups), IsEmpty());
  EXPECT_THAT(world.All(objects::kEtcdBackupConfigs), IsEmpty());
  EXPECT_EQ(world.Stored(), 0U);
  EXPECT_FALSE(world.runtime.clusters.contains(cluster.uid()));
}

TEST(ControlPlaneTest, ADeletedProjectMakesNothingNewUntilItIsGone) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.MakeConfig("often", {{"schedule", "@every 2m"}});
  world.Pass(5min);
  ASSERT_EQ(world.vault.taken, 2);
  world.Make(objects::kEtcdBackups, objects::kApiVersion, "EtcdBackup", "p", "now",
             {{"cluster", {{"name", "prod"}}}});
  ASSERT_OK(world.plane->manager().RunUntilIdle(world.context()));  // it runs
  world.vault.before = [](std::string_view what) {
    return what == "Forget" ? Error(Code::kUnavailable, "stale file handle") : OkStatus();
  };
  world.Delete(objects::kNamespaces, "p");
  world.Pass(21min);  // slots come and go

  EXPECT_EQ(world.vault.taken, 2);
  EXPECT_THAT(world.All(objects::kEtcdBackups), SizeIs(2));
  for (const ControllerHealth& controller : world.plane->manager().Controllers()) {
    if (controller.name != "backup") {
      EXPECT_EQ(controller.failures, 0U) << controller.name << ": " << controller.last_error;
    }
  }

  world.vault.before = [](std::string_view) { return OkStatus(); };
  world.Pass(3min);
  EXPECT_THAT(world.store->Get(world.context(), {objects::kNamespaces, "", "p"}),
              StatusIs(Code::kNotFound));
  EXPECT_EQ(world.Stored(), 0U);
}

TEST(ControlPlaneTest, ARestoreGoesThroughAllAndTheScheduleGoesOnAfterwards) {
  PlaneWorld world;
  const Object cluster = world.MakeCluster("prod");
  world.Pass(21min);
  const std::string backup = world.All(objects::kEtcdBackups)[0].name();
  world.runtime.obstacle =
      FakeRuntime::Obstacle{.member = 0, .step = runtime::RestoreStep::kStartClosed};
  world.Make(objects::kEtcdRestores, objects::kApiVersion, "EtcdRestore", "p", "back",
             {{"cluster", {{"name", "prod"}}}, {"backup", {{"name", backup}}}, {"timeout", "2h"}});

  world.Pass(30min);

  EXPECT_EQ(world.ClusterStatus("prod").phase, ClusterPhase::kRestoring);
  EXPECT_EQ(world.ClusterStatus("prod").ready, "0/3");
  EXPECT_EQ(world.BackupStatus("back-safety").phase, BackupPhase::kCompleted);
  EXPECT_EQ(world.ConfigStatus("default-backups").last_skipped_reason, "ClusterRestoring");
  EXPECT_THAT(world.Reasons("default-backups"), Contains("BackupSkipped"));
  const int taken = world.vault.taken;

  world.runtime.obstacle.reset();
  world.Pass(1min);
  const auto restore = EtcdRestoreStatus::FromObject(world.Get(objects::kEtcdRestores, "back"));
  EXPECT_EQ(restore.phase, RestorePhase::kCompleted) << restore.message;
  EXPECT_EQ(world.ClusterStatus("prod").phase, ClusterPhase::kRunning);
  EXPECT_TRUE(FakeRuntime::Serves(world.runtime.clusters.at(cluster.uid()), restore.backup_id));
  EXPECT_THAT(world.runtime.violations, IsEmpty());

  world.Pass(20min);
  EXPECT_EQ(world.vault.taken, taken + 1);
}

TEST(ControlPlaneTest, NobodyElseAsksTheMembersOfARestoringCluster) {
  PlaneWorld world;
  world.Start({.restore = {.poll = 1h}});
  world.MakeCluster("prod");
  world.Pass(21min);
  world.runtime.obstacle =
      FakeRuntime::Obstacle{.member = 0, .step = runtime::RestoreStep::kRebuild};
  world.Make(objects::kEtcdRestores, objects::kApiVersion, "EtcdRestore", "p", "back",
             {{"cluster", {{"name", "prod"}}},
              {"backup", {{"name", world.All(objects::kEtcdBackups)[0].name()}}},
              {"timeout", "24h"}});
  world.Pass(3h);
  ASSERT_EQ(world.ClusterStatus("prod").phase, ClusterPhase::kRestoring);
  int asked = 0;
  world.runtime.before = [&](std::string_view) {
    ++asked;
    return OkStatus();
  };

  world.Pass(59min);

  EXPECT_LE(asked, 4);  // Apply and Observe of the restore's own look
}

TEST(ControlPlaneTest, ARestoreTakenAwayByForceIsRolledBack) {
  PlaneWorld world;
  const Object cluster = world.MakeCluster("prod");
  world.Pass(21min);
  world.runtime.obstacle =
      FakeRuntime::Obstacle{.member = 0, .step = runtime::RestoreStep::kRebuild};
  world.Make(objects::kEtcdRestores, objects::kApiVersion, "EtcdRestore", "p", "back",
             {{"cluster", {{"name", "prod"}}},
              {"backup", {{"name", world.All(objects::kEtcdBackups)[0].name()}}}});
  world.Pass(1min);
  ASSERT_EQ(world.ClusterStatus("prod").phase, ClusterPhase::kRestoring);
  // Before its controller sees anything of it.
  world.Change(objects::kEtcdRestores, "back",
               [](Object& restore) { restore.RemoveFinalizer(objects::kRestoreFinalizer); });
  world.Delete(objects::kEtcdRestores, "back");

  world.Pass(1min);

  EXPECT_EQ(world.ClusterStatus("prod").phase, ClusterPhase::kRunning);
  EXPECT_EQ(world.ClusterStatus("prod").active_restore, "");
  EXPECT_TRUE(FakeRuntime::Serves(world.runtime.clusters.at(cluster.uid()), "old"));
}

TEST(ControlPlaneTest, ANewServerFindsBackAllBackups) {
  FakeVault kept;
  std::string uid;
  {
    PlaneWorld world;
    uid = world.MakeCluster("prod").uid();
    world.Pass(1h + 1min);
    kept.repositories = world.vault.repositories;
    ASSERT_EQ(world.Stored(), 3U);
  }
  PlaneWorld world;
  world.vault.repositories = kept.repositories;
  EXPECT_THAT(world.All(objects::kEtcdBackups), IsEmpty());

  world.Pass(1min);

  const std::vector<Object> found = world.All(objects::kEtcdBackups);
  ASSERT_THAT(found, SizeIs(3));
  for (const Object& backup : found) {
    EXPECT_TRUE(backup.name().starts_with("default-backups-")) << backup.name();
    EXPECT_EQ(backup.Text("spec.cluster.name"), "prod");
    const auto status = EtcdBackupStatus::FromObject(backup);
    EXPECT_EQ(status.phase, BackupPhase::kCompleted) << status.message;
    EXPECT_EQ(status.repository, "p/" + uid);
    EXPECT_TRUE(status.scheduled_time.has_value());
  }
  EXPECT_EQ(world.vault.taken, 0);
  world.Pass(2h);
  EXPECT_THAT(world.All(objects::kEtcdBackups), SizeIs(3));  // once

  // They can be restored into a new cluster.
  const Object cluster = world.MakeCluster("fresh", {{"runtime", "local"}, {"replicas", 1}});
  world.Pass(1min);
  world.Make(objects::kEtcdRestores, objects::kApiVersion, "EtcdRestore", "p", "back",
             {{"cluster", {{"name", "fresh"}}}, {"backup", {{"name", found[2].name()}}}});
  world.Pass(1min);
  EXPECT_EQ(EtcdRestoreStatus::FromObject(world.Get(objects::kEtcdRestores, "back")).phase,
            RestorePhase::kCompleted);
}

TEST(ControlPlaneTest, ADestinationIsReallyTriedAndTheDefaultOnesKeyIsMade) {
  PlaneWorld world;
  world.Pass(1s);
  const Result<Object> secret =
      world.store->Get(world.context(), {objects::kSecrets, "tresor-system", "main-key"});
  ASSERT_OK(secret);
  auto status =
      objects::BackupDestinationStatus::FromObject(world.Get(objects::kBackupDestinations, "main"));
  EXPECT_TRUE(objects::IsTrue(status.conditions, objects::kReadyCondition));

  world.vault.before = [](std::string_view what) {
    return what == "Probe" ? Error(Code::kPermissionDenied, "writing a probe: read-only")
                           : OkStatus();
  };
  world.Pass(6min);
  status =
      objects::BackupDestinationStatus::FromObject(world.Get(objects::kBackupDestinations, "main"));
  EXPECT_FALSE(objects::IsTrue(status.conditions, objects::kReadyCondition));
  EXPECT_THAT(status.conditions[0].message, HasSubstr("read-only"));

  world.vault.before = [](std::string_view) { return OkStatus(); };
  world.Pass(1min);
  status =
      objects::BackupDestinationStatus::FromObject(world.Get(objects::kBackupDestinations, "main"));
  EXPECT_TRUE(objects::IsTrue(status.conditions, objects::kReadyCondition));
}

TEST(ControlPlaneTest, ProbesAreCheapAndWhatIsStoredIsMeasuredNowAndThen) {
  PlaneWorld world;
  world.MakeCluster("prod");
  int probes = 0;
  int measured = 0;
  world.vault.before = [&](std::string_view what) {
    probes += what == "Probe" ? 1 : 0;
    measured += what == "StoredBytes" ? 1 : 0;
    return OkStatus();
  };
  world.Pass(65min);  // backups at 20, 40 and 60 minutes

  EXPECT_GE(probes, 12);
  EXPECT_EQ(measured, 2);
  const auto status =
      objects::BackupDestinationStatus::FromObject(world.Get(objects::kBackupDestinations, "main"));
  EXPECT_EQ(status.repositories, 1);
  EXPECT_EQ(status.stored_bytes, 2000);  // before the third
}

TEST(ControlPlaneTest, AServerThatEndsForgetsNoPrune) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.MakeConfig("often", {{"schedule", "@every 10m"}, {"keep", 1}});
  world.Pass(31min);
  ASSERT_EQ(world.vault.pruned, 0);  // it is due in some minutes

  world.Start();
  world.Change(objects::kEtcdBackupConfigs, "often",
               [](Object& config) { config.json["spec"]["suspend"] = true; });
  world.Change(objects::kEtcdBackupConfigs, "default-backups",
               [](Object& config) { config.json["spec"]["suspend"] = true; });
  world.Pass(2h);

  EXPECT_EQ(world.vault.pruned, 1);
}

TEST(ControlPlaneTest, ManyClustersKeepTheirSchedules) {
  PlaneWorld world;
  constexpr int kClusters = 6;
  for (int i = 0; i < kClusters; ++i) {
    world.MakeCluster("c" + std::to_string(i));
    world.clock.Advance(7s);
  }
  world.Pass(2h + 1min);
  EXPECT_EQ(world.vault.taken, kClusters * 6);
  EXPECT_EQ(world.Stored(), static_cast<std::size_t>(kClusters) * 6);
}

TEST(ControlPlaneTest, RunsWithThreadsAndStops) {
  TestWorld world;
  ControlPlane plane(
      {.store = *world.store, .vault = world.vault, .runtimes = world.services().runtimes}, {});
  world.MakeCluster("prod");
  ASSERT_OK(plane.Start(world.context().WithTimeout(30s)));
  for (int i = 0; i < 3000; ++i) {
    const auto status = EtcdClusterStatus::FromObject(world.Get(objects::kEtcdClusters, "prod"));
    if (status.phase == ClusterPhase::kRunning) {
      break;
    }
    ASSERT_OK(world.context().Sleep(10ms));
  }
  EXPECT_EQ(EtcdClusterStatus::FromObject(world.Get(objects::kEtcdClusters, "prod")).phase,
            ClusterPhase::kRunning);
  plane.Stop();
  EXPECT_OK(plane.manager().Healthy());
}

// --- admission
// -------------------------------------------------------------------------------------

/// Counts how often it is asked: somebody who waits asks again and again.
class AskedClock final : public Clock {
 public:
  [[nodiscard]] WallTime Now() const override { return SystemClock().Now(); }
  [[nodiscard]] MonotonicTime Monotonic() const override {
    ++asked;
    return SystemClock().Monotonic();
  }
  mutable std::atomic<int> asked = 0;
};

TEST(DefragmentationTest, IsNotAllowedWhileABackupIsTaken) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.MakeConfig("often", {{"schedule", "@every 10m"}});
  int forbidden = 0;
  int allowed = 0;
  world.runtime.while_applying = [&](const runtime::ClusterSpec& spec) {
    ++(spec.may_defragment ? allowed : forbidden);
  };
  world.Pass(5min);
  EXPECT_GT(allowed, 5);
  EXPECT_EQ(forbidden, 0);

  int backups = 0;
  world.vault.while_taking = [&] {
    ++backups;
    allowed = 0;
    for (int i = 0; i < 12; ++i) {  // it takes long, and the cluster is looked at all the time
      world.clock.Advance(10s);
      ASSERT_OK(world.plane->manager().RunUntilIdle(world.context()));
    }
    EXPECT_EQ(allowed, 0);
  };
  world.Pass(6min);
  EXPECT_EQ(backups, 1);
  EXPECT_GE(forbidden, 12);
  EXPECT_GT(allowed, 0) << "and again when it is done";
}

TEST(DefragmentationTest, ABackupThatBeginsDuringOneWaitsForItsEnd) {
  PlaneWorld world;
  world.MakeCluster("prod");
  world.Settle();
  std::atomic<bool> applying = false;
  std::atomic<int> taken = 0;
  world.vault.while_taking = [&] {
    EXPECT_FALSE(applying) << "the cluster is being defragmented";
    ++taken;
  };
  const AskedClock clock;
  std::optional<Thread> backup;
  world.runtime.while_applying = [&](const runtime::ClusterSpec& spec) {
    if (!spec.may_defragment || backup.has_value()) {
      return;
    }
    applying = true;
    world.Make(objects::kEtcdBackups, objects::kApiVersion, "EtcdBackup", "p", "now",
               {{"cluster", {{"name", "prod"}}}});
    ASSERT_OK(world.plane->manager().RunUntilIdle(world.context()));
    ASSERT_THAT(world.executor.jobs, SizeIs(1));
    backup.emplace([&, job = world.executor.jobs.front()] {
      job(Context::Background().WithClock(clock).WithTimeout(1min));
    });
    world.executor.jobs.pop_front();
    while (taken == 0 && clock.asked < 100) {
      ASSERT_OK(Context::Background().Sleep(1ms));
    }
    EXPECT_EQ(world.BackupStatus("now").phase, BackupPhase::kRunning);
    applying = false;
  };
  world.Pass(10s);
  ASSERT_TRUE(backup.has_value());
  backup->join();
  EXPECT_EQ(taken, 1);
  world.Settle();
  EXPECT_EQ(world.BackupStatus("now").phase, BackupPhase::kCompleted);
}

TEST(DefragmentationTest, IsNotAllowedDuringARestoreWhichWaitsForOneUnderWay) {
  PlaneWorld world;
  const Object cluster = world.MakeCluster("prod");
  world.MakeConfig("often", {{"schedule", "@every 10m"}});
  world.Pass(11min);
  const auto stage = [&] {
    return StageOf(EtcdRestoreStatus::FromObject(world.Get(objects::kEtcdRestores, "back")));
  };
  bool begun = false;
  bool inside = false;
  int during = 0;
  int after = 0;
  world.runtime.while_applying = [&](const runtime::ClusterSpec& spec) {
    EXPECT_FALSE(inside) << "an order while the cluster is being defragmented";
    if (spec.may_defragment && !begun) {
      begun = inside = true;
      world.Make(objects::kEtcdRestores, objects::kApiVersion, "EtcdRestore", "p", "back",
                 {{"cluster", {{"name", "prod"}}},
                  {"backup", {{"name", world.ConfigStatus("often").last_backup}}},
                  {"safetyBackup", false}});
      for (int i = 0; i < 20; ++i) {
        ASSERT_OK(world.plane->manager().RunUntilIdle(world.context()));
        world.clock.Advance(1s);
      }
      EXPECT_EQ(stage(), RestoreStage::kStoppingMembers) << "it has the cluster, and waits";
      inside = false;
      return;
    }
    if (world.ClusterStatus("prod").active_restore.empty()) {
      after += spec.may_defragment ? 1 : 0;
    } else {
      ++during;
      EXPECT_FALSE(spec.may_defragment);
    }
  };
  world.Pass(2min);
  EXPECT_EQ(stage(), RestoreStage::kCompleted);
  EXPECT_GE(during, 5);
  EXPECT_GT(after, 0);
}

class AdmissionTest : public ::testing::Test {
 protected:
  AdmissionTest() {
    world_.MakeCluster("prod");
    world_.MakeCluster("other");
    world_.MakeConfig("often", {{"schedule", "@every 10m"}});
    world_.Pass(11min);
    backup_ = world_.ConfigStatus("often").last_backup;
    EXPECT_NE(backup_, "");
  }
  /// A restore that stands still in the middle.
  void StartRestore(runtime::RestoreStep step = runtime::RestoreStep::kRebuild,
                    const std::string& cluster = "prod") {
    world_.runtime.obstacle = FakeRuntime::Obstacle{.member = 0, .step = step};
    EXPECT_OK(Create(objects::kEtcdRestores, "EtcdRestore", "back", RestoreSpec(cluster)));
    world_.Pass(1min);
    EXPECT_EQ(world_.ClusterStatus(cluster).phase, ClusterPhase::kRestoring);
  }
  objects::Json RestoreSpec(const std::string& cluster = "prod") const {
    return {{"cluster", {{"name", cluster}}}, {"backup", {{"name", backup_}}}};
  }
  Status Create(const objects::ResourceName& resource, std::string_view kind,
                const std::string& name, const objects::Json& spec) {
    Object object;
    object.json = {{"apiVersion", objects::kApiVersion},
                   {"kind", kind},
                   {"metadata", {{"name", name}}},
                   {"spec", spec}};
    if (resource != objects::kBackupDestinations) {
      object.json["metadata"]["namespace"] = "p";
    }
    return world_.store->Create(world_.context(), resource, object, TestWorld::Person(), nullptr)
        .status();
  }
  Status Update(const objects::ResourceName& resource, const std::string& name,
                const std::function<void(Object&)>& change) {
    return store::Modify(world_.context(), *world_.store, {resource, "p", name},
                         TestWorld::Person(),
                         [&](Object& object) -> Result<bool> {
                           change(object);
                           return true;
                         })
        .status();
  }
  Status Delete(const objects::ResourceName& resource, const std::string& name) {
    store::DeleteOptions options;
    options.requester.user = "somebody";
    const bool scoped =
        resource == objects::kNamespaces || resource == objects::kBackupDestinations;
    return world_.store->Delete(world_.context(), {resource, scoped ? "" : "p", name}, options)
        .status();
  }
  static std::string ReasonOf(const Status& status) {
    const auto details = objects::DetailsOf(status);
    return details.has_value() ? details->reason : "";
  }

  PlaneWorld world_;
  std::string backup_;
};

TEST_F(AdmissionTest, NothingOfARestoringClusterCanBeChanged) {
  StartRestore();
  const std::vector<Status> refused{
      Update(objects::kEtcdClusters, "prod",
             [](Object& cluster) { cluster.json["spec"]["replicas"] = 5; }),
      Delete(objects::kEtcdClusters, "prod"),
      Create(objects::kEtcdBackups, "EtcdBackup", "now", {{"cluster", {{"name", "prod"}}}}),
      Create(objects::kEtcdRestores, "EtcdRestore", "again", RestoreSpec()),
      Update(objects::kEtcdBackupConfigs, "often",
             [](Object& config) { config.json["spec"]["keep"] = 5; }),
      Delete(objects::kEtcdBackupConfigs, "often"),
      Create(objects::kEtcdBackupConfigs, "EtcdBackupConfig", "new",
             {{"cluster", {{"name", "prod"}}}, {"schedule", "@daily"}}),
      Delete(objects::kNamespaces, "p"),
  };
  for (const Status& status : refused) {
    EXPECT_THAT(status, StatusIs(Code::kFailedPrecondition));
    EXPECT_EQ(ReasonOf(status), "ClusterRestoring") << Message(status);
  }
  // Labels are nobody's data; another cluster is not concerned; until it opens it can be cancelled.
  EXPECT_OK(Update(objects::kEtcdClusters, "prod",
                   [](Object& cluster) { cluster.SetLabel("team", "blue"); }));
  EXPECT_OK(Create(objects::kEtcdBackups, "EtcdBackup", "o", {{"cluster", {{"name", "other"}}}}));
  EXPECT_OK(Update(objects::kEtcdRestores, "back",
                   [](Object& restore) { restore.json["spec"]["cancel"] = true; }));
}

TEST_F(AdmissionTest, CancellingIsRefusedWhenThereIsNoWayBack) {
  StartRestore(runtime::RestoreStep::kOpen);
  const auto cancel = [&] {
    return Update(objects::kEtcdRestores, "back",
                  [](Object& restore) { restore.json["spec"]["cancel"] = true; });
  };
  EXPECT_EQ(ReasonOf(cancel()), "TooLateToCancel");
  world_.runtime.obstacle.reset();
  world_.Pass(1min);
  EXPECT_EQ(world_.ClusterStatus("prod").phase, ClusterPhase::kRunning);
  EXPECT_THAT(cancel(), StatusIs(Code::kFailedPrecondition, HasSubstr("it is over: Completed")));
}

TEST_F(AdmissionTest, AClusterWhoseRestoreIsStuckMayBeDeleted) {
  world_.MakeCluster("solo", {{"runtime", "local"}, {"replicas", 1}});
  world_.Settle();
  StartRestore(runtime::RestoreStep::kOpen, "solo");
  EXPECT_EQ(ReasonOf(Delete(objects::kEtcdClusters, "solo")), "ClusterRestoring");
  world_.Pass(11min);
  EXPECT_EQ(ReasonOf(Delete(objects::kNamespaces, "p")), "ClusterRestoring");
  EXPECT_OK(Delete(objects::kEtcdClusters, "solo"));
  world_.Pass(1min);
  EXPECT_FALSE(world_.Has(objects::kEtcdClusters, "solo"));
  EXPECT_EQ(EtcdRestoreStatus::FromObject(world_.Get(objects::kEtcdRestores, "back")).phase,
            RestorePhase::kFailed);
  EXPECT_THAT(world_.runtime.clusters, SizeIs(2)) << "prod, other";
}

TEST_F(AdmissionTest, EtcdGoesUpOneLineAtATime) {
  struct Case {
    std::string runs;
    std::string before;
    std::string after;
    std::string refusal;
  };
  for (const Case& test : std::vector<Case>{
           {"3.4.36", "3.4", "3.5", ""},
           {"3.5.21", "", "3.5", ""},
           {"3.5.21", "3.5", "3.5.9", ""},
           {"3.4.36", "3.4", "3.6", "set \"3.5\" first"},
           {"3.5.21", "", "3.7", "set \"3.6\" first"},
           {"3.5.21", "3.5", "3.4", "does not go back"},
           {"3.5.21", "3.5", "", "name one, \"3.5\""},
           {"3.4.36", "3.5", "3.6", "set \"3.5\" first"},  // on their way to 3.5
           {"3.4.36", "3.5", "3.4", ""},
           {"", "3.4", "3.6", "set \"3.5\" first"},
           {"", "", "3.6", ""},  // it has never run
       }) {
    SCOPED_TRACE(fmt::format("{} {} {}", test.runs, test.before, test.after));
    const auto set = [&](const std::string& version) {
      return [&world = world_, version](Object& cluster) {
        cluster.json["spec"].erase("version");
        if (!version.empty()) {
          cluster.json["spec"]["version"] = version;
        }
      };
    };
    auto status = world_.ClusterStatus("prod");
    status.version.clear();
    world_.SetStatus(objects::kEtcdClusters, "prod", EtcdClusterStatus{});
    ASSERT_OK(store::Modify(world_.context(), *world_.store, {objects::kEtcdClusters, "p", "prod"},
                            WriteAs("test"), [&](Object& cluster) -> Result<bool> {
                              set(test.before)(cluster);
                              return true;
                            }));
    status.version = test.runs;
    world_.SetStatus(objects::kEtcdClusters, "prod", status);
    const Status changed = Update(objects::kEtcdClusters, "prod", set(test.after));
    if (test.refusal.empty()) {
      EXPECT_OK(changed);
    } else {
      EXPECT_THAT(changed, StatusIs(Code::kInvalidArgument, HasSubstr(test.refusal)));
      EXPECT_EQ(objects::DetailsOf(changed)->causes[0].field, "spec.version");
    }
  }
}

TEST_F(AdmissionTest, EtcdGoesUpALineWithAllMembersWell) {
  auto status = world_.ClusterStatus("prod");
  ASSERT_EQ(status.version, "3.5.21");
  status.members[1].healthy = false;
  world_.SetStatus(objects::kEtcdClusters, "prod", status);
  const auto update = [&](const std::string& version) {
    return Update(objects::kEtcdClusters, "prod",
                  [&](Object& cluster) { cluster.json["spec"]["version"] = version; });
  };
  EXPECT_THAT(update("3.6"),
              StatusIs(Code::kInvalidArgument, HasSubstr(status.members[1].name + " is not")));
  EXPECT_OK(update("3.5"));
}

TEST_F(AdmissionTest, ABackupThatARestoreUsesStays) {
  StartRestore();
  EXPECT_EQ(ReasonOf(Delete(objects::kEtcdBackups, backup_)), "BackupInUse");
  EXPECT_EQ(ReasonOf(Delete(objects::kEtcdBackups, "back-safety")), "BackupInUse");
}

TEST_F(AdmissionTest, OneRestoreOfAClusterAtATime) {
  EXPECT_OK(Create(objects::kEtcdRestores, "EtcdRestore", "first", RestoreSpec()));
  EXPECT_EQ(ReasonOf(Create(objects::kEtcdRestores, "EtcdRestore", "second", RestoreSpec())),
            "RestoreActive");
}

TEST_F(AdmissionTest, WhatIsReferredToMustBeThere) {
  EXPECT_THAT(Create(objects::kEtcdBackups, "EtcdBackup", "x", {{"cluster", {{"name", "nobody"}}}}),
              StatusIs(Code::kInvalidArgument, HasSubstr("spec.cluster.name")));
  EXPECT_THAT(Create(objects::kEtcdBackups, "EtcdBackup", "x",
                     {{"cluster", {{"name", "prod"}}}, {"destination", "mars"}}),
              StatusIs(Code::kInvalidArgument, HasSubstr("spec.destination")));
  EXPECT_THAT(Create(objects::kEtcdRestores, "EtcdRestore", "x",
                     {{"cluster", {{"name", "prod"}}}, {"backup", {{"name", "none"}}}}),
              StatusIs(Code::kInvalidArgument, HasSubstr("spec.backup.name")));
  EXPECT_OK(Create(objects::kEtcdBackups, "EtcdBackup", "new", {{"cluster", {{"name", "prod"}}}}));
  EXPECT_THAT(Create(objects::kEtcdRestores, "EtcdRestore", "x",
                     {{"cluster", {{"name", "prod"}}}, {"backup", {{"name", "new"}}}}),
              StatusIs(Code::kInvalidArgument, HasSubstr("not Completed")));
}

TEST_F(AdmissionTest, DestinationsAreProtectedAndHaveRules) {
  EXPECT_EQ(ReasonOf(Delete(objects::kBackupDestinations, "main")), "DestinationInUse");
  const auto destination = [&](const std::string& name, bool is_default) {
    return Create(objects::kBackupDestinations, "BackupDestination", name,
                  {{"local", {{"path", "/" + name}}},
                   {"default", is_default},
                   {"allowedProjects", {"elsewhere"}},
                   {"encryption", {{"keySecretRef", {{"name", "k"}}}}}});
  };
  EXPECT_THAT(destination("second", true), StatusIs(Code::kInvalidArgument, HasSubstr("main")));
  EXPECT_OK(destination("private", false));
  EXPECT_THAT(Create(objects::kEtcdBackups, "EtcdBackup", "x",
                     {{"cluster", {{"name", "prod"}}}, {"destination", "private"}}),
              StatusIs(Code::kInvalidArgument, HasSubstr("may not use")));
  EXPECT_OK(Delete(objects::kBackupDestinations, "private"));
  EXPECT_EQ(ReasonOf(Delete(objects::kNamespaces, "tresor-system")), "SystemNamespace");
}

}  // namespace
}  // namespace tresor::control
