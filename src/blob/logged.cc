// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "blob/decorators.h"

namespace tresor::blob {
namespace {

const Status& StatusOf(const Status& status) { return status; }
template <typename T>
const Status& StatusOf(const Result<T>& result) {
  return result.status();
}

// Makes the call and tells how it ended; `outcome` words what an OK one answered.
template <typename Call, typename Outcome>
auto Tell(const Context& context, const std::string& what, Call call, Outcome outcome) {
  const MonotonicTime start = context.clock().Monotonic();
  auto answer = call();
  std::string how;
  if (!answer.ok()) {
    how = StatusOf(answer).ToString();
  } else if constexpr (requires { outcome(*answer); }) {
    how = outcome(*answer);
  } else {
    how = outcome();
  }
  const std::chrono::duration<double, std::milli> took = context.clock().Monotonic() - start;
  Log(LogLevel::kDebug, "store: {}{}{} ({:.1f} ms)", what, how.empty() ? "" : ": ", how,
      took.count());
  return answer;
}

class LoggedStore final : public BlobStore {
 public:
  explicit LoggedStore(std::unique_ptr<BlobStore> base) : base_(std::move(base)) {}

  [[nodiscard]] Result<Bytes> Get(const Context& context, std::string_view name,
                                  ByteRange range) override {
    return Tell(
        context, fmt::format("get {} from {}, {} bytes", name, range.offset, range.size),
        [&] { return base_->Get(context, name, range); },
        [](const Bytes& /*bytes*/) { return std::string(); });
  }
  [[nodiscard]] Result<Bytes> GetAll(const Context& context, std::string_view name,
                                     std::uint64_t limit_bytes) override {
    return Tell(
        context, fmt::format("get {}", name),
        [&] { return base_->GetAll(context, name, limit_bytes); },
        [](const Bytes& bytes) { return fmt::format("{} bytes", bytes.size()); });
  }
  [[nodiscard]] Result<BlobInfo> Stat(const Context& context, std::string_view name) override {
    return Tell(
        context, fmt::format("stat {}", name), [&] { return base_->Stat(context, name); },
        [](const BlobInfo& info) { return fmt::format("{} bytes", info.size_bytes); });
  }
  [[nodiscard]] Result<std::vector<BlobInfo>> List(const Context& context,
                                                   std::string_view prefix) override {
    return Tell(
        context, fmt::format("list \"{}\"", prefix), [&] { return base_->List(context, prefix); },
        [](const std::vector<BlobInfo>& blobs) { return fmt::format("{} blobs", blobs.size()); });
  }
  [[nodiscard]] Status Put(const Context& context, std::string_view name, ByteView bytes) override {
    return Tell(
        context, fmt::format("put {}, {} bytes", name, bytes.size()),
        [&] { return base_->Put(context, name, bytes); }, [] { return std::string(); });
  }
  [[nodiscard]] Status Delete(const Context& context, std::string_view name) override {
    return Tell(
        context, fmt::format("delete {}", name), [&] { return base_->Delete(context, name); },
        [] { return std::string(); });
  }

 private:
  const std::unique_ptr<BlobStore> base_;
};

}  // namespace

std::unique_ptr<BlobStore> MakeLoggedStore(std::unique_ptr<BlobStore> base) {
  return std::make_unique<LoggedStore>(std::move(base));
}

}  // namespace tresor::blob
