// SPDX-License-Identifier: Apache-2.0
// A fake for tests: a store whose n-th call goes wrong.
#pragma once

#include <cstdint>
#include <limits>
#include <map>

#include "base/guarded.h"
#include "blob/blob.h"

namespace tresor::blob {

/// Passes every call on to `base` until the plan says otherwise. All calls are counted, from 1.
/// Threads: all methods, from any thread.
class FaultyStore final : public BlobStore {
 public:
  explicit FaultyStore(BlobStore& base) : base_(base) {}  // outlives this

  /// Call number `n` fails with `error` and does nothing.
  void FailCall(std::uint64_t n, Status error);
  /// Call number `n` does what it should, but says `error`: its answer was lost.
  void LoseAnswer(std::uint64_t n, Status error);
  /// From call number `n` on everything fails with kUnavailable and does nothing.
  void CutAtCall(std::uint64_t n);
  [[nodiscard]] std::uint64_t calls();
  [[nodiscard]] bool was_cut();

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
  struct Fault {
    Status error;
    bool does_it = false;
  };
  struct Plan {
    std::uint64_t calls = 0;
    std::uint64_t cut_at = std::numeric_limits<std::uint64_t>::max();
    std::map<std::uint64_t, Fault> faults;
  };
  template <typename Call>
  [[nodiscard]] auto Do(Call call) -> decltype(call());

  BlobStore& base_;
  Guarded<Plan> plan_;
};

}  // namespace tresor::blob
