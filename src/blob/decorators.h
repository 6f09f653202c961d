// SPDX-License-Identifier: Apache-2.0
// Stores that pass calls on to another store and add one thing each. Wired in cli/ and in tests:
//   MakeRetryingStore(MakeThrottledStore(store, limits), retry, SystemRandom())
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "base/guarded.h"
#include "base/random.h"
#include "base/retry.h"
#include "blob/blob.h"

namespace tresor::blob {

/// Repeats calls whose error is retryable (base/retry.h). `random` outlives it and is thread-safe.
///
/// A Put that took effect although its answer was lost is recognized by its content when the next
/// attempt says kAlreadyExists. So who uses Put to decide who comes first puts something of its own
/// into the bytes.
[[nodiscard]] std::unique_ptr<BlobStore> MakeRetryingStore(std::unique_ptr<BlobStore> base,
                                                           const RetryOptions& options,
                                                           Random& random);

struct ThrottleOptions {
  std::uint64_t read_bytes_per_second = 0;  // 0: no limit
  std::uint64_t write_bytes_per_second = 0;
};
/// Sleeps so that no more bytes per second than these are read and written, on average, by all
/// threads together.
[[nodiscard]] std::unique_ptr<BlobStore> MakeThrottledStore(std::unique_ptr<BlobStore> base,
                                                            const ThrottleOptions& options);

/// Whatever would change the store is kPermissionDenied.
[[nodiscard]] std::unique_ptr<BlobStore> MakeReadOnlyStore(std::unique_ptr<BlobStore> base);

/// A debug line of the log (base/log.h) for every call: what, how it ended, how long it took. Names
/// and sizes, no content.
[[nodiscard]] std::unique_ptr<BlobStore> MakeLoggedStore(std::unique_ptr<BlobStore> base);

/// Spreads bytes over time. The decision alone; who asks does the sleeping. Threads: any.
class RateLimiter {
 public:
  explicit RateLimiter(std::uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}
  /// Books `bytes` after all that was booked before, and returns how long after `now` they are
  /// through.
  [[nodiscard]] std::chrono::nanoseconds Book(MonotonicTime now, std::uint64_t bytes);

 private:
  const std::uint64_t bytes_per_second_;  // 0: no limit
  Guarded<MonotonicTime> free_at_;
};

/// Counts calls, also failed ones, and the bytes of those that were OK.
class CountingStore final : public BlobStore {
 public:
  struct Counts {
    std::uint64_t gets = 0;
    std::uint64_t stats = 0;
    std::uint64_t lists = 0;
    std::uint64_t puts = 0;
    std::uint64_t deletes = 0;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    friend bool operator==(const Counts&, const Counts&) = default;
  };

  explicit CountingStore(BlobStore& base) : base_(base) {}  // outlives this
  [[nodiscard]] Counts counts() { return *counts_.Lock(); }

  [[nodiscard]] Result<Bytes> Get(const Context& context, std::string_view name,
                                  ByteRange range) override;
  [[nodiscard]] Result<Bytes> GetAll(const Context& context, std::string_view name,
                                     std::uint64_t limit_bytes) override;
  [[nodiscard]] Result<BlobInfo> Stat(const Context& context, std::string_view name) override;
  [[nodiscard]] Result<std::vector<BlobInfo>> List(const Context& context,
                                                   std::string_view prefix) override;
  [[nodiscard]] Status Put(const Context& context, std::string_view name, ByteView bytes) override;
  [[nodiscard]] Status Delete(const Context& context, std::string_view name) override;

 private:
  BlobStore& base_;
  Guarded<Counts> counts_;
};

}  // namespace tresor::blob
