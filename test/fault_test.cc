// SPDX-License-Identifier: Apache-2.0
// What goes wrong around a backup with real parts: the source dies, stands still or changes leaders
// in mid-stream, disks fill up, folders can't be written. Each time: a clear error, the repository
// as it was, and the next save works.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backup/take.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "test/etcd_fixture.h"
#include "test/small_disk.h"
#include "test/tresor_program.h"

namespace tresor {
namespace {

namespace stdfs = std::filesystem;
using testing::EtcdCluster;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::Json;
using testing::OpenedRepository;
using testing::ProgramRun;
using testing::SmallDisk;
using testing::StatusIs;
using testing::TresorProgram;

constexpr int kExitAccess = 5;
constexpr int kExitTemporary = 7;
constexpr int kExitNoSpace = 8;
// What gRPC and the kernel hold of a stream that nobody reads is far less.
constexpr int kLargeMiB = 64;
constexpr std::uint64_t kMidStreamBytes = 4 << 20;

/// `count` values of 1 MiB that can't be compressed.
Status PutLarge(const Context& context, etcd::Client& client, int count) {
  SeededRandom random(5);
  std::string value(1 << 20, '\0');
  for (int i = 0; i < count; ++i) {
    random.Fill(std::as_writable_bytes(std::span(value)));
    RETURN_IF_ERROR(
        client.Put(context, {.key = fmt::format("/large/{}", i), .value = value}).status());
  }
  return OkStatus();
}

class FaultTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK_AND_ASSIGN(tresor_, TresorProgram::CreateRepository()); }

  void StartCluster(int members, int mib) {
    ASSERT_OK_AND_ASSIGN(etcd_, EtcdCluster::Start({.line = "3.5", .members = members}));
    ASSERT_OK(PutLarge(context(), etcd_->client(), mib));
  }
  [[nodiscard]] static Context context() {
    return Context::Background().WithTimeout(std::chrono::minutes(3));
  }

  /// Saves by the libraries; `disturb` is called once, when some MiB of the stream have come.
  Result<backup::TakeResult> TakeDisturbed(const Context& context, const std::string& member,
                                           const std::function<void()>& disturb) {
    ASSIGN_OR_RETURN(const OpenedRepository opened, testing::OpenRepository(*tresor_));
    std::atomic<bool> done = false;
    backup::TakeOptions options;
    options.member = member;
    options.spool.dir = tresor_->dir();
    options.progress = [&](const backup::Progress& progress) {
      if (progress.phase == backup::Phase::kReceive && progress.done_bytes >= kMidStreamBytes &&
          !done.exchange(true)) {
        EXPECT_LT(progress.done_bytes, progress.total_bytes / 2);
        disturb();
      }
    };
    auto result = backup::TakeBackup(context, options, etcd_->client(), *opened.repository);
    EXPECT_TRUE(done);
    return result;
  }

  /// The repository lists `count` backups, and all of them are whole.
  void ExpectSound(std::size_t count) {
    ASSERT_OK_AND_ASSIGN(const Json list, tresor_->RunJson({"repo", "list"}));
    EXPECT_EQ(list.size(), count);
    ASSERT_OK_AND_ASSIGN(const Json check, tresor_->RunJson({"repo", "check", "--read-data"}));
    EXPECT_TRUE(check["ok"]);
    EXPECT_EQ(check["backups"], count);
  }
  [[nodiscard]] std::vector<std::string> SaveWords(const std::string& spool_dir = "/tmp") const {
    std::string endpoints;
    for (const std::string& endpoint : etcd_->client_options().endpoints) {
      endpoints += (endpoints.empty() ? "" : ",") + endpoint;
    }
    return {"snapshot", "save", "--endpoints", endpoints, "--spool-dir", spool_dir};
  }
  void ExpectSaves() {
    ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->Run(SaveWords()));
    EXPECT_TRUE(run.status.success()) << ToString(run);
  }
  /// Index of the leader.
  Result<int> Leader() {
    for (int i = 0; i < etcd_->size(); ++i) {
      ASSIGN_OR_RETURN(const auto status, etcd_->client().StatusOf(context(), etcd_->endpoint(i)));
      if (status.leader == status.header.member) {
        return i;
      }
    }
    return Error(Code::kUnavailable, "no leader");
  }

  std::unique_ptr<TresorProgram> tresor_;
  std::unique_ptr<EtcdCluster> etcd_;
};

// --- the source --------------------------------------------------------------------------------

TEST_F(FaultTest, SourceDiesInMidStream) {
  ASSERT_NO_FATAL_FAILURE(StartCluster(1, kLargeMiB));
  ExpectSaves();
  ASSERT_THAT(etcd_->client().Put(context(), {.key = "/more", .value = "1"}), IsOk());
  EXPECT_THAT(TakeDisturbed(context(), "", [&] { etcd_->KillMember(0); }),
              StatusIs(Code::kUnavailable, HasSubstr(etcd_->endpoint(0).substr(7))));
  ExpectSound(1);
  // Nobody there at all.
  ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->Run(SaveWords()));
  EXPECT_EQ(run.status.exit_code, kExitTemporary) << ToString(run);
  ASSERT_OK(etcd_->StartAll());
  ExpectSaves();
  ExpectSound(2);
}

TEST_F(FaultTest, SourceStandsStillInMidStream) {
  ASSERT_NO_FATAL_FAILURE(StartCluster(1, kLargeMiB));
  EXPECT_THAT(TakeDisturbed(Context::Background().WithTimeout(std::chrono::seconds(5)), "",
                            [&] { ASSERT_OK(etcd_->member(0)->Signal(SIGSTOP)); }),
              StatusIs(Code::kDeadlineExceeded));
  ExpectSound(0);
  // It still accepts connections, as the kernel does that.
  std::vector<std::string> words = SaveWords();
  words.insert(words.end(), {"--command-timeout", "1s"});
  ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->Run(words));
  EXPECT_EQ(run.status.exit_code, kExitTemporary) << ToString(run);
  ASSERT_OK(etcd_->member(0)->Signal(SIGCONT));
  ExpectSaves();
  ExpectSound(1);
}

TEST_F(FaultTest, LeaderChangesWhileAFollowerIsRead) {
  ASSERT_NO_FATAL_FAILURE(StartCluster(3, kLargeMiB));
  ASSERT_OK_AND_ASSIGN(const int leader, Leader());
  const int read = (leader + 1) % 3;
  ASSERT_OK_AND_ASSIGN(const auto next,
                       etcd_->client().StatusOf(context(), etcd_->endpoint((leader + 2) % 3)));
  ASSERT_OK_AND_ASSIGN(const auto result, TakeDisturbed(context(), etcd_->endpoint(read), [&] {
                         EXPECT_OK(etcd_->client().MoveLeader(context(), etcd_->endpoint(leader),
                                                              next.header.member));
                       }));
  EXPECT_EQ(result.source.endpoint, etcd_->endpoint(read));
  EXPECT_EQ(result.info.evidence, repo::EvidenceResult::kPassed);
  ExpectSound(1);
}

TEST_F(FaultTest, TheLeaderThatIsReadStepsDown) {
  ASSERT_NO_FATAL_FAILURE(StartCluster(3, kLargeMiB));
  ASSERT_OK_AND_ASSIGN(const int leader, Leader());
  ASSERT_OK_AND_ASSIGN(const auto next,
                       etcd_->client().StatusOf(context(), etcd_->endpoint((leader + 1) % 3)));
  EXPECT_THAT(TakeDisturbed(context(), etcd_->endpoint(leader),
                            [&] {
                              EXPECT_OK(etcd_->client().MoveLeader(
                                  context(), etcd_->endpoint(leader), next.header.member));
                            }),
              IsOk());
  ExpectSound(1);
}

TEST_F(FaultTest, TheMemberThatIsReadRestarts) {
  ASSERT_NO_FATAL_FAILURE(StartCluster(3, kLargeMiB));
  const auto result = TakeDisturbed(context(), etcd_->endpoint(1), [&] {
    etcd_->KillMember(1);
    ASSERT_OK(etcd_->StartMember(1));
  });
  EXPECT_THAT(result, StatusIs(Code::kUnavailable, HasSubstr(etcd_->endpoint(1).substr(7))));
  ExpectSound(0);
  ASSERT_OK(etcd_->StartAll());
  ExpectSaves();
  ExpectSound(1);
}

TEST_F(FaultTest, AnotherMemberIsGone) {
  ASSERT_NO_FATAL_FAILURE(StartCluster(3, kLargeMiB));
  ASSERT_OK_AND_ASSIGN(const auto gone, etcd_->client().StatusOf(context(), etcd_->endpoint(2)));
  ASSERT_OK_AND_ASSIGN(const auto result,
                       TakeDisturbed(context(), etcd_->endpoint(1), [&] { etcd_->KillMember(2); }));
  // What could not be proven is said.
  EXPECT_EQ(result.info.evidence, repo::EvidenceResult::kUnproven);
  const std::string check = "member " + etcd::ToString(gone.header.member);
  EXPECT_THAT(result.evidence,
              ::testing::Contains(::testing::AllOf(
                  ::testing::Field(&repo::Evidence::check, check),
                  ::testing::Field(&repo::Evidence::result, repo::EvidenceResult::kUnproven))));
  ExpectSound(1);
}

// --- full disks --------------------------------------------------------------------------------

TEST_F(FaultTest, RepositoryIsFull) {
  ASSERT_NO_FATAL_FAILURE(StartCluster(1, 1));
  const SmallDisk disk(tresor_->dir() + "/disk", "6m");
  std::string limit;
  if (disk.mounted()) {
    tresor_->UseRepository(disk.path() + "/repo");
    ASSERT_THAT(tresor_->RunJson({"repo", "init"}), IsOk());
  } else {
    limit = "ulimit -f 2048; ";  // of 512 bytes: a large segment can't be written
  }
  ExpectSaves();
  ASSERT_OK(PutLarge(context(), etcd_->client(), 20));
  for (int i = 0; i < 2; ++i) {  // the second finds the disk as the first left it
    ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->RunInShell(limit, SaveWords()));
    EXPECT_EQ(run.status.exit_code, kExitNoSpace) << ToString(run);
    EXPECT_THAT(run.standard_error, HasSubstr("segments/")) << "the object";
    ExpectSound(1);
  }
  ASSERT_TRUE(!disk.mounted() || disk.Grow("100m"));
  ExpectSaves();
  ExpectSound(2);
}

TEST_F(FaultTest, AFileMayNotGrowAnyMore) {
  ASSERT_NO_FATAL_FAILURE(StartCluster(1, 8));
  ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->RunInShell("ulimit -f 2048; ", SaveWords()));
  EXPECT_EQ(run.status.exit_code, kExitNoSpace) << ToString(run);
  EXPECT_THAT(run.standard_error, HasSubstr("segments/"));
  ExpectSound(0);
  ExpectSaves();
  ExpectSound(1);
}

TEST_F(FaultTest, SpoolIsFull) {
  ASSERT_NO_FATAL_FAILURE(StartCluster(1, kLargeMiB));
  const SmallDisk disk(tresor_->dir() + "/disk", "8m");
  const std::string limit = disk.mounted() ? "" : "ulimit -f 16384; ";
  ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->RunInShell(limit, SaveWords(disk.path())));
  EXPECT_EQ(run.status.exit_code, kExitNoSpace) << ToString(run);
  EXPECT_THAT(run.standard_error, HasSubstr(disk.path()));
  EXPECT_TRUE(stdfs::is_empty(disk.path()));
  ExpectSound(0);
  ExpectSaves();
  ExpectSound(1);
}

TEST_F(FaultTest, RestoreTargetHasNoRoom) {
  ASSERT_NO_FATAL_FAILURE(StartCluster(1, 16));
  ExpectSaves();
  const SmallDisk disk(tresor_->dir() + "/disk", "12m");
  const std::string data_dir = disk.path() + "/m0";
  const std::vector<std::string> words = {"snapshot", "restore", "latest", "--data-dir", data_dir};
  // Seen before anything is written, and in the middle of it.
  std::vector<std::string> limits = {"ulimit -f 16384; "};
  if (disk.mounted()) {
    limits.insert(limits.begin(), "");
  }
  for (const std::string& limit : limits) {
    ASSERT_TRUE(!disk.mounted() || limit.empty() || disk.Grow("200m"));
    ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->RunInShell(limit, words));
    EXPECT_EQ(run.status.exit_code, kExitNoSpace) << ToString(run);
    EXPECT_THAT(run.standard_error, HasSubstr(disk.path()));
    EXPECT_FALSE(stdfs::exists(data_dir));
  }
  ASSERT_OK_AND_ASSIGN(const ProgramRun again, tresor_->Run(words));
  EXPECT_TRUE(again.status.success()) << ToString(again);
}

// --- folders that can't be written or read -----------------------------------------------------

TEST_F(FaultTest, AReadOnlyRepositoryIsListedCheckedAndRestored) {
  ASSERT_NO_FATAL_FAILURE(StartCluster(1, 2));
  const SmallDisk disk(tresor_->dir() + "/disk", "50m");
  if (disk.mounted()) {
    tresor_->UseRepository(disk.path() + "/repo");
    ASSERT_THAT(tresor_->RunJson({"repo", "init"}), IsOk());
  }
  ExpectSaves();
  const auto set_writable = [&](bool writable) {
    if (disk.mounted()) {
      ASSERT_TRUE(disk.SetReadOnly(!writable));
      return;
    }
    for (const auto& entry : stdfs::recursive_directory_iterator(tresor_->repo())) {
      stdfs::permissions(entry.path(), stdfs::perms::owner_write,
                         writable ? stdfs::perm_options::add : stdfs::perm_options::remove);
    }
    stdfs::permissions(tresor_->repo(), stdfs::perms::owner_write,
                       writable ? stdfs::perm_options::add : stdfs::perm_options::remove);
  };
  ASSERT_NO_FATAL_FAILURE(set_writable(false));
  ExpectSound(1);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"repo", "stats"},
           {"snapshot", "status", "latest"},
           {"snapshot", "check", "latest"},
           {"snapshot", "ls", "latest"},
           {"snapshot", "restore", "latest", "--data-dir", tresor_->dir() + "/m0"}}) {
    ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->Run(words));
    EXPECT_TRUE(run.status.success()) << words[1] << ": " << ToString(run);
  }
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           SaveWords(), {"repo", "prune"}, {"repo", "forget", "latest", "--force"}}) {
    ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->Run(words));
    EXPECT_EQ(run.status.exit_code, kExitAccess) << words[1] << ": " << ToString(run);
    EXPECT_THAT(run.standard_error, HasSubstr("/repo"));
  }
  ASSERT_NO_FATAL_FAILURE(set_writable(true));
  ExpectSaves();
  ExpectSound(2);
}

TEST_F(FaultTest, WhoMayNotReadTheRepositoryIsTold) {
  ASSERT_NO_FATAL_FAILURE(StartCluster(1, 1));
  ExpectSaves();
  // As somebody else, when this is root, whom nothing holds.
  std::string as_other;
  if (::geteuid() == 0) {
    as_other = "exec setpriv --reuid=65534 --regid=65534 --clear-groups -- ";
    stdfs::permissions(tresor_->dir(), stdfs::perms::others_exec, stdfs::perm_options::add);
    stdfs::permissions(tresor_->key_file(), stdfs::perms::others_read, stdfs::perm_options::add);
  } else {
    stdfs::permissions(tresor_->repo(), stdfs::perms::none);
  }
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"repo", "list"}, SaveWords()}) {
    ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->RunCopyInShell(as_other, words));
    EXPECT_EQ(run.status.exit_code, kExitAccess) << ToString(run);
    EXPECT_THAT(run.standard_error, HasSubstr(tresor_->repo()));
  }
  stdfs::permissions(tresor_->repo(), stdfs::perms::owner_all);
  ExpectSound(1);
}

}  // namespace
}  // namespace tresor
