// SPDX-License-Identifier: Apache-2.0
// Lists of numbered fields, of which manifests and catalogs are made: varint number, varint size,
// bytes. Numbers ascend; unknown ones are skipped, so that a later version can add some. Pure.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/status.h"

namespace tresor::repo {

class FieldWriter {
 public:
  /// `number` is above the one before.
  void Field(std::uint32_t number, ByteView bytes) {
    writer_.Varint(number);
    writer_.LengthPrefixed(bytes);
  }
  [[nodiscard]] Bytes Take() { return writer_.Take(); }

 private:
  ByteWriter writer_;
};

/// Walks a list once, in ascending order of the numbers asked for.
class FieldReader {
 public:
  explicit FieldReader(ByteView bytes) : reader_(bytes) {}

  /// Field `number`, over unknown ones before it. When it is not there the reader turns bad.
  [[nodiscard]] ByteView Field(std::uint32_t number) {
    while (reader_.ok() && reader_.remaining() > 0) {
      const std::uint64_t found = reader_.Varint();
      const ByteView bytes = reader_.LengthPrefixed();
      if (!reader_.ok() || found <= last_ || found > number) {
        break;
      }
      last_ = found;
      if (found == number) {
        return bytes;
      }
    }
    reader_.MarkBad();
    return {};
  }
  /// After the last known field: only unknown ones are left, and they are well formed.
  [[nodiscard]] bool Finish() {
    while (reader_.ok() && reader_.remaining() > 0) {
      const std::uint64_t found = reader_.Varint();
      reader_.Skip(reader_.Varint());
      if (found <= last_) {
        reader_.MarkBad();
      }
      last_ = found;
    }
    return reader_.ok();
  }

 private:
  ByteReader reader_;
  std::uint64_t last_ = 0;
};

}  // namespace tresor::repo
