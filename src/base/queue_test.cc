// SPDX-License-Identifier: Apache-2.0
#include "base/queue.h"

#include "base/status_matchers.h"
#include "base/thread.h"

namespace tresor {
namespace {

TEST(BoundedQueueTest, HandsOverEveryItemInOrder) {
  BoundedQueue<int> queue(3);
  Thread producer([&] {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(queue.Push(i));
    }
    queue.Finish();
  });
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(queue.Pop(), i);
  }
  EXPECT_EQ(queue.Pop(), std::nullopt);
}

TEST(BoundedQueueTest, CloseWakesAProducerThatWaits) {
  BoundedQueue<int> queue(1);
  ASSERT_TRUE(queue.Push(1));
  bool pushed = true;
  {
    Thread producer([&] { pushed = queue.Push(2); });
    queue.Close();
  }
  EXPECT_FALSE(pushed);
  EXPECT_EQ(queue.Pop(), std::nullopt);
}

}  // namespace
}  // namespace tresor
