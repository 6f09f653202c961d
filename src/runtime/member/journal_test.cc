// SPDX-License-Identifier: Apache-2.0
#include "runtime/member/journal.h"

#include <memory>

#include "base/status_matchers.h"
#include "io/faults.h"

namespace tresor::runtime {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

constexpr WallTime kNow{std::chrono::seconds{1'700'000'000}};
constexpr RestoreStep kSteps[] = {RestoreStep::kStop,    RestoreStep::kSetAside,
                                  RestoreStep::kRebuild, RestoreStep::kStartClosed,
                                  RestoreStep::kOpen,    RestoreStep::kForget};

Status Do(RestoreJournal& journal, const std::string& id, RestoreStep step) {
  RETURN_IF_ERROR(BeginStep(journal, id, step, kNow));
  if (step == RestoreStep::kRebuild) {
    journal.current->rebuilt = RebuiltData{.revision = 7};
  }
  return EndStep(journal, step, kNow);
}

RestoreJournal DoneUntil(RestoreStep last) {
  RestoreJournal journal;
  for (const RestoreStep step : kSteps) {
    EXPECT_TRUE(Do(journal, "r", step).ok());
    if (step == last) {
      break;
    }
  }
  return journal;
}

TEST(JournalTest, StepsFollowEachOtherWithoutGaps) {
  for (const RestoreStep last : kSteps) {
    const RestoreJournal journal = DoneUntil(last);
    EXPECT_OK(CheckJournal(journal));
    EXPECT_EQ(journal.current->done(), last);
    EXPECT_EQ(journal.busy(), last != RestoreStep::kForget);
    for (const RestoreStep next : kSteps) {
      RestoreJournal copy = journal;
      const bool is_next = static_cast<int>(next) == static_cast<int>(last) + 1;
      EXPECT_EQ(BeginStep(copy, "r", next, kNow).ok(), is_next)
          << ToString(next) << " after " << ToString(last);
    }
  }
}

TEST(JournalTest, BeginningAgainWhatIsNotDoneChangesNothing) {
  RestoreJournal journal;
  ASSERT_OK(BeginStep(journal, "r", RestoreStep::kStop, kNow));
  const std::string before = EncodeJournal(journal);
  ASSERT_OK(BeginStep(journal, "r", RestoreStep::kStop, kNow + std::chrono::hours(1)));
  EXPECT_EQ(EncodeJournal(journal), before);
}

TEST(JournalTest, RestoreThatIsOverIsNeverBegunAgain) {
  RestoreJournal journal = DoneUntil(RestoreStep::kForget);
  EXPECT_FALSE(BeginStep(journal, "r", RestoreStep::kStop, kNow).ok());
  EXPECT_FALSE(BeginRollBack(journal, "r", kNow).ok());
  ASSERT_OK(BeginRollBack(journal, "s", kNow));
  ASSERT_OK(EndRollBack(journal, kNow));
  ASSERT_OK(BeginStep(journal, "t", RestoreStep::kStop, kNow));

  EXPECT_OK(CheckJournal(journal));
  EXPECT_FALSE(journal.Finished("r")->rolled_back);
  EXPECT_TRUE(journal.Finished("s")->rolled_back);
  EXPECT_FALSE(journal.Finished("t").has_value());
  EXPECT_FALSE(BeginStep(journal, "s", RestoreStep::kStop, kNow).ok());
  EXPECT_FALSE(BeginStep(journal, "u", RestoreStep::kStop, kNow).ok()) << "t is not over";
}

TEST(JournalTest, RollBackIsPossibleBeforeOpenOnly) {
  for (const RestoreStep last : kSteps) {
    RestoreJournal journal = DoneUntil(last);
    EXPECT_EQ(BeginRollBack(journal, "r", kNow).ok(), last < RestoreStep::kOpen) << ToString(last);
  }
  RestoreJournal journal = DoneUntil(RestoreStep::kStartClosed);
  ASSERT_OK(BeginRollBack(journal, "r", kNow));
  EXPECT_FALSE(BeginStep(journal, "r", RestoreStep::kOpen, kNow).ok());
}

TEST(JournalTest, WhatBreaksTheRulesIsNeitherReadNorWritten) {
  RestoreJournal gap = DoneUntil(RestoreStep::kRebuild);
  gap.current->steps.erase(gap.current->steps.begin() + 1);
  RestoreJournal unended = DoneUntil(RestoreStep::kSetAside);
  unended.current->steps[0].done_unix_nanos.reset();
  RestoreJournal not_rebuilt = DoneUntil(RestoreStep::kRebuild);
  not_rebuilt.current->rebuilt.reset();
  RestoreJournal too_late = DoneUntil(RestoreStep::kOpen);
  too_late.current->roll_back = StepRecord{};
  RestoreJournal twice = DoneUntil(RestoreStep::kStop);
  twice.finished.push_back({.id = "r"});
  for (const RestoreJournal& journal : {gap, unended, not_rebuilt, too_late, twice}) {
    io::MemoryFs fs;
    EXPECT_THAT(CheckJournal(journal), StatusIs(Code::kDataLoss));
    EXPECT_THAT(DecodeJournal(AsBytes(EncodeJournal(journal)), "j"),
                StatusIs(Code::kDataLoss, HasSubstr("j: ")));
    EXPECT_THAT(WriteJournal(fs, "/j", journal), StatusIs(Code::kInternal));
  }
}

TEST(JournalTest, MemoryOfFinishedRestoresIsBounded) {
  RestoreJournal journal;
  for (std::size_t i = 0; i < RestoreJournal::kMostFinished + 5; ++i) {
    ASSERT_OK(BeginRollBack(journal, fmt::format("r{}", i), kNow));
    ASSERT_OK(EndRollBack(journal, kNow));
  }
  EXPECT_EQ(journal.finished.size(), RestoreJournal::kMostFinished);
  EXPECT_OK(CheckJournal(journal));
}

TEST(JournalTest, CutAtAnyCallLeavesTheOldJournalOrTheNew) {
  const RestoreJournal before = DoneUntil(RestoreStep::kSetAside);
  const RestoreJournal after = DoneUntil(RestoreStep::kRebuild);
  for (std::uint64_t call = 1;; ++call) {
    io::PowerCutFs fs;
    ASSERT_OK(WriteJournal(fs, "/j", before));
    fs.CutAtCall(fs.calls() + call);
    const bool written = WriteJournal(fs, "/j", after).ok();
    for (const auto unsynced : {io::MemoryFs::Unsynced::kLost, io::MemoryFs::Unsynced::kKept,
                                io::MemoryFs::Unsynced::kMixed}) {
      const auto disk = fs.AfterPowerCut(unsynced, call);
      ASSERT_OK_AND_ASSIGN(const RestoreJournal read, ReadJournal(*disk, "/j"));
      const std::string text = EncodeJournal(read);
      EXPECT_TRUE(text == EncodeJournal(after) || (!written && text == EncodeJournal(before)));
    }
    if (written) {
      EXPECT_GT(call, 3U);
      break;
    }
  }
}

}  // namespace
}  // namespace tresor::runtime
