// SPDX-License-Identifier: Apache-2.0
// Source: where records and buckets come from, whether they lie in a repository or in a snapshot
// image. Restore, export, verify and the browsing helpers read it and don't care which it is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/context.h"
#include "base/status.h"
#include "bolt/reader.h"
#include "etcd/format/hash_kv.h"
#include "io/file_system.h"
#include "repo/repository.h"

namespace tresor::backup {

/// Is told a whole database, in the order in which it lies in a bbolt file: buckets by name, which
/// may nest. Records are bucket `key`'s pairs; between its BeginBucket and EndBucket only Records
/// is called.
class SourceVisitor {
 public:
  virtual ~SourceVisitor() = default;
  [[nodiscard]] virtual Status BeginBucket(ByteView name, std::uint64_t sequence) = 0;
  [[nodiscard]] virtual Status Pair(ByteView key, ByteView value) = 0;
  [[nodiscard]] virtual Status Records(repo::RecordBatch batch) = 0;
  [[nodiscard]] virtual Status EndBucket() = 0;
};

/// What is known before anything was read. What is none cannot be checked against.
struct SourceFacts {
  std::string name;  // for messages: "backup 3f2a90c1", "/var/snapshots/x.db"
  etcd::StoreRevisions revisions;
  std::uint64_t image_bytes = 0;   // the snapshot's
  std::uint64_t record_bytes = 0;  // for progress and room; an image's size where it is not known
  std::optional<std::uint64_t> records;
  std::optional<std::uint32_t> records_crc32c;
  std::optional<repo::HashKv> hash_kv;
};

/// Threads: const methods, from any thread.
class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual const SourceFacts& facts() const = 0;
  /// All buckets. An image is checked on the way as bolt::Database::Walk does: OK means that it is
  /// consistent.
  [[nodiscard]] virtual Status Visit(const Context& context, SourceVisitor& visitor) const = 0;
  /// Only records, those with key >= `from`.
  [[nodiscard]] virtual Result<std::unique_ptr<repo::RecordStream>> Records(
      const Context& context, etcd::RecordKey from) const = 0;
  /// All records of one user key, ascending.
  [[nodiscard]] virtual Result<repo::RecordBatch> Lookup(const Context& context,
                                                         ByteView user_key) const = 0;
};

/// `backup` outlives the source.
[[nodiscard]] std::unique_ptr<Source> MakeSource(const repo::Backup& backup);
/// `image` outlives the source. `name`: for messages. kDataLoss: it is not an etcd database.
[[nodiscard]] Result<std::unique_ptr<Source>> MakeSource(const io::RandomReader& image,
                                                         const std::string& name);

}  // namespace tresor::backup
