// SPDX-License-Identifier: Apache-2.0
// For tests: a store that tells of its calls, so that something else can happen in their midst.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "blob/blob.h"

namespace tresor::repo {

/// Passes every call on to `base`, which outlives it. The hooks run on the thread that calls; set
/// them while nobody does.
class HookedStore final : public blob::BlobStore {
 public:
  using Hook = std::function<void(std::string_view name)>;

  explicit HookedStore(blob::BlobStore& base) : base_(base) {}

  Hook before_read;  // Get, GetAll
  Hook after_read;
  Hook after_put;  // one that was OK
  Hook after_delete;

  Result<Bytes> Get(const Context& context, std::string_view name, blob::ByteRange range) override {
    Run(before_read, name);
    auto bytes = base_.Get(context, name, range);
    Run(after_read, name);
    return bytes;
  }
  Result<Bytes> GetAll(const Context& context, std::string_view name,
                       std::uint64_t limit_bytes) override {
    Run(before_read, name);
    auto bytes = base_.GetAll(context, name, limit_bytes);
    Run(after_read, name);
    return bytes;
  }
  Result<blob::BlobInfo> Stat(const Context& context, std::string_view name) override {
    return base_.Stat(context, name);
  }
  Result<std::vector<blob::BlobInfo>> List(const Context& context,
                                           std::string_view prefix) override {
    return base_.List(context, prefix);
  }
  Status Put(const Context& context, std::string_view name, ByteView bytes) override {
    RETURN_IF_ERROR(base_.Put(context, name, bytes));
    Run(after_put, name);
    return OkStatus();
  }
  Status Delete(const Context& context, std::string_view name) override {
    RETURN_IF_ERROR(base_.Delete(context, name));
    Run(after_delete, name);
    return OkStatus();
  }

 private:
  static void Run(const Hook& hook, std::string_view name) {
    if (hook) {
      hook(name);
    }
  }

  blob::BlobStore& base_;
};

}  // namespace tresor::repo
