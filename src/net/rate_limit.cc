// SPDX-License-Identifier: Apache-2.0
#include "net/rate_limit.h"

#include <algorithm>

namespace tresor::net {
namespace {
// Some 2 MiB at most. Whoever has more addresses than that shares one bucket with the rest.
constexpr std::size_t kMaxBuckets = 16384;
constexpr std::string_view kOverflowKey = "*";
}  // namespace

double RateLimit::Level(const Bucket& bucket, MonotonicTime now) const {
  const double seconds = std::chrono::duration<double>(now - bucket.filled).count();
  return std::min(burst_, bucket.tokens + seconds * per_second_);
}

std::optional<std::chrono::nanoseconds> RateLimit::Take(std::string_view key) {
  if (per_second_ <= 0) {
    return std::nullopt;
  }
  const MonotonicTime now = clock_.Monotonic();
  auto state = state_.Lock();
  auto& buckets = state->buckets;
  auto found = buckets.find(std::string(key));
  if (found == buckets.end()) {
    if (buckets.size() >= kMaxBuckets && now - state->swept >= std::chrono::seconds{1}) {
      state->swept = now;
      std::erase_if(buckets, [&](const auto& item) { return Level(item.second, now) >= burst_; });
    }
    if (buckets.size() >= kMaxBuckets) {
      key = kOverflowKey;
    }
    found = buckets.try_emplace(std::string(key), Bucket{burst_, now}).first;
  }
  Bucket& bucket = found->second;
  bucket.tokens = Level(bucket, now);
  bucket.filled = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return std::nullopt;
  }
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>((1 - bucket.tokens) / per_second_));
}

std::string RetryAfter(std::chrono::nanoseconds wait) {
  return std::to_string(
      std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(wait).count()));
}

}  // namespace tresor::net
