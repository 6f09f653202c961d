// SPDX-License-Identifier: Apache-2.0
#include "backup/spool.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace tresor::backup {
namespace {

constexpr std::size_t kTag = crypto::Aead::kTagSize;
constexpr std::size_t kStride = kSpoolChunkBytes + kTag;
// Sealed and written together.
constexpr std::size_t kWriteChunks = 256;
constexpr std::size_t kWriteBytes = kWriteChunks * kSpoolChunkBytes;
// Read together, at most.
constexpr std::size_t kReadChunks = 64;

// Which reader a thread tries first, so that threads seldom meet.
std::size_t ThreadNumber() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t number = next.fetch_add(1, std::memory_order_relaxed);
  return number;
}

double Mebibytes(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

}  // namespace

struct Spool::Reader {
  static constexpr std::size_t kCached = 16;
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  struct Cached {
    std::uint64_t chunk = kNone;
    Bytes plain;
  };

  std::mutex mutex;  // the fields below belong to the thread that holds it
  std::unique_ptr<crypto::Aead> aead;
  Bytes sealed;
  std::array<Cached, kCached> cache;
  std::size_t next_victim = 0;
};

Spool::Spool(const SpoolOptions& options)
    : options_(options),
      key_(crypto::SecretKey::Generate(*options.random)),
      readers_(std::make_unique<std::array<Reader, kReaders>>()) {}

Spool::~Spool() = default;

Result<std::unique_ptr<Spool>> Spool::Create(const SpoolOptions& options,
                                             std::uint64_t expected_bytes) {
  if (expected_bytes > options.limit_bytes) {
    return Error(Code::kResourceExhausted,
                 "spool: the snapshot has {:.1f} MiB, the spool's limit is {:.1f} MiB: raise it",
                 Mebibytes(expected_bytes), Mebibytes(options.limit_bytes));
  }
  std::unique_ptr<Spool> spool(new Spool(options));
  if (expected_bytes > options.memory_bytes) {
    RETURN_IF_ERROR(spool->MoveToFile(expected_bytes));
  } else {
    spool->memory_.reserve(expected_bytes);
  }
  return spool;
}

Status Spool::MoveToFile(std::uint64_t expected_bytes) {
  ASSIGN_OR_RETURN(const std::uint64_t free, options_.fs->FreeBytes(options_.dir));
  const std::uint64_t needed = expected_bytes + expected_bytes / kSpoolChunkBytes * kTag;
  if (free < needed) {
    return Error(Code::kResourceExhausted,
                 "spool: {:.1f} MiB are needed in {}, {:.1f} MiB are free: make room or choose "
                 "another folder",
                 Mebibytes(needed), options_.dir, Mebibytes(free));
  }
  ASSIGN_OR_RETURN(file_, options_.fs->OpenUnnamed(options_.dir));
  aead_ = std::make_unique<crypto::Aead>(key_);
  const Bytes so_far = std::exchange(memory_, {});
  memory_.reserve(kWriteBytes);
  return TakeIn(so_far);
}

Status Spool::Append(ByteView bytes) {
  TRESOR_CHECK(!finished_);
  if (failed_) {
    return Error(Code::kFailedPrecondition, "spool: spent after an error");
  }
  failed_ = true;
  if (bytes.size() > options_.limit_bytes - size_) {
    return Error(Code::kResourceExhausted,
                 "spool: more than its limit of {:.1f} MiB came: raise it",
                 Mebibytes(options_.limit_bytes));
  }
  size_ += bytes.size();
  if (file_ == nullptr && size_ > options_.memory_bytes) {
    RETURN_IF_ERROR(MoveToFile(size_));
  }
  RETURN_IF_ERROR(TakeIn(bytes));
  failed_ = false;
  return OkStatus();
}

Status Spool::TakeIn(ByteView bytes) {
  if (file_ == nullptr) {
    memory_.insert(memory_.end(), bytes.begin(), bytes.end());
    return OkStatus();
  }
  while (!bytes.empty()) {
    if (memory_.empty() && bytes.size() >= kWriteBytes) {
      RETURN_IF_ERROR(Write(bytes.first(kWriteBytes)));
      bytes = bytes.subspan(kWriteBytes);
      continue;
    }
    const std::size_t part = std::min(bytes.size(), kWriteBytes - memory_.size());
    memory_.insert(memory_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(part));
    bytes = bytes.subspan(part);
    if (memory_.size() == kWriteBytes) {
      RETURN_IF_ERROR(Write(memory_));
      memory_.clear();
    }
  }
  return OkStatus();
}

Status Spool::Write(ByteView plain) {
  const std::uint64_t first = chunks_;
  sealed_.resize(kWriteChunks * kStride);
  std::size_t sealed_size = 0;
  for (ByteView rest = plain; !rest.empty();) {
    const std::size_t part = std::min(rest.size(), kSpoolChunkBytes);
    aead_->SealTo(chunks_, {}, rest.first(part),
                  MutableByteView(sealed_).subspan(sealed_size, part + kTag));
    rest = rest.subspan(part);
    sealed_size += part + kTag;
    ++chunks_;
  }
  return Annotate(file_->WriteAt(first * kStride, ByteView(sealed_).first(sealed_size)), "spool");
}

Status Spool::Finish() {
  TRESOR_CHECK(!finished_);
  if (failed_) {
    return Error(Code::kFailedPrecondition, "spool: spent after an error");
  }
  if (file_ != nullptr) {
    if (!memory_.empty()) {
      RETURN_IF_ERROR(Write(memory_));
    }
    memory_ = {};
    sealed_ = {};
    aead_.reset();
  }
  finished_ = true;
  return OkStatus();
}

std::uint64_t Spool::ChunkBytes(std::uint64_t chunk) const {
  return std::min<std::uint64_t>(kSpoolChunkBytes, size_ - chunk * kSpoolChunkBytes);
}

Status Spool::ReadAt(std::uint64_t offset, MutableByteView out) const {
  TRESOR_CHECK(finished_);
  if (offset > size_ || out.size() > size_ - offset) {
    return Error(Code::kOutOfRange, "spool: {} bytes at offset {} of {}", out.size(), offset,
                 size_);
  }
  if (out.empty()) {
    return OkStatus();
  }
  if (file_ == nullptr) {
    std::memcpy(out.data(), memory_.data() + offset, out.size());
    return OkStatus();
  }
  const std::size_t own = ThreadNumber() % kReaders;
  for (std::size_t i = 0; i < kReaders; ++i) {
    Reader& reader = (*readers_)[(own + i) % kReaders];
    if (std::unique_lock lock(reader.mutex, std::try_to_lock); lock.owns_lock()) {
      return ReadFromFile(reader, offset, out);
    }
  }
  Reader& reader = (*readers_)[own];
  const std::lock_guard lock(reader.mutex);
  return ReadFromFile(reader, offset, out);
}

Status Spool::ReadFromFile(Reader& reader, std::uint64_t offset, MutableByteView out) const {
  if (reader.aead == nullptr) {
    reader.aead = std::make_unique<crypto::Aead>(key_);
  }
  while (!out.empty()) {
    const std::uint64_t chunk = offset / kSpoolChunkBytes;
    const std::size_t within = offset % kSpoolChunkBytes;

    const auto cached = std::find_if(reader.cache.begin(), reader.cache.end(),
                                     [&](const auto& entry) { return entry.chunk == chunk; });
    if (cached != reader.cache.end()) {
      const std::size_t part = std::min(out.size(), cached->plain.size() - within);
      std::memcpy(out.data(), cached->plain.data() + within, part);
      out = out.subspan(part);
      offset += part;
      continue;
    }

    // As many chunks at once as the rest of `out` touches, within kReadChunks.
    const std::uint64_t last =
        std::min((offset + out.size() - 1) / kSpoolChunkBytes, chunk + kReadChunks - 1);
    const std::uint64_t sealed_size = (last - chunk) * kStride + ChunkBytes(last) + kTag;
    reader.sealed.resize(std::max<std::size_t>(reader.sealed.size(), sealed_size));
    RETURN_IF_ERROR(
        Annotate(file_->ReadAt(chunk * kStride, MutableByteView(reader.sealed).first(sealed_size)),
                 "spool"));
    for (std::uint64_t i = chunk; i <= last; ++i) {
      const std::size_t skip = offset % kSpoolChunkBytes;
      const std::uint64_t plain_size = ChunkBytes(i);
      const ByteView sealed =
          ByteView(reader.sealed).subspan((i - chunk) * kStride, plain_size + kTag);
      const std::size_t part = std::min<std::size_t>(out.size(), plain_size - skip);
      if (part == plain_size) {
        RETURN_IF_ERROR(Annotate(reader.aead->Open(i, {}, sealed, out.first(part)),
                                 "spool: the file gave back what was not written"));
      } else {
        auto& entry = reader.cache[reader.next_victim];
        reader.next_victim = (reader.next_victim + 1) % Reader::kCached;
        entry.chunk = Reader::kNone;
        entry.plain.resize(plain_size);
        RETURN_IF_ERROR(Annotate(reader.aead->Open(i, {}, sealed, entry.plain),
                                 "spool: the file gave back what was not written"));
        entry.chunk = i;
        std::memcpy(out.data(), entry.plain.data() + skip, part);
      }
      out = out.subspan(part);
      offset += part;
    }
  }
  return OkStatus();
}

}  // namespace tresor::backup
