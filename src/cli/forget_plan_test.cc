// SPDX-License-Identifier: Apache-2.0
#include "cli/forget_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor::cli {
namespace {

using repo::EvidenceResult;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

repo::Id IdOf(int number) {
  repo::Id id;
  id.bytes[0] = static_cast<std::byte>(number);
  return id;
}

repo::BackupInfo Backup(int number, EvidenceResult evidence, std::vector<std::string> tags = {}) {
  repo::BackupInfo info;
  info.id = IdOf(number);
  info.evidence = evidence;
  info.tags = std::move(tags);
  return info;
}

std::vector<int> Numbers(const std::vector<repo::BackupInfo>& backups) {
  std::vector<int> numbers;
  for (const repo::BackupInfo& info : backups) {
    numbers.push_back(std::to_integer<int>(info.id.bytes[0]));
  }
  return numbers;
}

TEST(PlanForgetTest, KeepsTheNewestAndTheTagged) {
  const std::vector<repo::BackupInfo> backups = {
      Backup(1, EvidenceResult::kPassed), Backup(2, EvidenceResult::kPassed, {"release", "x"}),
      Backup(3, EvidenceResult::kPassed), Backup(4, EvidenceResult::kPassed)};

  ASSERT_OK_AND_ASSIGN(const ForgetPlan plan,
                       PlanForget(backups, {.keep_last = 1, .keep_tags = {"release"}}));

  EXPECT_THAT(Numbers(plan.remove), ElementsAre(1, 3));
  EXPECT_THAT(Numbers(plan.keep), ElementsAre(2, 4));
  EXPECT_FALSE(plan.spared);
}

TEST(PlanForgetTest, RulesSpareTheLastGoodOne) {
  const std::vector<repo::BackupInfo> backups = {
      Backup(1, EvidenceResult::kPassed), Backup(2, EvidenceResult::kPassed),
      Backup(3, EvidenceResult::kUnproven), Backup(4, EvidenceResult::kFailed)};

  ASSERT_OK_AND_ASSIGN(const ForgetPlan plan, PlanForget(backups, {.keep_last = 2}));

  EXPECT_THAT(Numbers(plan.remove), ElementsAre(1));
  ASSERT_TRUE(plan.spared);
  EXPECT_EQ(plan.spared->id, IdOf(2));
}

TEST(PlanForgetTest, WithoutAnyProvenOneTheNewestUnprovenIsGood) {
  const std::vector<repo::BackupInfo> backups = {Backup(1, EvidenceResult::kUnproven),
                                                 Backup(2, EvidenceResult::kFailed)};

  ASSERT_OK_AND_ASSIGN(const ForgetPlan plan, PlanForget(backups, {.keep_last = 1}));

  EXPECT_THAT(plan.remove, IsEmpty());
  EXPECT_TRUE(plan.spared);
}

TEST(PlanForgetTest, NamingTheLastGoodOneIsRefused) {
  const std::vector<repo::BackupInfo> backups = {Backup(1, EvidenceResult::kPassed),
                                                 Backup(2, EvidenceResult::kFailed)};

  EXPECT_THAT(PlanForget(backups, {.ids = {IdOf(1)}}),
              StatusIs(Code::kFailedPrecondition, HasSubstr("last good one")));
  EXPECT_THAT(PlanForget(backups, {.ids = {IdOf(2)}}), IsOk());
}

TEST(PlanForgetTest, ForceRemovesEverything) {
  const std::vector<repo::BackupInfo> backups = {Backup(1, EvidenceResult::kPassed)};

  ASSERT_OK_AND_ASSIGN(const ForgetPlan plan, PlanForget(backups, {.keep_last = 0, .force = true}));

  EXPECT_THAT(Numbers(plan.remove), ElementsAre(1));
}

TEST(PlanForgetTest, FailedOnesAloneNeedNoSparing) {
  ASSERT_OK_AND_ASSIGN(const ForgetPlan plan, PlanForget({Backup(1, EvidenceResult::kFailed),
                                                          Backup(2, EvidenceResult::kFailed)},
                                                         {.keep_last = 1}));

  EXPECT_THAT(Numbers(plan.remove), ElementsAre(1));
}

}  // namespace
}  // namespace tresor::cli
