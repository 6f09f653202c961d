// SPDX-License-Identifier: Apache-2.0
#include "etcd/format/wal.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/crc32c.h"
#include "etcd/format/meta.h"
#include "etcd/format/proto_wire.h"

namespace tresor::etcd {
namespace {

constexpr std::uint64_t kFrameHeaderSize = 8;
constexpr std::uint64_t kFrameAlignment = 8;
constexpr std::uint64_t kLengthMask = (std::uint64_t{1} << 56) - 1;
// The least that a disk writes whole: a write that a crash cut short left zeros in steps of it.
constexpr std::uint64_t kSectorSize = 512;

struct RawRecord {
  std::int64_t type = 0;
  std::uint32_t crc = 0;
  ByteView data;
};

std::optional<RawRecord> ParseRecord(ByteView bytes) {
  RawRecord record;
  ProtoReader reader(bytes);
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        record.type = reader.Int64();
        break;
      case 2:
        record.crc = reader.Uint32();
        break;
      case 3:
        record.data = reader.Bytes();
        break;
      default:
        reader.Skip();
    }
  }
  return reader.ok() ? std::optional(record) : std::nullopt;
}

// Whether one of the sectors of [begin, end) of `file` is all zero: its write never reached the
// disk.
bool HasZeroSector(ByteView file, std::uint64_t begin, std::uint64_t end) {
  while (begin < end) {
    const std::uint64_t stop = std::min(end, (begin / kSectorSize + 1) * kSectorSize);
    if (std::ranges::all_of(file.subspan(begin, stop - begin),
                            [](std::byte b) { return b == std::byte{0}; })) {
      return true;
    }
    begin = stop;
  }
  return false;
}

// Appends frames and carries the CRC along.
class WalWriter {
 public:
  WalWriter() { Append(WalRecordType::kCrc, std::nullopt); }
  void Append(WalRecordType type, std::optional<ByteView> data) {
    ProtoWriter record;
    if (data.has_value()) {
      crc_ = Crc32c(crc_, *data);
    }
    record.Int64(1, static_cast<std::int64_t>(type));
    record.Uint64(2, crc_);
    if (data.has_value()) {
      record.Bytes(3, *data);
    }
    const Bytes bytes = record.Take();
    const std::uint64_t padding =
        (kFrameAlignment - bytes.size() % kFrameAlignment) % kFrameAlignment;
    out_.U64(bytes.size() | (padding == 0 ? 0 : (0x80 | padding) << 56));
    out_.Append(bytes);
    out_.Zeros(padding);
  }
  [[nodiscard]] Bytes Take() { return out_.Take(); }

 private:
  ByteWriter out_;
  std::uint32_t crc_ = 0;
};

Bytes EncodeWalMetadata(MemberId node, ClusterId cluster) {
  ProtoWriter out;
  out.Uint64(1, static_cast<std::uint64_t>(node));
  out.Uint64(2, static_cast<std::uint64_t>(cluster));
  return out.Take();
}

Bytes EncodeWalSnapshot(const WalSnapshot& snapshot) {
  ProtoWriter out;
  out.Uint64(1, snapshot.index);
  out.Uint64(2, snapshot.term);
  if (snapshot.conf_state.has_value()) {
    out.Bytes(3, EncodeConfState(*snapshot.conf_state));
  }
  return out.Take();
}

}  // namespace

Result<WalMetadata> DecodeWalMetadata(ByteView data) {
  WalMetadata metadata;
  ProtoReader reader(data);
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        metadata.node = MemberId{reader.Uint64()};
        break;
      case 2:
        metadata.cluster = ClusterId{reader.Uint64()};
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) {
    return Error(Code::kDataLoss, "WAL metadata of {} bytes: not a Metadata", data.size());
  }
  return metadata;
}

Result<WalSnapshot> DecodeWalSnapshot(ByteView data) {
  WalSnapshot snapshot;
  std::optional<ByteView> conf_state;
  ProtoReader reader(data);
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        snapshot.index = reader.Uint64();
        break;
      case 2:
        snapshot.term = reader.Uint64();
        break;
      case 3:
        conf_state = reader.Bytes();
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) {
    return Error(Code::kDataLoss, "WAL snapshot of {} bytes: not a Snapshot", data.size());
  }
  if (conf_state.has_value()) {
    ASSIGN_OR_RETURN(snapshot.conf_state, DecodeConfState(*conf_state));
  }
  return snapshot;
}

Result<std::optional<WalRecord>> WalReader::Next() {
  const auto bad = [this](std::string_view rule) {
    return Error(Code::kDataLoss, "WAL file {}, offset {}: {}", file_, offset_, rule);
  };
  if (torn_) {
    return std::nullopt;
  }
  std::uint64_t header = 0;
  while (file_ < files_.size()) {
    const std::uint64_t left = files_[file_].size() - offset_;
    if (left >= kFrameHeaderSize) {
      header = LoadU64(files_[file_].data() + offset_);
      if (header != 0) {
        break;
      }
    } else if (left > 0) {
      if (file_ + 1 < files_.size()) {
        return bad("frame header runs past the end of the file");
      }
      torn_ = true;
      return std::nullopt;
    }
    if (file_ + 1 == files_.size()) {
      return std::nullopt;
    }
    ++file_;
    offset_ = 0;
  }
  if (files_.empty()) {
    return std::nullopt;
  }

  const ByteView file = files_[file_];
  const bool last_file = file_ + 1 == files_.size();
  const std::uint64_t size = header & kLengthMask;
  const std::uint64_t top = header >> 56;
  const std::uint64_t padding = top & 0x7;
  const std::uint64_t expected_padding =
      (kFrameAlignment - size % kFrameAlignment) % kFrameAlignment;
  if (size == 0 || padding != expected_padding || top != (padding == 0 ? 0 : 0x80 | padding)) {
    return bad("bad length field");
  }
  const std::uint64_t begin = offset_ + kFrameHeaderSize;
  if (size + padding > file.size() - begin) {
    if (!last_file) {
      return bad("record runs past the end of the file");
    }
    torn_ = true;
    return std::nullopt;
  }
  const std::uint64_t end = begin + size + padding;
  const auto bad_or_torn = [&](std::string_view rule) -> Result<std::optional<WalRecord>> {
    if (last_file && HasZeroSector(file, begin, end)) {
      torn_ = true;
      return std::nullopt;
    }
    return bad(rule);
  };

  const std::optional<RawRecord> raw = ParseRecord(file.subspan(begin, size));
  if (!raw.has_value()) {
    return bad_or_torn("not a record");
  }
  if (raw->type < static_cast<std::int64_t>(WalRecordType::kMetadata) ||
      raw->type > static_cast<std::int64_t>(WalRecordType::kSnapshot)) {
    return bad_or_torn("unknown record type");
  }
  const WalRecordType type{raw->type};
  if (offset_ == 0 && type != WalRecordType::kCrc) {
    return bad("file does not begin with a CRC record");
  }
  if (type == WalRecordType::kCrc) {
    if (crc_ != 0 && crc_ != raw->crc) {
      return bad("CRC record does not continue the file before");
    }
    crc_ = raw->crc;
  } else {
    const std::uint32_t crc = Crc32c(crc_, raw->data);
    if (crc != raw->crc) {
      return bad_or_torn("CRC mismatch");
    }
    crc_ = crc;
  }
  const WalRecord record{
      .type = type, .crc = raw->crc, .data = raw->data, .file = file_, .offset = offset_};
  offset_ = end;
  return record;
}

std::string WalFileName(std::uint64_t sequence, std::uint64_t index) {
  return fmt::format("{:016x}-{:016x}.wal", sequence, index);
}

std::optional<WalFileId> ParseWalFileName(std::string_view name) {
  WalFileId id;
  if (name.size() != 37) {
    return std::nullopt;
  }
  std::from_chars(name.data(), name.data() + 16, id.sequence, 16);
  std::from_chars(name.data() + 17, name.data() + 33, id.index, 16);
  return WalFileName(id.sequence, id.index) == name ? std::optional(id) : std::nullopt;
}

Bytes EncodeRestoredWal(const InitialCluster& cluster, MemberId local) {
  TRESOR_CHECK(std::ranges::count(cluster.members, local, &MemberSpec::id) == 1);
  constexpr std::uint64_t kTerm = 1;
  const std::uint64_t commit = cluster.members.size();

  WalWriter wal;
  wal.Append(WalRecordType::kMetadata, EncodeWalMetadata(local, cluster.id));
  wal.Append(WalRecordType::kSnapshot, EncodeWalSnapshot({}));
  ConfState conf_state;
  std::uint64_t index = 0;
  for (const MemberSpec& member : cluster.members) {
    const std::string json = EncodeMemberJson(ToStoredMember(member));
    const Bytes change = EncodeConfChange(
        {.type = ConfChangeType::kAddNode, .node = member.id, .context = AsBytes(json)});
    wal.Append(
        WalRecordType::kEntry,
        EncodeEntry(
            {.type = EntryType::kConfChange, .term = kTerm, .index = ++index, .data = change}));
    conf_state.voters.push_back(member.id);
  }
  // etcd's tool lets the first of the sorted peers vote for itself, on every member.
  wal.Append(
      WalRecordType::kState,
      EncodeHardState({.term = kTerm, .vote = cluster.members.front().id, .commit = commit}));
  wal.Append(WalRecordType::kSnapshot,
             EncodeWalSnapshot({.index = commit, .term = kTerm, .conf_state = conf_state}));
  return wal.Take();
}

}  // namespace tresor::etcd
