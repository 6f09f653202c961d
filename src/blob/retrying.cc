// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "blob/decorators.h"

namespace tresor::blob {
namespace {

class RetryingStore final : public BlobStore {
 public:
  RetryingStore(std::unique_ptr<BlobStore> base, const RetryOptions& options, Random& random)
      : base_(std::move(base)), options_(options), random_(random) {}

  [[nodiscard]] Result<Bytes> Get(const Context& context, std::string_view name,
                                  ByteRange range) override {
    return RetryResult<Bytes>(context, [&] { return base_->Get(context, name, range); });
  }

  [[nodiscard]] Result<Bytes> GetAll(const Context& context, std::string_view name,
                                     std::uint64_t limit_bytes) override {
    Result<Bytes> bytes = Error(Code::kInternal, "not tried");
    const Status status = Retry(context, options_, random_, [&] {
      bytes = base_->GetAll(context, name, limit_bytes);
      // A blob that is too large stays so; a store that is too busy does not.
      if (bytes.status().code() == Code::kResourceExhausted &&
          IsLarger(context, name, limit_bytes)) {
        return OkStatus();
      }
      return bytes.status();
    });
    RETURN_IF_ERROR(status);
    return bytes;
  }

  [[nodiscard]] Result<BlobInfo> Stat(const Context& context, std::string_view name) override {
    return RetryResult<BlobInfo>(context, [&] { return base_->Stat(context, name); });
  }

  [[nodiscard]] Result<std::vector<BlobInfo>> List(const Context& context,
                                                   std::string_view prefix) override {
    return RetryResult<std::vector<BlobInfo>>(context,
                                              [&] { return base_->List(context, prefix); });
  }

  [[nodiscard]] Status Put(const Context& context, std::string_view name, ByteView bytes) override {
    bool may_have_done_it = false;
    return Retry(context, options_, random_, [&]() -> Status {
      Status status = base_->Put(context, name, bytes);
      if (status.code() == Code::kAlreadyExists && may_have_done_it) {
        return CheckContent(context, name, bytes, std::move(status));
      }
      may_have_done_it = may_have_done_it || IsRetryable(status);
      return status;
    });
  }

  [[nodiscard]] Status Delete(const Context& context, std::string_view name) override {
    return Retry(context, options_, random_, [&] { return base_->Delete(context, name); });
  }

 private:
  bool IsLarger(const Context& context, std::string_view name, std::uint64_t limit_bytes) {
    const Result<BlobInfo> info = base_->Stat(context, name);
    return info.ok() && info->size_bytes > limit_bytes;
  }

  // OK when the blob is `bytes`, else `different`.
  Status CheckContent(const Context& context, std::string_view name, ByteView bytes,
                      Status different) {
    ASSIGN_OR_RETURN(const BlobInfo info, base_->Stat(context, name));
    if (info.size_bytes != bytes.size()) {
      return different;
    }
    ASSIGN_OR_RETURN(const Bytes stored, base_->GetAll(context, name, bytes.size()));
    return Equal(stored, bytes) ? OkStatus() : different;
  }

  template <typename T, typename Call>
  Result<T> RetryResult(const Context& context, Call call) {
    Result<T> result = Error(Code::kInternal, "not tried");
    const Status status = Retry(context, options_, random_, [&] {
      result = call();
      return result.status();
    });
    if (!status.ok()) {
      return status;
    }
    return result;
  }

  const std::unique_ptr<BlobStore> base_;
  const RetryOptions options_;
  Random& random_;
};

}  // namespace

std::unique_ptr<BlobStore> MakeRetryingStore(std::unique_ptr<BlobStore> base,
                                             const RetryOptions& options, Random& random) {
  return std::make_unique<RetryingStore>(std::move(base), options, random);
}

}  // namespace tresor::blob
