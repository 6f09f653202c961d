// SPDX-License-Identifier: Apache-2.0
// RevisionLog: versioned keys and values, as etcd keeps them: what ApiStore stands on. It knows
// nothing of objects, only bytes.
//
// Every write gets the next number of one global sequence, its revision. Old values stay readable
// until they are compacted, so that a list at a revision and the changes since one are exact.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/status.h"

namespace tresor::store {

/// What one value is stored under. Sorted by resource, namespace and name, bytewise.
struct LogKey {
  std::string resource;    // "etcdclusters.tresor.dev"
  std::string name_space;  // empty: cluster-scoped
  std::string name;
  friend auto operator<=>(const LogKey&, const LogKey&) = default;
};

/// One version of one key.
struct LogRow {
  std::uint64_t revision = 0;
  LogKey key;
  std::uint64_t created = 0;   // revision at which this key began to be there
  std::uint64_t previous = 0;  // revision of its version before this; 0: it was not there
  bool deleted = false;        // then `value` is empty
  std::string value;
  friend bool operator==(const LogRow&, const LogRow&) = default;
};

/// A version, and the value that it took the place of.
struct LogChange {
  LogRow row;
  std::string before;  // empty when row.previous is 0
  friend bool operator==(const LogChange&, const LogChange&) = default;
};

/// `key` is still at `revision`.
struct LogGuard {
  LogKey key;
  std::uint64_t revision = 0;
};

/// Puts `value`, or deletes. Done only if `key` is at revision `expected` now (0: it is not there)
/// and the guard holds.
struct LogWrite {
  LogKey key;
  std::uint64_t expected = 0;
  bool deleted = false;  // `expected` is not 0 then
  std::string value;     // not empty unless deleted
  std::optional<LogGuard> guard;
};

/// The state of one resource at one revision.
struct LogListOptions {
  std::string resource;         // empty: all resources
  std::string name_space;       // empty: all
  std::optional<LogKey> after;  // only keys behind this one
  std::uint64_t revision = 0;   // 0: the newest
  std::uint64_t limit = 0;      // 0: all
};

struct LogBounds {
  std::uint64_t compacted = 0;  // changes after this revision, and states from it on, can be read
  std::uint64_t revision = 0;   // of the newest write
};

/// Every implementation promises (log_contract_test.h):
///  - all or nothing: a Commit that returned an error changed nothing, or (power was cut)
///  everything
///    it would have; one that returned OK survives a crash of the process and, if durable, a power
///    cut;
///  - no gaps: revisions count up by one, across reopening and compaction;
///  - exact reads: a List or Changes never sees a part of a Commit or of a compaction.
///
/// Threads: reads from any thread, at any time; Commit and Compact from one thread at a time each.
/// Errors of every method, besides its own: kResourceExhausted (disk full; nothing was written and
/// the log goes on as soon as there is room), kUnavailable (locked by a tool; the disk failed: the
/// message says whether a restart is needed), kDataLoss (the bytes are not what was written; names
/// the file and the revision).
class RevisionLog {
 public:
  virtual ~RevisionLog() = default;

  /// Writes in this order, as one transaction; each sees those before it. Returns the revision of
  /// each, 0 for those whose `expected` or guard did not hold: these change nothing and do not hold
  /// up the others.
  [[nodiscard]] virtual Result<std::vector<std::uint64_t>> Commit(
      std::span<const LogWrite> writes) = 0;

  /// Live rows in the order of keys. kOutOfRange: the revision is compacted or not there yet.
  [[nodiscard]] virtual Result<std::vector<LogRow>> List(const LogListOptions& options) = 0;
  /// The first `limit` changes of `resource` (empty: of all) after a revision, ascending.
  /// kOutOfRange: `after` is compacted.
  [[nodiscard]] virtual Result<std::vector<LogChange>> Changes(const std::string& resource,
                                                               std::uint64_t after,
                                                               std::uint64_t limit) = 0;
  [[nodiscard]] virtual Result<LogBounds> Bounds() = 0;

  /// Forgets values that were no longer there at `revision`, and deletions up to it. Stops between
  /// two slices when `context` says so; what is left is done by the next call. Lower than before:
  /// no effect. kOutOfRange: not there yet.
  [[nodiscard]] virtual Status Compact(const Context& context, std::uint64_t revision) = 0;
};

}  // namespace tresor::store
