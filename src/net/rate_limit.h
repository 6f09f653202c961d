// SPDX-License-Identifier: Apache-2.0
// RateLimit: a token bucket per key (an address, a user).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/guarded.h"

namespace tresor::net {

/// Each key may spend `burst` at once and `per_second` in the long run. Remembers a bounded number
/// of keys: a bucket that is full again is forgotten.
///
/// Threads: all methods, from any thread.
class RateLimit {
 public:
  /// `per_second` 0: no limit. `clock` outlives this.
  RateLimit(double per_second, double burst, const Clock& clock)
      : per_second_(per_second), burst_(burst), clock_(clock) {}

  /// None: go on. Else how long until it is worth asking again.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> Take(std::string_view key);

 private:
  struct Bucket {
    double tokens = 0;
    MonotonicTime filled;
  };
  struct State {
    std::unordered_map<std::string, Bucket> buckets;
    MonotonicTime swept;  // when full ones were last looked for
  };
  double Level(const Bucket& bucket, MonotonicTime now) const;

  const double per_second_;
  const double burst_;
  const Clock& clock_;
  Guarded<State> state_;
};

/// For Retry-After: whole seconds, at least 1.
[[nodiscard]] std::string RetryAfter(std::chrono::nanoseconds wait);

}  // namespace tresor::net
