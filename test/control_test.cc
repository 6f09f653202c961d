// SPDX-License-Identifier: Apache-2.0
// The control plane over real etcd: objects go in, and a cluster runs, is backed up, and comes
// back.
#include <memory>
#include <string>

#include "test/control_fixture.h"

namespace tresor::testing {
namespace {

using objects::BackupPhase;
using objects::ClusterPhase;
using objects::EtcdBackupStatus;
using objects::EtcdClusterStatus;
using objects::EtcdRestoreStatus;
using objects::Object;
using objects::RestorePhase;

TEST_F(ControlTest, AClusterRunsIsBackedUpAndComesBack) {
  CreateCluster("prod", 3);
  AwaitRunning("prod");
  EXPECT_OK(store_->Get(Soon(), {objects::kEtcdBackupConfigs, "demo", "default-backups"}).status());
  ASSERT_OK(ClientOf("prod")->Put(Soon(), {.key = "state", .value = "backup"}).status());

  Create(objects::kEtcdBackups, objects::kApiVersion, "EtcdBackup", "demo", "first",
         {{"cluster", {{"name", "prod"}}}});
  const EtcdBackupStatus backup = AwaitBackup("first");
  ASSERT_EQ(backup.phase, BackupPhase::kCompleted) << backup.message;
  int members = 0;
  for (const objects::EvidenceItem& item : backup.evidence) {
    EXPECT_EQ(item.result, objects::EvidenceResult::kPassed) << item.check << ": " << item.detail;
    members += item.check.starts_with("member ") ? 1 : 0;
  }
  EXPECT_EQ(members, 3);

  ASSERT_OK_AND_ASSIGN(const auto later,
                       ClientOf("prod")->Put(Soon(), {.key = "state", .value = "later"}));
  ASSERT_OK_AND_ASSIGN(
      const auto watch,
      ClientOf("prod")->Watch(Soon(), {.key = "state", .start_revision = later.header.revision}));
  Create(objects::kEtcdRestores, objects::kApiVersion, "EtcdRestore", "demo", "back",
         {{"cluster", {{"name", "prod"}}}, {"backup", {{"name", "first"}}}});
  const EtcdRestoreStatus restore = AwaitRestore("back");

  ASSERT_EQ(restore.phase, RestorePhase::kCompleted) << restore.message;
  EXPECT_EQ(Get("prod"), "backup");
  EXPECT_EQ(AwaitBackup("back-safety").phase, BackupPhase::kCompleted);
  ASSERT_OK_AND_ASSIGN(const auto after, ClientOf("prod")->Range(Soon(), {.key = "state"}));
  EXPECT_GE(after.header.revision, 1'000'000'000);
  const Object cluster = *store_->Get(Soon(), {objects::kEtcdClusters, "demo", "prod"});
  EXPECT_EQ(EtcdClusterStatus::FromObject(cluster).active_restore, "");
  for (const objects::RestoreStepRecord& step : restore.steps) {
    EXPECT_TRUE(step.completion_time.has_value()) << step.name;
    RecordProperty(step.name, step.message);
  }

  // The other way: what was just lost comes back from the safety backup, into a new cluster.
  CreateCluster("copy", 1);
  Create(objects::kEtcdRestores, objects::kApiVersion, "EtcdRestore", "demo", "copied",
         {{"cluster", {{"name", "copy"}}}, {"backup", {{"name", "back-safety"}}}});
  const EtcdRestoreStatus copied = AwaitRestore("copied");
  ASSERT_EQ(copied.phase, RestorePhase::kCompleted) << copied.message;
  EXPECT_EQ(Get("copy"), "later");

  // Deleting takes the members down and leaves the backups.
  store::DeleteOptions options;
  options.requester.user = "somebody";
  ASSERT_OK(store_->Delete(Soon(), {objects::kEtcdClusters, "demo", "prod"}, options).status());
  const Context context = Context::Background().WithTimeout(std::chrono::seconds(60));
  while (store_->Get(Soon(), {objects::kEtcdClusters, "demo", "prod"}).ok()) {
    ASSERT_OK(context.Sleep(std::chrono::milliseconds(20)));
  }
  EXPECT_OK(store_->Get(Soon(), {objects::kEtcdBackups, "demo", "first"}).status());
}

TEST_F(ControlTest, ACancelledRestoreAndOneThatTheServerLeftAlone) {
  CreateCluster("prod", 1);
  AwaitRunning("prod");
  ASSERT_OK(ClientOf("prod")->Put(Soon(), {.key = "state", .value = "backup"}).status());
  Create(objects::kEtcdBackups, objects::kApiVersion, "EtcdBackup", "demo", "first",
         {{"cluster", {{"name", "prod"}}}});
  ASSERT_EQ(AwaitBackup("first").phase, BackupPhase::kCompleted);
  ASSERT_OK(ClientOf("prod")->Put(Soon(), {.key = "state", .value = "later"}).status());

  Create(
      objects::kEtcdRestores, objects::kApiVersion, "EtcdRestore", "demo", "cancelled",
      {{"cluster", {{"name", "prod"}}}, {"backup", {{"name", "first"}}}, {"safetyBackup", false}});
  Await(objects::kEtcdRestores, "cancelled", [](const Object& restore) {
    const auto phase = EtcdRestoreStatus::FromObject(restore).phase;
    return phase.has_value() && *phase >= RestorePhase::kStoppingMembers;
  });
  const Status cancel =
      store::Modify(Soon(), *store_, {objects::kEtcdRestores, "demo", "cancelled"}, {},
                    [](Object& restore) -> Result<bool> {
                      restore.json["spec"]["cancel"] = true;
                      return true;
                    })
          .status();
  ASSERT_OK(cancel);
  const EtcdRestoreStatus ended = AwaitRestore("cancelled");
  EXPECT_EQ(Get("prod"), ended.phase == RestorePhase::kCompleted ? "backup" : "later");

  // The server ends in the middle, and another one goes on.
  Create(
      objects::kEtcdRestores, objects::kApiVersion, "EtcdRestore", "demo", "back",
      {{"cluster", {{"name", "prod"}}}, {"backup", {{"name", "first"}}}, {"safetyBackup", false}});
  Await(objects::kEtcdRestores, "back", [](const Object& restore) {
    return EtcdRestoreStatus::FromObject(restore).steps.size() >= 3;
  });
  plane_.reset();
  ASSERT_OK(local_->Reopen());
  StartPlane();
  const EtcdRestoreStatus restored = AwaitRestore("back");
  EXPECT_EQ(restored.phase, RestorePhase::kCompleted) << restored.message;
  EXPECT_EQ(Get("prod"), "backup");
}

}  // namespace
}  // namespace tresor::testing
