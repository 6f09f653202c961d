// SPDX-License-Identifier: Apache-2.0
// kill -9 of the real program at random moments, hundreds of times. What it had reported stays, and
// what it left behind is in nobody's way.
//
// $TRESOR_TEST_SEED chooses other moments; each test prints its seed.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backup/restore.h"
#include "base/environment.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "etcd/format/wal.h"
#include "test/etcd_fixture.h"
#include "test/kube_writer.h"
#include "test/tresor_program.h"

namespace tresor {
namespace {

namespace stdfs = std::filesystem;
using testing::Content;
using testing::EtcdCluster;
using testing::Json;
using testing::KubeWriter;
using testing::ProgramRun;
using testing::TresorProgram;

constexpr int kKills = 100;
constexpr int kReadDataEvery = 20;
constexpr int kExitInTheWay = 9;

class KillTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(tresor_, TresorProgram::CreateRepository());
    ASSERT_OK_AND_ASSIGN(etcd_, EtcdCluster::Start({.line = "3.5"}));
    const auto seed = GetEnvironment("TRESOR_TEST_SEED");
    seed_ = seed ? std::stoull(*seed) : SystemRandom().Next() % 1'000'000;
    random_ = std::make_unique<SeededRandom>(seed_);
    std::cout << "TRESOR_TEST_SEED=" << seed_ << std::endl;
    KubeWriter writer(etcd_->client(), {.seed = 11, .scale = 0.0008, .churn = 0.001});
    ASSERT_OK(writer.Base(context_));
  }

  [[nodiscard]] std::vector<std::string> SaveWords() const {
    return {"snapshot", "save", "--endpoints", etcd_->endpoint(0)};
  }

  /// Puts some keys and takes old revisions away, so that the next save has something to do.
  void Change(int number) {
    std::int64_t revision = 0;
    for (int i = 0; i < 5; ++i) {
      ASSERT_OK_AND_ASSIGN(
          const auto put,
          etcd_->client().Put(context_, {.key = fmt::format("/changed/{}", (number + i) % 7),
                                         .value = std::string(500, static_cast<char>('a' + i))}));
      revision = put.header.revision;
    }
    if (number % 10 == 9) {
      ASSERT_OK(etcd_->client().Compact(context_, revision - 2, true));
    }
  }

  /// A save that nobody disturbs.
  void Save() {
    std::vector<std::string> words = SaveWords();
    words.insert(words.end(), {"--output", "json"});
    ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->Run(words));
    ASSERT_TRUE(run.status.success()) << ToString(run);
    Remember(Json::parse(run.standard_output));
  }
  void Remember(const Json& saved) { completed_[saved["id"]] = saved["hashKv"]; }

  /// No fatal finding; every backup that was reported is listed, with what it had.
  void ExpectSound(bool read_data) {
    std::vector<std::string> words = {"repo", "check"};
    if (read_data) {
      words.emplace_back("--read-data");
    }
    ASSERT_OK_AND_ASSIGN(const Json check, tresor_->RunJson(words));
    EXPECT_TRUE(check["ok"]) << check.dump();
    ASSERT_OK_AND_ASSIGN(const Json list, tresor_->RunJson({"repo", "list"}));
    std::map<std::string, Json> listed;
    for (const Json& item : list) {
      listed[item["id"]] = item["hashKv"];
    }
    for (const auto& [id, hash] : completed_) {
      ASSERT_TRUE(listed.contains(id)) << id;
      EXPECT_EQ(listed.at(id), hash) << id;
    }
  }

  /// When to kill a run that usually takes this long: anywhere, but every other time in the last
  /// third, where it writes and commits.
  [[nodiscard]] std::chrono::nanoseconds Delay(std::chrono::nanoseconds usual) {
    const auto end = static_cast<std::uint64_t>(usual.count());
    const std::uint64_t begin = random_->Below(2) == 0 ? 0 : end * 2 / 3;
    return std::chrono::nanoseconds(static_cast<std::int64_t>(begin + random_->Below(end - begin)));
  }
  template <typename Call>
  [[nodiscard]] static std::chrono::nanoseconds TimeOf(Call call) {
    const MonotonicTime begin = SystemClock().Monotonic();
    call();
    return SystemClock().Monotonic() - begin;
  }

  const Context context_ = Context::Background().WithTimeout(std::chrono::minutes(9));
  std::unique_ptr<TresorProgram> tresor_;
  std::unique_ptr<EtcdCluster> etcd_;
  std::uint64_t seed_ = 0;
  std::unique_ptr<Random> random_;
  std::map<std::string, Json> completed_;  // id → HashKV
};

TEST_F(KillTest, SaveDiesAtAnyMoment) {
  ASSERT_NO_FATAL_FAILURE(Save());
  int killed = 0;
  std::chrono::nanoseconds usual{0};
  for (int i = 0; i < kKills; ++i) {
    SCOPED_TRACE(fmt::format("round {} of seed {}", i, seed_));
    ASSERT_NO_FATAL_FAILURE(Change(i));
    // The next save goes ahead at once, whatever the killed one left.
    const auto took = TimeOf([&] { Save(); });
    ASSERT_FALSE(HasFatalFailure());
    usual = i == 0 ? took : (usual * 7 + took) / 8;
    ASSERT_NO_FATAL_FAILURE(Change(i + 1));
    std::vector<std::string> words = SaveWords();
    words.insert(words.end(), {"--output", "json"});
    ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->RunAndKill(words, Delay(usual)));
    if (run.status.success()) {
      Remember(Json::parse(run.standard_output));
    } else {
      ASSERT_EQ(run.status.signal, SIGKILL) << ToString(run);
      ++killed;
    }
    ASSERT_NO_FATAL_FAILURE(ExpectSound(i % kReadDataEvery == 0));
  }
  EXPECT_GT(killed, kKills / 4);
  ASSERT_NO_FATAL_FAILURE(Save());
  ASSERT_NO_FATAL_FAILURE(ExpectSound(true));
  // What the killed ones left goes with the next prune.
  ASSERT_OK_AND_ASSIGN(const Json prune, tresor_->RunJson({"repo", "prune"}));
  std::cout << killed << " killed, which left " << prune["orphansRemoved"] << " objects\n";
  ASSERT_NO_FATAL_FAILURE(ExpectSound(true));
  ASSERT_OK_AND_ASSIGN(const Json again, tresor_->RunJson({"repo", "prune", "--dry-run"}));
  EXPECT_EQ(again["orphansRemoved"], 0);
}

TEST_F(KillTest, PruneDiesAtAnyMoment) {
  // Backups with much in common, most of them forgotten: segments to remove and to rewrite.
  for (int i = 0; i < 12; ++i) {
    ASSERT_NO_FATAL_FAILURE(Change(i));
    ASSERT_NO_FATAL_FAILURE(Save());
  }
  ASSERT_OK_AND_ASSIGN(const Json forgotten,
                       tresor_->RunJson({"repo", "forget", "--keep-last", "3"}));
  for (const Json& id : forgotten["forgotten"]) {
    completed_.erase(id.get<std::string>());
  }
  ASSERT_EQ(completed_.size(), 3U);
  const std::map<std::string, Json> kept = completed_;
  const std::string original = tresor_->repo();
  const std::string copy = tresor_->dir() + "/copy";
  const std::vector<std::string> prune = {"repo", "prune", "--max-unused", "0"};

  int killed = 0;
  std::chrono::nanoseconds usual{0};
  for (int i = 0; i < kKills; ++i) {
    SCOPED_TRACE(fmt::format("round {} of seed {}", i, seed_));
    completed_ = kept;
    stdfs::remove_all(copy);
    stdfs::copy(original, copy, stdfs::copy_options::recursive);
    tresor_->UseRepository(copy);
    if (i > 0) {
      ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->RunAndKill(prune, Delay(usual)));
      if (!run.status.success()) {
        ASSERT_EQ(run.status.signal, SIGKILL) << ToString(run);
        ++killed;
      }
      ASSERT_NO_FATAL_FAILURE(ExpectSound(i % kReadDataEvery == 1));
    }
    if (i % 10 == 5) {
      ASSERT_NO_FATAL_FAILURE(Save());
    }
    const auto took = TimeOf([&] {
      ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->Run(prune));
      ASSERT_TRUE(run.status.success()) << ToString(run);
    });
    ASSERT_FALSE(HasFatalFailure());
    usual = i == 0 ? took : (usual * 7 + took) / 8;
    ASSERT_NO_FATAL_FAILURE(ExpectSound(i % kReadDataEvery == 0));
  }
  EXPECT_GT(killed, kKills / 4);
  ASSERT_NO_FATAL_FAILURE(ExpectSound(true));
}

class KillRestoreTest : public KillTest {
 protected:
  struct Target {
    std::string name, data_dir, wal_dir;
  };
  enum class State { kNothing, kUnfinished, kComplete };

  [[nodiscard]] std::string WalDir(const Target& target) const {
    return target.wal_dir.empty() ? target.data_dir + "/member/wal" : target.wal_dir;
  }
  /// Fails the test when the directory is something that an etcd could start from, but not all
  /// that it must be.
  void Look(const Target& target, State& state) {
    const bool marked =
        stdfs::exists(target.data_dir + "/" + std::string(backup::kUnfinishedMarker));
    if (stdfs::exists(target.data_dir + "/member")) {
      state = State::kComplete;
      ASSERT_OK_AND_ASSIGN(const Content content, testing::ReadMember(context_, target.data_dir));
      EXPECT_EQ(content.at("key"), expected_.at("key"));
      EXPECT_EQ(content.at("lease"), expected_.at("lease"));
      const std::string wal = WalDir(target) + "/" + etcd::WalFileName(0, 0);
      ASSERT_TRUE(stdfs::exists(wal)) << wal;
      EXPECT_EQ(stdfs::file_size(wal), etcd::kWalFileSize);
      EXPECT_FALSE(stdfs::is_empty(target.data_dir + "/member/snap"));
    } else if (stdfs::exists(target.data_dir) && !stdfs::is_empty(target.data_dir)) {
      state = State::kUnfinished;
      EXPECT_TRUE(marked) << target.data_dir;
    } else {
      state = State::kNothing;
    }
  }

  Content expected_;
};

TEST_F(KillRestoreTest, RestoreDiesAtAnyMoment) {
  ASSERT_NO_FATAL_FAILURE(Change(0));
  ASSERT_NO_FATAL_FAILURE(Save());
  {
    ASSERT_OK_AND_ASSIGN(const auto opened, testing::OpenRepository(*tresor_));
    ASSERT_OK_AND_ASSIGN(expected_, testing::ReadBackup(context_, *opened.repository, "latest"));
  }
  ASSERT_OK_AND_ASSIGN(const auto restored, EtcdCluster::Plan({.line = "3.5", .members = 3}));
  std::vector<Target> targets;
  for (int i = 0; i < restored->size(); ++i) {
    targets.push_back({restored->name(i), restored->data_dir(i),
                       i == 1 ? restored->dir() + "/wal-of-m1" : std::string()});
  }
  std::vector<std::string> words = {"snapshot", "restore", "latest", "--initial-cluster",
                                    restored->initial_cluster()};
  for (const Target& target : targets) {
    words.emplace_back("--member");
    words.push_back(target.name + "=" + target.data_dir +
                    (target.wal_dir.empty() ? "" : "," + target.wal_dir));
  }

  int killed = 0;
  std::chrono::nanoseconds usual{0};
  for (int i = 0; i < kKills; ++i) {
    SCOPED_TRACE(fmt::format("round {} of seed {}", i, seed_));
    for (const Target& target : targets) {
      stdfs::remove_all(target.data_dir);
      stdfs::remove_all(WalDir(target));
    }
    std::multiset<State> states;
    if (i > 0) {
      ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->RunAndKill(words, Delay(usual)));
      if (!run.status.success()) {
        ASSERT_EQ(run.status.signal, SIGKILL) << ToString(run);
        ++killed;
      }
      for (const Target& target : targets) {
        State state{};
        ASSERT_NO_FATAL_FAILURE(Look(target, state));
        states.insert(state);
        if (run.status.success()) {
          EXPECT_EQ(state, State::kComplete);
        }
      }
    }
    // Again: it does all of it, or finds that all of it is done.
    bool done = false;
    const auto took = TimeOf([&] {
      ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->Run(words));
      done = run.status.success();
      if (!done) {
        EXPECT_EQ(run.status.exit_code, kExitInTheWay) << ToString(run);
        EXPECT_EQ(states.count(State::kComplete), targets.size()) << ToString(run);
      }
    });
    ASSERT_FALSE(HasFatalFailure());
    if (done) {
      usual = i == 0 ? took : (usual * 7 + took) / 8;
    }
    for (const Target& target : targets) {
      State state{};
      ASSERT_NO_FATAL_FAILURE(Look(target, state));
      EXPECT_EQ(state, State::kComplete);
    }
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(killed, kKills / 4);
  ASSERT_NO_FATAL_FAILURE(ExpectSound(true));

  // And a cluster starts from what the last ones left.
  for (int i = 0; i < restored->size(); ++i) {
    const Target& target = targets[static_cast<std::size_t>(i)];
    ASSERT_OK(restored->StartMember(
        i, target.wal_dir.empty() ? std::vector<std::string>{}
                                  : std::vector<std::string>{"--wal-dir=" + target.wal_dir}));
  }
  ASSERT_OK(restored->StartAll());
  const std::int64_t revision = completed_.begin()->second["revision"];
  for (int i = 0; i < restored->size(); ++i) {
    ASSERT_OK_AND_ASSIGN(const auto hash,
                         restored->client().HashKv(context_, restored->endpoint(i), revision));
    EXPECT_EQ(hash.hash, completed_.begin()->second["hash"]);
  }
}

}  // namespace
}  // namespace tresor
