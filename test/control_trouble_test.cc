// SPDX-License-Identifier: Apache-2.0
// The control plane over real etcd, when members do not do as they are told: one that never opens
// after a restore; databases that are to be defragmented all the time.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "test/control_fixture.h"

namespace tresor::testing {
namespace {

namespace stdfs = std::filesystem;
using objects::BackupPhase;
using objects::ClusterPhase;
using objects::EtcdBackupStatus;
using objects::EtcdClusterStatus;
using objects::EtcdRestoreStatus;
using objects::Object;
using objects::RestorePhase;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NeverOpensTest : public ControlTest {
 protected:
  void SetUp() override {
    ControlTest::SetUp();
    ASSERT_FALSE(HasFatalFailure());
    const std::string etcd = local_->dir() + "/etcd";
    std::ofstream(etcd) << "#!/bin/sh\n"
                        << "case \"$(cat " << TroublePath() << " 2>/dev/null) $*\" in\n"
                        << "\"m0 \"*--name=m0*--initial-cluster-state=existing*) ;;\n"
                        << "\"m0 \"*--name=m0*clients.crt*)\n"
                        << "  echo 'disturbed by the test' >&2; exit 1;;\n"
                        << "esac\n"
                        << "exec " << local_->options().etcd << " \"$@\"\n";
    stdfs::permissions(etcd, stdfs::perms::owner_all);
    local_->options().etcd = etcd;
    control::ControlPlaneOptions options;
    options.cluster.observe_soon = options.cluster.observe_every = std::chrono::milliseconds(200);
    options.restore.open_in_turn = std::chrono::seconds(1);
    options.restore.open_patience = std::chrono::seconds(3);
    options.restore.at_record = [this](std::string_view point) {
      if (point == "before enter Opening") {
        if (at_opening_) {
          at_opening_();
        }
      }
    };
    plane_.reset();
    ASSERT_OK(local_->Reopen());
    StartPlane(options);
  }

  [[nodiscard]] std::string TroublePath() const { return local_->dir() + "/trouble"; }
  /// m0 does not open, unless it joins anew.
  void SetTrouble(bool is) { std::ofstream(TroublePath()) << (is ? "m0" : ""); }

  void MakeBackedUp(int replicas) {
    CreateCluster("prod", replicas);
    AwaitRunning("prod");
    ASSERT_OK(ClientOf("prod")->Put(Soon(), {.key = "state", .value = "backup"}).status());
    Create(objects::kEtcdBackups, objects::kApiVersion, "EtcdBackup", "demo", "first",
           {{"cluster", {{"name", "prod"}}}});
    ASSERT_EQ(AwaitBackup("first").phase, BackupPhase::kCompleted);
    ASSERT_OK(ClientOf("prod")->Put(Soon(), {.key = "state", .value = "later"}).status());
  }
  void Restore(const std::string& name) {
    Create(objects::kEtcdRestores, objects::kApiVersion, "EtcdRestore", "demo", name,
           {{"cluster", {{"name", "prod"}}},
            {"backup", {{"name", "first"}}},
            {"safetyBackup", false}});
  }
  Object AwaitStuck(const std::string& name) {
    return Await(objects::kEtcdRestores, name, [](const Object& restore) {
      return objects::IsTrue(EtcdRestoreStatus::FromObject(restore).conditions,
                             control::kStuckCondition);
    });
  }
  [[nodiscard]] EtcdClusterStatus ClusterStatus() {
    return EtcdClusterStatus::FromObject(
        *store_->Get(Soon(), {objects::kEtcdClusters, "demo", "prod"}));
  }
  [[nodiscard]] std::string IdOf(const std::string& member) {
    for (const objects::ClusterMember& one : ClusterStatus().members) {
      if (one.name == member) {
        return one.id;
      }
    }
    return "?";
  }
  [[nodiscard]] std::string MemberDir(const std::string& member) const {
    return fmt::format("{}/clusters/{}/{}", local_->dir(), uids_.back(), member);
  }
  [[nodiscard]] std::vector<std::string> Reasons(const std::string& about) {
    std::vector<std::string> reasons;
    const auto events = store_->List(Soon(), objects::kEvents, {.name_space = "demo"});
    EXPECT_OK(events);
    for (const Object& event : events->items) {
      if (event.Text("involvedObject.name") == about) {
        reasons.push_back(event.Text("reason"));
      }
    }
    return reasons;
  }
  Status Delete(const std::string& name) {
    store::DeleteOptions options;
    options.requester.user = "somebody";
    return store_->Delete(Soon(), {objects::kEtcdClusters, "demo", name}, options).status();
  }
  /// As any other cluster, with the restored data and what was written since.
  void ExpectWhole(const std::string& missing, const std::string& id_before) {
    Await(objects::kEtcdClusters, "prod", [&](const Object& cluster) {
      const auto status = EtcdClusterStatus::FromObject(cluster);
      return status.phase == ClusterPhase::kRunning && status.ready == "3/3" &&
             std::ranges::any_of(status.members, [&](const objects::ClusterMember& member) {
               return member.name == missing && member.id != id_before && !member.learner;
             });
    });
    EXPECT_EQ(Get("prod"), "backup");
    ASSERT_OK_AND_ASSIGN(const auto read, ClientOf("prod")->Range(Soon(), {.key = "since"}));
    ASSERT_EQ(read.key_values.size(), 1U);
    EXPECT_EQ(read.key_values[0].value, "it opened");
    for (const char* member : {"m0", "m1", "m2"}) {
      for (const auto& entry : stdfs::directory_iterator(MemberDir(member))) {
        EXPECT_FALSE(entry.path().filename().string().starts_with("aside")) << entry.path();
      }
    }
  }

  std::function<void()> at_opening_;  // changed only while no restore is under way
};

TEST_F(NeverOpensTest, AQuorumGoesOnWithoutItAndItComesBackFromItsFellows) {
  ASSERT_NO_FATAL_FAILURE(MakeBackedUp(3));
  const auto complete = [&](const std::string& name, const std::string& missing) {
    Restore(name);
    const EtcdRestoreStatus restored = AwaitRestore(name);
    ASSERT_EQ(restored.phase, RestorePhase::kCompleted) << restored.message;
    EXPECT_THAT(restored.missing_members, ElementsAre(missing));
    const auto opening =
        std::ranges::find(restored.steps, "Opening", [](const auto& step) { return step.name; });
    ASSERT_TRUE(opening != restored.steps.end());
    EXPECT_THAT(opening->message, HasSubstr("went on without " + missing));
    EXPECT_THAT(Reasons(name), Contains("MemberMissing"));
    EXPECT_THAT(Reasons("prod"), Contains("RestoreMemberMissing"));
    // The member that joins takes no writes yet, and is one of the endpoints.
    const Context context = Soon();
    while (!ClientOf("prod")->Put(context, {.key = "since", .value = "it opened"}).ok()) {
      ASSERT_OK(context.Sleep(std::chrono::milliseconds(50)));
    }
  };

  // Its etcd does not start.
  SetTrouble(true);
  std::string before = IdOf("m0");
  ASSERT_NO_FATAL_FAILURE(complete("crashing", "m0"));
  ASSERT_NO_FATAL_FAILURE(ExpectWhole("m0", before));
  SetTrouble(false);

  // Its data has gone.
  before = IdOf("m1");
  at_opening_ = [&] { stdfs::remove_all(MemberDir("m1") + "/data"); };
  ASSERT_NO_FATAL_FAILURE(complete("lost", "m1"));
  ASSERT_NO_FATAL_FAILURE(ExpectWhole("m1", before));
}

TEST_F(NeverOpensTest, TheOnlyMemberKeepsItStuckUntilItOpensOrTheClusterIsDeleted) {
  ASSERT_NO_FATAL_FAILURE(MakeBackedUp(1));
  SetTrouble(true);
  Restore("first-try");
  const Object stuck = AwaitStuck("first-try");
  EXPECT_THAT(EtcdRestoreStatus::FromObject(stuck).message,
              AllOf(HasSubstr("disturbed by the test"), HasSubstr("etcd.log")));
  EXPECT_THAT(Reasons("prod"), Contains("RestoreStuck"));
  EXPECT_EQ(ClusterStatus().phase, ClusterPhase::kRestoring);
  SetTrouble(false);
  EXPECT_EQ(AwaitRestore("first-try").phase, RestorePhase::kCompleted);
  AwaitRunning("prod");
  EXPECT_EQ(Get("prod"), "backup");

  // Lost for good: what was set aside is not touched, and a person gives the cluster up.
  at_opening_ = [&] { stdfs::remove_all(MemberDir("m0") + "/data"); };
  Restore("second-try");
  const Object lost = AwaitStuck("second-try");
  EXPECT_THAT(EtcdRestoreStatus::FromObject(lost).message, HasSubstr("/data is gone"));
  EXPECT_TRUE(stdfs::exists(MemberDir("m0") + "/aside-" + lost.uid()));
  EXPECT_FALSE(stdfs::exists(MemberDir("m0") + "/data")) << "nobody begins with nothing";
  at_opening_ = {};
  CreateCluster("rescue", 1);
  Create(objects::kEtcdRestores, objects::kApiVersion, "EtcdRestore", "demo", "rescued",
         {{"cluster", {{"name", "rescue"}}}, {"backup", {{"name", "first"}}}});
  EXPECT_EQ(AwaitRestore("rescued").phase, RestorePhase::kCompleted);
  EXPECT_EQ(Get("rescue"), "backup");
  ASSERT_OK(Delete("prod"));
  EXPECT_EQ(AwaitRestore("second-try").phase, RestorePhase::kFailed);
  ASSERT_OK_AND_ASSIGN(const auto left, store_->List(Soon(), objects::kEtcdClusters, {}));
  EXPECT_EQ(left.items.size(), 1U);
  EXPECT_FALSE(stdfs::exists(local_->dir() + "/clusters/" + uids_.front()));
}

// --- defragmentation
// ---------------------------------------------------------------------------------------

/// Who is at it just now.
struct Busy {
  std::atomic<int> taking = 0;
  std::atomic<int> defragmenting = 0;
  std::atomic<int> ordering = 0;  // a restore's orders
};

class WatchedRuntime final : public runtime::ClusterRuntime {
 public:
  WatchedRuntime(runtime::ClusterRuntime& runtime, Busy& busy) : runtime_(runtime), busy_(busy) {}
  Status Apply(const Context& context, const runtime::ClusterSpec& spec) override {
    if (spec.may_defragment) {
      ++busy_.defragmenting;
      EXPECT_EQ(busy_.taking, 0);
      EXPECT_EQ(busy_.ordering, 0);
      EXPECT_FALSE(spec.restore.has_value());
    } else if (spec.restore.has_value()) {
      ++busy_.ordering;
      EXPECT_EQ(busy_.defragmenting, 0);
    }
    const Status applied = runtime_.Apply(context, spec);
    if (spec.may_defragment) {
      EXPECT_EQ(busy_.taking, 0);
      --busy_.defragmenting;
    } else if (spec.restore.has_value()) {
      --busy_.ordering;
    }
    return applied;
  }
  Result<runtime::ClusterObservation> Observe(const Context& context,
                                              const runtime::ClusterId& id) override {
    return runtime_.Observe(context, id);
  }
  Result<etcd::ClientOptions> Access(const runtime::ClusterId& id) override {
    return runtime_.Access(id);
  }
  Result<etcd::ClientOptions> Credentials(const runtime::ClusterId& id) override {
    return runtime_.Credentials(id);
  }
  Status Remove(const Context& context, const runtime::ClusterId& id) override {
    return runtime_.Remove(context, id);
  }

 private:
  runtime::ClusterRuntime& runtime_;
  Busy& busy_;
};

class WatchedVault final : public control::Vault {
 public:
  using Address = control::RepositoryAddress;
  WatchedVault(control::Vault& vault, Busy& busy) : vault_(vault), busy_(busy) {}
  Result<control::StoredBackup> Take(const Context& context, const Address& address,
                                     const control::TakeRequest& request) override {
    ++busy_.taking;
    EXPECT_EQ(busy_.defragmenting, 0);
    auto taken = vault_.Take(context, address, request);
    EXPECT_EQ(busy_.defragmenting, 0);
    --busy_.taking;
    return taken;
  }
  Result<std::optional<control::StoredBackup>> FindByTag(const Context& context,
                                                         const Address& address,
                                                         const std::string& tag) override {
    return vault_.FindByTag(context, address, tag);
  }
  Result<control::StoredBackup> Read(const Context& context, const Address& address,
                                     const std::string& id) override {
    return vault_.Read(context, address, id);
  }
  Result<control::ProvenBackup> Prove(const Context& context, const Address& address,
                                      const control::ProveRequest& request) override {
    return vault_.Prove(context, address, request);
  }
  Result<control::LauncherAccess> AccessForLaunchers(const Context& context,
                                                     const Address& address) override {
    return vault_.AccessForLaunchers(context, address);
  }
  Status Forget(const Context& context, const Address& address,
                const std::vector<std::string>& ids) override {
    return vault_.Forget(context, address, ids);
  }
  Status Prune(const Context& context, const Address& address) override {
    return vault_.Prune(context, address);
  }
  Result<std::vector<control::ListedBackup>> List(const Context& context,
                                                  const Address& address) override {
    return vault_.List(context, address);
  }
  Result<std::vector<Address>> Repositories(const Context& context,
                                            const std::string& destination) override {
    return vault_.Repositories(context, destination);
  }
  Result<std::uint64_t> StoredBytes(const Context& context, const Address& address) override {
    return vault_.StoredBytes(context, address);
  }
  Status Probe(const Context& context, const std::string& destination) override {
    return vault_.Probe(context, destination);
  }

 private:
  control::Vault& vault_;
  Busy& busy_;
};

class DefragmentedTest : public ControlTest {
 protected:
  Busy busy_;
  std::unique_ptr<WatchedRuntime> watched_runtime_;
  std::unique_ptr<WatchedVault> watched_vault_;
};

TEST_F(DefragmentedTest, NeitherInABackupNorInARestore) {
  plane_.reset();
  local_->options().defragment_from_bytes = 0;
  local_->options().defragment_below_use = 1;
  ASSERT_OK(local_->Reopen());
  watched_runtime_ = std::make_unique<WatchedRuntime>(local_->runtime(), busy_);
  watched_vault_ = std::make_unique<WatchedVault>(*vault_, busy_);
  control::ControlPlaneOptions options;
  options.cluster.observe_soon = options.cluster.observe_every = std::chrono::milliseconds(20);
  StartPlane(*watched_runtime_, *watched_vault_, options);
  CreateCluster("prod", 1);
  AwaitRunning("prod");
  ASSERT_OK(ClientOf("prod")->Put(Soon(), {.key = "state", .value = "backup"}).status());
  const auto count = [&] {
    std::ifstream log(fmt::format("{}/clusters/{}/m0/etcd.log", local_->dir(), uids_.back()));
    int found = 0;
    for (std::string line; std::getline(log, line);) {
      found += line.find("finished defragmenting directory") != std::string::npos ? 1 : 0;
    }
    return found;
  };
  const auto await_more = [&] {
    const int before = count();
    const Context context = Soon();
    while (count() < before + 2) {
      ASSERT_OK(context.Sleep(std::chrono::milliseconds(10)));
    }
  };
  ASSERT_NO_FATAL_FAILURE(await_more());
  for (int i = 0; i < 5; ++i) {
    const std::string name = "b" + std::to_string(i);
    Create(objects::kEtcdBackups, objects::kApiVersion, "EtcdBackup", "demo", name,
           {{"cluster", {{"name", "prod"}}}});
    EXPECT_EQ(AwaitBackup(name).phase, BackupPhase::kCompleted);
  }
  ASSERT_NO_FATAL_FAILURE(await_more());
  for (const char* name : {"back", "again"}) {
    ASSERT_OK(ClientOf("prod")->Put(Soon(), {.key = "state", .value = "later"}).status());
    Create(objects::kEtcdRestores, objects::kApiVersion, "EtcdRestore", "demo", name,
           {{"cluster", {{"name", "prod"}}}, {"backup", {{"name", "b0"}}}});
    const EtcdRestoreStatus restored = AwaitRestore(name);
    EXPECT_EQ(restored.phase, RestorePhase::kCompleted) << restored.message;
    EXPECT_EQ(Get("prod"), "backup");
    ASSERT_NO_FATAL_FAILURE(await_more());
  }
}

}  // namespace
}  // namespace tresor::testing
