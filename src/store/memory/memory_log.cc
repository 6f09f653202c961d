// SPDX-License-Identifier: Apache-2.0
#include "store/memory/memory_log.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/guarded.h"

namespace tresor::store {
namespace {

using Versions = std::map<std::uint64_t, LogRow>;  // of one key, by revision

struct State {
  std::map<LogKey, Versions> keys;
  std::map<std::uint64_t, LogKey> order;  // every row that is kept
  LogBounds bounds;

  /// The row of `key` at `revision`; nullptr: none, or a deletion.
  [[nodiscard]] const LogRow* At(const Versions& versions, std::uint64_t revision) const {
    auto next = versions.upper_bound(revision);
    if (next == versions.begin()) {
      return nullptr;
    }
    const LogRow& row = std::prev(next)->second;
    return row.deleted ? nullptr : &row;
  }
  [[nodiscard]] const LogRow* Present(const LogKey& key) const {
    const auto found = keys.find(key);
    return found == keys.end() ? nullptr : At(found->second, bounds.revision);
  }
  [[nodiscard]] bool IsAt(const LogKey& key, std::uint64_t revision) const {
    const LogRow* row = Present(key);
    return revision == (row == nullptr ? 0 : row->revision);
  }
  void Remove(std::uint64_t revision) {
    const auto at = order.find(revision);
    TRESOR_CHECK(at != order.end());
    const auto versions = keys.find(at->second);
    versions->second.erase(revision);
    if (versions->second.empty()) {
      keys.erase(versions);
    }
    order.erase(at);
  }
};

class MemoryLog final : public RevisionLog {
 public:
  Result<std::vector<std::uint64_t>> Commit(std::span<const LogWrite> writes) override {
    auto state = state_.Lock();
    std::vector<std::uint64_t> revisions;
    for (const LogWrite& write : writes) {
      if (!state->IsAt(write.key, write.expected) ||
          (write.guard && !state->IsAt(write.guard->key, write.guard->revision))) {
        revisions.push_back(0);
        continue;
      }
      const LogRow* present = state->Present(write.key);
      LogRow row{.revision = ++state->bounds.revision,
                 .key = write.key,
                 .created = present == nullptr ? state->bounds.revision : present->created,
                 .previous = write.expected,
                 .deleted = write.deleted,
                 .value = write.value};
      revisions.push_back(row.revision);
      state->order.emplace(row.revision, row.key);
      state->keys[row.key].emplace(row.revision, std::move(row));
    }
    return revisions;
  }

  Result<std::vector<LogRow>> List(const LogListOptions& options) override {
    auto state = state_.Lock();
    const std::uint64_t revision =
        options.revision == 0 ? state->bounds.revision : options.revision;
    if (revision < state->bounds.compacted || revision > state->bounds.revision) {
      return Error(Code::kOutOfRange, "revision {} is not kept: there are {} to {}", revision,
                   state->bounds.compacted, state->bounds.revision);
    }
    LogKey first{options.resource, options.name_space, ""};
    const bool after = options.after && *options.after >= first;
    auto at = after ? state->keys.upper_bound(*options.after) : state->keys.lower_bound(first);
    std::vector<LogRow> rows;
    for (; at != state->keys.end(); ++at) {
      if (!options.resource.empty() && at->first.resource != options.resource) {
        break;
      }
      if (!options.name_space.empty() && at->first.name_space != options.name_space) {
        continue;
      }
      if (const LogRow* row = state->At(at->second, revision); row != nullptr) {
        rows.push_back(*row);
        if (rows.size() == options.limit) {
          break;
        }
      }
    }
    return rows;
  }

  Result<std::vector<LogChange>> Changes(const std::string& resource, std::uint64_t after,
                                         std::uint64_t limit) override {
    auto state = state_.Lock();
    if (after < state->bounds.compacted) {
      return Error(Code::kOutOfRange, "revision {} is compacted: changes are kept after {}", after,
                   state->bounds.compacted);
    }
    std::vector<LogChange> changes;
    for (auto at = state->order.upper_bound(after);
         at != state->order.end() && changes.size() < limit; ++at) {
      if (!resource.empty() && at->second.resource != resource) {
        continue;
      }
      const Versions& versions = state->keys.at(at->second);
      LogChange change{.row = versions.at(at->first), .before = {}};
      if (change.row.previous != 0) {
        change.before = versions.at(change.row.previous).value;
      }
      changes.push_back(std::move(change));
    }
    return changes;
  }

  Result<LogBounds> Bounds() override { return state_.Lock()->bounds; }

  Status Compact(const Context& context, std::uint64_t revision) override {
    RETURN_IF_ERROR(context.Check());
    auto state = state_.Lock();
    if (revision > state->bounds.revision) {
      return Error(Code::kOutOfRange, "revision {} is not there yet: the newest is {}", revision,
                   state->bounds.revision);
    }
    std::vector<std::uint64_t> dead;
    for (auto at = state->order.upper_bound(state->bounds.compacted);
         at != state->order.end() && at->first <= revision; ++at) {
      const LogRow& row = state->keys.at(at->second).at(at->first);
      if (row.previous != 0) {
        dead.push_back(row.previous);
      }
      if (row.deleted) {
        dead.push_back(row.revision);
      }
    }
    for (const std::uint64_t each : dead) {
      state->Remove(each);
    }
    state->bounds.compacted = std::max(state->bounds.compacted, revision);
    return OkStatus();
  }

 private:
  Guarded<State> state_;
};

}  // namespace

std::unique_ptr<RevisionLog> NewMemoryLog() { return std::make_unique<MemoryLog>(); }

}  // namespace tresor::store
