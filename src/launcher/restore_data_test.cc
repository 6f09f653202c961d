// SPDX-License-Identifier: Apache-2.0
// The folders of a restore, with the power cut at every call.
#include "launcher/restore_data.h"

#include <memory>

#include "base/status_matchers.h"
#include "io/faults.h"

namespace tresor::launcher {
namespace {

using runtime::MemberFiles;
using runtime::RestoreJournal;
using runtime::RestoreRecord;
using runtime::RestoreStep;
using testing::IsOkAndHolds;
using testing::StatusIs;

constexpr WallTime kNow{};
const MemberFiles kFiles("/m0");

/// A data directory whose log says which one it is.
Status WriteData(io::FileSystem& fs, const std::string& text) {
  RETURN_IF_ERROR(io::CreateDirs(fs, kFiles.data() + "/member/wal"));
  return io::WriteFileAtomically(fs, kFiles.data() + "/member/wal/0.wal", AsBytes(text));
}

std::string ReadData(io::FileSystem& fs) {
  const auto bytes = io::ReadFile(fs, kFiles.data() + "/member/wal/0.wal");
  return bytes.ok() ? ToString(*bytes) : std::string("none");
}

Status Begin(io::FileSystem& fs, RestoreJournal& journal, RestoreStep step) {
  if (journal.current && journal.current->begun(step)) {
    return OkStatus();
  }
  RETURN_IF_ERROR(BeginStep(journal, "r", step, kNow));
  if (step == RestoreStep::kSetAside) {
    ASSIGN_OR_RETURN(journal.current->had_data, io::Exists(fs, kFiles.data()));
  }
  return WriteJournal(fs, kFiles.journal(), journal);
}

Status End(io::FileSystem& fs, RestoreJournal& journal, RestoreStep step) {
  if (step == RestoreStep::kRebuild) {
    journal.current->rebuilt.emplace();
  }
  RETURN_IF_ERROR(EndStep(journal, step, kNow));
  return WriteJournal(fs, kFiles.journal(), journal);
}

/// What the launcher does, in its order, from wherever the journal says that it is.
Status GoForward(io::FileSystem& fs, RestoreStep until) {
  ASSIGN_OR_RETURN(RestoreJournal journal, runtime::ReadJournal(fs, kFiles.journal()));
  for (int number = 0; number <= static_cast<int>(until); ++number) {
    const auto step = static_cast<RestoreStep>(number);
    if (journal.current && journal.current->done() >= step) {
      continue;
    }
    RETURN_IF_ERROR(Begin(fs, journal, step));
    switch (step) {
      case RestoreStep::kSetAside:
        RETURN_IF_ERROR(SetAside(fs, kFiles, *journal.current));
        break;
      case RestoreStep::kRebuild:
        RETURN_IF_ERROR(ClearForRebuild(fs, kFiles, *journal.current));
        RETURN_IF_ERROR(WriteData(fs, "new"));
        RETURN_IF_ERROR(io::SyncTree(fs, kFiles.data()));
        break;
      case RestoreStep::kForget:
        RETURN_IF_ERROR(Forget(fs, kFiles, *journal.current));
        break;
      default:
        break;  // etcd is stopped or started
    }
    RETURN_IF_ERROR(End(fs, journal, step));
  }
  return OkStatus();
}

Status GoBack(io::FileSystem& fs) {
  ASSIGN_OR_RETURN(RestoreJournal journal, runtime::ReadJournal(fs, kFiles.journal()));
  if (journal.Finished("r")) {
    return OkStatus();
  }
  RETURN_IF_ERROR(BeginRollBack(journal, "r", kNow));
  RETURN_IF_ERROR(WriteJournal(fs, kFiles.journal(), journal));
  RETURN_IF_ERROR(BringBack(fs, kFiles, *journal.current));
  RETURN_IF_ERROR(EndRollBack(journal, kNow));
  return WriteJournal(fs, kFiles.journal(), journal);
}

struct Case {
  bool had_data;
  bool roll_back;
};

class RestoreDataTest : public ::testing::TestWithParam<Case> {
 protected:
  static void SetUpMember(io::FileSystem& fs) {
    ASSERT_OK(io::CreateDirs(fs, kFiles.dir));
    if (GetParam().had_data) {
      ASSERT_OK(WriteData(fs, "old"));
      ASSERT_OK(io::SyncTree(fs, kFiles.dir));
    }
  }
  static Status Run(io::FileSystem& fs, RestoreStep until) {
    if (!GetParam().roll_back) {
      return GoForward(fs, RestoreStep::kForget);
    }
    ASSIGN_OR_RETURN(const RestoreJournal journal, runtime::ReadJournal(fs, kFiles.journal()));
    const bool turned = journal.current && journal.current->roll_back;
    if (!turned && !journal.Finished("r")) {
      RETURN_IF_ERROR(GoForward(fs, until));
    }
    return GoBack(fs);
  }
  static void ExpectEnd(io::FileSystem& fs) {
    const bool old = GetParam().roll_back;
    EXPECT_EQ(ReadData(fs), !old ? "new" : GetParam().had_data ? "old" : "none");
    EXPECT_THAT(io::Exists(fs, kFiles.aside("r")), IsOkAndHolds(false));
  }
};

TEST_P(RestoreDataTest, PowerCutAtAnyCallIsGoneOnFrom) {
  const int last = GetParam().roll_back ? static_cast<int>(RestoreStep::kStartClosed) : 0;
  for (int until = 0; until <= last; ++until) {
    for (std::uint64_t call = 1;; ++call) {
      io::PowerCutFs fs;
      ASSERT_NO_FATAL_FAILURE(SetUpMember(fs));
      fs.CutAtCall(fs.calls() + call);
      const bool whole = Run(fs, static_cast<RestoreStep>(until)).ok();
      for (const auto unsynced : {io::MemoryFs::Unsynced::kLost, io::MemoryFs::Unsynced::kKept,
                                  io::MemoryFs::Unsynced::kMixed}) {
        SCOPED_TRACE(fmt::format("until {}, call {}, {}", until, call, static_cast<int>(unsynced)));
        const auto disk = fs.AfterPowerCut(unsynced, call);
        ASSERT_OK(Run(*disk, static_cast<RestoreStep>(until)));
        ExpectEnd(*disk);
        ASSERT_FALSE(HasFailure());
      }
      if (whole) {
        EXPECT_GT(call, 10U);
        break;
      }
    }
  }
}

TEST_P(RestoreDataTest, TurningBackAfterACutAtAnyCallBringsTheOldDataBack) {
  for (std::uint64_t call = 1;; ++call) {
    io::PowerCutFs fs;
    ASSERT_NO_FATAL_FAILURE(SetUpMember(fs));
    fs.CutAtCall(fs.calls() + call);
    const bool whole = GoForward(fs, RestoreStep::kStartClosed).ok();
    const auto disk = fs.AfterPowerCut(io::MemoryFs::Unsynced::kMixed, call);
    ASSERT_OK(GoBack(*disk));
    EXPECT_EQ(ReadData(*disk), GetParam().had_data ? "old" : "none") << call;
    if (whole) {
      break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, RestoreDataTest,
                         ::testing::Values(Case{true, false}, Case{false, false}, Case{true, true},
                                           Case{false, true}),
                         [](const auto& one) {
                           return std::string(one.param.had_data ? "Data" : "NoData") +
                                  (one.param.roll_back ? "Back" : "Forward");
                         });

TEST(RestoreDataRuleTest, NothingIsGuessedWhenFoldersAreNotAsTheJournalSays) {
  io::MemoryFs fs;
  ASSERT_OK(io::CreateDirs(fs, kFiles.dir));
  RestoreRecord record;
  record.id = "r";
  record.had_data = true;
  record.steps = {{.step = RestoreStep::kStop}, {.step = RestoreStep::kSetAside}};

  EXPECT_THAT(SetAside(fs, kFiles, record), StatusIs(Code::kDataLoss));
  EXPECT_THAT(BringBack(fs, kFiles, record), StatusIs(Code::kDataLoss));
  ASSERT_OK(WriteData(fs, "whose?"));
  EXPECT_THAT(ClearForRebuild(fs, kFiles, record), StatusIs(Code::kDataLoss));
  EXPECT_EQ(ReadData(fs), "whose?");
  ASSERT_OK(io::CreateDirs(fs, kFiles.aside("r")));
  EXPECT_THAT(SetAside(fs, kFiles, record), StatusIs(Code::kDataLoss));
}

}  // namespace
}  // namespace tresor::launcher
