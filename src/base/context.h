// SPDX-License-Identifier: Apache-2.0
// Context: how long a call may take, and whether it has been told to stop. First argument of
// whatever may block.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/clock.h"
#include "base/status.h"

namespace tresor {

/// A deadline and a stop token. Cheap to copy.
///
/// Threads: const methods, from any thread.
class Context {
 public:
  /// No deadline, cannot be stopped.
  [[nodiscard]] static Context Background();

  [[nodiscard]] Context WithTimeout(std::chrono::nanoseconds timeout) const;
  /// The stop token takes the place of the present one.
  [[nodiscard]] Context WithStop(std::stop_token stop) const;
  [[nodiscard]] Context WithClock(const Clock& clock) const;  // `clock` outlives every copy

  /// kCancelled when told to stop, kDeadlineExceeded past the deadline, else OK.
  [[nodiscard]] Status Check() const;
  /// Sleeps, but no longer than the deadline or the stop allows; the status is Check()'s
  /// afterwards.
  [[nodiscard]] Status Sleep(std::chrono::nanoseconds duration) const;

  [[nodiscard]] std::optional<MonotonicTime> deadline() const { return deadline_; }
  /// Time left; none without a deadline, zero when it has passed.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> Remaining() const;
  [[nodiscard]] const std::stop_token& stop() const { return stop_; }
  [[nodiscard]] const Clock& clock() const { return *clock_; }

 private:
  Context() : clock_(&SystemClock()) {}
  const Clock* clock_;
  std::optional<MonotonicTime> deadline_;
  std::stop_token stop_;
};

}  // namespace tresor
