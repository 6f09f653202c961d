// SPDX-License-Identifier: Apache-2.0
// The CRC-32C of a backup: over key || value of all its records, in order. FORMAT.md 6.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/crc_algebra.h"
#include "etcd/format/record.h"

namespace tresor::repo {

/// A record's key || value, as they lie in bucket `key`.
/// Threads: one.
class RecordsCrc {
 public:
  void Add(const etcd::RecordKey& key, ByteView value) {
    std::array<std::byte, etcd::kTombstoneKeySize> bytes;
    StoreU64BigEndian(bytes.data(), static_cast<std::uint64_t>(key.main));
    bytes[8] = std::byte{'_'};
    StoreU64BigEndian(bytes.data() + 9, static_cast<std::uint64_t>(key.sub));
    bytes[17] = std::byte{'t'};
    crc_ = Crc32c(crc_, ByteView(bytes).first(KeySize(key)));
    crc_ = Crc32c(crc_, value);
  }
  [[nodiscard]] std::uint32_t value() const { return crc_; }
  /// Bytes of a record's key in bucket `key`.
  [[nodiscard]] static std::size_t KeySize(const etcd::RecordKey& key) {
    return key.tombstone ? etcd::kTombstoneKeySize : etcd::kRecordKeySize;
  }

 private:
  std::uint32_t crc_ = 0;
};

/// A record's key || value, as they lie in bucket `key`.
[[nodiscard]] inline CrcPiece PieceOf(const etcd::RecordKey& key, ByteView value) {
  RecordsCrc crc;
  crc.Add(key, value);
  return {.crc = crc.value(), .size_bytes = RecordsCrc::KeySize(key) + value.size()};
}

}  // namespace tresor::repo
