// SPDX-License-Identifier: Apache-2.0
// The one retry loop: exponential backoff with jitter, within the context's deadline.
#pragma once

#include <chrono>
#include <functional>

#include "base/context.h"
#include "base/random.h"
#include "base/status.h"

namespace tresor {

struct RetryOptions {
  int attempts = 5;
  std::chrono::milliseconds first_delay{100};
  std::chrono::milliseconds max_delay{5000};
};

/// kUnavailable and kDeadlineExceeded of one attempt, and kResourceExhausted: worth the same call
/// again.
[[nodiscard]] bool IsRetryable(const Status& status);

/// Delay before attempt `attempt` (1 = the first retry): doubles, capped, then between half and all
/// of it by `random`.
[[nodiscard]] std::chrono::milliseconds Backoff(const RetryOptions& options, int attempt,
                                                Random& random);

/// Calls `attempt` until it is OK, not retryable, out of attempts, or the context ends.
/// The last error is returned, with the number of attempts in its text when there was more than
/// one.
[[nodiscard]] Status Retry(const Context& context, const RetryOptions& options, Random& random,
                           const std::function<Status()>& attempt);

}  // namespace tresor
