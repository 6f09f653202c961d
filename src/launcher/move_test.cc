// SPDX-License-Identifier: Apache-2.0
#include "launcher/move.h"

#include <optional>
#include <ostream>

#include "base/status_matchers.h"

namespace tresor::launcher {

std::ostream& operator<<(std::ostream& out, const Move& move) {
  return out << "move " << static_cast<int>(move.kind) << " " << ToString(move.step) << " "
             << move.refusal;
}

namespace {

using runtime::MemberOrder;
using runtime::RestoreJournal;
using runtime::RestoreOrder;
using runtime::RestoreStep;

constexpr WallTime kNow{};
constexpr MemberData kData{.exists = true, .incarnation = 1};
constexpr RestoreStep kSteps[] = {RestoreStep::kStop,    RestoreStep::kSetAside,
                                  RestoreStep::kRebuild, RestoreStep::kStartClosed,
                                  RestoreStep::kOpen,    RestoreStep::kForget};

/// `done` steps are done; the next one is begun when `begun`.
RestoreJournal Journal(int done, bool begun = false) {
  RestoreJournal journal;
  for (int i = 0; i < done; ++i) {
    EXPECT_OK(BeginStep(journal, "r", kSteps[i], kNow));
    if (kSteps[i] == RestoreStep::kRebuild) {
      journal.current->rebuilt.emplace();
    }
    EXPECT_OK(EndStep(journal, kSteps[i], kNow));
  }
  if (begun) {
    EXPECT_OK(BeginStep(journal, "r", kSteps[done], kNow));
  }
  return journal;
}

MemberOrder Restore(RestoreStep until, bool roll_back = false, const std::string& id = "r") {
  MemberOrder order;
  order.restore = RestoreOrder{.id = id, .until = until, .roll_back = roll_back};
  return order;
}

Move Step(RestoreStep step) { return {.kind = MoveKind::kStep, .step = step}; }

TEST(MoveTest, WithoutARestoreEtcdServesOrRests) {
  MemberOrder order;
  EXPECT_EQ(NextMove(order, {}, {}), Move{.kind = MoveKind::kServe});
  EXPECT_EQ(NextMove(order, {}, kData), Move{.kind = MoveKind::kServe});
  order.run = false;
  EXPECT_EQ(NextMove(order, {}, kData), Move{.kind = MoveKind::kRest});
}

TEST(MoveTest, DataThatIsGoneIsNotReplacedByNothing) {
  MemberOrder order;
  EXPECT_EQ(NextMove(order, {}, {.exists = false, .incarnation = 1}),
            Move{.kind = MoveKind::kLost});
  order.established = true;
  EXPECT_EQ(NextMove(order, {}, {}), Move{.kind = MoveKind::kLost});
  order.established = false;
  order.incarnation = 2;
  EXPECT_EQ(NextMove(order, {}, {.exists = false, .incarnation = 1}),
            Move{.kind = MoveKind::kServe});
}

TEST(MoveTest, RestoreGoesOnFromWhereItIsAsFarAsItIsTold) {
  for (int done = 0; done < 6; ++done) {
    for (const bool begun : {false, true}) {
      for (const RestoreStep until : kSteps) {
        const Move move = NextMove(Restore(until), Journal(done, begun), kData);
        if (begun || done <= static_cast<int>(until)) {
          EXPECT_EQ(move, Step(kSteps[done]));  // what was begun is ended
          if (done < 3) {
            // Also when the data is gone, as it is in the middle.
            EXPECT_EQ(NextMove(Restore(until), Journal(done, begun), {}), Step(kSteps[done]));
          }
        } else {
          const MoveKind waiting = done == 4   ? MoveKind::kServeClosed
                                   : done == 5 ? MoveKind::kServe
                                               : MoveKind::kRest;
          EXPECT_EQ(move, Move{.kind = waiting}) << done << ToString(until);
        }
      }
    }
  }
}

TEST(MoveTest, WhatWasRebuiltAndIsGoneIsNeitherRebuiltAgainNorReplacedByNothing) {
  for (int done = 3; done < 6; ++done) {
    for (const bool begun : {false, true}) {
      for (const RestoreStep until : kSteps) {
        EXPECT_EQ(NextMove(Restore(until), Journal(done, begun), {}),
                  Move{.kind = MoveKind::kLost});
      }
      EXPECT_EQ(NextMove({}, Journal(done, begun), {}).kind, MoveKind::kLost);
    }
  }
  EXPECT_EQ(NextMove(Restore(RestoreStep::kStop, true), Journal(4), {}),
            Move{.kind = MoveKind::kRollBack});
  EXPECT_EQ(NextMove(Restore(RestoreStep::kStop, true), Journal(4, true), {}).kind,
            MoveKind::kLost);
}

TEST(MoveTest, RestoreGoesOnAlsoWhenTheMemberIsToRest) {
  MemberOrder order = Restore(RestoreStep::kForget);
  order.run = false;
  EXPECT_EQ(NextMove(order, Journal(2), kData), Step(RestoreStep::kRebuild));
}

TEST(MoveTest, RollBackComesBeforeEveryStepUntilOpen) {
  for (int done = 0; done <= 4; ++done) {
    for (const bool begun : {false, true}) {
      const Move move = NextMove(Restore(RestoreStep::kForget, true), Journal(done, begun), kData);
      if (done == 4 && begun) {
        EXPECT_EQ(move.kind, MoveKind::kStep);
        EXPECT_EQ(move.step, RestoreStep::kOpen);
        EXPECT_THAT(move.refusal, ::testing::HasSubstr("cannot be rolled back"));
      } else {
        EXPECT_EQ(move, Move{.kind = MoveKind::kRollBack});
      }
    }
  }
}

TEST(MoveTest, RollBackThatWasBegunIsEndedWhateverIsOrdered) {
  RestoreJournal journal = Journal(3);
  ASSERT_OK(BeginRollBack(journal, "r", kNow));
  EXPECT_EQ(NextMove(Restore(RestoreStep::kForget), journal, kData),
            Move{.kind = MoveKind::kRollBack});
  EXPECT_EQ(NextMove({}, journal, kData).kind, MoveKind::kRollBack);
}

TEST(MoveTest, RestoreThatIsOverIsNotCarriedOutAgain) {
  const RestoreJournal done = Journal(6);
  EXPECT_EQ(NextMove(Restore(RestoreStep::kForget), done, kData), Move{.kind = MoveKind::kServe});
  RestoreJournal rolled_back = Journal(2);
  ASSERT_OK(BeginRollBack(rolled_back, "r", kNow));
  ASSERT_OK(EndRollBack(rolled_back, kNow));
  EXPECT_EQ(NextMove(Restore(RestoreStep::kForget), rolled_back, kData),
            Move{.kind = MoveKind::kServe});
  EXPECT_EQ(NextMove(Restore(RestoreStep::kStop, false, "s"), rolled_back, kData),
            Step(RestoreStep::kStop));
}

TEST(MoveTest, RestoreThatNoOrderNamesWaits) {
  for (int done = 1; done < 6; ++done) {
    const Move move = NextMove({}, Journal(done), kData);
    EXPECT_EQ(move.kind, done == 4   ? MoveKind::kServeClosed
                         : done == 5 ? MoveKind::kServe
                                     : MoveKind::kRest);
    EXPECT_THAT(move.refusal, ::testing::HasSubstr("r is not over"));
    const Move other = NextMove(Restore(RestoreStep::kForget, false, "s"), Journal(done), kData);
    EXPECT_EQ(other.kind, move.kind);
    EXPECT_THAT(other.refusal, ::testing::HasSubstr("s cannot begin"));
  }
}

}  // namespace
}  // namespace tresor::launcher
