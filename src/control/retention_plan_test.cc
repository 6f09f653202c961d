// SPDX-License-Identifier: Apache-2.0
#include "control/retention_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace tresor::control {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = RetainedBackup::Kind;

constexpr WallTime kStart{std::chrono::seconds{1'700'000'000}};

RetainedBackup Good(int minute) {
  return {.name = "b" + std::to_string(minute),
          .time = kStart + std::chrono::minutes(minute),
          .kind = Kind::kGood};
}
RetainedBackup With(RetainedBackup backup, Kind kind) {
  backup.kind = kind;
  backup.ended = backup.time;
  return backup;
}

TEST(RetentionTest, KeepsTheNewest) {
  EXPECT_THAT(PlanRetention(2, kStart, {Good(3), Good(1), Good(4), Good(2)}).remove,
              ElementsAre("b1", "b2"));
}

TEST(RetentionTest, RemovesNothingWhileThereAreNoMoreThanAreKept) {
  EXPECT_THAT(PlanRetention(3, kStart, {Good(1), Good(2), Good(3)}).remove, IsEmpty());
}

TEST(RetentionTest, NeitherRemovesNorCountsPinnedOnes) {
  RetainedBackup pinned = Good(2);
  pinned.pinned = true;
  EXPECT_THAT(PlanRetention(2, kStart, {Good(1), pinned, Good(3), Good(4)}).remove,
              ElementsAre("b1"));
}

TEST(RetentionTest, LeavesWhatARestoreUses) {
  RetainedBackup used = Good(1);
  used.in_use = true;
  EXPECT_THAT(PlanRetention(1, kStart, {used, Good(2), Good(3)}).remove, ElementsAre("b2"));
}

TEST(RetentionTest, LeavesTheLastGoodOneBehindDoubtfulOnes) {
  EXPECT_THAT(PlanRetention(1, kStart,
                            {Good(1), Good(2), With(Good(3), Kind::kDoubtful),
                             With(Good(4), Kind::kDoubtful)})
                  .remove,
              ElementsAre("b1", "b3"));
}

TEST(RetentionTest, APinnedGoodOneIsAGoodOne) {
  RetainedBackup pinned = Good(2);
  pinned.pinned = true;
  EXPECT_THAT(PlanRetention(1, kStart, {Good(1), pinned, With(Good(3), Kind::kDoubtful)}).remove,
              ElementsAre("b1"));
}

TEST(RetentionTest, DoesNotCountWhatIsUnderWayOrOnItsWayOut) {
  RetainedBackup leaving = Good(5);
  leaving.deleting = true;
  EXPECT_THAT(
      PlanRetention(1, kStart, {Good(1), leaving, With(Good(6), Kind::kUnderWay), Good(2)}).remove,
      ElementsAre("b1"));
}

TEST(RetentionTest, FailedOnesStayADayAndDoNotCount) {
  const RetainedBackup failed = With(Good(0), Kind::kFailed);

  const RetentionPlan before = PlanRetention(1, kStart + 24h - 1s, {failed, Good(1)});
  EXPECT_THAT(before.remove, IsEmpty());
  EXPECT_EQ(before.next, kStart + 24h);
  EXPECT_THAT(PlanRetention(1, kStart + 24h, {failed, Good(1)}).remove, ElementsAre("b0"));
}

TEST(RetentionTest, WhateverTheHistoryAGoodBackupIsLeft) {
  SeededRandom random(1);
  for (int round = 0; round < 2000; ++round) {
    std::vector<RetainedBackup> backups;
    bool any_good = false;
    for (int i = 0; i < 12; ++i) {
      RetainedBackup backup = With(Good(i), static_cast<Kind>(random.Below(4)));
      backup.pinned = random.Below(6) == 0;
      backup.in_use = random.Below(6) == 0;
      any_good = any_good || backup.kind == Kind::kGood;
      backups.push_back(backup);
    }
    const std::size_t keep = 1 + random.Below(5);
    const RetentionPlan plan = PlanRetention(keep, kStart + 240h, backups);
    std::size_t completed = 0;
    bool good_left = false;
    for (const RetainedBackup& backup : backups) {
      const bool removed = std::count(plan.remove.begin(), plan.remove.end(), backup.name) == 1;
      EXPECT_FALSE(removed && (backup.pinned || backup.in_use || backup.kind == Kind::kUnderWay));
      good_left = good_left || (backup.kind == Kind::kGood && !removed);
      completed += !removed && !backup.pinned && !backup.in_use &&
                           (backup.kind == Kind::kGood || backup.kind == Kind::kDoubtful)
                       ? 1
                       : 0;
    }
    EXPECT_EQ(good_left, any_good);
    EXPECT_LE(completed, keep + 1);  // the last good one may come on top
  }
}

}  // namespace
}  // namespace tresor::control
