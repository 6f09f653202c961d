// SPDX-License-Identifier: Apache-2.0
#include "etcd/snapshot_stream.h"

#include <algorithm>
#include <limits>

#include "base/hex.h"

namespace tresor::etcd {
namespace {

// bbolt's smallest page; etcd's tools tell a digest by "size mod 512 == 32".
constexpr std::uint64_t kImageUnit = 512;
constexpr std::size_t kMaxVersionBytes = 64;

// Reads across buffers without joining them. Errors are sticky, as ByteReader's.
class ScatteredReader {
 public:
  explicit ScatteredReader(std::span<const ByteView> buffers) : buffers_(buffers) {
    for (const ByteView buffer : buffers) {
      remaining_ += buffer.size();
    }
    SkipEmpty();
  }

  [[nodiscard]] bool ok() const { return !bad_; }
  [[nodiscard]] bool AtEnd() const { return bad_ || remaining_ == 0; }
  void MarkBad() { bad_ = true; }

  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (AtEnd()) {
        break;
      }
      const auto byte = static_cast<std::uint64_t>(buffers_[buffer_][offset_]);
      Advance(1);
      if (shift == 63 && byte > 1) {
        break;
      }
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        return value;
      }
    }
    bad_ = true;
    return 0;
  }

  /// Calls `part(view)` for each piece of the next `size` bytes.
  template <typename Part>
  void Read(std::uint64_t size, Part part) {
    if (bad_ || size > remaining_) {
      bad_ = true;
      return;
    }
    while (size > 0) {
      const ByteView rest = buffers_[buffer_].subspan(offset_);
      const ByteView piece =
          rest.first(static_cast<std::size_t>(std::min<std::uint64_t>(size, rest.size())));
      part(piece);
      Advance(piece.size());
      size -= piece.size();
    }
  }

 private:
  void Advance(std::size_t size) {
    offset_ += size;
    remaining_ -= size;
    SkipEmpty();
  }
  void SkipEmpty() {
    while (buffer_ < buffers_.size() && offset_ == buffers_[buffer_].size()) {
      ++buffer_;
      offset_ = 0;
    }
  }

  std::span<const ByteView> buffers_;
  std::size_t buffer_ = 0;
  std::size_t offset_ = 0;  // in buffers_[buffer_]
  std::uint64_t remaining_ = 0;
  bool bad_ = false;
};

enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

// SnapshotResponse's field numbers.
enum Field : std::uint64_t { kRemainingBytes = 2, kBlob = 3, kVersion = 4 };

void SkipField(ScatteredReader& reader, std::uint64_t wire_type) {
  const auto ignore = [](ByteView) {};
  switch (wire_type) {
    case kVarint:
      (void)reader.Varint();
      return;
    case kFixed64:
      return reader.Read(8, ignore);
    case kLengthDelimited:
      return reader.Read(reader.Varint(), ignore);
    case kFixed32:
      return reader.Read(4, ignore);
    default:
      reader.MarkBad();
  }
}

void DecodeField(ScatteredReader& reader, SnapshotMessage& out) {
  const std::uint64_t tag = reader.Varint();
  const std::uint64_t field = tag >> 3;
  const std::uint64_t wire_type = tag & 7;
  if (field == kRemainingBytes && wire_type == kVarint) {
    out.remaining_bytes = reader.Varint();
  } else if (field == kBlob && wire_type == kLengthDelimited) {
    out.blob.clear();  // protobuf: the last one counts
    reader.Read(reader.Varint(), [&](ByteView part) { out.blob.push_back(part); });
  } else if (field == kVersion && wire_type == kLengthDelimited) {
    out.version.clear();
    reader.Read(reader.Varint(), [&](ByteView part) {
      if (out.version.size() + part.size() <= kMaxVersionBytes) {
        out.version += AsText(part);
      } else {
        reader.MarkBad();
      }
    });
  } else if (field == 0 || (field >= kRemainingBytes && field <= kVersion)) {
    reader.MarkBad();
  } else {
    SkipField(reader, wire_type);
  }
}

}  // namespace

std::uint64_t SnapshotMessage::blob_bytes() const {
  std::uint64_t size = 0;
  for (const ByteView part : blob) {
    size += part.size();
  }
  return size;
}

Status DecodeSnapshotMessage(std::span<const ByteView> buffers, SnapshotMessage& out) {
  out.remaining_bytes = 0;
  out.blob.clear();
  out.version.clear();
  ScatteredReader reader(buffers);
  while (!reader.AtEnd()) {
    DecodeField(reader, out);
  }
  if (!reader.ok()) {
    return Error(Code::kDataLoss, "snapshot stream: a message is not a SnapshotResponse");
  }
  return OkStatus();
}

Status SnapshotGuard::OnMessage(const SnapshotMessage& message) {
  const std::uint64_t size = message.blob_bytes();
  if (size == 0) {
    return Error(Code::kDataLoss,
                 "snapshot stream: empty message after {} bytes of {}: the server cannot read its "
                 "own database file",
                 received_bytes_, summary_.image_bytes);
  }
  if (!begun_) {
    if (message.remaining_bytes > std::numeric_limits<std::int64_t>::max() - size) {
      return Error(Code::kDataLoss, "snapshot stream: {} bytes announced", message.remaining_bytes);
    }
    begun_ = true;
    summary_.image_bytes = message.remaining_bytes + size;
    summary_.version = message.version;
    if (summary_.image_bytes % kImageUnit != 0) {
      return Error(Code::kDataLoss, "snapshot stream: {} bytes announced, not a multiple of {}",
                   summary_.image_bytes, kImageUnit);
    }
    RETURN_IF_ERROR(sink_.Begin(summary_.image_bytes));
  }
  const std::uint64_t expected = summary_.image_bytes - received_bytes_;
  if (expected > 0) {
    if (size > expected || message.remaining_bytes != expected - size) {
      return Error(Code::kDataLoss,
                   "snapshot stream: {} bytes after {} of {} leave {}, but the server says {}",
                   size, received_bytes_, summary_.image_bytes,
                   size > expected ? 0 : expected - size, message.remaining_bytes);
    }
    received_bytes_ += size;
    for (const ByteView part : message.blob) {
      RETURN_IF_ERROR(sink_.Append(part));
    }
    return OkStatus();
  }
  if (digest_seen_ || size != summary_.digest.size() || message.remaining_bytes != 0) {
    return Error(Code::kDataLoss, "snapshot stream: {} bytes after the image{}, not its digest",
                 size, digest_seen_ ? " and its digest" : "");
  }
  digest_seen_ = true;
  auto out = summary_.digest.begin();
  for (const ByteView part : message.blob) {
    out = std::ranges::copy(part, out).out;
  }
  return OkStatus();
}

Result<SnapshotSummary> SnapshotGuard::Finish() {
  if (!begun_ || received_bytes_ != summary_.image_bytes) {
    return Error(Code::kDataLoss, "snapshot stream: ended after {} bytes of {}", received_bytes_,
                 summary_.image_bytes);
  }
  if (!digest_seen_) {
    return Error(Code::kDataLoss, "snapshot stream: ended without its digest, after {} bytes",
                 received_bytes_);
  }
  return summary_;
}

Status SnapshotVerifier::Begin(std::uint64_t image_bytes) { return next_.Begin(image_bytes); }

Status SnapshotVerifier::Append(ByteView bytes) {
  hash_.Update(bytes);
  return next_.Append(bytes);
}

Status SnapshotVerifier::Verify(const SnapshotSummary& summary) {
  const crypto::Sha256Digest digest = hash_.Finish();
  if (digest != summary.digest) {
    return Error(Code::kDataLoss, "snapshot: SHA-256 is {}, but the server sent {}", ToHex(digest),
                 ToHex(summary.digest));
  }
  return OkStatus();
}

}  // namespace tresor::etcd
