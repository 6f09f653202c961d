// SPDX-License-Identifier: Apache-2.0
// The control plane over real launchers and real etcd, in one process with the test: what `tresor
// serve` puts together, without HTTP.
#pragma once

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

/// Project "demo", destination "main".
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

  void StartPlane(const control::ControlPlaneOptions& options = {}) {
    StartPlane(local_->runtime(), *vault_, options);
  }
  void StartPlane(runtime::ClusterRuntime& runtime, control::Vault& vault,
                  const control::ControlPlaneOptions& options) {
    control::ControlPlaneParts parts{
        .store = *store_,
        .vault = vault,
        .runtimes = {.local = &runtime, .kubernetes = nullptr, .external = nullptr}};
    parts.free_bytes = [this](const runtime::ClusterId&) {
      return io::PosixFileSystem().FreeBytes(local_->dir());
    };
    plane_ = std::make_unique<control::ControlPlane>(parts, options);
    ASSERT_OK(plane_->Start(Soon()));
  }

  void Create(const objects::ResourceName& resource, std::string_view api_version,
              std::string_view kind, const std::string& project, const std::string& name,
              const objects::Json& spec) {
    objects::Object object;
    object.json = {{"apiVersion", api_version}, {"kind", kind}, {"metadata", {{"name", name}}}};
    if (!project.empty()) {
      object.json["metadata"]["namespace"] = project;
    }
    if (!spec.is_null()) {
      object.json["spec"] = spec;
    }
    store::WriteOptions options;
    options.requester.user = "somebody";
    ASSERT_OK_AND_ASSIGN(const objects::Object made,
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
  objects::Object Await(const objects::ResourceName& resource, const std::string& name,
                        const std::function<bool(const objects::Object&)>& done) {
    const Context context = Context::Background().WithTimeout(std::chrono::seconds(90));
    objects::Object last;
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
    Await(objects::kEtcdClusters, name, [](const objects::Object& cluster) {
      return objects::EtcdClusterStatus::FromObject(cluster).phase ==
             objects::ClusterPhase::kRunning;
    });
  }
  objects::EtcdRestoreStatus AwaitRestore(const std::string& name) {
    return objects::EtcdRestoreStatus::FromObject(
        Await(objects::kEtcdRestores, name, [](const objects::Object& restore) {
          const auto phase = objects::EtcdRestoreStatus::FromObject(restore).phase;
          return phase.has_value() && objects::IsOver(*phase);
        }));
  }
  objects::EtcdBackupStatus AwaitBackup(const std::string& name) {
    return objects::EtcdBackupStatus::FromObject(
        Await(objects::kEtcdBackups, name, [](const objects::Object& backup) {
          const auto phase = objects::EtcdBackupStatus::FromObject(backup).phase;
          return phase.has_value() && objects::IsOver(*phase);
        }));
  }
  std::unique_ptr<etcd::Client> ClientOf(const std::string& name) {
    const objects::Object cluster = *store_->Get(Soon(), {objects::kEtcdClusters, "demo", name});
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

}  // namespace tresor::testing
