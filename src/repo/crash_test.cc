// SPDX-License-Identifier: Apache-2.0
// The power is cut at every call of a save that changes something: what is listed afterwards is
// whole.
#include "base/status_matchers.h"
#include "blob/local.h"
#include "io/faults.h"
#include "repo/test_repository.h"

namespace tresor::repo {
namespace {

using testing::IsOk;
using Unsynced = io::MemoryFs::Unsynced;

constexpr char kRoot[] = "/repository";

struct Histories {
  Snapshot first, second;
};

Histories MakeHistories() {
  FakeEtcd etcd(21);
  etcd.Churn(40, 10, 200);
  Histories histories{etcd.snapshot(), {}};
  etcd.Compact(20);
  etcd.Churn(40, 10, 200);
  histories.second = etcd.snapshot();
  histories.second.buckets = {{"lease", 0, {}}, {"meta", 0, {{"consistent_index", "2"}}}};
  for (int i = 0; i < 300; ++i) {
    histories.second.buckets[0].pairs.emplace_back(fmt::format("{:08}", i), "lease");
  }
  return histories;
}

// What the machine finds when it comes up again.
void ExpectWhole(const Context& context, FakeClock& clock, io::FileSystem& fs,
                 const Histories& histories, bool second_was_reported) {
  ASSERT_OK_AND_ASSIGN(const auto store, blob::OpenLocalStore(fs, kRoot));
  SeededRandom random(3);
  ASSERT_OK_AND_ASSIGN(const auto repository, OpenTestRepository(context, *store, random));
  ASSERT_OK_AND_ASSIGN(const auto backups, repository->List(context));
  ASSERT_GE(backups.size(), second_was_reported ? 2U : 1U);
  ASSERT_LE(backups.size(), 2U);
  EXPECT_TRUE(ReadAll(context, *repository, backups[0].id).value() == histories.first);
  if (backups.size() == 2) {
    EXPECT_TRUE(ReadAll(context, *repository, backups[1].id).value() == histories.second);
  }
  clock.Advance(std::chrono::minutes(3));  // the lease of the writer that is no more
  ASSERT_OK_AND_ASSIGN(const SaveResult saved, Save(context, *repository, histories.second));
  EXPECT_TRUE(ReadAll(context, *repository, saved.info.id).value() == histories.second);
}

TEST(CrashTest, WhatIsListedAfterAPowerCutIsWhole) {
  const Histories histories = MakeHistories();
  bool was_cut = true;
  std::uint64_t n = 0;
  while (was_cut) {
    ++n;
    SCOPED_TRACE(n);
    FakeClock clock;
    const Context context = Context::Background().WithClock(clock);
    SeededRandom random(n);
    io::PowerCutFs fs;
    ASSERT_OK_AND_ASSIGN(const auto store, blob::CreateLocalStore(fs, kRoot));
    ASSERT_OK(InitTestRepository(context, *store, random));
    ASSERT_OK_AND_ASSIGN(const auto repository, OpenTestRepository(context, *store, random));
    ASSERT_OK(Save(context, *repository, histories.first));

    fs.CutAtCall(fs.calls() + n);
    const bool reported = Save(context, *repository, histories.second).ok();
    was_cut = fs.was_cut();

    for (const Unsynced unsynced : {Unsynced::kLost, Unsynced::kKept, Unsynced::kMixed}) {
      const auto after = fs.AfterPowerCut(unsynced, n);
      FakeClock later;
      ExpectWhole(Context::Background().WithClock(later), later, *after, histories, reported);
    }
    if (::testing::Test::HasFailure()) {
      return;
    }
  }
  EXPECT_GT(n, 20U);  // or nothing was tested
}

}  // namespace
}  // namespace tresor::repo
