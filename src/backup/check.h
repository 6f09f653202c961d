// SPDX-License-Identifier: Apache-2.0
// Proves a snapshot image: that it is a consistent bbolt file, that it holds what an etcd store
// holds, and what its HashKV is. One walk, pipelined: one thread reads and parses, another
// computes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backup/progress.h"
#include "backup/record_summary.h"
#include "base/context.h"
#include "base/status.h"
#include "bolt/reader.h"
#include "crypto/crypto.h"
#include "etcd/format/hash_kv.h"
#include "etcd/format/meta.h"
#include "io/file_system.h"
#include "repo/repository.h"

namespace tresor::backup {

/// What is in a snapshot image.
struct SnapshotFacts {
  std::uint64_t image_bytes = 0;  // etcd's dbSize: used pages and free ones
  std::uint32_t page_size_bytes = 0;
  bolt::WalkStats walk;

  etcd::StoreRevisions revisions;
  std::uint64_t records = 0;         // pairs of bucket `key`
  std::uint64_t record_bytes = 0;    // their keys and values
  std::uint64_t live_keys = 0;       // distinct user keys with a value at the current revision
  std::uint64_t bucket_pairs = 0;    // pairs of all buckets
  std::vector<std::string> buckets;  // names of the top-level ones, ascending
  repo::HashKv hash_kv;              // at the current revision
  bool has_key_bucket = false;
  std::uint64_t key_bucket_sequence = 0;
  /// What `etcdutl snapshot status` calls the hash: CRC-32C over all buckets' names, keys and
  /// values. Only when asked.
  std::optional<std::uint32_t> status_hash;

  std::uint64_t consistent_index = 0;
  std::uint64_t term = 0;
  std::string storage_version;  // "3.6.0"; empty before 3.6
  std::string cluster_version;  // "3.5.0"; may be empty
  bool auth_enabled = false;
  std::uint64_t leases = 0;
  std::vector<etcd::AlarmMember> alarms;
  std::vector<etcd::StoredMember> members;
};

/// Sees the records of bucket `key` go by, leaf by leaf, ascending. Called by one thread.
class RecordObserver {
 public:
  virtual ~RecordObserver() = default;
  /// `reduced`: the leaf's pairs cannot be read any more. A status that is not OK ends the check,
  /// which returns it.
  [[nodiscard]] virtual Status Leaf(bolt::PageId page, std::span<const RecordSummary> records,
                                    bool reduced) = 0;
};

struct CheckOptions {
  /// The image came from the server's stream: its size must be exactly what the meta says.
  bool exact_size = false;
  bool status_hash = false;
  RecordObserver* observer = nullptr;  // may be null
  /// Tells user keys apart; the one that reduced leaves were made with. None: a new one.
  std::optional<crypto::KeyedHash> user_key_hash;
  /// For RecordSummary::tag; may be null. Used by one thread.
  repo::RecordTagger* tagger = nullptr;
  ProgressCallback progress;
};

/// kDataLoss: names page and rule, or bucket, record and rule. Memory: some 16 MiB and 32 MiB for
/// the HashKV table.
[[nodiscard]] Result<SnapshotFacts> CheckSnapshot(const Context& context,
                                                  const io::RandomReader& image,
                                                  const CheckOptions& options = {});

/// The same of an opened image, whose revisions are known.
[[nodiscard]] Result<SnapshotFacts> CheckDatabase(const Context& context,
                                                  const bolt::Database& database,
                                                  const CheckOptions& options);

/// A hash with a secret of its own.
[[nodiscard]] crypto::KeyedHash NewUserKeyHash();

/// Where the store in an image stands. kDataLoss: meta or the last record is not as etcd writes it.
[[nodiscard]] Result<etcd::StoreRevisions> ReadRevisions(const bolt::Database& database);

/// HashKV of a checked image for any request, by the exact algorithm: true also for a store whose
/// compaction did not do what it should. Reads the records twice or more. `user_key_hash`: as
/// CheckOptions'.
[[nodiscard]] Result<std::uint32_t> ExactHashKv(const Context& context,
                                                const bolt::Database& database,
                                                const crypto::KeyedHash& user_key_hash,
                                                const etcd::HashKvRequest& request);

}  // namespace tresor::backup
