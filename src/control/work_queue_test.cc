// SPDX-License-Identifier: Apache-2.0
#include "control/work_queue.h"

#include <atomic>
#include <map>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/thread.h"

namespace tresor::control {
namespace {

using namespace std::chrono_literals;
using ::testing::Eq;
using ::testing::Optional;

const Key kA{"p", "a"};
const Key kB{"p", "b"};

class WorkQueueTest : public ::testing::Test {
 protected:
  FakeClock clock_;
  WorkQueue queue_{clock_, {.first_delay = 1s, .max_delay = 5s}};
};

TEST_F(WorkQueueTest, HandsOutInOrderAndEachOnce) {
  queue_.Add(kA);
  queue_.Add(kB);
  queue_.Add(kA);

  EXPECT_THAT(queue_.TryGet(), Optional(kA));
  EXPECT_THAT(queue_.TryGet(), Optional(kB));
  EXPECT_THAT(queue_.TryGet(), Eq(std::nullopt));
}

TEST_F(WorkQueueTest, KeepsAKeyBackWhileItIsWorkedOn) {
  queue_.Add(kA);
  ASSERT_THAT(queue_.TryGet(), Optional(kA));
  queue_.Add(kA);
  queue_.Add(kA);
  EXPECT_THAT(queue_.TryGet(), Eq(std::nullopt));

  queue_.Done(kA);

  EXPECT_THAT(queue_.TryGet(), Optional(kA));
  queue_.Done(kA);
  EXPECT_THAT(queue_.TryGet(), Eq(std::nullopt));
}

TEST_F(WorkQueueTest, KeepsADelayedKeyBackWhileItIsWorkedOn) {
  queue_.Add(kA);
  ASSERT_THAT(queue_.TryGet(), Optional(kA));
  queue_.AddAfter(kA, 1s);
  clock_.Advance(2s);
  EXPECT_THAT(queue_.TryGet(), Eq(std::nullopt));

  queue_.Done(kA);

  EXPECT_THAT(queue_.TryGet(), Optional(kA));
}

TEST_F(WorkQueueTest, DelaysUntilTheEarliestOfSeveralTimes) {
  queue_.AddAfter(kA, 10s);
  queue_.AddAfter(kA, 3s);
  queue_.AddAfter(kA, 7s);
  clock_.Advance(2999ms);
  EXPECT_THAT(queue_.TryGet(), Eq(std::nullopt));

  clock_.Advance(1ms);

  EXPECT_THAT(queue_.TryGet(), Optional(kA));
  queue_.Done(kA);
  clock_.Advance(1h);
  EXPECT_THAT(queue_.TryGet(), Eq(std::nullopt));
}

TEST_F(WorkQueueTest, DoublesTheDelayUpToTheLongestAndBeginsAnewAfterForget) {
  for (const auto expected : {1s, 2s, 4s, 5s, 5s}) {
    EXPECT_EQ(queue_.AddRateLimited(kA), expected);
    clock_.Advance(expected);
    ASSERT_THAT(queue_.TryGet(), Optional(kA));
    queue_.Done(kA);
  }
  EXPECT_EQ(queue_.AddRateLimited(kB), 1s);

  queue_.Forget(kA);

  EXPECT_EQ(queue_.AddRateLimited(kA), 1s);
}

TEST_F(WorkQueueTest, TellsWhenTheNextKeyIsDue) {
  EXPECT_EQ(queue_.next_due(), std::nullopt);
  queue_.AddAfter(kA, 3s);
  queue_.AddAfter(kB, 2s);

  EXPECT_THAT(queue_.next_due(), Optional(clock_.Monotonic() + 2s));
}

TEST_F(WorkQueueTest, GivesNothingAfterShutDown) {
  queue_.Add(kA);
  queue_.ShutDown();
  queue_.Add(kB);

  EXPECT_EQ(queue_.Get(), std::nullopt);
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

TEST_F(WorkQueueTest, ShutDownWakesWaitingWorkers) {
  std::vector<Thread> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([this] { EXPECT_EQ(queue_.Get(), std::nullopt); });
  }
  queue_.ShutDown();
}

TEST(WorkQueueThreadsTest, NeverHandsOneKeyToTwoWorkersAndLosesNone) {
  WorkQueue queue(SystemClock());
  constexpr int kKeys = 5;
  constexpr int kAdds = 2000;
  std::array<std::atomic<int>, kKeys> busy{};
  std::array<std::atomic<int>, kKeys> added{};
  std::array<std::atomic<int>, kKeys> seen{};
  std::atomic<int> left = kKeys;
  {
    std::vector<Thread> workers;
    for (int i = 0; i < 4; ++i) {
      workers.emplace_back([&] {
        while (const std::optional<Key> key = queue.Get()) {
          const auto index = static_cast<std::size_t>(std::stoi(key->name));
          EXPECT_EQ(busy[index].fetch_add(1), 0);
          const int now = added[index].load();
          if (seen[index].exchange(now) != now && now == kAdds && left.fetch_sub(1) == 1) {
            queue.ShutDown();
          }
          busy[index].fetch_sub(1);
          queue.Done(*key);
        }
      });
    }
    for (int i = 0; i < kAdds; ++i) {
      for (std::size_t k = 0; k < kKeys; ++k) {
        added[k].fetch_add(1);
        queue.Add({"", std::to_string(k)});
      }
    }
  }
  for (const auto& last : seen) {
    EXPECT_EQ(last.load(), kAdds);
  }
}

}  // namespace
}  // namespace tresor::control
