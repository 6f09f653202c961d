// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <condition_variable>
#include <vector>

#include "base/guarded.h"
#include "base/status_matchers.h"

namespace tresor {
namespace {

using testing::StatusIs;

TEST(ForEachParallelTest, CallsEachOnceAndNeverMoreThanAllowedAtATime) {
  constexpr std::size_t kWidth = 4;
  struct State {
    std::vector<int> calls = std::vector<int>(50);
    std::size_t under_way = 0;
    std::size_t most = 0;
  };
  Guarded<State> state;
  std::condition_variable changed;

  EXPECT_OK(ForEachParallel(50, kWidth, [&](std::size_t i) {
    auto locked = state.Lock();
    ++locked->calls[i];
    locked->most = std::max(locked->most, ++locked->under_way);
    changed.notify_all();
    // The first ones wait for each other: this ends only if they are at work at the same time.
    locked.Wait(changed, [&] { return locked->most >= kWidth; });
    --locked->under_way;
    return OkStatus();
  }));

  EXPECT_EQ(state.Lock()->calls, std::vector<int>(50, 1));
  EXPECT_EQ(state.Lock()->most, kWidth);
}

TEST(ForEachParallelTest, ReturnsTheFirstErrorAndBeginsNoMore) {
  Guarded<std::size_t> last{0};
  EXPECT_THAT(ForEachParallel(1000, 1,
                              [&](std::size_t i) {
                                *last.Lock() = i;
                                return i >= 3 ? Error(Code::kNotFound, "{}", i) : OkStatus();
                              }),
              StatusIs(Code::kNotFound, "3"));
  EXPECT_EQ(*last.Lock(), 3U);
}

TEST(ForEachParallelTest, NothingToDoIsDone) {
  EXPECT_OK(ForEachParallel(0, 8, [](std::size_t) { return Error(Code::kInternal, "called"); }));
}

}  // namespace
}  // namespace tresor
