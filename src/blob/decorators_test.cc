// SPDX-License-Identifier: Apache-2.0
#include "blob/decorators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "base/status_matchers.h"
#include "blob/faulty.h"
#include "blob/memory.h"

namespace tresor::blob {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using tresor::testing::IsOkAndHolds;
using tresor::testing::StatusIs;
using namespace std::chrono_literals;

Bytes Text(std::string_view text) { return ToBytes(AsBytes(text)); }
Status TryAgain() { return Error(Code::kUnavailable, "try again"); }

// Memory under a FaultyStore under a RetryingStore.
class RetryingStoreTest : public ::testing::Test {
 protected:
  // The decorator owns what it decorates; the test keeps what is below.
  std::unique_ptr<BlobStore> Borrow() { return std::make_unique<CountingStore>(faulty_); }

  const Context context_ = Context::Background();
  std::unique_ptr<BlobStore> memory_ = MakeMemoryStore();
  FaultyStore faulty_{*memory_};
  std::unique_ptr<BlobStore> store_ = MakeRetryingStore(
      Borrow(), {.attempts = 3, .first_delay = 1ms, .max_delay = 1ms}, SystemRandom());
};

TEST_F(RetryingStoreTest, RepeatsEveryKindOfCall) {
  ASSERT_OK(memory_->Put(context_, "a", Text("text")));
  for (const std::uint64_t n : {1U, 3U, 5U, 7U, 9U, 11U}) {
    faulty_.FailCall(n, TryAgain());
  }
  EXPECT_THAT(store_->Get(context_, "a", {.offset = 1, .size = 2}), IsOkAndHolds(Text("ex")));
  EXPECT_THAT(store_->GetAll(context_, "a", 4), IsOkAndHolds(Text("text")));
  EXPECT_OK(store_->Stat(context_, "a"));
  EXPECT_OK(store_->List(context_, ""));
  EXPECT_OK(store_->Put(context_, "b", {}));
  EXPECT_OK(store_->Delete(context_, "b"));
  EXPECT_EQ(faulty_.calls(), 12);
}

TEST_F(RetryingStoreTest, GivesUpAfterTheAttemptsAllowed) {
  faulty_.CutAtCall(1);
  EXPECT_THAT(store_->Stat(context_, "a"), StatusIs(Code::kUnavailable));
  EXPECT_EQ(faulty_.calls(), 3);
}

TEST_F(RetryingStoreTest, DoesNotRepeatWhatWouldFailAgain) {
  ASSERT_OK(memory_->Put(context_, "a", Text("text")));
  EXPECT_THAT(store_->Stat(context_, "b"), StatusIs(Code::kNotFound));
  EXPECT_THAT(store_->Put(context_, "a", Text("text")), StatusIs(Code::kAlreadyExists));
  EXPECT_EQ(faulty_.calls(), 2);
  EXPECT_THAT(store_->GetAll(context_, "a", 3), StatusIs(Code::kResourceExhausted));
  EXPECT_EQ(faulty_.calls(), 4) << "the second looks at the size";
}

TEST_F(RetryingStoreTest, KnowsItsOwnPutWhoseAnswerWasLost) {
  faulty_.LoseAnswer(1, TryAgain());
  EXPECT_OK(store_->Put(context_, "a", Text("text")));
  EXPECT_THAT(memory_->GetAll(context_, "a", 4), IsOkAndHolds(Text("text")));
}

TEST_F(RetryingStoreTest, DoesNotTakeAnothersBlobForItsOwn) {
  for (const std::string_view other : {"else", "longer"}) {
    ASSERT_OK(memory_->Delete(context_, "a"));
    ASSERT_OK(memory_->Put(context_, "a", Text(other)));
    faulty_.FailCall(faulty_.calls() + 1, TryAgain());
    EXPECT_THAT(store_->Put(context_, "a", Text("text")), StatusIs(Code::kAlreadyExists));
  }
}

TEST(RateLimiterTest, SpreadsBytesOverTime) {
  RateLimiter limiter(100);
  const MonotonicTime start{1h};
  EXPECT_EQ(limiter.Book(start, 100), 1s);
  EXPECT_EQ(limiter.Book(start, 50), 1500ms) << "after the first";
  EXPECT_EQ(limiter.Book(start + 1s, 50), 1s);
  EXPECT_EQ(limiter.Book(start + 1s, 0), 1s);
  EXPECT_EQ(limiter.Book(start + 10s, 100), 1s) << "idle time is not saved up";
}

TEST(RateLimiterTest, ZeroIsNoLimit) {
  RateLimiter limiter(0);
  EXPECT_EQ(limiter.Book(MonotonicTime{1h}, ~std::uint64_t{0}), 0ns);
}

TEST(ThrottledStoreTest, WaitsForReadsAndWritesApart) {
  const Context context = Context::Background();
  const auto store = MakeThrottledStore(
      MakeMemoryStore(), {.read_bytes_per_second = 1'000'000, .write_bytes_per_second = 100'000});
  const auto seconds = [&](auto call) {
    const MonotonicTime start = context.clock().Monotonic();
    EXPECT_OK(call());
    return context.clock().Monotonic() - start;
  };
  EXPECT_GE(seconds([&] { return store->Put(context, "a", Bytes(2000)); }), 20ms);
  EXPECT_GE(seconds([&] { return store->GetAll(context, "a", 2000); }), 2ms);
  EXPECT_GE(seconds([&] { return store->Get(context, "a", {.offset = 0, .size = 2000}); }), 2ms);
}

TEST(ThrottledStoreTest, WaitsNoLongerThanTheDeadlineAllows) {
  const auto store = MakeThrottledStore(MakeMemoryStore(), {.write_bytes_per_second = 1});
  const Context context = Context::Background();
  EXPECT_THAT(store->Put(context.WithTimeout(5ms), "a", Bytes(1000)),
              StatusIs(Code::kDeadlineExceeded));
  EXPECT_THAT(store->Stat(context, "a"), StatusIs(Code::kNotFound));
}

TEST(ReadOnlyStoreTest, ReadsAndRefusesChanges) {
  const Context context = Context::Background();
  auto memory = MakeMemoryStore();
  ASSERT_OK(memory->Put(context, "a", Text("text")));
  const auto store = MakeReadOnlyStore(std::move(memory));
  EXPECT_THAT(store->Put(context, "b", {}), StatusIs(Code::kPermissionDenied, HasSubstr("blob b")));
  EXPECT_THAT(store->Delete(context, "a"), StatusIs(Code::kPermissionDenied, HasSubstr("blob a")));
  EXPECT_THAT(store->GetAll(context, "a", 4), IsOkAndHolds(Text("text")));
  EXPECT_OK(store->Get(context, "a", {.offset = 0, .size = 4}));
  EXPECT_OK(store->Stat(context, "a"));
  EXPECT_THAT(store->List(context, ""), IsOkAndHolds(::testing::SizeIs(1)));
}

TEST(LoggedStoreTest, TellsWhatWasAskedAndHowItEnded) {
  const Context context = Context::Background();
  std::vector<std::string> lines;
  SetLogSink(LogLevel::kDebug, [&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  const auto store = MakeLoggedStore(MakeMemoryStore());
  EXPECT_OK(store->Put(context, "a", Text("secret")));
  EXPECT_OK(store->Get(context, "a", {.offset = 1, .size = 2}));
  EXPECT_OK(store->GetAll(context, "a", 100));
  EXPECT_OK(store->Stat(context, "a"));
  EXPECT_OK(store->List(context, ""));
  EXPECT_OK(store->Delete(context, "a"));
  EXPECT_THAT(store->GetAll(context, "a", 100), StatusIs(Code::kNotFound));
  SetLogSink(LogLevel::kWarning, nullptr);

  EXPECT_THAT(
      lines,
      ElementsAre(StartsWith("store: put a, 6 bytes ("),
                  StartsWith("store: get a from 1, 2 bytes ("),
                  StartsWith("store: get a: 6 bytes ("), StartsWith("store: stat a: 6 bytes ("),
                  StartsWith("store: list \"\": 1 blobs ("), StartsWith("store: delete a ("),
                  AllOf(StartsWith("store: get a: "), HasSubstr("blob a"))));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("secret"))));
}

TEST(CountingStoreTest, CountsCallsAndTheBytesOfThoseThatWentWell) {
  const Context context = Context::Background();
  const auto memory = MakeMemoryStore();
  CountingStore store(*memory);
  EXPECT_OK(store.Put(context, "a", Text("12345")));
  EXPECT_FALSE(store.Put(context, "a", Text("12345")).ok());
  EXPECT_OK(store.Get(context, "a", {.offset = 0, .size = 2}));
  EXPECT_OK(store.GetAll(context, "a", 5));
  EXPECT_FALSE(store.GetAll(context, "a", 4).ok());
  EXPECT_OK(store.Stat(context, "a"));
  EXPECT_OK(store.List(context, ""));
  EXPECT_OK(store.Delete(context, "a"));
  EXPECT_EQ(store.counts(), (CountingStore::Counts{.gets = 3,
                                                   .stats = 1,
                                                   .lists = 1,
                                                   .puts = 2,
                                                   .deletes = 1,
                                                   .bytes_read = 7,
                                                   .bytes_written = 5}));
}

TEST(FaultyStoreTest, FailsLosesAndCutsAsPlanned) {
  const Context context = Context::Background();
  const auto memory = MakeMemoryStore();
  FaultyStore store(*memory);
  store.FailCall(1, Error(Code::kResourceExhausted, "full"));
  store.LoseAnswer(2, TryAgain());
  store.CutAtCall(4);
  EXPECT_THAT(store.Put(context, "a", {}), StatusIs(Code::kResourceExhausted));
  EXPECT_THAT(memory->Stat(context, "a"), StatusIs(Code::kNotFound));
  EXPECT_THAT(store.Put(context, "a", {}), StatusIs(Code::kUnavailable));
  EXPECT_OK(memory->Stat(context, "a"));
  EXPECT_OK(store.Stat(context, "a"));
  EXPECT_FALSE(store.was_cut());
  EXPECT_THAT(store.Delete(context, "a"), StatusIs(Code::kUnavailable));
  EXPECT_THAT(store.Stat(context, "a"), StatusIs(Code::kUnavailable));
  EXPECT_TRUE(store.was_cut());
  EXPECT_OK(memory->Stat(context, "a"));
}

}  // namespace
}  // namespace tresor::blob
