// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <ctime>

namespace tresor {
namespace {

class RealClock final : public Clock {
 public:
  [[nodiscard]] WallTime Now() const override { return std::chrono::system_clock::now(); }
  [[nodiscard]] MonotonicTime Monotonic() const override {
    return std::chrono::steady_clock::now();
  }
};

}  // namespace

const Clock& SystemClock() {
  static const RealClock clock;
  return clock;
}

FakeClock::FakeClock(WallTime start)
    : state_(State{start, MonotonicTime{std::chrono::seconds{1000}}}) {}

WallTime FakeClock::Now() const { return state_.Lock()->wall; }
MonotonicTime FakeClock::Monotonic() const { return state_.Lock()->monotonic; }

void FakeClock::Advance(std::chrono::nanoseconds by) {
  auto state = state_.Lock();
  state->wall += by;
  state->monotonic += by;
}

void FakeClock::SetWall(WallTime now) { state_.Lock()->wall = now; }

std::string FormatTime(WallTime time, bool precise) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t unix_seconds = seconds.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&unix_seconds, &parts);
  // Not time - seconds: the first second that there is has no beginning in nanoseconds.
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t millis = (ToUnixNanos(time) % kSecond + kSecond) % kSecond / 1'000'000;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     precise ? fmt::format(".{:03}", millis) : "");
}

std::int64_t ToUnixNanos(WallTime time) { return time.time_since_epoch().count(); }
WallTime FromUnixNanos(std::int64_t nanos) { return WallTime{std::chrono::nanoseconds{nanos}}; }

}  // namespace tresor
