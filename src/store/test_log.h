// SPDX-License-Identifier: Apache-2.0
// A RevisionLog that outlives stores and does what the test says. Tests only.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "store/memory/memory_log.h"
#include "store/revision_log.h"

namespace tresor::store {

/// Passes everything on to a log that it shares.
class TestLog final : public RevisionLog {
 public:
  struct Plan {
    std::unique_ptr<RevisionLog> log = NewMemoryLog();
    /// Asked before each Commit; an error is what Commit returns then.
    Guarded<std::function<Status(std::span<const LogWrite>)>> before_commit;
  };
  explicit TestLog(std::shared_ptr<Plan> plan) : plan_(std::move(plan)) {}

  Result<std::vector<std::uint64_t>> Commit(std::span<const LogWrite> writes) override {
    const auto before_commit = *plan_->before_commit.Lock();
    if (before_commit) {
      RETURN_IF_ERROR(before_commit(writes));
    }
    return plan_->log->Commit(writes);
  }
  Result<std::vector<LogRow>> List(const LogListOptions& options) override {
    return plan_->log->List(options);
  }
  Result<std::vector<LogChange>> Changes(const std::string& resource, std::uint64_t after,
                                         std::uint64_t limit) override {
    return plan_->log->Changes(resource, after, limit);
  }
  Result<LogBounds> Bounds() override { return plan_->log->Bounds(); }
  Status Compact(const Context& context, std::uint64_t revision) override {
    return plan_->log->Compact(context, revision);
  }

 private:
  const std::shared_ptr<Plan> plan_;
};

}  // namespace tresor::store
