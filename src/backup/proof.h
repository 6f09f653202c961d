// SPDX-License-Identifier: Apache-2.0
// Inside of backup: proves that the records that go by are those that the source says it has.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "backup/source.h"
#include "base/context.h"
#include "base/status.h"
#include "etcd/format/hash_kv.h"

namespace tresor::backup {

/// Threads: one.
class RecordProof {
 public:
  /// Reads what HashKV needs to know beforehand: as a rule the records since the last compaction.
  /// `source` outlives this.
  [[nodiscard]] static Result<std::unique_ptr<RecordProof>> Prepare(const Context& context,
                                                                    const Source& source);

  /// Takes the next record; `key` is record.key, encoded. kDataLoss: not ascending.
  [[nodiscard]] Status Add(ByteView key, const repo::Record& record);
  /// After the last. kDataLoss: count, CRC or HashKV are not the source's. Reads the records again
  /// when HashKV differs and the store may not be compacted as it says.
  [[nodiscard]] Status Finish(const Context& context);

  [[nodiscard]] const std::optional<etcd::RecordKey>& last() const { return last_; }
  [[nodiscard]] std::uint64_t records() const { return records_; }
  [[nodiscard]] std::uint64_t record_bytes() const { return record_bytes_; }
  [[nodiscard]] std::uint32_t crc32c() const { return crc32c_; }
  /// After Finish.
  [[nodiscard]] const repo::HashKv& hash_kv() const { return hash_kv_; }

 private:
  RecordProof(const Source& source, std::unique_ptr<etcd::HashKvFilter> filter);

  const Source& source_;
  std::unique_ptr<etcd::HashKvFilter> filter_;
  etcd::HashKv hash_;
  repo::HashKv hash_kv_;
  std::optional<etcd::RecordKey> last_;
  std::uint64_t records_ = 0;
  std::uint64_t record_bytes_ = 0;
  std::uint32_t crc32c_ = 0;
};

}  // namespace tresor::backup
