// SPDX-License-Identifier: Apache-2.0
#include "control/backup_queue.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace tresor::control {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

BackupWish Wish(const std::string& name, const std::string& cluster,
                const std::string& destination = "main", std::uint64_t memory = 1) {
  return {.backup = {"p", name},
          .cluster = cluster,
          .destination = destination,
          .memory_bytes = memory};
}
Key K(const std::string& name) { return {"p", name}; }

TEST(BackupQueueTest, StartsNoMoreThanTheLimit) {
  BackupQueue queue({.running = 2, .running_per_destination = 9, .memory_bytes = 100});
  for (const char* name : {"a", "b", "c"}) {
    queue.Add(Wish(name, name));
  }
  EXPECT_THAT(queue.Start(), ElementsAre(K("a"), K("b")));
  EXPECT_THAT(queue.Start(), IsEmpty());
  queue.Remove(K("a"));
  EXPECT_THAT(queue.Start(), ElementsAre(K("c")));
}

TEST(BackupQueueTest, RunsOneOfAClusterAtATime) {
  BackupQueue queue({.running = 9, .running_per_destination = 9, .memory_bytes = 100});
  queue.Add(Wish("a1", "a"));
  queue.Add(Wish("a2", "a"));
  EXPECT_THAT(queue.Start(), ElementsAre(K("a1")));
  queue.Remove(K("a1"));
  EXPECT_THAT(queue.Start(), ElementsAre(K("a2")));
}

TEST(BackupQueueTest, AFullDestinationDoesNotHoldUpAnother) {
  BackupQueue queue({.running = 9, .running_per_destination = 1, .memory_bytes = 100});
  queue.Add(Wish("a", "a", "slow"));
  queue.Add(Wish("b", "b", "slow"));
  queue.Add(Wish("c", "c", "fast"));
  EXPECT_THAT(queue.Start(), ElementsAre(K("a"), K("c")));
}

TEST(BackupQueueTest, AClusterWithManyDoesNotHoldUpOthers) {
  BackupQueue queue({.running = 1, .running_per_destination = 1, .memory_bytes = 100});
  for (int i = 0; i < 5; ++i) {
    queue.Add(Wish("a" + std::to_string(i), "a"));
  }
  EXPECT_THAT(queue.Start(), ElementsAre(K("a0")));
  queue.Add(Wish("b", "b"));
  queue.Remove(K("a0"));
  // Cluster a was served before b came: it is b's turn after the one that runs.
  EXPECT_THAT(queue.Start(), ElementsAre(K("a1")));
  queue.Remove(K("a1"));
  EXPECT_THAT(queue.Start(), ElementsAre(K("b")));
}

TEST(BackupQueueTest, WaitsForMemoryWithoutBeingOvertaken) {
  BackupQueue queue({.running = 9, .running_per_destination = 9, .memory_bytes = 10});
  queue.Add(Wish("a", "a", "main", 6));
  queue.Add(Wish("big", "b", "main", 8));
  queue.Add(Wish("small", "c", "main", 1));
  EXPECT_THAT(queue.Start(), ElementsAre(K("a")));
  queue.Remove(K("a"));
  EXPECT_THAT(queue.Start(), ElementsAre(K("big"), K("small")));
  EXPECT_EQ(queue.memory_bytes(), 9U);
}

TEST(BackupQueueTest, OneThatIsTooLargeRunsAlone) {
  BackupQueue queue({.running = 9, .running_per_destination = 9, .memory_bytes = 10});
  queue.Add(Wish("huge", "a", "main", 50));
  queue.Add(Wish("b", "b", "main", 1));
  EXPECT_THAT(queue.Start(), ElementsAre(K("huge")));
  queue.Remove(K("huge"));
  EXPECT_THAT(queue.Start(), ElementsAre(K("b")));
}

TEST(BackupQueueTest, TellsWhoWaits) {
  BackupQueue queue({.running = 1, .running_per_destination = 1, .memory_bytes = 10});
  for (const char* name : {"a", "b"}) {
    queue.Add(Wish(name, name));
  }
  ASSERT_THAT(queue.Start(), ElementsAre(K("a")));
  EXPECT_FALSE(queue.Waits(K("a")));
  EXPECT_TRUE(queue.Waits(K("b")));
}

TEST(BackupQueueTest, EstimatesMemoryByTheDatabase) {
  EXPECT_LT(BackupMemory(1 << 20), std::uint64_t{32} << 20);
  EXPECT_EQ(BackupMemory(std::uint64_t{8} << 30), std::uint64_t{152} << 20);
  EXPECT_EQ(BackupMemory(0), std::uint64_t{152} << 20);
}

TEST(BackupQueueTest, KeepsTheLimitsAndServesEverybodyWhateverComes) {
  SeededRandom random(7);
  const BackupLimits limits{.running = 4, .running_per_destination = 2, .memory_bytes = 20};
  BackupQueue queue(limits);
  std::map<Key, BackupWish> wishes;
  std::set<Key> running;
  std::map<std::string, int> starts;
  int number = 0;
  for (int round = 0; round < 20'000; ++round) {
    if (random.Below(2) == 0 && queue.waiting() < 60) {
      const std::string cluster(1, static_cast<char>('a' + random.Below(8)));
      const BackupWish wish = Wish("b" + std::to_string(number++), cluster,
                                   random.Below(2) == 0 ? "x" : "y", 1 + random.Below(12));
      wishes[wish.backup] = wish;
      queue.Add(wish);
    } else if (!running.empty()) {
      auto place = running.begin();
      std::advance(place, static_cast<std::ptrdiff_t>(random.Below(running.size())));
      queue.Remove(*place);
      running.erase(place);
    }
    for (const Key& key : queue.Start()) {
      running.insert(key);
      ++starts[wishes[key].cluster];
    }
    std::map<std::string, std::size_t> by_cluster, by_destination;
    std::uint64_t memory = 0;
    for (const Key& key : running) {
      ++by_cluster[wishes[key].cluster];
      ++by_destination[wishes[key].destination];
      memory += wishes[key].memory_bytes;
    }
    ASSERT_LE(running.size(), limits.running);
    ASSERT_LE(memory, limits.memory_bytes);
    for (const auto& [cluster, count] : by_cluster) ASSERT_EQ(count, 1U) << cluster;
    for (const auto& [destination, count] : by_destination) {
      ASSERT_LE(count, limits.running_per_destination) << destination;
    }
    // It never stands still.
    ASSERT_TRUE(queue.waiting() == 0 || !running.empty());
  }
  EXPECT_EQ(starts.size(), 8U);
}

}  // namespace
}  // namespace tresor::control
