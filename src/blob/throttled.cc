// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "blob/decorators.h"

namespace tresor::blob {
namespace {

class ThrottledStore final : public BlobStore {
 public:
  ThrottledStore(std::unique_ptr<BlobStore> base, const ThrottleOptions& options)
      : base_(std::move(base)),
        reads_(options.read_bytes_per_second),
        writes_(options.write_bytes_per_second) {}

  [[nodiscard]] Result<Bytes> Get(const Context& context, std::string_view name,
                                  ByteRange range) override {
    RETURN_IF_ERROR(Wait(context, reads_, range.size));
    return base_->Get(context, name, range);
  }

  [[nodiscard]] Result<Bytes> GetAll(const Context& context, std::string_view name,
                                     std::uint64_t limit_bytes) override {
    // How large it is shows only afterwards.
    ASSIGN_OR_RETURN(Bytes bytes, base_->GetAll(context, name, limit_bytes));
    RETURN_IF_ERROR(Wait(context, reads_, bytes.size()));
    return bytes;
  }

  [[nodiscard]] Result<BlobInfo> Stat(const Context& context, std::string_view name) override {
    return base_->Stat(context, name);
  }

  [[nodiscard]] Result<std::vector<BlobInfo>> List(const Context& context,
                                                   std::string_view prefix) override {
    return base_->List(context, prefix);
  }

  [[nodiscard]] Status Put(const Context& context, std::string_view name, ByteView bytes) override {
    RETURN_IF_ERROR(Wait(context, writes_, bytes.size()));
    return base_->Put(context, name, bytes);
  }

  [[nodiscard]] Status Delete(const Context& context, std::string_view name) override {
    return base_->Delete(context, name);
  }

 private:
  static Status Wait(const Context& context, RateLimiter& limiter, std::uint64_t bytes) {
    const auto delay = limiter.Book(context.clock().Monotonic(), bytes);
    return delay.count() == 0 ? OkStatus() : context.Sleep(delay);
  }

  const std::unique_ptr<BlobStore> base_;
  RateLimiter reads_;
  RateLimiter writes_;
};

}  // namespace

std::chrono::nanoseconds RateLimiter::Book(MonotonicTime now, std::uint64_t bytes) {
  if (bytes_per_second_ == 0) {
    return std::chrono::nanoseconds(0);
  }
  const std::chrono::duration<double> cost(static_cast<double>(bytes) /
                                           static_cast<double>(bytes_per_second_));
  const auto free_at = free_at_.Lock();
  *free_at = std::max(*free_at, now) + std::chrono::duration_cast<MonotonicTime::duration>(cost);
  return *free_at - now;
}

std::unique_ptr<BlobStore> MakeThrottledStore(std::unique_ptr<BlobStore> base,
                                              const ThrottleOptions& options) {
  return std::make_unique<ThrottledStore>(std::move(base), options);
}

}  // namespace tresor::blob
