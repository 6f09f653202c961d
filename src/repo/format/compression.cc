// SPDX-License-Identifier: Apache-2.0
#include "repo/format/compression.h"

#include <zstd.h>

#include "base/check.h"

namespace tresor::repo {

struct Compressor::State {
  explicit State(int level) : context(ZSTD_createCCtx()) {
    TRESOR_CHECK(context != nullptr);
    TRESOR_CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)) &&
                 !ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0)));
  }
  ~State() { ZSTD_freeCCtx(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ZSTD_CCtx* context;
};

Compressor::Compressor(int level) : state_(std::make_unique<State>(level)) {}
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;

void Compressor::Compress(ByteView raw, Bytes& out) {
  const std::size_t before = out.size();
  out.resize(before + ZSTD_compressBound(raw.size()));
  const std::size_t size = ZSTD_compress2(state_->context, out.data() + before, out.size() - before,
                                          raw.data(), raw.size());
  TRESOR_CHECK(!ZSTD_isError(size));
  out.resize(before + size);
}

struct Decompressor::State {
  State() : context(ZSTD_createDCtx()) { TRESOR_CHECK(context != nullptr); }
  ~State() { ZSTD_freeDCtx(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ZSTD_DCtx* context;
};

Decompressor::Decompressor() : state_(std::make_unique<State>()) {}
Decompressor::~Decompressor() = default;
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;

Status Decompressor::Decompress(ByteView frame, MutableByteView out) {
  // ZSTD_decompressDCtx takes several frames, one after the other; the format has exactly one.
  const std::size_t frame_size = ZSTD_findFrameCompressedSize(frame.data(), frame.size());
  if (ZSTD_isError(frame_size) || frame_size != frame.size()) {
    return Error(Code::kDataLoss, "not one zstd frame");
  }
  const std::size_t size =
      ZSTD_decompressDCtx(state_->context, out.data(), out.size(), frame.data(), frame.size());
  if (ZSTD_isError(size)) {
    return Error(Code::kDataLoss, "zstd: {}", ZSTD_getErrorName(size));
  }
  if (size != out.size()) {
    return Error(Code::kDataLoss, "zstd: {} bytes instead of {}", size, out.size());
  }
  return OkStatus();
}

}  // namespace tresor::repo
