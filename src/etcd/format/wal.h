// SPDX-License-Identifier: Apache-2.0
// etcd's write-ahead log: reads a log of one or more files, and makes the one of a restored member.
// Pure.
//
// Frames, records, CRC chain: etcd/format/FORMAT.md. etcd server/storage/wal/ at v3.6; the same
// in 3.4 to 3.7.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "etcd/format/ids.h"
#include "etcd/format/raft.h"

namespace tresor::etcd {

/// DO NOT CHANGE: these values are in the files.
enum class WalRecordType : std::int64_t {
  kMetadata = 1,
  kEntry = 2,
  kState = 3,
  kCrc = 4,
  kSnapshot = 5
};

/// One record; borrows `data` from the file.
struct WalRecord {
  WalRecordType type = WalRecordType::kCrc;
  std::uint32_t crc = 0;
  ByteView data;
  std::size_t file = 0;      // which of the files
  std::uint64_t offset = 0;  // of its frame in that file
};

/// Data of a kMetadata record.
struct WalMetadata {
  MemberId node{};
  ClusterId cluster{};
};
[[nodiscard]] Result<WalMetadata> DecodeWalMetadata(ByteView data);

/// Data of a kSnapshot record. 3.4 writes no conf_state.
struct WalSnapshot {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  std::optional<ConfState> conf_state;
};
[[nodiscard]] Result<WalSnapshot> DecodeWalSnapshot(ByteView data);

/// Reads the records of one log, in order, and checks the CRC chain through all of its files.
/// Threads: one.
class WalReader {
 public:
  /// `files`: the contents of the log's files by ascending sequence number, each whole; they
  /// outlive this.
  explicit WalReader(std::vector<ByteView> files) : files_(std::move(files)) {}

  /// The next record; none at the end. A record that a crash cut short at the very end (it runs
  /// past the end of the last file, or it is bad and one of its 512-byte sectors is all zero) ends
  /// the log and sets torn(). kDataLoss: "WAL file 0, offset 248: …", with the rule; the reader is
  /// spent then.
  [[nodiscard]] Result<std::optional<WalRecord>> Next();

  [[nodiscard]] bool torn() const { return torn_; }
  /// Where the next frame begins, in the file that is being read: at the end of the log, where its
  /// used part ends.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] std::size_t file() const { return file_; }
  /// The running CRC.
  [[nodiscard]] std::uint32_t crc() const { return crc_; }

 private:
  std::vector<ByteView> files_;
  std::size_t file_ = 0;
  std::uint64_t offset_ = 0;
  std::uint32_t crc_ = 0;
  bool torn_ = false;
};

/// "<sequence>-<index of the first entry it may hold>.wal", 16 hex digits each.
[[nodiscard]] std::string WalFileName(std::uint64_t sequence, std::uint64_t index);
struct WalFileId {
  std::uint64_t sequence = 0;
  std::uint64_t index = 0;
};
/// None: not the name of a WAL file.
[[nodiscard]] std::optional<WalFileId> ParseWalFileName(std::string_view name);

/// The length that etcd preallocates; what is behind the last record is zero. Bytes.
inline constexpr std::uint64_t kWalFileSize = 64'000'000;

/// The used part of the WAL that `snapshot restore` makes for member `local`, in the form of 3.5
/// and 3.6, which 3.4 to 3.7 start from. Its name is WalFileName(0, 0); fill it up with zeros to
/// kWalFileSize. `local` must be one of the cluster's members.
[[nodiscard]] Bytes EncodeRestoredWal(const InitialCluster& cluster, MemberId local);

}  // namespace tresor::etcd
