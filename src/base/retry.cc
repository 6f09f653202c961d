// SPDX-License-Identifier: Apache-2.0
#include "base/retry.h"

#include <algorithm>

namespace tresor {

bool IsRetryable(const Status& status) {
  return status.code() == Code::kUnavailable || status.code() == Code::kDeadlineExceeded ||
         status.code() == Code::kResourceExhausted;
}

std::chrono::milliseconds Backoff(const RetryOptions& options, int attempt, Random& random) {
  const int doublings = std::clamp(attempt - 1, 0, 30);
  const auto full =
      std::min(options.max_delay, options.first_delay * (std::int64_t{1} << doublings));
  const auto half = full.count() / 2;
  return std::chrono::milliseconds(
      half +
      static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(full.count() - half + 1))));
}

Status Retry(const Context& context, const RetryOptions& options, Random& random,
             const std::function<Status()>& attempt) {
  for (int done = 1;; ++done) {
    Status status = attempt();
    if (status.ok() || !IsRetryable(status) || done >= options.attempts || !context.Check().ok()) {
      return status.ok() || done == 1 ? status
                                      : Annotate(status, fmt::format("after {} attempts", done));
    }
    if (!context.Sleep(Backoff(options, done, random)).ok()) {
      return status;
    }
  }
}

}  // namespace tresor
