// SPDX-License-Identifier: Apache-2.0
// What becomes of a backup whose attempt failed: a pure function.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/status.h"

namespace tresor::control {

struct RetryFacts {
  Status error;      // of the last attempt
  int attempts = 1;  // so far
  WallTime now;
  WallTime try_until;
};
struct RetryPlan {
  bool again = false;
  WallTime at;          // of the next attempt
  std::string message;  // for people: what failed, and what comes
};
/// Again with growing pauses until `try_until`, unless trying again cannot help.
[[nodiscard]] RetryPlan PlanRetry(const RetryFacts& facts);

}  // namespace tresor::control
