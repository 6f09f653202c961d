// SPDX-License-Identifier: Apache-2.0
// Restores under fire, with one member: everything that can go wrong once. Every point of every
// kind, and three members: restore_fire_steps_test.cc.
#include "test/restore_fire.h"

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "base/status_matchers.h"
#include "io/file_system.h"
#include "test/small_disk.h"

namespace tresor::testing {
namespace {

namespace stdfs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(RestoreFireTest, WhoIsKilledAtAStageComesBackAndItCompletes) {
  ASSERT_NO_FATAL_FAILURE(Start(1));

  // A server that is killed while nothing happens: members don't notice.
  ASSERT_OK_AND_ASSIGN(const auto before, serve().Observe());
  Kill(Victim::kServer);
  ASSERT_OK_AND_ASSIGN(const auto after, serve().Observe());
  EXPECT_EQ(after.members[0].launcher_pid, before.members[0].launcher_pid);
  EXPECT_EQ(after.members[0].etcd_pid, before.members[0].etcd_pid);
  EXPECT_EQ(after.members[0].restarts, before.members[0].restarts);

  constexpr std::array kVictims{Victim::kAll, Victim::kServer, Victim::kLaunchers, Victim::kEtcd};
  std::size_t next = 0;
  for (const char* stage :
       {"Preflight", "Pausing", "StoppingMembers", "Rebuilding", "StartingMembers", "Verifying",
        "Opening", "RemovingOldData", "Releasing", "Completed"}) {
    ASSERT_NO_FATAL_FAILURE(
        KillAt(fmt::format("serve after enter {}", stage), kVictims.at(next++ % kVictims.size())));
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(RestoreFireTest, ADamagedRepositoryEndsWithTheOldDataAndNamesTheObject) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  std::vector<std::string> segments;
  for (const auto& entry : stdfs::recursive_directory_iterator(serve().data_dir() + "/backups")) {
    if (entry.is_regular_file() && entry.path().string().find("/segments/") != std::string::npos) {
      segments.push_back(entry.path());
    }
  }
  ASSERT_EQ(segments.size(), 1U);
  const std::string& segment = segments[0];
  const std::string name = stdfs::path(segment).filename().string().substr(0, 8);
  const Bytes whole = *io::ReadFile(io::PosixFileSystem(), segment);
  const auto write = [&](const Bytes& bytes) {
    ASSERT_OK(io::WriteFileAtomically(io::PosixFileSystem(), segment, bytes));
  };
  Bytes flipped = whole;
  flipped[40] ^= std::byte{1};  // in the first frame: the index, behind them, is not needed

  // Before anything is touched.
  write(flipped);
  Begin();
  EXPECT_THAT(ExpectEnd("Failed"), HasSubstr(name));
  stdfs::remove(segment);
  Begin();
  EXPECT_THAT(ExpectEnd("Failed"), HasSubstr(name));

  // Since it was proven.
  for (const bool missing : {false, true}) {
    SCOPED_TRACE(missing ? "missing" : "flipped");
    write(whole);
    points().HoldAt("m0 before begin rebuild");
    ASSERT_NO_FATAL_FAILURE(Begin());
    ASSERT_NO_FATAL_FAILURE(AwaitHeld("m0 before begin rebuild"));
    if (missing) {
      stdfs::remove(segment);
    } else {
      write(flipped);
    }
    points().LetAllGo();
    EXPECT_THAT(ExpectEnd("Failed"), HasSubstr(name));
  }
  write(whole);
  Begin();
  ExpectEnd("Completed");
}

TEST_F(RestoreFireTest, AMemberThatNeverGetsHealthyIsRolledBackInTime) {
  ServeOptions options;
  options.etcd = MakeEtcdWithTrouble();
  ASSERT_NO_FATAL_FAILURE(Start(1, options));
  SetTrouble("m0 exit");
  ASSERT_NO_FATAL_FAILURE(Begin({{"timeout", "1m"}}));
  EXPECT_THAT(ExpectEnd("Failed"), AllOf(HasSubstr("not done in time: StartingMembers"),
                                         HasSubstr("disturbed by the test")));
  SetTrouble("");
  Begin();
  ExpectEnd("Completed");
}

TEST_F(RestoreFireTest, CancelledDeletedOrLostItTurnsBackUntilItOpens) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  const auto hold_at = [&](const std::string& point) {
    points().HoldAt(point);
    ASSERT_NO_FATAL_FAILURE(Begin());
    ASSERT_NO_FATAL_FAILURE(AwaitHeld(point));
  };
  const auto cancel = [&] {
    return Call("PATCH", PathOf("etcdrestores", restore()), {{"spec", {{"cancel", true}}}});
  };
  const auto await_gone = [&] {
    ASSERT_OK(serve().Await("the restore is gone", [&] {
      return Call("GET", PathOf("etcdrestores", restore())).status == 404;
    }));
  };

  // Told to stop, and not begun: it is not over before the member has heard of it.
  ASSERT_NO_FATAL_FAILURE(hold_at("m0 before begin stop"));
  EXPECT_EQ(cancel().status, 200);
  ASSERT_OK(serve().Await("it turns back",
                          [&] { return Phase("etcdrestores", restore()) == "RollingBack"; }));
  ExpectRefusals();
  points().LetAllGo();
  ExpectEnd("Cancelled");

  ASSERT_NO_FATAL_FAILURE(hold_at("serve before enter Opening"));
  EXPECT_EQ(cancel().status, 200);
  points().LetAllGo();
  ExpectEnd("Cancelled");

  ASSERT_NO_FATAL_FAILURE(hold_at("serve after enter Opening"));
  const Answer late = cancel();
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(late.reason(), "TooLateToCancel");
  points().LetAllGo();
  ExpectEnd("Completed");

  // Deleted; the backup that it uses can't be, nor can another one begin.
  ASSERT_NO_FATAL_FAILURE(hold_at("m0 after begin rebuild"));
  const Answer in_use = Call("DELETE", PathOf("etcdbackups", "first"));
  EXPECT_EQ(in_use.status, 409);
  EXPECT_EQ(in_use.reason(), "BackupInUse");
  EXPECT_EQ(Call("DELETE", PathOf("etcdrestores", restore())).status, 200);
  ExpectRefusals();
  points().LetAllGo();
  ASSERT_NO_FATAL_FAILURE(await_gone());
  ExpectFree("later");

  // Taken away by force, as nobody should.
  for (const auto& [point, state] :
       {std::pair{"m0 before begin stop", "later"}, std::pair{"m0 before begin rebuild", "later"},
        std::pair{"m0 after end start-closed", "later"},
        std::pair{"m0 before end open", "backup"}}) {
    SCOPED_TRACE(point);
    ASSERT_NO_FATAL_FAILURE(hold_at(point));
    EXPECT_EQ(Call("PATCH", PathOf("etcdrestores", restore()),
                   {{"metadata", {{"finalizers", Json::array()}}}})
                  .status,
              200);
    EXPECT_EQ(Call("DELETE", PathOf("etcdrestores", restore())).status, 200);
    points().LetAllGo();
    ASSERT_NO_FATAL_FAILURE(await_gone());
    ASSERT_OK(serve().Await("the cluster is free", [&] {
      return Status("etcdclusters", "prod").value("activeRestore", "").empty();
    }));
    AwaitPhase("etcdclusters", "prod", "Running");
    ExpectFree(state);
  }
}

TEST_F(RestoreFireTest, AFullDiskEndsWithTheOldData) {
  ASSERT_OK_AND_ASSIGN(const auto scratch, ScratchDir::Create());
  const SmallDisk disk(scratch->path() + "/disk", "700m");
  if (!disk.mounted()) {
    GTEST_SKIP() << "a file system of one's own is for root";
  }
  ServeOptions options;
  options.data_dir = disk.path() + "/data";
  ASSERT_NO_FATAL_FAILURE(Start(1, options));

  {  // Before anything is touched.
    const Filler filler(disk.path(), 100 << 20);
    ASSERT_NO_FATAL_FAILURE(Begin());
    EXPECT_THAT(ExpectEnd("Failed"), HasSubstr("are needed"));
  }
  {  // When it is time to rebuild: the cluster does not wait for room.
    points().HoldAt("m0 before begin rebuild");
    ASSERT_NO_FATAL_FAILURE(Begin());
    ASSERT_NO_FATAL_FAILURE(AwaitHeld("m0 before begin rebuild"));
    const Filler filler(disk.path(), 20 << 20);
    points().LetAllGo();
    EXPECT_THAT(ExpectEnd("Failed"), HasSubstr("are needed to rebuild the member"));
  }
  {  // Not a byte is left to write down anything; it goes on when there is room.
    points().HoldAt("m0 before begin set-aside");
    ASSERT_NO_FATAL_FAILURE(Begin());
    ASSERT_NO_FATAL_FAILURE(AwaitHeld("m0 before begin set-aside"));
    {
      const Filler filler(disk.path(), 0);
      points().LetAllGo();
      ASSERT_OK(serve().Await("the launcher finds no room", [&] {
        return FileText(serve().MemberDirs()[0] + "/launcher.log").find("No space left") !=
               std::string::npos;
      }));
      EXPECT_EQ(Phase("etcdclusters", "prod"), "Restoring");
    }
    ExpectEnd("Completed");
  }
}

TEST_F(RestoreFireTest, AServerThatIsKilledAsTheSafetyBackupIsMadeGoesOnWithIt) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  ASSERT_NO_FATAL_FAILURE(
      KillAt("serve after create safety backup", Victim::kServer, {{"safetyBackup", true}}));
  const std::string safety = restore() + "-safety";
  EXPECT_EQ(Status("etcdrestores", restore()).value("safetyBackup", ""), safety);
  EXPECT_EQ(Phase("etcdbackups", safety), "Completed");
  ASSERT_NO_FATAL_FAILURE(MakeCluster("rescue", 1));
  Create("EtcdRestore", "etcdrestores", "rescued",
         {{"cluster", {{"name", "rescue"}}}, {"backup", {{"name", safety}}}});
  ASSERT_NO_FATAL_FAILURE(AwaitPhase("etcdrestores", "rescued", "Completed"));
  EXPECT_EQ(AllKeys("rescue").at("state"), "later");
}

TEST_F(RestoreFireTest, AProjectThatIsDeletedMeanwhileGoesInOrder) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  ASSERT_NO_FATAL_FAILURE(DeleteProjectAt("serve before claim", false));
  ASSERT_NO_FATAL_FAILURE(MakeProject(1));
  ASSERT_NO_FATAL_FAILURE(DeleteProjectAt("serve after enter Opening", true));
}

TEST_F(RestoreFireTest, TwoClustersAtOnce) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  ASSERT_NO_FATAL_FAILURE(MakeCluster("twin", 1));
  ASSERT_NO_FATAL_FAILURE(Begin());
  Create("EtcdRestore", "etcdrestores", "into-twin",
         {{"cluster", {{"name", "twin"}}}, {"backup", {{"name", "first"}}}});
  ExpectEnd("Completed");
  ASSERT_NO_FATAL_FAILURE(AwaitPhase("etcdrestores", "into-twin", "Completed"));
  EXPECT_EQ(AllKeys("twin").at("state"), "backup");
}

}  // namespace
}  // namespace tresor::testing
