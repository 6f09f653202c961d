// SPDX-License-Identifier: Apache-2.0
// The power is cut at every call of each use case that changes something on a disk: afterwards
// every backup that was reported is there and reads back equal, nothing else is listed, and the
// next backup, prune and restore work.
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backup/fake_cluster.h"
#include "backup/restore.h"
#include "backup/take.h"
#include "backup/test_util.h"
#include "backup/verify.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "blob/local.h"
#include "io/faults.h"

namespace tresor::backup {
namespace {

using testing::FakeCluster;
using testing::StoreModel;
using tresor::testing::IsOk;
using tresor::testing::StatusIs;
using Unsynced = io::MemoryFs::Unsynced;

constexpr char kRepository[] = "/repository";
constexpr char kTarget[] = "/restored";
const repo::KeyFile kKey{Bytes(32, std::byte{1})};

/// What the database was like at four backups: written on, compacted, and set back.
struct Histories {
  std::vector<StoreModel> stores;

  Histories() {
    StoreModel store = testing::RandomStore(6, 60, false);
    stores.push_back(store);
    const StoreModel first = store;
    for (int i = 0; i < 30; ++i) {
      store.Put("/registry/k" + std::to_string(i), "second");
    }
    store.Compact(store.revision() - 10);
    stores.push_back(store);
    store.Put("/registry/third", "third");
    stores.push_back(store);
    StoreModel back = first;  // restored, and written on
    back.Put("/registry/other", "other");
    stores.push_back(back);
  }
};

/// A repository on a disk that may lose power, and who uses it. The process has another boot's
/// name each time, so a lease is taken over when its time is up.
struct Machine {
  explicit Machine(io::FileSystem& disk, std::uint64_t seed) : fs(disk), random(seed) {}

  Status Open(bool create) {
    if (create) {
      ASSIGN_OR_RETURN(store, blob::CreateLocalStore(fs, kRepository));
      RETURN_IF_ERROR(repo::Repository::Init(context, *store, kKey, "test"));
    } else {
      ASSIGN_OR_RETURN(store, blob::OpenLocalStore(fs, kRepository));
    }
    ASSIGN_OR_RETURN(repository,
                     repo::Repository::Open(context, *store, kKey, {.random = &random}));
    return OkStatus();
  }
  Status Take(const StoreModel& model) {
    FakeCluster cluster(model, 1);
    TakeOptions options;
    options.spool = {.fs = &fs, .dir = "/", .memory_bytes = 10'000, .random = &random};
    return TakeBackup(context, options, cluster, *repository).status();
  }
  Status ForgetFirst(std::size_t count) {
    ASSIGN_OR_RETURN(const auto backups, repository->List(context));
    std::vector<repo::Id> ids;
    for (std::size_t i = 0; i < count; ++i) {
      ids.push_back(backups.at(i).id);
    }
    return repository->Forget(context, ids);
  }
  Status Prune() { return repository->Prune(context, {.max_unused = 0}).status(); }
  Status RestoreLatest() {
    ASSIGN_OR_RETURN(const auto latest, repository->Find(context, "latest"));
    ASSIGN_OR_RETURN(const auto backup, repository->OpenBackup(context, latest.id));
    RestoreOptions options;
    options.fs = &fs;
    options.portable = false;
    options.wal_file_bytes = 4096;
    options.random = &random;
    options.members = {{.name = "default", .peer_urls = "", .data_dir = kTarget, .wal_dir = ""}};
    return Restore(context, *MakeSource(*backup), options).status();
  }

  io::FileSystem& fs;
  SeededRandom random;
  FakeClock clock;
  Context context = Context::Background().WithClock(clock);
  std::unique_ptr<blob::BlobStore> store;
  std::unique_ptr<repo::Repository> repository;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

class Gather final : public SourceVisitor {
 public:
  Status BeginBucket(ByteView name, std::uint64_t) override {
    bucket_ = &buckets[ToString(name)];
    return OkStatus();
  }
  Status Pair(ByteView key, ByteView value) override {
    bucket_->emplace_back(ToString(key), ToString(value));
    return OkStatus();
  }
  Status Records(repo::RecordBatch batch) override {
    for (const repo::Record& record : batch.records) {
      RETURN_IF_ERROR(Pair(etcd::EncodeRecordKey(record.key), record.value));
    }
    return OkStatus();
  }
  Status EndBucket() override { return OkStatus(); }

  std::map<std::string, Pairs> buckets;

 private:
  Pairs* bucket_ = nullptr;
};

std::map<std::string, Pairs> ContentOf(const StoreModel& store) {
  const Bytes image = store.Image();
  const io::BytesReader reader(image);
  return testing::ReadContent(reader).buckets;
}

/// The use case that the cut falls into, and what comes before it.
enum class Step { kTake, kForget, kPrune, kRestore };

class CrashTest : public ::testing::TestWithParam<Step> {
 protected:
  CrashTest() {
    for (const StoreModel& store : histories_.stores) {
      contents_.push_back(ContentOf(store));
    }
  }

  /// Takes the backups of histories `numbers`.
  static void TakeAll(Machine& machine, const std::vector<StoreModel>& stores, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_OK(machine.Take(stores[i]));
      machine.clock.Advance(std::chrono::minutes(20));
    }
  }
  void Prepare(Machine& machine) {
    ASSERT_OK(machine.Open(true));
    ASSERT_NO_FATAL_FAILURE(TakeAll(machine, histories_.stores, GetParam() == Step::kTake ? 2 : 3));
    if (GetParam() == Step::kPrune) {
      ASSERT_OK(machine.ForgetFirst(2));
    }
  }
  static Status Run(Machine& machine, const Histories& histories) {
    switch (GetParam()) {
      case Step::kTake:
        return machine.Take(histories.stores[3]);
      case Step::kForget:
        return machine.ForgetFirst(2);
      case Step::kPrune:
        return machine.Prune();
      case Step::kRestore:
        return machine.RestoreLatest();
    }
    return OkStatus();
  }
  /// Numbers of the histories that may be listed after it, oldest first: it took place, or not.
  static std::vector<std::vector<std::size_t>> MayBeListed(bool reported) {
    switch (GetParam()) {
      case Step::kTake:
        return reported ? std::vector<std::vector<std::size_t>>{{0, 1, 3}}
                        : std::vector<std::vector<std::size_t>>{{0, 1}, {0, 1, 3}};
      case Step::kForget:
        return reported ? std::vector<std::vector<std::size_t>>{{2}}
                        : std::vector<std::vector<std::size_t>>{{2}, {0, 1, 2}};
      case Step::kPrune:
        return {{2}};
      case Step::kRestore:
        return {{0, 1, 2}};
    }
    return {};
  }

  /// Which histories are listed; each is compared pair by pair.
  void ReadListed(Machine& machine, std::vector<std::size_t>& listed) {
    ASSERT_OK_AND_ASSIGN(const auto backups, machine.repository->List(machine.context));
    for (const repo::BackupInfo& info : backups) {
      std::optional<std::size_t> number;
      for (std::size_t i = 0; i < histories_.stores.size(); ++i) {
        if (histories_.stores[i].revision() == info.revision) {
          number = i;
        }
      }
      ASSERT_TRUE(number.has_value()) << info.revision;
      listed.push_back(*number);
      ASSERT_OK_AND_ASSIGN(const auto backup,
                           machine.repository->OpenBackup(machine.context, info.id));
      Gather gather;
      ASSERT_OK(MakeSource(*backup)->Visit(machine.context, gather));
      EXPECT_TRUE(gather.buckets == contents_[*number]) << *number;
    }
    ASSERT_OK_AND_ASSIGN(const auto report,
                         machine.repository->Check(machine.context, {.read_data = true}));
    for (const repo::Finding& finding : report.findings) {
      EXPECT_FALSE(finding.fatal) << finding.object << ": " << Message(finding.status);
    }
  }

  void ExpectTarget(io::FileSystem& fs, std::size_t history) {
    ASSERT_OK_AND_ASSIGN(const Bytes db,
                         io::ReadFile(fs, std::string(kTarget) + "/member/snap/db"));
    const io::BytesReader reader(db);
    EXPECT_TRUE(testing::ReadContent(reader).buckets.at("key") == contents_[history].at("key"));
  }

  /// What the machine finds when it comes up again.
  void LookAfterCut(io::FileSystem& fs, std::uint64_t n, bool reported) {
    Machine machine(fs, 1000 + n);
    machine.clock.Advance(std::chrono::hours(2));  // the lease of the writer that is no more
    ASSERT_OK(machine.Open(false));
    std::vector<std::size_t> listed;
    ASSERT_NO_FATAL_FAILURE(ReadListed(machine, listed));
    EXPECT_THAT(MayBeListed(reported), ::testing::Contains(listed));

    if (GetParam() == Step::kRestore) {
      ASSERT_OK_AND_ASSIGN(const bool has_member, io::Exists(fs, std::string(kTarget) + "/member"));
      if (has_member) {
        ASSERT_NO_FATAL_FAILURE(ExpectTarget(fs, 2));
      }
      EXPECT_TRUE(has_member || !reported);
      const Status again = machine.RestoreLatest();
      if (!again.ok()) {
        EXPECT_THAT(again, StatusIs(Code::kFailedPrecondition));
        EXPECT_TRUE(has_member) << Message(again);
      }
      ASSERT_NO_FATAL_FAILURE(ExpectTarget(fs, 2));
    }

    if (listed.back() != 3) {
      ASSERT_OK(machine.Take(histories_.stores[3]));
      listed.push_back(3);
    }
    ASSERT_OK(machine.Prune());
    std::vector<std::size_t> later;
    ASSERT_NO_FATAL_FAILURE(ReadListed(machine, later));
    EXPECT_EQ(later, listed);
  }

  const Histories histories_;
  std::vector<std::map<std::string, Pairs>> contents_;
};

TEST_P(CrashTest, CutAtEveryCall) {
  bool was_cut = true;
  std::uint64_t n = 0;
  while (was_cut) {
    ++n;
    io::PowerCutFs fs;
    Machine machine(fs, n);
    ASSERT_NO_FATAL_FAILURE(Prepare(machine));
    fs.CutAtCall(fs.calls() + n);
    const Status status = Run(machine, histories_);
    was_cut = fs.was_cut();
    ASSERT_TRUE(was_cut || status.ok()) << Message(status);
    for (const Unsynced unsynced : {Unsynced::kLost, Unsynced::kKept, Unsynced::kMixed}) {
      SCOPED_TRACE(fmt::format("cut at {}, {}", n, static_cast<int>(unsynced)));
      const auto after = fs.AfterPowerCut(unsynced, n);
      ASSERT_NO_FATAL_FAILURE(LookAfterCut(*after, n, status.ok()));
    }
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(n, 5U);
}

std::string StepName(const ::testing::TestParamInfo<Step>& step) {
  switch (step.param) {
    case Step::kTake:
      return "Take";
    case Step::kForget:
      return "Forget";
    case Step::kPrune:
      return "Prune";
    case Step::kRestore:
      return "Restore";
  }
  return "";
}
INSTANTIATE_TEST_SUITE_P(Steps, CrashTest,
                         ::testing::Values(Step::kTake, Step::kForget, Step::kPrune,
                                           Step::kRestore),
                         StepName);

// The wall clock jumps between and during backups: none of it is refused or lost, and the order of
// the list is that of the commits.
TEST(ClockTest, MayBeSetBackAndForth) {
  const Histories histories;
  io::MemoryFs fs;
  Machine machine(fs, 1);
  ASSERT_OK(machine.Open(true));
  std::vector<std::int64_t> revisions;
  const WallTime start = machine.clock.Now();
  const std::vector<std::chrono::hours> jumps = {std::chrono::hours(0), std::chrono::hours(-48),
                                                 std::chrono::hours(24 * 365),
                                                 std::chrono::hours(-24)};
  for (std::size_t i = 0; i < jumps.size(); ++i) {
    machine.clock.SetWall(start + jumps[i]);
    ASSERT_OK(machine.Take(histories.stores[i]));
    revisions.push_back(histories.stores[i].revision());
  }
  ASSERT_OK_AND_ASSIGN(const auto backups, machine.repository->List(machine.context));
  std::vector<std::int64_t> listed;
  for (const repo::BackupInfo& info : backups) {
    listed.push_back(info.revision);
  }
  EXPECT_EQ(listed, revisions);
  machine.clock.SetWall(start - std::chrono::hours(24 * 365 * 10));
  ASSERT_OK(machine.ForgetFirst(1));
  ASSERT_OK(machine.Prune());
  ASSERT_OK_AND_ASSIGN(const auto report,
                       machine.repository->Check(machine.context, {.read_data = true}));
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.backups, 3U);
}

// Disks of every size, from nothing to enough, for repository and spool.
TEST(FullDiskTest, LeavesTheRepositoryAsItWas) {
  const Histories histories;
  const std::uint64_t plenty = std::uint64_t{1} << 30;
  std::uint64_t room = 0;
  for (int failures = 0;; ++failures) {
    SCOPED_TRACE(room);
    io::MemoryFs fs;
    Machine machine(fs, 1);
    ASSERT_OK(machine.Open(true));
    ASSERT_OK(machine.Take(histories.stores[0]));
    fs.SetCapacity(plenty);
    ASSERT_OK_AND_ASSIGN(const std::uint64_t grown, fs.FreeBytes("/"));
    fs.SetCapacity(plenty - grown + room);
    const Status status = machine.Take(histories.stores[3]);
    ASSERT_OK_AND_ASSIGN(const auto backups, machine.repository->List(machine.context));
    if (status.ok()) {
      EXPECT_EQ(backups.size(), 2U);
      EXPECT_GT(failures, 10);
      return;
    }
    EXPECT_THAT(status, StatusIs(Code::kResourceExhausted));
    EXPECT_EQ(backups.size(), 1U);
    fs.SetCapacity(plenty);
    // At once, although the full disk may not have taken the lock's release either.
    ASSERT_OK(machine.Take(histories.stores[3]));
    ASSERT_OK_AND_ASSIGN(const auto report,
                         machine.repository->Check(machine.context, {.read_data = true}));
    EXPECT_TRUE(report.ok());
    room += 512;
  }
}

}  // namespace
}  // namespace tresor::backup
