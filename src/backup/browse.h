// SPDX-License-Identifier: Apache-2.0
// Browse: what keys a backup holds at its revision, and what changed between two.
//
// Records lie in revision order, people ask in key order. So the keys (not the values) of what was
// asked for are held in memory: about 64 bytes and the key itself for each. Values are looked up
// one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backup/source.h"
#include "base/bytes.h"
#include "base/context.h"
#include "base/status.h"
#include "etcd/format/record.h"

namespace tresor::backup {

/// A user key that has a value at the backup's revision.
struct LiveKey {
  std::string key;
  etcd::RecordKey record;  // where its value is
  std::int64_t create_revision = 0;
  std::int64_t version = 0;
  std::int64_t lease = 0;
  std::uint64_t value_bytes = 0;
};

/// Which keys are meant.
struct KeyFilter {
  std::string prefix;
  /// Besides the prefix, when set. Must be quick.
  std::function<bool(std::string_view key)> matches;
};

/// The live keys, ascending. Reads all records once.
[[nodiscard]] Result<std::vector<LiveKey>> ListKeys(const Context& context, const Source& source,
                                                    const KeyFilter& filter = {});

/// A key with its value; owns both.
struct KeyState {
  LiveKey key;
  Bytes value;
};
/// kNotFound: no such key at that revision. `revision` 0: the backup's. kOutOfRange: compacted, or
/// in the future.
[[nodiscard]] Result<KeyState> GetKey(const Context& context, const Source& source,
                                      std::string_view key, std::int64_t revision = 0);

/// Every live record, in revision order, with its value: for exports of objects. Reads the records
/// twice; memory: 64 bytes per key. The views are valid during the call.
[[nodiscard]] Status ForEachLive(const Context& context, const Source& source,
                                 const KeyFilter& filter,
                                 const std::function<Status(const etcd::KeyValue&)>& visit);

enum class Change { kAdded, kChanged, kRemoved };
struct Difference {
  Change change = Change::kChanged;
  std::optional<LiveKey> before;  // none: added
  std::optional<LiveKey> after;   // none: removed
  [[nodiscard]] const std::string& key() const { return after ? after->key : before->key; }
};

/// Ascending by key. A key is the same when it has the same record with the same content in both;
/// content is compared by fingerprint, so that also backups of different lineages can be compared.
[[nodiscard]] Result<std::vector<Difference>> DiffKeys(const Context& context, const Source& before,
                                                       const Source& after,
                                                       const KeyFilter& filter = {});

}  // namespace tresor::backup
