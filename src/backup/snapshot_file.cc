// SPDX-License-Identifier: Apache-2.0
#include "backup/snapshot_file.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include <zlib.h>
#include <zstd.h>

#include "backup/prefix_reader.h"
#include "base/hex.h"
#include "crypto/crypto.h"

namespace tresor::backup {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::uint64_t kHashBytes = 32;

using ByteSink = std::function<Status(ByteView)>;

/// Reads all of `source` in order and says how far it came.
Status ReadThrough(const Context& context, const io::RandomReader& source, std::uint64_t size,
                   const ProgressCallback& progress, const ByteSink& sink) {
  Bytes buffer(std::min<std::uint64_t>(kReadBytes, size));
  for (std::uint64_t offset = 0; offset < size;) {
    RETURN_IF_ERROR(context.Check());
    const auto part = MutableByteView(buffer).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - offset)));
    RETURN_IF_ERROR(source.ReadAt(offset, part));
    RETURN_IF_ERROR(sink(part));
    offset += part.size();
    if (progress) {
      progress({.phase = Phase::kReceive, .done_bytes = offset, .total_bytes = size});
    }
  }
  return OkStatus();
}

/// Unpacks a stream given piece by piece. RFC 1952 (members may follow each other), RFC 8878 (so
/// may frames).
class Unpacker {
 public:
  virtual ~Unpacker() = default;
  [[nodiscard]] virtual Status Feed(ByteView packed, const ByteSink& sink) = 0;
  /// Nothing more comes. kDataLoss: the stream was cut.
  [[nodiscard]] virtual Status Finish() = 0;
};

class GzipUnpacker final : public Unpacker {
 public:
  GzipUnpacker() { ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK; }  // 16: a gzip header
  ~GzipUnpacker() override { inflateEnd(&stream_); }

  Status Feed(ByteView packed, const ByteSink& sink) override {
    if (!ready_) {
      return Error(Code::kResourceExhausted, "gzip: no memory");
    }
    // zlib's interface is not const-correct; it does not write to next_in.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    while (stream_.avail_in > 0 || more_output_) {
      if (ended_) {
        if (inflateReset(&stream_) != Z_OK) {
          return Error(Code::kInternal, "gzip: reset failed");
        }
        ended_ = false;
      }
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
        return Error(Code::kDataLoss, "gzip stream: {}",
                     stream_.msg != nullptr ? stream_.msg : "damaged");
      }
      const std::size_t made = out_.size() - stream_.avail_out;
      more_output_ = stream_.avail_out == 0;
      if (made > 0) {
        RETURN_IF_ERROR(sink(ByteView(out_).first(made)));
      }
      if (code == Z_STREAM_END) {
        ended_ = true;
        more_output_ = false;
      }
    }
    return OkStatus();
  }
  Status Finish() override {
    return ended_ ? OkStatus() : Error(Code::kDataLoss, "gzip stream: cut short");
  }

 private:
  z_stream stream_{};
  Bytes out_ = Bytes(std::size_t{256} << 10);
  bool ready_ = false;
  bool ended_ = false;
  bool more_output_ = false;
};

class ZstdUnpacker final : public Unpacker {
 public:
  ZstdUnpacker() : stream_(ZSTD_createDStream(), &ZSTD_freeDStream) {}

  Status Feed(ByteView packed, const ByteSink& sink) override {
    if (stream_ == nullptr) {
      return Error(Code::kResourceExhausted, "zstd: no memory");
    }
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    bool full = false;
    while (in.pos < in.size || full) {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      const std::size_t before = in.pos;
      const std::size_t code = ZSTD_decompressStream(stream_.get(), &out, &in);
      if (ZSTD_isError(code) != 0) {
        return Error(Code::kDataLoss, "zstd stream: {}", ZSTD_getErrorName(code));
      }
      // 0: a frame ended and all of it was put out. A call without effect leaves the answer as it
      // was.
      if (in.pos != before || out.pos > 0) {
        ended_ = code == 0;
      }
      full = out.pos == out.size;
      if (out.pos > 0) {
        RETURN_IF_ERROR(sink(ByteView(out_).first(out.pos)));
      }
    }
    return OkStatus();
  }
  Status Finish() override {
    return ended_ ? OkStatus() : Error(Code::kDataLoss, "zstd stream: cut short");
  }

 private:
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
  Bytes out_ = Bytes(ZSTD_DStreamOutSize());
  bool ended_ = false;
};

Result<Compression> Detect(const io::RandomReader& source) {
  std::array<std::byte, 4> magic{};
  if (source.size() < magic.size()) {
    return Compression::kNone;
  }
  RETURN_IF_ERROR(source.ReadAt(0, magic));
  if (magic[0] == std::byte{0x1f} && magic[1] == std::byte{0x8b}) {
    return Compression::kGzip;
  }
  // RFC 8878, 3.1.1; skippable frames do not come first in what zstd writes. A bbolt file begins
  // with page id 0.
  return LoadU32(magic.data()) == 0xFD2FB528U ? Compression::kZstd : Compression::kNone;
}

}  // namespace

SnapshotFile::SnapshotFile() = default;
SnapshotFile::~SnapshotFile() = default;

Result<std::unique_ptr<SnapshotFile>> SnapshotFile::Open(const Context& context,
                                                         const std::string& path,
                                                         const SnapshotFileOptions& options) {
  ASSIGN_OR_RETURN(auto file, options.fs->Open(path, io::OpenMode::kRead));
  std::unique_ptr<SnapshotFile> result(new SnapshotFile());
  RETURN_IF_ERROR(Annotate(result->Load(context, *file, options), path));
  result->file_ = std::move(file);
  return result;
}

Result<std::unique_ptr<SnapshotFile>> SnapshotFile::FromReader(const Context& context,
                                                               const io::RandomReader& source,
                                                               const SnapshotFileOptions& options) {
  std::unique_ptr<SnapshotFile> result(new SnapshotFile());
  RETURN_IF_ERROR(result->Load(context, source, options));
  return result;
}

Status SnapshotFile::Load(const Context& context, const io::RandomReader& source,
                          const SnapshotFileOptions& options) {
  ASSIGN_OR_RETURN(compression_, Detect(source));
  const io::RandomReader* plain = &source;
  if (compression_ != Compression::kNone) {
    ASSIGN_OR_RETURN(spool_, Spool::Create(options.spool, 0));
    std::unique_ptr<Unpacker> unpacker;
    if (compression_ == Compression::kGzip) {
      unpacker = std::make_unique<GzipUnpacker>();
    } else {
      unpacker = std::make_unique<ZstdUnpacker>();
    }
    const ByteSink to_spool = [&](ByteView bytes) { return spool_->Append(bytes); };
    RETURN_IF_ERROR(ReadThrough(context, source, source.size(), options.progress,
                                [&](ByteView packed) { return unpacker->Feed(packed, to_spool); }));
    RETURN_IF_ERROR(unpacker->Finish());
    RETURN_IF_ERROR(spool_->Finish());
    plain = spool_.get();
  }

  const std::uint64_t size = plain->size();
  has_hash_ = size % 512 == kHashBytes;
  const std::uint64_t image_size = has_hash_ ? size - kHashBytes : size;
  image_ = std::make_unique<PrefixReader>(*plain, image_size);
  if (options.skip_hash_check) {
    return OkStatus();
  }
  if (!has_hash_) {
    return Error(Code::kDataLoss,
                 "snapshot missing hash: {} bytes is not an image with a SHA-256 behind it (cut "
                 "short, or a copied member/snap/db, which --skip-hash-check accepts)",
                 size);
  }
  crypto::Sha256 hash;
  RETURN_IF_ERROR(ReadThrough(context, *plain, image_size, options.progress, [&](ByteView bytes) {
    hash.Update(bytes);
    return OkStatus();
  }));
  sha256_ = hash.Finish();
  std::array<std::byte, kHashBytes> said{};
  RETURN_IF_ERROR(plain->ReadAt(image_size, said));
  if (said != sha256_) {
    return Error(Code::kDataLoss,
                 "the image's SHA-256 is {}, the file says {}: the file is damaged", ToHex(sha256_),
                 ToHex(said));
  }
  hash_checked_ = true;
  return OkStatus();
}

}  // namespace tresor::backup
