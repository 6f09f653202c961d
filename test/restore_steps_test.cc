// SPDX-License-Identifier: Apache-2.0
// The restore of a local cluster, step by step, with real launchers and real etcd, which are killed
// before and after every write of every member's journal. However it is killed, it ends with the
// backup's data, or, rolled back, with the data of before. Built for clusters of
// TRESOR_TEST_MEMBERS members.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "base/status_matchers.h"
#include "test/local_cluster.h"

namespace tresor::testing {
namespace {

using runtime::ClusterObservation;
using runtime::MemberObservation;
using runtime::RestoreStep;

/// A cluster whose key "state" is "backup" in a backup that was taken, and "later" now.
class RestoreStepsTest : public ::testing::Test {
 protected:
  void Prepare(const std::string& line, int replicas) {
    ASSERT_OK_AND_ASSIGN(
        local_,
        LocalCluster::Make({.line = line, .replicas = replicas, .launcher = {MORTAL_LAUNCHER}}));
    ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
    ASSERT_OK(local_->Put("state", "backup"));
    ASSERT_OK(local_->Put("kept", "by the backup"));
    ASSERT_OK_AND_ASSIGN(backup_, local_->TakeBackup());
    ASSERT_NO_FATAL_FAILURE(WriteLater());
  }

  void WriteLater() {
    ASSERT_OK(local_->Put("state", "later"));
    ASSERT_OK(local_->Put("new", "since the backup"));
  }

  /// The next restore, and where its victims die; 0: nowhere.
  void Order(int number, const std::string& victim, int die_at) {
    for (int i = 0; i < local_->spec().replicas; ++i) {
      const std::string dir = local_->member_dir(i);
      std::filesystem::remove(dir + "/points");
      std::ofstream(dir + "/die-at") << victim << ' ' << die_at;
    }
    local_->spec().restore = local_->RestoreOf(backup_, fmt::format("restore-{}", number));
  }

  /// Not everybody: without fellows a member does not come to where it would.
  [[nodiscard]] bool SomebodyDied(int die_at) const {
    for (int i = 0; i < local_->spec().replicas; ++i) {
      std::error_code error;
      const auto points = std::filesystem::file_size(local_->member_dir(i) + "/points", error);
      if (!error && points >= static_cast<std::uintmax_t>(die_at)) {
        return true;
      }
    }
    return false;
  }

  /// As control does: word for word, and after each a server that was started again.
  [[nodiscard]] Status GoOn(RestoreStep until) {
    local_->spec().restore->until = until;
    RETURN_IF_ERROR(local_->Reopen());
    return local_->ApplyUntil(Soon(), [&](const ClusterObservation& seen) {
      return std::ranges::all_of(seen.members, [&](const MemberObservation& member) {
        return member.restore && member.restore->id == local_->spec().restore->id &&
               member.restore->done >= until;
      });
    });
  }

  [[nodiscard]] Status RollBack() {
    local_->spec().restore->roll_back = true;
    RETURN_IF_ERROR(local_->Reopen());
    return local_->ApplyUntil(Soon(), [&](const ClusterObservation& seen) {
      return std::ranges::all_of(seen.members, [&](const MemberObservation& member) {
        return member.restore && member.restore->id == local_->spec().restore->id &&
               member.restore->rolled_back;
      });
    });
  }

  /// Forward to the end; between closed and open nobody but Tresor gets in.
  void RunToTheEnd() {
    ASSERT_OK(GoOn(RestoreStep::kRebuild));
    ASSERT_OK(GoOn(RestoreStep::kStartClosed));
    ASSERT_OK_AND_ASSIGN(const ClusterObservation closed, local_->Observe());
    for (const MemberObservation& member : closed.members) {
      EXPECT_TRUE(member.restore->verified) << Describe(closed);
      ASSERT_TRUE(member.restore->rebuilt.has_value());
    }
    ASSERT_OK(local_->Await(Soon(), [](const ClusterObservation& seen) {
      return std::ranges::all_of(seen.members, [](const auto& one) { return one.healthy; });
    }));
    EXPECT_EQ(local_->Get("state"), "backup");
    ASSERT_NO_FATAL_FAILURE(ExpectClosed());
    ASSERT_OK(GoOn(RestoreStep::kOpen));
    ASSERT_OK(GoOn(RestoreStep::kForget));
  }

  void ExpectClosed() {
    ASSERT_OK_AND_ASSIGN(etcd::ClientOptions people,
                         local_->runtime().Credentials(local_->spec().id));
    ASSERT_OK_AND_ASSIGN(const etcd::ClientOptions access,
                         local_->runtime().Access(local_->spec().id));
    for (const auto& endpoints : {people.endpoints, access.endpoints}) {
      people.endpoints = endpoints;
      people.dial_timeout = std::chrono::milliseconds(300);
      ASSERT_OK_AND_ASSIGN(const auto client, etcd::Client::Connect(people));
      EXPECT_FALSE(client
                       ->Range(Context::Background().WithTimeout(std::chrono::milliseconds(700)),
                               {.key = "state"})
                       .ok());
    }
  }

  void ExpectBackup() {
    ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
    EXPECT_EQ(local_->Get("state"), "backup");
    EXPECT_EQ(local_->Get("kept"), "by the backup");
    EXPECT_EQ(local_->Get("new"), "");
    ExpectNothingAside();
  }
  void ExpectLater() {
    ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
    EXPECT_EQ(local_->Get("state"), "later");
    EXPECT_EQ(local_->Get("kept"), "by the backup");
    EXPECT_EQ(local_->Get("new"), "since the backup");
    ExpectNothingAside();
  }
  void ExpectNothingAside() {
    for (int i = 0; i < local_->spec().replicas; ++i) {
      for (const auto& entry : std::filesystem::directory_iterator(local_->member_dir(i))) {
        EXPECT_FALSE(entry.path().filename().string().starts_with("aside")) << entry.path();
      }
    }
  }

  void KillAtEveryPointForward(const std::string& victim) {
    int n = 1;
    for (bool died = true; died; ++n) {
      SCOPED_TRACE(fmt::format("{} dies at point {}", victim, n));
      Order(n, victim, n);
      ASSERT_NO_FATAL_FAILURE(RunToTheEnd());
      died = SomebodyDied(n);
      ASSERT_NO_FATAL_FAILURE(ExpectBackup());
      local_->spec().restore.reset();
      ASSERT_NO_FATAL_FAILURE(WriteLater());
      ASSERT_FALSE(HasFailure());
    }
    EXPECT_GE(n, 24);  // six steps, each begun and ended
  }

  std::unique_ptr<LocalCluster> local_;
  std::string backup_;
};

TEST_F(RestoreStepsTest, EndsWithTheBackupWhereverLaunchersAreKilled) {
  ASSERT_NO_FATAL_FAILURE(Prepare("3.5", TRESOR_TEST_MEMBERS));
  KillAtEveryPointForward("launcher");
}

TEST_F(RestoreStepsTest, EndsWithTheBackupWhereverEtcdIsKilled) {
  ASSERT_NO_FATAL_FAILURE(Prepare("3.4", TRESOR_TEST_MEMBERS));
  KillAtEveryPointForward("etcd");
}

TEST_F(RestoreStepsTest, TurnsBackWhereverLaunchersAreKilled) {
  ASSERT_NO_FATAL_FAILURE(Prepare("3.5", TRESOR_TEST_MEMBERS));
  for (int n = 1; n <= 16;
       ++n) {  // four steps, each begun and ended; with kOpen there is no way back
    SCOPED_TRACE(fmt::format("launchers die at point {}", n));
    Order(n, "launcher", n);
    local_->spec().restore->until = RestoreStep::kStartClosed;
    ASSERT_OK(local_->runtime().Apply(Soon(), local_->spec()));
    ASSERT_OK(local_->Await(Soon(), [&](const ClusterObservation&) { return SomebodyDied(n); }));
    ASSERT_OK(RollBack());
    ASSERT_NO_FATAL_FAILURE(ExpectLater());
    local_->spec().restore.reset();
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(RestoreStepsTest, RollBackEndsWhereverLaunchersAreKilled) {
  ASSERT_NO_FATAL_FAILURE(Prepare("3.4", TRESOR_TEST_MEMBERS));
  int number = 0;
  for (const RestoreStep from : {RestoreStep::kStop, RestoreStep::kSetAside, RestoreStep::kRebuild,
                                 RestoreStep::kStartClosed}) {
    const int points_before = 4 * (static_cast<int>(from) + 1);
    for (int n = 1; n <= 4; ++n) {
      SCOPED_TRACE(fmt::format("from {}, point {}", ToString(from), n));
      Order(++number, "launcher", points_before + n);
      ASSERT_OK(GoOn(from));
      ASSERT_OK(RollBack());
      EXPECT_TRUE(SomebodyDied(points_before + n));
      ASSERT_NO_FATAL_FAILURE(ExpectLater());
      local_->spec().restore.reset();
      ASSERT_FALSE(HasFailure());
    }
  }
}

}  // namespace
}  // namespace tresor::testing
