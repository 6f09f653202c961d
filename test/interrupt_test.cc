// SPDX-License-Identifier: Apache-2.0
// Ctrl-C (SIGINT) in the real program at random moments of save, prune and restore, and what it
// makes of permissions. It says that it was interrupted, ends with 130, and leaves nothing in
// anybody's way.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/environment.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "test/etcd_fixture.h"
#include "test/tresor_program.h"

namespace tresor {
namespace {

namespace stdfs = std::filesystem;
using testing::EtcdCluster;
using ::testing::HasSubstr;
using testing::Json;
using testing::ProgramRun;
using testing::TresorProgram;

constexpr int kExitInterrupted = 130;
constexpr int kRounds = 10;
constexpr int kLargeMiB = 48;  // more than is kept in memory, so that there is a spool

class InterruptTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(tresor_, TresorProgram::CreateRepository());
    ASSERT_OK_AND_ASSIGN(etcd_, EtcdCluster::Start({.line = "3.5"}));
    spool_dir_ = tresor_->dir() + "/spool";
    stdfs::create_directory(spool_dir_);
    const auto seed = GetEnvironment("TRESOR_TEST_SEED");
    const std::uint64_t number = seed ? std::stoull(*seed) : SystemRandom().Next() % 1'000'000;
    random_ = std::make_unique<SeededRandom>(number);
    std::cout << "TRESOR_TEST_SEED=" << number << std::endl;
    ASSERT_NO_FATAL_FAILURE(Put(kLargeMiB));
  }

  void Put(int mib) {
    std::string value(1 << 20, '\0');
    for (int i = 0; i < mib; ++i) {
      random_->Fill(std::as_writable_bytes(std::span(value)));
      ASSERT_OK(etcd_->client().Put(
          Context::Background().WithTimeout(std::chrono::minutes(1)),
          {.key = fmt::format("/large/{}", random_->Below(kLargeMiB)), .value = value}));
    }
  }
  [[nodiscard]] std::vector<std::string> SaveWords() const {
    return {"snapshot", "save", "--endpoints", etcd_->endpoint(0), "--spool-dir", spool_dir_};
  }
  /// Runs it to its end; how long that took.
  void Succeed(const std::vector<std::string>& words, std::chrono::nanoseconds& took) {
    const MonotonicTime begin = SystemClock().Monotonic();
    ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->Run(words));
    ASSERT_TRUE(run.status.success()) << ToString(run);
    took = SystemClock().Monotonic() - begin;
  }
  /// Interrupts it at some moment of the time that it usually takes. `interrupted`: it was not
  /// faster.
  void Interrupt(const std::vector<std::string>& words, std::chrono::nanoseconds usual,
                 bool& interrupted) {
    const std::chrono::nanoseconds delay(
        static_cast<std::int64_t>(random_->Below(static_cast<std::uint64_t>(usual.count()))));
    ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->RunAndSignal(words, delay, SIGINT));
    interrupted = !run.status.success();
    // By the signal itself: so early that the program had not come to its first line.
    if (interrupted && run.status.signal != SIGINT) {
      ++interrupted_;
      EXPECT_EQ(run.status.exit_code, kExitInterrupted) << ToString(run);
      EXPECT_THAT(run.standard_error, HasSubstr("interrupted"));
      EXPECT_EQ(std::ranges::count(run.standard_error, '\n'), 1) << run.standard_error;
      EXPECT_EQ(run.standard_output, "");
    }
    EXPECT_TRUE(stdfs::is_empty(spool_dir_));
    ExpectNoLock();
  }
  /// Some runs are faster than their interruption: then there are more rounds.
  [[nodiscard]] bool GoOn(int round) const {
    return round < kRounds || (interrupted_ <= kRounds / 3 && round < 6 * kRounds);
  }
  /// The only lock, if there is one, is a released one.
  void ExpectNoLock() const {
    const std::string locks = tresor_->repo() + "/locks";
    if (stdfs::exists(locks)) {
      for (const auto& entry : stdfs::directory_iterator(locks)) {
        EXPECT_THAT(entry.path().filename().string(), ::testing::EndsWith("-ffffffff"));
      }
    }
  }
  void ExpectSound(std::size_t backups) {
    ASSERT_OK_AND_ASSIGN(const Json check, tresor_->RunJson({"repo", "check", "--read-data"}));
    EXPECT_TRUE(check["ok"]) << check.dump();
    EXPECT_EQ(check["backups"], backups);
  }

  std::unique_ptr<TresorProgram> tresor_;
  std::unique_ptr<EtcdCluster> etcd_;
  std::unique_ptr<Random> random_;
  std::string spool_dir_;
  int interrupted_ = 0;
};

TEST_F(InterruptTest, ASaveLeavesTheRepositoryAsItWas) {
  std::chrono::nanoseconds usual{0};
  ASSERT_NO_FATAL_FAILURE(Succeed(SaveWords(), usual));
  std::size_t backups = 1;
  for (int i = 0; GoOn(i); ++i) {
    SCOPED_TRACE(i);
    ASSERT_NO_FATAL_FAILURE(Put(6));
    bool interrupted = false;
    ASSERT_NO_FATAL_FAILURE(Interrupt(SaveWords(), usual, interrupted));
    backups += interrupted ? 0 : 1;
    ASSERT_OK_AND_ASSIGN(const Json list, tresor_->RunJson({"repo", "list"}));
    ASSERT_EQ(list.size(), backups);
    // At once: without --lock-wait.
    ASSERT_NO_FATAL_FAILURE(Succeed(SaveWords(), usual));
    ++backups;
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(interrupted_, kRounds / 3);
  ExpectSound(backups);
}

TEST_F(InterruptTest, APruneLosesNothingAndCanBeRepeated) {
  std::chrono::nanoseconds usual{0};
  for (int i = 0; i < 4; ++i) {
    ASSERT_NO_FATAL_FAILURE(Put(20));
    ASSERT_NO_FATAL_FAILURE(Succeed(SaveWords(), usual));
  }
  ASSERT_NO_FATAL_FAILURE(Succeed({"repo", "forget", "--keep-last", "1"}, usual));
  const std::string original = tresor_->repo();
  const std::vector<std::string> prune = {"repo", "prune", "--max-unused", "0"};
  for (int i = 0; GoOn(i); ++i) {
    SCOPED_TRACE(i);
    const std::string copy = fmt::format("{}/copy{}", tresor_->dir(), i);
    stdfs::copy(original, copy, stdfs::copy_options::recursive);
    tresor_->UseRepository(copy);
    if (i > 0) {
      bool interrupted = false;
      ASSERT_NO_FATAL_FAILURE(Interrupt(prune, usual, interrupted));
    }
    ASSERT_NO_FATAL_FAILURE(Succeed(prune, usual));
    if (i % 5 == 0) {
      ExpectSound(1);
    }
    stdfs::remove_all(copy);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(interrupted_, kRounds / 3);
}

TEST_F(InterruptTest, ARestoreLeavesNothing) {
  std::chrono::nanoseconds usual{0};
  ASSERT_NO_FATAL_FAILURE(Succeed(SaveWords(), usual));
  const std::string data_dir = tresor_->dir() + "/member", wal_dir = tresor_->dir() + "/wal";
  const std::vector<std::string> restore = {"snapshot", "restore",   "latest", "--data-dir",
                                            data_dir,   "--wal-dir", wal_dir};
  ASSERT_NO_FATAL_FAILURE(Succeed(restore, usual));
  for (int i = 0; GoOn(i); ++i) {
    SCOPED_TRACE(i);
    stdfs::remove_all(data_dir);
    stdfs::remove_all(wal_dir);
    bool interrupted = false;
    ASSERT_NO_FATAL_FAILURE(Interrupt(restore, usual, interrupted));
    EXPECT_EQ(stdfs::exists(data_dir), !interrupted);
    EXPECT_EQ(stdfs::exists(wal_dir), !interrupted);
    if (interrupted) {
      ASSERT_NO_FATAL_FAILURE(Succeed(restore, usual));
    }
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(interrupted_, kRounds / 3);
}

// Every file and folder of a restore, as "755 path".
std::vector<std::string> ModesOf(const std::string& dir) {
  std::vector<std::string> modes;
  for (const auto& entry : stdfs::recursive_directory_iterator(dir)) {
    modes.push_back(fmt::format("{:o} {}", static_cast<unsigned>(entry.status().permissions()),
                                stdfs::relative(entry.path(), dir).string()));
  }
  std::ranges::sort(modes);
  return modes;
}

TEST(RestoredPermissionsTest, AreThoseThatEtcdutlGives) {
  ASSERT_OK_AND_ASSIGN(const auto etcd, EtcdCluster::Start({.line = "3.5"}));
  ASSERT_OK_AND_ASSIGN(const auto tresor, TresorProgram::CreateRepository());
  ASSERT_OK(tresor->RunJson({"snapshot", "save", "--endpoints", etcd->endpoint(0)}));
  const std::string file = tresor->dir() + "/file.db";
  ASSERT_OK(tresor->RunJson({"snapshot", "export", "latest", "--out", file}));
  ASSERT_OK_AND_ASSIGN(const std::string etcdutl, testing::FindTool("etcdutl-3.5"));
  for (const std::string mask : {"022", "077", "002", "000"}) {
    SCOPED_TRACE(mask);
    const std::string theirs = tresor->dir() + "/theirs" + mask;
    const std::string ours = tresor->dir() + "/ours" + mask;
    stdfs::create_directory(theirs);
    stdfs::create_directory(ours);
    ASSERT_OK_AND_ASSIGN(
        const process::Output run,
        process::Run(Context::Background().WithTimeout(std::chrono::minutes(1)),
                     {.arguments = {"/bin/sh", "-c", "umask " + mask + "; exec \"$@\"", "sh",
                                    etcdutl, "snapshot", "restore", file, "--data-dir",
                                    theirs + "/data", "--wal-dir", theirs + "/wal"}}));
    ASSERT_TRUE(run.status.success()) << run.standard_error;
    ASSERT_OK_AND_ASSIGN(
        const ProgramRun restored,
        tresor->RunInShell("umask " + mask + "; ", {"snapshot", "restore", "latest", "--data-dir",
                                                    ours + "/data", "--wal-dir", ours + "/wal"}));
    ASSERT_TRUE(restored.status.success()) << ToString(restored);

    EXPECT_THAT(ModesOf(ours), ::testing::ElementsAreArray(ModesOf(theirs)));
  }
}

}  // namespace
}  // namespace tresor
