// SPDX-License-Identifier: Apache-2.0
// Inside of backup: an image without the hash that lies behind it.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "io/file_system.h"

namespace tresor::backup {

/// The first `size` bytes of a reader that outlives this.
class PrefixReader final : public io::RandomReader {
 public:
  PrefixReader(const io::RandomReader& base, std::uint64_t size) : base_(base), size_(size) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] Status ReadAt(std::uint64_t offset, MutableByteView out) const override {
    if (offset > size_ || out.size() > size_ - offset) {
      return Error(Code::kOutOfRange, "{} bytes at offset {} of {}", out.size(), offset, size_);
    }
    return base_.ReadAt(offset, out);
  }

 private:
  const io::RandomReader& base_;
  std::uint64_t size_;
};

}  // namespace tresor::backup
