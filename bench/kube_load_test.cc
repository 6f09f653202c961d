// SPDX-License-Identifier: Apache-2.0
#include "bench/kube_load.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tresor::bench {
namespace {

using K = Operation::Kind;

TEST(KubeLoadTest, GivesTheSameForTheSameSeedAndOtherwiseSomethingElse) {
  const KubeLoad a({.seed = 7, .scale = 0.01});
  const KubeLoad b({.seed = 7, .scale = 0.01});
  const KubeLoad c({.seed = 8, .scale = 0.01});
  ASSERT_EQ(a.base_size(), b.base_size());
  EXPECT_EQ(a.Base(17).key, b.Base(17).key);
  EXPECT_EQ(a.Base(17).value, b.Base(17).value);
  EXPECT_NE(a.Base(17).value, c.Base(17).value);
}

TEST(KubeLoadTest, BaseKeysAreDistinct) {
  const KubeLoad load({.scale = 0.02});
  std::set<std::string> keys;
  for (std::uint64_t i = 0; i < load.base_size(); ++i) {
    keys.insert(load.Base(i).key);
  }
  EXPECT_EQ(keys.size(), load.base_size());
}

TEST(KubeLoadTest, IntervalsTakeAwayWhatTheOneBeforeMade) {
  const KubeLoad load({.scale = 0.02, .churn = 0.02});
  std::set<std::string> made;
  std::set<std::uint64_t> leases;
  for (const Operation& operation : load.Interval(0)) {
    made.insert(operation.key);
    if (operation.kind == K::kPutWithLease) {
      leases.insert(operation.group);
    }
  }
  std::size_t deleted = 0;
  for (const Operation& operation : load.Interval(1)) {
    if (operation.kind == K::kDelete) {
      EXPECT_TRUE(made.contains(operation.key)) << operation.key;
      ++deleted;
    }
    if (operation.kind == K::kExpireLease) {
      EXPECT_TRUE(leases.contains(operation.group)) << operation.group;
    }
  }
  EXPECT_GT(deleted, 0U);
}

TEST(KubeLoadTest, CompactsFourTimesAnIntervalAndNeverWithoutAMark) {
  const KubeLoad load({.scale = 0.02, .churn = 0.02});
  int marks = 0;
  int compactions = 0;
  for (const Operation& operation : load.Interval(3)) {
    marks += operation.kind == K::kMark ? 1 : 0;
    compactions += operation.kind == K::kCompact ? 1 : 0;
    EXPECT_LE(compactions, marks);
  }
  EXPECT_EQ(marks, 4);
  EXPECT_EQ(compactions, 4);
}

}  // namespace
}  // namespace tresor::bench
