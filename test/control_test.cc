// SPDX-License-Identifier: Apache-2.0
// The control plane over real etcd: objects go in, and a cluster runs, is backed up, and comes
// back.
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "control/admission.h"
#include "control/control_plane.h"
#include "control/destinations.h"
#include "control/names.h"
#include "control/repository_vault.h"
#include "etcd/client.h"
#include "objects/etcd_backup.h"
#include "objects/etcd_cluster.h"
#include "objects/etcd_restore.h"
#include "store/memory/memory_store.h"
#include "test/local_cluster.h"

namespace tresor::testing {
namespace {

using objects::BackupPhase;
using objects::ClusterPhase;
using objects::EtcdBackupStatus;
using objects::EtcdClusterStatus;
using objects::EtcdRestoreStatus;
using objects::Object;
using objects::RestorePhase;
using ::testing::HasSubstr;

/// What `tresor serve` puts together, without HTTP.
class ControlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(local_, LocalCluster::Make({.line = "3.5", .replicas = 3}));
    store_ = store::NewMemoryStore();
    store_->SetAdmission(admission_);
    destinations_ = std::make_unique<control::Destinations>(*store_, io::PosixFileSystem(),
                                                            local_->dir() + "/keys");
    control::RepositoryVaultOptions options;
    options.spool.dir = local_->dir();
    vault_ = std::make_unique<control::RepositoryVault>(*destinations_, options);
    for (const char* project : {"demo", "tresor-system"}) {
      Create(objects::kNamespaces, "v1", "Namespace", "", project, nullptr);
    }
    Create(objects::kBackupDestinations, objects::kApiVersion, "BackupDestination", "", "main",
           {{"local", {{"path", local_->dir() + "/backups"}}},
            {"default", true},
            {"encryption", {{"keySecretRef", {{"name", "main-key"}}}}}});
    StartPlane();
  }
  void TearDown() override {
    plane_.reset();
    for (const std::string& uid : uids_) {
      (void)local_->runtime().Remove(Soon(), {.project = "demo", .name = "x", .uid = uid});
    }
  }

  void StartPlane() {
    control::ControlPlaneParts parts{
        .store = *store_,
        .vault = *vault_,
        .runtimes = {.local = &local_->runtime(), .kubernetes = nullptr, .external = nullptr}};
    parts.free_bytes = [this](const runtime::ClusterId&) {
      return io::PosixFileSystem().FreeBytes(local_->dir());
    };
    plane_ = std::make_unique<control::ControlPlane>(parts, control::ControlPlaneOptions{});
    ASSERT_OK(plane_->Start(Soon()));
  }

  void Create(const objects::ResourceName& resource, std::string_view api_version,
              std::string_view kind, const std::string& project, const std::string& name,
              const objects::Json& spec) {
    Object object;
    object.json = {{"apiVersion", api_version}, {"kind", kind}, {"metadata", {{"name", name}}}};
    if (!project.empty()) {
      object.json["metadata"]["namespace"] = project;
    }
    if (!spec.is_null()) {
      object.json["spec"] = spec;
    }
    store::WriteOptions options;
    options.requester.user = "somebody";
    ASSERT_OK_AND_ASSIGN(const Object made,
                         store_->Create(Soon(), resource, object, options, nullptr));
    if (resource == objects::kEtcdClusters) {
      uids_.push_back(made.uid());
    }
  }
  void CreateCluster(const std::string& name, int replicas) {
    Create(objects::kEtcdClusters, objects::kApiVersion, "EtcdCluster", "demo", name,
           {{"runtime", "local"},
            {"replicas", replicas},
            {"extraArgs", {"--heartbeat-interval=50", "--election-timeout=500"}}});
  }

  /// Looks at an object until `done`; the test fails with how it was last.
  Object Await(const objects::ResourceName& resource, const std::string& name,
               const std::function<bool(const Object&)>& done) {
    const Context context = Context::Background().WithTimeout(std::chrono::seconds(90));
    Object last;
    while (context.Check().ok()) {
      const auto found = store_->Get(Soon(), {resource, "demo", name});
      if (found.ok()) {
        last = *found;
        if (done(last)) {
          return last;
        }
      }
      (void)context.Sleep(std::chrono::milliseconds(20));
    }
    ADD_FAILURE() << objects::ToString(resource) << " " << name << ": " << last.json.dump(2);
    return last;
  }
  void AwaitRunning(const std::string& name) {
    Await(objects::kEtcdClusters, name, [](const Object& cluster) {
      return EtcdClusterStatus::FromObject(cluster).phase == ClusterPhase::kRunning;
    });
  }
  EtcdRestoreStatus AwaitRestore(const std::string& name) {
    return EtcdRestoreStatus::FromObject(
        Await(objects::kEtcdRestores, name, [](const Object& restore) {
          const auto phase = EtcdRestoreStatus::FromObject(restore).phase;
          return phase.has_value() && objects::IsOver(*phase);
        }));
  }
  EtcdBackupStatus AwaitBackup(const std::string& name) {
    return EtcdBackupStatus::FromObject(
        Await(objects::kEtcdBackups, name, [](const Object& backup) {
          const auto phase = EtcdBackupStatus::FromObject(backup).phase;
          return phase.has_value() && objects::IsOver(*phase);
        }));
  }
  std::unique_ptr<etcd::Client> ClientOf(const std::string& name) {
    const Object cluster = *store_->Get(Soon(), {objects::kEtcdClusters, "demo", name});
    const auto access =
        local_->runtime().Credentials({.project = "demo", .name = name, .uid = cluster.uid()});
    EXPECT_OK(access.status());
    return std::move(etcd::Client::Connect(*access)).value();
  }
  std::string Get(const std::string& cluster) {
    const auto read = ClientOf(cluster)->Range(Soon(), {.key = "state"});
    EXPECT_OK(read.status());
    return read.ok() && !read->key_values.empty() ? read->key_values[0].value : "";
  }

  std::unique_ptr<LocalCluster> local_;  // its runtime and its folder; its own cluster never runs
  control::Admission admission_;
  std::unique_ptr<store::ApiStore> store_;
  std::unique_ptr<control::Destinations> destinations_;
  std::unique_ptr<control::RepositoryVault> vault_;
  std::unique_ptr<control::ControlPlane> plane_;
  std::vector<std::string> uids_;
};

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
