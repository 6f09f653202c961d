// SPDX-License-Identifier: Apache-2.0
// For tests: a small repository, snapshots as values, and an etcd that is only its history.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "base/random.h"
#include "base/status.h"
#include "blob/blob.h"
#include "etcd/format/record.h"
#include "repo/repository.h"
#include "repo/repository_impl.h"
#include "repo/segment_writer.h"

namespace tresor::repo {

/// What a backup must give back, exactly.
struct Snapshot {
  struct Bucket {
    std::string name;
    std::uint64_t sequence = 0;
    std::vector<std::pair<std::string, std::string>> pairs;
    friend bool operator==(const Bucket&, const Bucket&) = default;
  };
  std::map<etcd::RecordKey, Bytes> records;
  std::vector<Bucket> buckets;
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

/// Small enough that a few hundred records have several segments, frames and blocks.
inline constexpr SegmentWriterOptions kTinySegments{
    .frame_size_bytes = 2048, .segment_size_bytes = 6000, .records_per_block = 50};

/// A key slot that costs nothing; key file "tresor test key file".
[[nodiscard]] Credential TestCredential();
/// Makes the repository. `random` is only used here.
[[nodiscard]] Status InitTestRepository(const Context& context, blob::BlobWriter& store,
                                        Random& random);
/// `random` outlives it.
[[nodiscard]] Result<std::unique_ptr<RepositoryImpl>> OpenTestRepository(
    const Context& context, blob::BlobStore& store, Random& random,
    const SegmentWriterOptions& segment_options = kTinySegments);

/// The use of BackupWriter from beginning to end.
struct SaveResult {
  BackupInfo info;
  Lineage lineage;
  std::optional<etcd::RecordKey> first_difference;
  std::uint64_t stored = 0;  // records that were there already
  std::uint64_t differs = 0;
};
[[nodiscard]] Result<SaveResult> Save(const Context& context, Repository& repository,
                                      const Snapshot& snapshot);
/// Everything up to Commit.
[[nodiscard]] Result<std::unique_ptr<BackupWriter>> SaveUncommitted(const Context& context,
                                                                    Repository& repository,
                                                                    const Snapshot& snapshot,
                                                                    SaveResult* result = nullptr);
[[nodiscard]] BackupDescription DescriptionOf(const Snapshot& snapshot);
/// Reads all records and buckets.
[[nodiscard]] Result<Snapshot> ReadAll(const Context& context, const Backup& backup);
[[nodiscard]] Result<Snapshot> ReadAll(const Context& context, Repository& repository,
                                       const Id& backup);

/// An etcd without a server: puts and deletes make records, compaction removes them.
class FakeEtcd {
 public:
  explicit FakeEtcd(std::uint64_t seed) : random_(seed) {}

  void Put(const std::string& key, std::size_t value_size);
  void Delete(const std::string& key);
  /// Some puts and deletes on `keys` keys.
  void Churn(int operations, int keys, std::size_t value_size);
  /// As etcd: of each key, the newest record at or before `revision` stays unless it is a
  /// tombstone.
  void Compact(std::int64_t revision);
  /// Another value for a record, as a corrupt member would answer.
  void Corrupt();

  [[nodiscard]] std::int64_t revision() const { return revision_; }
  [[nodiscard]] const Snapshot& snapshot() const { return snapshot_; }
  [[nodiscard]] Random& random() { return random_; }

 private:
  void Write(const std::string& key, std::size_t value_size, bool tombstone);

  SeededRandom random_;
  std::int64_t revision_ = 1;
  Snapshot snapshot_;
};

}  // namespace tresor::repo
