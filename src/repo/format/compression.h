// SPDX-License-Identifier: Apache-2.0
// zstd frames, with contexts that are made once and used again. The only user of libzstd here.
//
// Frames carry no checksum and no size: what they decompress to is written beside them, and what
// seals them authenticates them. RFC 8878.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/status.h"

namespace tresor::repo {

/// A frame never decompresses to more than its size times this: a block of at most 128 KiB takes at
/// least 4 bytes (RFC 8878, 3.1.1.2). Whoever allocates by a size that he read asks this first.
inline constexpr std::uint64_t kMaxCompressionRatio = 32768;

/// Threads: one.
class Compressor {
 public:
  explicit Compressor(int level);
  ~Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;
  /// Appends one frame to `out`.
  void Compress(ByteView raw, Bytes& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Threads: one.
class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;
  /// kDataLoss: `frame` isn't one zstd frame of exactly out.size() bytes.
  [[nodiscard]] Status Decompress(ByteView frame, MutableByteView out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tresor::repo
