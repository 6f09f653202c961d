// SPDX-License-Identifier: Apache-2.0
// Restores of local clusters that go wrong, or begin where not all is well, with real etcd.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "base/status_matchers.h"
#include "io/file_lock.h"
#include "test/local_cluster.h"

namespace tresor::testing {
namespace {

using runtime::ClusterObservation;
using runtime::MemberObservation;
using runtime::RestoreStep;
using ::testing::HasSubstr;

class LocalRestoreTest : public ::testing::Test {
 protected:
  void Start(int replicas, const std::string& line = "3.5") {
    ASSERT_OK_AND_ASSIGN(local_, LocalCluster::Make({.line = line, .replicas = replicas}));
    ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
    ASSERT_OK(local_->Put("state", "backup"));
    ASSERT_OK_AND_ASSIGN(backup_, local_->TakeBackup());
    ASSERT_OK(local_->Put("state", "later"));
  }

  [[nodiscard]] Status GoOn(RestoreStep until) {
    local_->spec().restore->until = until;
    return local_->ApplyUntil(Soon(), [&](const ClusterObservation& seen) {
      return std::ranges::all_of(seen.members, [&](const MemberObservation& member) {
        return member.restore && member.restore->done >= until;
      });
    });
  }

  /// All members fail for good; what the first one says.
  std::string FailsWith() {
    std::string error;
    EXPECT_OK(local_->ApplyUntil(Soon(), [&](const ClusterObservation& seen) {
      error = seen.members[0].restore ? seen.members[0].restore->error : "";
      return std::ranges::all_of(seen.members, [](const MemberObservation& member) {
        return member.restore && member.restore->final;
      });
    }));
    return error;
  }

  void RollBackToLater() {
    local_->spec().restore->roll_back = true;
    ASSERT_OK(local_->ApplyUntil(Soon(), [&](const ClusterObservation& seen) {
      return std::ranges::all_of(seen.members, [&](const MemberObservation& member) {
        return member.restore && member.restore->rolled_back;
      });
    }));
    ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
    EXPECT_EQ(local_->Get("state"), "later");
  }

  std::unique_ptr<LocalCluster> local_;
  std::string backup_;
};

TEST_F(LocalRestoreTest, AMemberThatWasToGoHoldsNobodyUp) {
  ASSERT_NO_FATAL_FAILURE(Start(3));
  const std::string path = local_->dir() + "/clusters/" + local_->spec().id.uid + "/cluster.json";
  auto record = nlohmann::json::parse(std::ifstream(path));
  record["members"][2]["state"] = "leaving";
  std::ofstream(path) << record.dump();
  local_->spec().restore = local_->RestoreOf(backup_, "r");

  ASSERT_OK(GoOn(RestoreStep::kStartClosed));
  ASSERT_OK_AND_ASSIGN(const ClusterObservation closed, local_->Observe());
  EXPECT_EQ(closed.members.size(), 2U);
  local_->spec().restore->until = RestoreStep::kForget;
  ASSERT_OK(local_->ApplyUntilHealthy(Soon()));  // with a new third one
  EXPECT_EQ(local_->Get("state"), "backup");
  EXPECT_FALSE(std::filesystem::exists(local_->member_dir(2)));
  EXPECT_TRUE(std::filesystem::exists(local_->member_dir(3)));
}

TEST_F(LocalRestoreTest, DamagedRepositoryEndsWithTheOldData) {
  ASSERT_NO_FATAL_FAILURE(Start(3));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(local_->repo())) {
    if (entry.is_regular_file() && entry.path().string().find("/segments/") != std::string::npos) {
      const auto size = static_cast<std::size_t>(entry.file_size());
      std::ofstream(entry.path(), std::ios::binary) << std::string(size, 'x');
    }
  }
  local_->spec().restore = local_->RestoreOf(backup_, "r");
  local_->spec().restore->until = RestoreStep::kStartClosed;

  EXPECT_THAT(FailsWith(), HasSubstr("segment"));
  ASSERT_NO_FATAL_FAILURE(RollBackToLater());
}

TEST_F(LocalRestoreTest, WrongKeyBackupOrQuotaEndsWithTheOldData) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  const auto attempt = [&](const std::string& id, auto change) {
    local_->spec().restore = local_->RestoreOf(backup_, id);
    local_->spec().restore->until = RestoreStep::kForget;
    change();
    std::string error = FailsWith();
    RollBackToLater();
    local_->spec().restore.reset();
    return error;
  };
  EXPECT_THAT(attempt("a", [&] { local_->spec().restore->key_file += ".not-there"; }),
              HasSubstr("key"));
  EXPECT_THAT(attempt("b", [&] { local_->spec().restore->backup = std::string(32, '0'); }),
              HasSubstr("00000000"));
  EXPECT_THAT(attempt("c", [&] { local_->spec().restore->repository += "/no"; }), HasSubstr("/no"));
  EXPECT_THAT(attempt("d", [&] { local_->spec().quota_backend_bytes = 4096; }), HasSubstr("quota"));
}

TEST_F(LocalRestoreTest, ClusterThatLostAllItsDataIsBroughtBack) {
  ASSERT_NO_FATAL_FAILURE(Start(3));
  ASSERT_OK_AND_ASSIGN(const ClusterObservation seen, local_->Observe());
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_EQ(::kill(static_cast<pid_t>(seen.members[i].launcher_pid), SIGKILL), 0);
  }
  for (int i = 0; i < 3; ++i) {
    const Context deadline = Soon();
    while (io::IsLocked(local_->member_dir(i) + "/etcd.lock").value_or(true)) {
      ASSERT_OK(deadline.Check());
    }
  }
  for (int i = 0; i < 2; ++i) {
    std::filesystem::remove_all(local_->member_dir(i) + "/data");
  }
  std::filesystem::remove_all(local_->member_dir(2));

  local_->spec().restore = local_->RestoreOf(backup_, "r");
  ASSERT_OK(GoOn(RestoreStep::kForget));
  ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
  EXPECT_EQ(local_->Get("state"), "backup");
}

TEST_F(LocalRestoreTest, IntoANewClusterOfAnotherSize) {
  ASSERT_NO_FATAL_FAILURE(Start(1, "3.4"));
  ASSERT_OK_AND_ASSIGN(const auto other, LocalCluster::Make({.line = "3.5", .replicas = 3}));
  other->spec().restore = local_->RestoreOf(backup_, "r");
  for (const RestoreStep until : {RestoreStep::kStartClosed, RestoreStep::kForget}) {
    other->spec().restore->until = until;
    ASSERT_OK(other->ApplyUntil(Soon(), [&](const ClusterObservation& seen) {
      return std::ranges::all_of(seen.members, [&](const MemberObservation& member) {
        return member.restore && member.restore->done >= until;
      });
    }));
  }
  ASSERT_OK(other->ApplyUntilHealthy(Soon()));
  EXPECT_EQ(other->Get("state"), "backup");
  EXPECT_EQ(local_->Get("state"), "later");
}

TEST_F(LocalRestoreTest, OneMemberThatCannotGoOnKeepsAllClosedUntilRolledBack) {
  ASSERT_NO_FATAL_FAILURE(Start(3));
  // A file where the rebuilt data is to go.
  local_->spec().restore = local_->RestoreOf(backup_, "r");
  ASSERT_OK(GoOn(RestoreStep::kSetAside));
  ASSERT_OK_AND_ASSIGN(const ClusterObservation seen, local_->Observe());
  ASSERT_EQ(::kill(static_cast<pid_t>(seen.members[2].launcher_pid), SIGSTOP), 0);
  local_->spec().restore->until = RestoreStep::kForget;
  ASSERT_OK(local_->ApplyUntil(Soon(), [](const ClusterObservation& now) {
    return now.members[0].restore->done == RestoreStep::kStartClosed &&
           now.members[1].restore->done == RestoreStep::kStartClosed;
  }));
  // A quorum would do for etcd; it does not for opening.
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK(local_->runtime().Apply(Soon(), local_->spec()));
  }
  ASSERT_OK_AND_ASSIGN(const ClusterObservation now, local_->Observe());
  EXPECT_EQ(now.members[0].restore->done, RestoreStep::kStartClosed);
  ASSERT_EQ(::kill(static_cast<pid_t>(seen.members[2].launcher_pid), SIGCONT), 0);
  ASSERT_NO_FATAL_FAILURE(RollBackToLater());
}

TEST_F(LocalRestoreTest, ClusterWithAuthenticationStaysTresorsToRestore) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  {
    ASSERT_OK_AND_ASSIGN(const etcd::ClientOptions access,
                         local_->runtime().Access(local_->spec().id));
    ASSERT_OK_AND_ASSIGN(const auto client, etcd::Client::Connect(access));
    ASSERT_OK(client->UserAdd(Soon(), "root", "secret"));
    ASSERT_OK(client->RoleAdd(Soon(), "root"));
    ASSERT_OK(client->UserGrantRole(Soon(), "root", "root"));
    ASSERT_OK(client->AuthEnable(Soon()));
  }
  ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
  ASSERT_OK(local_->Put("state", "guarded"));
  ASSERT_OK_AND_ASSIGN(backup_, local_->TakeBackup());
  ASSERT_OK(local_->Put("state", "later"));

  local_->spec().restore = local_->RestoreOf(backup_, "r");
  ASSERT_OK(GoOn(RestoreStep::kStartClosed));
  ASSERT_OK_AND_ASSIGN(const ClusterObservation seen, local_->Observe());
  EXPECT_TRUE(seen.members[0].restore->verified);
  ASSERT_OK(GoOn(RestoreStep::kForget));
  ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
  EXPECT_EQ(local_->Get("state"), "guarded");
}

TEST_F(LocalRestoreTest, SecondRestoreWaitsAndTheFirstIsNeverRepeated) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  local_->spec().restore = local_->RestoreOf(backup_, "r");
  ASSERT_OK(GoOn(RestoreStep::kRebuild));
  local_->spec().restore = local_->RestoreOf(backup_, "s");
  EXPECT_THAT(local_->runtime().Apply(Soon(), local_->spec()),
              StatusIs(Code::kFailedPrecondition, HasSubstr("r is not over")));
  local_->spec().restore = local_->RestoreOf(backup_, "r");
  ASSERT_OK(GoOn(RestoreStep::kForget));
  ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
  local_->spec().restore.reset();
  ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
  ASSERT_OK(local_->Put("state", "newest"));

  local_->spec().restore = local_->RestoreOf(backup_, "r");
  ASSERT_OK(GoOn(RestoreStep::kForget));
  ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
  EXPECT_EQ(local_->Get("state"), "newest");
}

}  // namespace
}  // namespace tresor::testing
