// SPDX-License-Identifier: Apache-2.0
#include "control/backup_plan.h"

#include <algorithm>

namespace tresor::control {
namespace {

constexpr std::chrono::seconds kFirstPause{5};
constexpr std::chrono::minutes kLongestPause{5};
// A stream may be damaged on its way; what is damaged twice is damaged.
constexpr int kDataLossAttempts = 3;

bool CanHelp(const Status& error, int attempts) {
  switch (error.code()) {
    case Code::kInvalidArgument:
    case Code::kUnimplemented:
      return false;
    case Code::kDataLoss:
      return attempts < kDataLossAttempts;
    default:
      return true;
  }
}

}  // namespace

RetryPlan PlanRetry(const RetryFacts& facts) {
  const std::string reason(Message(facts.error));
  const std::string times =
      facts.attempts > 1 ? fmt::format(" ({} attempts)", facts.attempts) : std::string();
  if (!CanHelp(facts.error, facts.attempts)) {
    return {.again = false, .at = facts.now, .message = reason + times};
  }
  std::chrono::nanoseconds pause = kFirstPause;
  for (int i = 1; i < facts.attempts && pause < kLongestPause; ++i) {
    pause *= 2;
  }
  const WallTime at = facts.now + std::min<std::chrono::nanoseconds>(pause, kLongestPause);
  if (at >= facts.try_until) {
    return {.again = false, .at = facts.now, .message = reason + times};
  }
  return {.again = true,
          .at = at,
          .message = fmt::format("attempt {} failed: {}; the next is at {}", facts.attempts, reason,
                                 FormatTime(at))};
}

}  // namespace tresor::control
