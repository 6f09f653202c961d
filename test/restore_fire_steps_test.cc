// SPDX-License-Identifier: Apache-2.0
// Restores under fire, at every point: each write of the restore's record, of the cluster's mark,
// of the runtime's record and orders, and of every member's journal, before it and after it; kill
// -9 of the server, of launchers, of etcd, of all three; cancelled, deleted. The points are those
// that a restore passes which nobody disturbs. Built for clusters of TRESOR_TEST_MEMBERS members.
#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <vector>

#include "base/status_matchers.h"
#include "test/restore_fire.h"
#include "test/small_disk.h"

namespace tresor::testing {
namespace {

constexpr int kMembers = TRESOR_TEST_MEMBERS;
constexpr std::array kVictims{Victim::kServer, Victim::kLaunchers, Victim::kEtcd, Victim::kAll};
constexpr std::size_t kParts = 4;
constexpr const char* kTurn = "m0 after begin rebuild";

class RestoreFireStepsTest : public RestoreFireTest {
 protected:
  void Cancel() {
    ASSERT_EQ(
        Call("PATCH", PathOf("etcdrestores", restore()), {{"spec", {{"cancel", true}}}}).status,
        200);
  }
  /// Turns back in the middle, and is held there at `point` (empty: nowhere).
  void TurnBack(const std::string& point) {
    points().Forget();
    points().HoldAt(kTurn);
    ASSERT_NO_FATAL_FAILURE(Begin());
    ASSERT_NO_FATAL_FAILURE(AwaitHeld(kTurn));
    // The others go as far as they can, so that the points of the way back are always the same.
    for (int other = 1; other < kMembers; ++other) {
      ASSERT_OK(serve().Await("the other members are rebuilt", [&] {
        const auto passed = points().Passed();
        return std::ranges::find(passed, fmt::format("m{} after end rebuild", other)) !=
               passed.end();
      }));
    }
    points().Forget();
    points().HoldAt(point);
    ASSERT_NO_FATAL_FAILURE(Cancel());
    points().LetGo(kTurn);
  }
};

/// Who is killed, and at which fourth of the points.
class KilledTest : public RestoreFireStepsTest,
                   public ::testing::WithParamInterface<std::tuple<Victim, std::size_t>> {
 protected:
  /// With one member every victim at every point; with three, where a restore takes longer and has
  /// more points, every point has one of the victims.
  [[nodiscard]] static std::vector<std::string> MyPoints(const std::vector<std::string>& all) {
    const auto [victim, part] = GetParam();
    std::vector<std::string> mine;
    for (std::size_t i = part; i < all.size(); i += kParts) {
      if (kMembers == 1 || kVictims.at(i / kParts % kVictims.size()) == victim) {
        mine.push_back(all[i]);
      }
    }
    RecordProperty("points", static_cast<int>(all.size()));
    RecordProperty("runs", static_cast<int>(mine.size()));
    return mine;
  }
  [[nodiscard]] static Victim victim() { return std::get<0>(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Fourths, KilledTest,
                         ::testing::Combine(::testing::ValuesIn(kVictims),
                                            ::testing::Range(std::size_t{0}, kParts)),
                         [](const auto& test) {
                           return fmt::format("{}{}", ToString(std::get<0>(test.param)),
                                              std::get<1>(test.param));
                         });

TEST_P(KilledTest, AtEveryPointItCompletes) {
  ASSERT_NO_FATAL_FAILURE(Start(kMembers));
  const std::vector<std::string> all = PointsForward();
  ASSERT_FALSE(HasFailure());
  // 10 stages, the mark on and off, the finalizer, what is expected; the runtime's record and each
  // member's order for 5 goals; 6 steps of each journal: each before and after.
  EXPECT_GE(all.size(), 2U * (10 + 2 + 2 + 1 + 5 + 5 * kMembers + 12 * kMembers));
  for (const std::string& point : MyPoints(all)) {
    ASSERT_NO_FATAL_FAILURE(KillAt(point, victim()));
    ASSERT_FALSE(HasFailure());
  }
}

TEST_P(KilledTest, AtEveryPointOfTheWayBackItEndsWithTheOldData) {
  ASSERT_NO_FATAL_FAILURE(Start(kMembers));
  ASSERT_NO_FATAL_FAILURE(TurnBack({}));
  ExpectEnd("Cancelled");
  ASSERT_OK(AwaitLetGo());
  const std::vector<std::string> all = points().Passed();
  EXPECT_GE(all.size(), 2U * (3 + 1 + 1 + 1 + kMembers + 2 * kMembers));
  for (const std::string& point : MyPoints(all)) {
    SCOPED_TRACE(fmt::format("{} killed at \"{}\"", ToString(victim()), point));
    ASSERT_NO_FATAL_FAILURE(TurnBack(point));
    ASSERT_NO_FATAL_FAILURE(AwaitHeld(point));
    ExpectRefusals();
    ASSERT_NO_FATAL_FAILURE(Kill(victim()));
    ExpectEnd("Cancelled");
    ASSERT_FALSE(HasFailure());
  }
}

class EndedTest : public RestoreFireStepsTest,
                  public ::testing::WithParamInterface<std::tuple<bool, std::size_t>> {};
INSTANTIATE_TEST_SUITE_P(Fourths, EndedTest,
                         ::testing::Combine(::testing::Bool(),
                                            ::testing::Range(std::size_t{0}, kParts)),
                         [](const auto& test) {
                           return fmt::format("{}{}",
                                              std::get<0>(test.param) ? "Deleted" : "Cancelled",
                                              std::get<1>(test.param));
                         });

TEST_P(EndedTest, AtEveryPointItTurnsBackUntilItOpens) {
  ASSERT_NO_FATAL_FAILURE(Start(kMembers));
  const std::vector<std::string> all = PointsForward();
  ASSERT_FALSE(HasFailure());
  const auto opening = std::ranges::find(all, "serve before enter Opening");
  ASSERT_TRUE(opening != all.end());
  const auto [deleted, part] = GetParam();
  for (auto point = all.begin(); point != all.end(); ++point) {
    if (static_cast<std::size_t>(point - all.begin()) % kParts != part) {
      continue;
    }
    SCOPED_TRACE(fmt::format("at \"{}\"", *point));
    points().HoldAt(*point);
    ASSERT_NO_FATAL_FAILURE(Begin());
    ASSERT_NO_FATAL_FAILURE(AwaitHeld(*point));
    ExpectRefusals();
    const bool turns_back = point <= opening;
    if (deleted) {
      EXPECT_EQ(Call("DELETE", PathOf("etcdrestores", restore())).status, 200);
      points().LetAllGo();
      ASSERT_OK(serve().Await("the restore is gone", [&] {
        return Call("GET", PathOf("etcdrestores", restore())).status == 404;
      }));
      ExpectFree(turns_back ? "later" : "backup");
    } else {
      const Answer answer =
          Call("PATCH", PathOf("etcdrestores", restore()), {{"spec", {{"cancel", true}}}});
      EXPECT_EQ(answer.status, turns_back ? 200 : 409) << answer.body.dump(2);
      points().LetAllGo();
      ExpectEnd(turns_back ? "Cancelled" : "Completed");
    }
    ASSERT_FALSE(HasFailure());
  }
}

/// Of the stage that makes the safety backup.
class SafetyTest : public RestoreFireStepsTest, public ::testing::WithParamInterface<Victim> {
 protected:
  [[nodiscard]] std::vector<std::string> SafetyPoints() {
    std::vector<std::string> points = PointsForward(kSafety);
    points.erase(points.begin(), std::ranges::find(points, "serve before enter SafetyBackup"));
    const auto end = std::ranges::find(points, "serve after enter Pausing");
    EXPECT_TRUE(end != points.end());
    points.erase(end + 1, points.end());
    EXPECT_GE(points.size(), 8U);
    return points;
  }
  inline static const Json kSafety = {{"safetyBackup", true}};
};
INSTANTIATE_TEST_SUITE_P(Victims, SafetyTest, ::testing::ValuesIn(kVictims),
                         [](const auto& test) { return ToString(test.param); });

TEST_P(SafetyTest, KilledAtEveryPointItCompletesWithOneSafetyBackup) {
  ASSERT_NO_FATAL_FAILURE(Start(kMembers));
  for (const std::string& point : SafetyPoints()) {
    SCOPED_TRACE(point);
    ASSERT_NO_FATAL_FAILURE(KillAt(point, GetParam(), kSafety));
    const std::string safety = restore() + "-safety";
    EXPECT_EQ(Status("etcdrestores", restore()).value("safetyBackup", ""), safety);
    EXPECT_EQ(Phase("etcdbackups", safety), "Completed");
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(RestoreFireStepsTest, CancelledAtEveryPointOfTheSafetyBackupNothingIsTouched) {
  ASSERT_NO_FATAL_FAILURE(Start(kMembers));
  const std::vector<std::string> all = PointsForward({{"safetyBackup", true}});
  auto point = std::ranges::find(all, "serve before enter SafetyBackup");
  ASSERT_TRUE(point != all.end());
  for (; *point != "serve before claim"; ++point) {
    SCOPED_TRACE(*point);
    points().HoldAt(*point);
    ASSERT_NO_FATAL_FAILURE(Begin({{"safetyBackup", true}}));
    ASSERT_NO_FATAL_FAILURE(AwaitHeld(*point));
    ASSERT_NO_FATAL_FAILURE(Cancel());
    points().LetAllGo();
    ExpectEnd("Cancelled");
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(RestoreFireStepsTest, AProjectThatIsDeletedInAnyStageGoesInOrder) {
  ASSERT_NO_FATAL_FAILURE(Start(kMembers));
  const std::vector<std::string> all = PointsForward({{"safetyBackup", true}});
  ASSERT_FALSE(HasFailure());
  const auto claim = std::ranges::find(all, "serve after claim");
  const auto release = std::ranges::find(all, "serve after release");
  for (auto point = all.begin(); point != all.end(); ++point) {
    if (point->starts_with("serve") && point->find(" enter ") != std::string::npos) {
      ASSERT_NO_FATAL_FAILURE(DeleteProjectAt(*point, point >= claim && point < release));
      ASSERT_NO_FATAL_FAILURE(MakeProject(kMembers));
    }
  }
}

TEST_F(RestoreFireStepsTest, TheLastMemberNeverGetsHealthy) {
  ServeOptions options;
  options.etcd = MakeEtcdWithTrouble();
  ASSERT_NO_FATAL_FAILURE(Start(kMembers, options));
  for (const char* trouble : {"exit", "hang"}) {
    SCOPED_TRACE(trouble);
    SetTrouble(fmt::format("m{} {}", kMembers - 1, trouble));
    ASSERT_NO_FATAL_FAILURE(Begin({{"timeout", "1m"}}));
    EXPECT_THAT(ExpectEnd("Failed"), ::testing::HasSubstr("not done in time: StartingMembers"));
  }
}

TEST_F(RestoreFireStepsTest, ALauncherThatStandsStillIsGivenUpInTime) {
  ASSERT_NO_FATAL_FAILURE(Start(kMembers));
  for (const char* point : {"m0 before begin set-aside", "m0 after begin start-closed"}) {
    SCOPED_TRACE(point);
    points().HoldAt(point);
    ASSERT_NO_FATAL_FAILURE(Begin({{"timeout", "1m"}}));
    ASSERT_NO_FATAL_FAILURE(AwaitHeld(point));
    ASSERT_NO_FATAL_FAILURE(AwaitPhase("etcdrestores", restore(), "RollingBack"));
    ExpectRefusals();
    points().LetAllGo();
    EXPECT_THAT(ExpectEnd("Failed"), ::testing::HasSubstr("not done in time"));
  }
}

TEST_F(RestoreFireStepsTest, ADiskThatStaysFullTooLongEndsWithTheOldData) {
  ASSERT_OK_AND_ASSIGN(const auto scratch, ScratchDir::Create());
  const SmallDisk disk(scratch->path() + "/disk", "1500m");
  if (!disk.mounted()) {
    GTEST_SKIP() << "a file system of one's own is for root";
  }
  ServeOptions options;
  options.data_dir = disk.path() + "/data";
  ASSERT_NO_FATAL_FAILURE(Start(kMembers, options));
  for (const char* point : {"m0 before begin set-aside", "m0 after begin start-closed"}) {
    SCOPED_TRACE(point);
    points().HoldAt(point);
    ASSERT_NO_FATAL_FAILURE(Begin({{"timeout", "1m"}}));
    const Context late = Context::Background().WithTimeout(std::chrono::seconds(61));
    ASSERT_NO_FATAL_FAILURE(AwaitHeld(point));
    {
      const Filler filler(disk.path(), 0);
      points().LetAllGo();
      while (late.Sleep(std::chrono::milliseconds(50)).ok()) {
      }
    }
    // Etcd itself frees room when it starts, so that it may come to either end.
    ASSERT_OK(serve().Await("it is over", [&] {
      return Status("etcdrestores", restore()).contains("completionTime");
    }));
    ExpectEnd(Phase("etcdrestores", restore()) == "Completed" ? "Completed" : "Failed");
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(RestoreFireStepsTest, IntoAClusterOfAnotherSizeAndBack) {
  constexpr int kOther = kMembers == 1 ? 3 : 1;
  ASSERT_NO_FATAL_FAILURE(Start(kMembers));
  Create("EtcdCluster", "etcdclusters", "other", {{"runtime", "local"}, {"replicas", kOther}});
  Create("EtcdRestore", "etcdrestores", "into-other",
         {{"cluster", {{"name", "other"}}}, {"backup", {{"name", "first"}}}});
  ASSERT_NO_FATAL_FAILURE(AwaitPhase("etcdrestores", "into-other", "Completed"));
  EXPECT_EQ(AllKeys("other").at("state"), "backup");
  Put("state", "other", "other");
  ASSERT_NO_FATAL_FAILURE(TakeBackup("of-other", "other"));
  Create("EtcdRestore", "etcdrestores", "back",
         {{"cluster", {{"name", "prod"}}}, {"backup", {{"name", "of-other"}}}});
  ASSERT_NO_FATAL_FAILURE(AwaitPhase("etcdrestores", "back", "Completed"));
  EXPECT_EQ(AllKeys().at("state"), "other");
}

}  // namespace
}  // namespace tresor::testing
