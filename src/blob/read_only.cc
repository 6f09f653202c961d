// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "blob/decorators.h"

namespace tresor::blob {
namespace {

class ReadOnlyStore final : public BlobStore {
 public:
  explicit ReadOnlyStore(std::unique_ptr<BlobStore> base) : base_(std::move(base)) {}

  [[nodiscard]] Result<Bytes> Get(const Context& context, std::string_view name,
                                  ByteRange range) override {
    return base_->Get(context, name, range);
  }
  [[nodiscard]] Result<Bytes> GetAll(const Context& context, std::string_view name,
                                     std::uint64_t limit_bytes) override {
    return base_->GetAll(context, name, limit_bytes);
  }
  [[nodiscard]] Result<BlobInfo> Stat(const Context& context, std::string_view name) override {
    return base_->Stat(context, name);
  }
  [[nodiscard]] Result<std::vector<BlobInfo>> List(const Context& context,
                                                   std::string_view prefix) override {
    return base_->List(context, prefix);
  }
  [[nodiscard]] Status Put(const Context& /*context*/, std::string_view name,
                           ByteView /*bytes*/) override {
    return Error(Code::kPermissionDenied, "blob {}: not put: the store is read-only", name);
  }
  [[nodiscard]] Status Delete(const Context& /*context*/, std::string_view name) override {
    return Error(Code::kPermissionDenied, "blob {}: not deleted: the store is read-only", name);
  }

 private:
  const std::unique_ptr<BlobStore> base_;
};

}  // namespace

std::unique_ptr<BlobStore> MakeReadOnlyStore(std::unique_ptr<BlobStore> base) {
  return std::make_unique<ReadOnlyStore>(std::move(base));
}

}  // namespace tresor::blob
