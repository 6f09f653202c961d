// SPDX-License-Identifier: Apache-2.0
// Time comes in from outside: production passes SystemClock(), tests a FakeClock.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/guarded.h"
#include "base/status.h"

namespace tresor {

/// UTC, as told by the machine; may jump.
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;
/// For durations and deadlines; never goes back.
using MonotonicTime = std::chrono::steady_clock::time_point;

/// Threads: all methods, from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime Now() const = 0;
  [[nodiscard]] virtual MonotonicTime Monotonic() const = 0;
};

/// The machine's clock. Lives for ever.
[[nodiscard]] const Clock& SystemClock();

/// A clock that stands still until told otherwise.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(WallTime start = WallTime{std::chrono::seconds{1'700'000'000}});
  [[nodiscard]] WallTime Now() const override;
  [[nodiscard]] MonotonicTime Monotonic() const override;
  /// Both clocks go on.
  void Advance(std::chrono::nanoseconds by);
  /// Somebody sets the wall clock, also back; the monotonic clock does not notice.
  void SetWall(WallTime now);

 private:
  struct State {
    WallTime wall;
    MonotonicTime monotonic;
  };
  mutable Guarded<State> state_;
};

/// RFC 3339 in UTC: "2026-01-02T03:04:05Z"; with fraction only when `precise` ("…05.123Z").
[[nodiscard]] std::string FormatTime(WallTime time, bool precise = false);
[[nodiscard]] std::int64_t ToUnixNanos(WallTime time);
[[nodiscard]] WallTime FromUnixNanos(std::int64_t nanos);

}  // namespace tresor
