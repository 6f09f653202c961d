// SPDX-License-Identifier: Apache-2.0
#include "repo/lease.h"

#include <algorithm>

#include "base/status_matchers.h"
#include "blob/faulty.h"
#include "blob/memory.h"
#include "repo/format/names.h"

namespace tresor::repo {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

class LeaseTest : public ::testing::Test {
 protected:
  // Of a process that is alive: number 1 started at 100.
  LeaseOptions Options(const std::string& host, std::int64_t process = 1) {
    LeaseOptions options;
    options.operation = "prune";
    options.holder = {
        .host = host, .boot_id = "boot-" + host, .process_id = process, .process_start_ticks = 100};
    options.renew_every = std::chrono::milliseconds(0);
    options.sleep = [this](const Context& context, std::chrono::nanoseconds time) {
      clock_.Advance(time);
      if (while_asleep_) {
        while_asleep_();
      }
      return context.Check();
    };
    options.start_ticks_of = [](std::int64_t pid) {
      return pid == 1 ? std::optional<std::uint64_t>(100) : std::nullopt;
    };
    return options;
  }
  Result<std::unique_ptr<Lease>> Take(LeaseOptions options) {
    return Lease::Take(context_, *store_, keys_, std::move(options));
  }
  std::vector<std::string> Locks() {
    std::vector<std::string> names;
    const auto blobs = store_->List(context_, kLocksPrefix);
    for (const auto& blob : blobs.value()) {
      names.push_back(blob.name);
    }
    return names;
  }

  FakeClock clock_;
  Context context_ = Context::Background().WithClock(clock_);
  KeyRing keys_{crypto::SecretKey::Generate(SystemRandom()), MakeId(SystemRandom())};
  std::unique_ptr<blob::BlobStore> store_ = blob::MakeMemoryStore();
  std::function<void()> while_asleep_;
};

TEST_F(LeaseTest, ASecondWriterIsToldWhoHasIt) {
  ASSERT_OK_AND_ASSIGN(const auto first, Take(Options("alpha")));

  EXPECT_THAT(
      Take(Options("beta")),
      StatusIs(Code::kFailedPrecondition,
               ::testing::AllOf(HasSubstr("alpha"), HasSubstr("prune"), HasSubstr("process 1"),
                                HasSubstr("since 2023-11-14T22:13:20Z"),
                                HasSubstr("until 2023-11-14T22:15:20Z"))));
  EXPECT_OK(first->Check());
}

TEST_F(LeaseTest, TokensRiseAndAReleasedLeaseIsFreeAtOnce) {
  for (std::uint64_t token = 1; token <= 3; ++token) {
    ASSERT_OK_AND_ASSIGN(const auto lease, Take(Options("alpha")));
    EXPECT_EQ(lease->token(), token);
    ASSERT_OK(lease->Release());
    EXPECT_OK(lease->Release());
    EXPECT_THAT(Locks(), ::testing::ElementsAre(LockName(token, kReleasedBeat)));
  }
}

TEST_F(LeaseTest, RenewingKeepsItAndLeavesOneObject) {
  ASSERT_OK_AND_ASSIGN(const auto lease, Take(Options("alpha")));
  for (std::uint32_t beat = 1; beat <= 10; ++beat) {
    clock_.Advance(seconds(30));
    ASSERT_OK(lease->Renew(context_));
    EXPECT_THAT(Locks(), ::testing::ElementsAre(LockName(1, beat)));
    EXPECT_THAT(Take(Options("beta")), StatusIs(Code::kFailedPrecondition));
  }
  EXPECT_OK(lease->Check());
}

TEST_F(LeaseTest, AnExpiredOneIsTakenOverAndItsHolderNotices) {
  ASSERT_OK_AND_ASSIGN(const auto stalled, Take(Options("alpha")));
  clock_.Advance(Lease::kDuration);
  EXPECT_THAT(stalled->Check(), StatusIs(Code::kAborted));

  ASSERT_OK_AND_ASSIGN(const auto next, Take(Options("beta")));

  EXPECT_EQ(next->token(), 2U);
  EXPECT_THAT(stalled->Renew(context_), StatusIs(Code::kAborted, HasSubstr("took it over")));
  EXPECT_THAT(stalled->Check(), StatusIs(Code::kAborted));
  EXPECT_THAT(Locks(), ::testing::ElementsAre(LockName(2, 0)));
  EXPECT_OK(next->Check());
}

TEST_F(LeaseTest, ADeadProcessOfThisBootIsTakenOverAtOnce) {
  ASSERT_OK_AND_ASSIGN(const auto dead, Take(Options("alpha", 77)));
  EXPECT_THAT(Take(Options("beta")), StatusIs(Code::kFailedPrecondition));

  EXPECT_OK(Take(Options("alpha")));
}

TEST_F(LeaseTest, AReleaseThatFailedDoesNotHoldUpTheSameProcess) {
  blob::FaultyStore faulty(*store_);
  {
    ASSERT_OK_AND_ASSIGN(const auto first, Lease::Take(context_, faulty, keys_, Options("alpha")));
    faulty.CutAtCall(faulty.calls() + 1);
  }
  EXPECT_THAT(Take(Options("beta")), StatusIs(Code::kFailedPrecondition));
  ASSERT_OK_AND_ASSIGN(const auto second, Take(Options("alpha")));
  EXPECT_THAT(Take(Options("alpha")), StatusIs(Code::kFailedPrecondition));
}

TEST_F(LeaseTest, AnotherBootsProcessIsNotJudgedByItsNumber) {
  ASSERT_OK_AND_ASSIGN(const auto lease, Take(Options("alpha", 77)));
  LeaseOptions rebooted = Options("alpha");
  rebooted.holder.boot_id = "another";
  EXPECT_THAT(Take(rebooted), StatusIs(Code::kFailedPrecondition));
}

TEST_F(LeaseTest, WaitsAsLongAsItIsTold) {
  ASSERT_OK_AND_ASSIGN(const auto first, Take(Options("alpha")));
  int sleeps = 0;
  while_asleep_ = [&] {
    if (++sleeps == 5) {
      ASSERT_OK(first->Release());
    }
  };
  LeaseOptions options = Options("beta");
  options.wait = seconds(3);
  EXPECT_THAT(Take(options), StatusIs(Code::kFailedPrecondition));
  options.wait = seconds(30);
  EXPECT_OK(Take(options));
  EXPECT_EQ(sleeps, 5);
}

TEST_F(LeaseTest, AClockSetBackDelaysATakeoverByOneLeaseAtMost) {
  ASSERT_OK_AND_ASSIGN(const auto lost, Take(Options("alpha")));
  clock_.SetWall(clock_.Now() - std::chrono::hours(24));
  const MonotonicTime before = clock_.Monotonic();

  ASSERT_OK(Take(Options("beta")));

  EXPECT_LE(clock_.Monotonic() - before, Lease::kDuration + seconds(1));
}

TEST_F(LeaseTest, AClockSetBackDoesNotTakeItFromALivingHolder) {
  ASSERT_OK_AND_ASSIGN(const auto alive, Take(Options("alpha")));
  clock_.SetWall(clock_.Now() - std::chrono::hours(24));
  int sleeps = 0;
  while_asleep_ = [&] {
    if (++sleeps % 30 == 0) {
      ASSERT_OK(alive->Renew(context_));
    }
  };
  EXPECT_THAT(Take(Options("beta")), StatusIs(Code::kFailedPrecondition));
  EXPECT_OK(alive->Check());
}

TEST_F(LeaseTest, ALockThatCannotBeReadHoldsNobodyUp) {
  ASSERT_OK(store_->Put(context_, LockName(7, 3), AsBytes("garbage")));
  ASSERT_OK(store_->Put(context_, "locks/nonsense", AsBytes("garbage")));
  ASSERT_OK_AND_ASSIGN(const auto lease, Take(Options("alpha")));
  EXPECT_EQ(lease->token(), 8U);
}

TEST_F(LeaseTest, ARenewalThatFailsForLongIsALostLease) {
  blob::FaultyStore faulty(*store_);
  ASSERT_OK_AND_ASSIGN(const auto lease, Lease::Take(context_, faulty, keys_, Options("alpha")));
  faulty.CutAtCall(faulty.calls() + 1);
  clock_.Advance(seconds(60));
  EXPECT_THAT(lease->Renew(context_), StatusIs(Code::kUnavailable));
  EXPECT_OK(lease->Check());
  clock_.Advance(seconds(60));
  EXPECT_THAT(lease->Check(), StatusIs(Code::kAborted, HasSubstr("could not be renewed")));
}

TEST_F(LeaseTest, OfManyAtOnceOneGetsIt) {
  Guarded<std::vector<Result<std::unique_ptr<Lease>>>> collected;
  {
    std::vector<Thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        auto lease = Take(Options("host" + std::to_string(i)));
        collected.Lock()->push_back(std::move(lease));
      });
    }
  }
  const auto all = collected.Lock();
  EXPECT_EQ(std::ranges::count_if(*all, [](const auto& result) { return result.ok(); }), 1);
}

// Tells when the holder's own thread has renewed.
class WatchingStore final : public blob::BlobStore {
 public:
  explicit WatchingStore(blob::BlobStore& base) : base_(base) {}
  void WaitForPut(const std::string& name) {
    auto seen = seen_.Lock();
    seen.Wait(changed_, [&] { return *seen >= name; });
  }
  Result<Bytes> Get(const Context& c, std::string_view n, blob::ByteRange r) override {
    return base_.Get(c, n, r);
  }
  Result<Bytes> GetAll(const Context& c, std::string_view n, std::uint64_t l) override {
    return base_.GetAll(c, n, l);
  }
  Result<blob::BlobInfo> Stat(const Context& c, std::string_view n) override {
    return base_.Stat(c, n);
  }
  Result<std::vector<blob::BlobInfo>> List(const Context& c, std::string_view p) override {
    return base_.List(c, p);
  }
  Status Put(const Context& c, std::string_view n, ByteView bytes) override {
    const Status status = base_.Put(c, n, bytes);
    *seen_.Lock() = std::string(n);
    changed_.notify_all();
    return status;
  }
  Status Delete(const Context& c, std::string_view n) override { return base_.Delete(c, n); }

 private:
  blob::BlobStore& base_;
  Guarded<std::string> seen_;
  std::condition_variable changed_;
};

TEST_F(LeaseTest, RenewsByItself) {
  WatchingStore watching(*store_);
  LeaseOptions options = Options("alpha");
  options.renew_every = std::chrono::milliseconds(1);
  ASSERT_OK_AND_ASSIGN(const auto lease,
                       Lease::Take(context_, watching, keys_, std::move(options)));
  watching.WaitForPut(LockName(1, 3));
  EXPECT_OK(lease->Release());
  EXPECT_THAT(Locks(), ::testing::ElementsAre(LockName(1, kReleasedBeat)));
}

}  // namespace
}  // namespace tresor::repo
