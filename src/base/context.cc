// SPDX-License-Identifier: Apache-2.0
#include "base/context.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace tresor {

Context Context::Background() { return Context(); }

Context Context::WithTimeout(std::chrono::nanoseconds timeout) const {
  Context copy = *this;
  const MonotonicTime deadline =
      clock_->Monotonic() + std::chrono::duration_cast<MonotonicTime::duration>(timeout);
  copy.deadline_ = deadline_ ? std::min(*deadline_, deadline) : deadline;
  return copy;
}

Context Context::WithStop(std::stop_token stop) const {
  Context copy = *this;
  copy.stop_ = std::move(stop);
  return copy;
}

Context Context::WithClock(const Clock& clock) const {
  Context copy = *this;
  copy.clock_ = &clock;
  return copy;
}

Status Context::Check() const {
  if (stop_.stop_requested()) {
    return Error(Code::kCancelled, "stopped");
  }
  if (deadline_ && clock_->Monotonic() >= *deadline_) {
    return Error(Code::kDeadlineExceeded, "deadline exceeded");
  }
  return OkStatus();
}

std::optional<std::chrono::nanoseconds> Context::Remaining() const {
  if (!deadline_) {
    return std::nullopt;
  }
  return std::max(std::chrono::nanoseconds{0}, std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                   *deadline_ - clock_->Monotonic()));
}

Status Context::Sleep(std::chrono::nanoseconds duration) const {
  RETURN_IF_ERROR(Check());
  if (const auto left = Remaining(); left && *left < duration) {
    duration = *left;
  }
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop_, duration, [] { return false; });
  return Check();
}

}  // namespace tresor
