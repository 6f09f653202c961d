// SPDX-License-Identifier: Apache-2.0
#include "api/watch_stream.h"

#include <deque>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor::api {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::shared_ptr<const objects::Object> MakeObject(std::string_view name,
                                                  std::string_view padding = "") {
  objects::Object object;
  object.json = {{"metadata", {{"name", name}, {"note", padding}}}};
  return std::make_shared<const objects::Object>(std::move(object));
}

// What a test puts in comes out; then `end`.
struct FakeWatch final : store::Watch {
  Result<std::vector<store::WatchEvent>> Poll(std::size_t max) override {
    std::vector<store::WatchEvent> polled;
    while (!events.empty() && polled.size() < max) {
      polled.push_back(events.front());
      events.pop_front();
    }
    polls += 1;
    if (polled.empty() && !end.ok()) {
      return end;
    }
    return polled;
  }
  std::uint64_t position() const override { return 42; }

  std::deque<store::WatchEvent> events;
  Status end;
  int polls = 0;
};

class WatchStreamTest : public ::testing::Test {
 protected:
  std::unique_ptr<WatchStream> Stream(WatchStreamOptions options) {
    auto watch = std::make_unique<FakeWatch>();
    watch_ = watch.get();
    return std::make_unique<WatchStream>(std::move(watch), kind_, Representation{}, clock_,
                                         std::move(options));
  }
  static WatchStreamOptions Options(bool bookmarks = false) {
    return {.timeout = seconds{100},
            .bookmark_interval = seconds{10},
            .bookmarks = bookmarks,
            .initial = {}};
  }

  FakeClock clock_;
  objects::Kind kind_{
      .resource = {"tresor.dev", "etcdbackups"}, .version = "v1", .kind = "EtcdBackup"};
  FakeWatch* watch_ = nullptr;
};

TEST_F(WatchStreamTest, TellsAWatcherThatFellBehindToListAgain) {
  const auto stream = Stream(Options());
  watch_->end = Error(Code::kOutOfRange, "too old resource version");
  const auto part = stream->Next();
  EXPECT_TRUE(part.last);
  const Json event = Json::parse(part.bytes);
  EXPECT_EQ(event["type"], "ERROR");
  EXPECT_EQ(event["object"]["code"], 410);
  EXPECT_EQ(event["object"]["reason"], "Expired");
}

TEST_F(WatchStreamTest, EndsWithoutAWordWhenTheStoreCloses) {
  const auto stream = Stream(Options());
  watch_->end = Error(Code::kUnavailable, "closing");
  const auto part = stream->Next();
  EXPECT_TRUE(part.last);
  EXPECT_THAT(part.bytes, IsEmpty());
}

TEST_F(WatchStreamTest, SaysWhenItWantsToBeAskedAgain) {
  const auto quiet = Stream(Options())->Next();
  EXPECT_THAT(quiet.bytes, IsEmpty());
  EXPECT_EQ(quiet.ask_again_after, seconds{100});
  EXPECT_EQ(Stream(Options(true))->Next().ask_again_after, seconds{10});
}

TEST_F(WatchStreamTest, SendsBookmarksAtIntervalsAndAtItsEnd) {
  const auto stream = Stream(Options(true));
  EXPECT_THAT(stream->Next().bytes, IsEmpty());
  clock_.Advance(seconds{10});
  const auto bookmark = stream->Next();
  EXPECT_THAT(bookmark.bytes, HasSubstr(R"("resourceVersion":"42")"));
  EXPECT_FALSE(bookmark.last);
  EXPECT_THAT(stream->Next().bytes, IsEmpty());
  clock_.Advance(seconds{90});
  const auto end = stream->Next();
  EXPECT_THAT(end.bytes, HasSubstr("BOOKMARK"));
  EXPECT_TRUE(end.last);
}

TEST_F(WatchStreamTest, HoldsNoMoreThanOnePart) {
  const auto stream = Stream(Options());
  const std::string padding(10'000, 'x');
  for (int i = 0; i < 1000; ++i) {
    watch_->events.push_back(
        {.type = store::WatchEvent::Type::kModified, .object = MakeObject("o", padding)});
  }
  const auto part = stream->Next();
  EXPECT_GT(part.bytes.size(), 64u << 10);
  // 64 KiB, and what one more Poll brought.
  EXPECT_LT(part.bytes.size(), (64u << 10) + 32 * 10'100);
  EXPECT_GT(watch_->events.size(), 900u);
}

TEST_F(WatchStreamTest, SendsWhatIsThereFirstThenSaysSo) {
  auto options = Options(true);
  options.initial = store::ObjectList({MakeObject("a"), MakeObject("b")});
  const auto stream = Stream(std::move(options));
  watch_->events.push_back({.type = store::WatchEvent::Type::kDeleted, .object = MakeObject("a")});
  const std::string first = stream->Next().bytes;
  EXPECT_THAT(first, StartsWith(R"({"type":"ADDED","object":{"metadata":{"name":"a")"));
  EXPECT_THAT(first, HasSubstr(R"("k8s.io/initial-events-end":"true")"));
  EXPECT_THAT(stream->Next().bytes, StartsWith(R"({"type":"DELETED")"));
}

}  // namespace
}  // namespace tresor::api
