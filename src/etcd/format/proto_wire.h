// SPDX-License-Identifier: Apache-2.0
// Protobuf's wire format, as much as etcd's files need. Internal to etcd/format.
//
// https://protobuf.dev/programming-guides/encoding/. Groups, which no message of etcd has, are
// refused.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace tresor::etcd {

/// Walks the fields of a message. Every field that Next() finds must be taken: by a getter of its
/// type, or Skip(). Errors are sticky, as ByteReader's: ask ok() once at the end.
///
///   ProtoReader reader(bytes);
///   while (reader.Next()) {
///     switch (reader.field()) {
///       case 1: key = reader.Bytes(); break;
///       default: reader.Skip();
///     }
///   }
///   if (!reader.ok()) return …
class ProtoReader {
 public:
  explicit ProtoReader(ByteView message) : in_(message) {}

  /// Moves to the next field; false at the end and after an error.
  [[nodiscard]] bool Next() {
    if (in_.remaining() == 0) {
      return false;
    }
    const std::uint64_t tag = in_.Varint();
    field_ = static_cast<std::uint32_t>(tag >> 3);
    type_ = static_cast<std::uint8_t>(tag & 7);
    if (field_ == 0 || tag >> 32 != 0) {
      in_.MarkBad();
    }
    return in_.ok();
  }
  [[nodiscard]] std::uint32_t field() const { return field_; }

  [[nodiscard]] std::uint64_t Uint64() {
    if (type_ != kVarint) {
      in_.MarkBad();
    }
    return in_.Varint();
  }
  [[nodiscard]] std::int64_t Int64() { return static_cast<std::int64_t>(Uint64()); }
  /// Cut to 32 bits, as protobuf does.
  [[nodiscard]] std::uint32_t Uint32() { return static_cast<std::uint32_t>(Uint64()); }
  [[nodiscard]] bool Bool() { return Uint64() != 0; }
  /// bytes, string, or a message.
  [[nodiscard]] ByteView Bytes() {
    if (type_ != kBytes) {
      in_.MarkBad();
    }
    return in_.LengthPrefixed();
  }
  /// An element of a repeated uint64, or all of them packed.
  template <typename T>
  void RepeatedUint64(std::vector<T>& out) {
    if (type_ != kBytes) {
      out.push_back(T{Uint64()});
      return;
    }
    ByteReader packed(in_.LengthPrefixed());
    while (packed.remaining() > 0) {
      out.push_back(T{packed.Varint()});
    }
    if (!packed.ok()) {
      in_.MarkBad();
    }
  }
  void Skip() {
    switch (type_) {
      case kVarint:
        (void)in_.Varint();
        break;
      case kFixed64:
        in_.Skip(8);
        break;
      case kBytes:
        (void)in_.LengthPrefixed();
        break;
      case kFixed32:
        in_.Skip(4);
        break;
      default:
        in_.MarkBad();
    }
  }

  [[nodiscard]] bool ok() const { return in_.ok(); }

 private:
  static constexpr std::uint8_t kVarint = 0;
  static constexpr std::uint8_t kFixed64 = 1;
  static constexpr std::uint8_t kBytes = 2;
  static constexpr std::uint8_t kFixed32 = 5;

  ByteReader in_;
  std::uint32_t field_ = 0;
  std::uint8_t type_ = 0;
};

/// Writes fields in the order of the calls. Zero is written too: whether a field is left out is the
/// message's matter.
class ProtoWriter {
 public:
  void Uint64(std::uint32_t field, std::uint64_t value) {
    out_.Varint(std::uint64_t{field} << 3);
    out_.Varint(value);
  }
  void Int64(std::uint32_t field, std::int64_t value) {
    Uint64(field, static_cast<std::uint64_t>(value));
  }
  void Bytes(std::uint32_t field, ByteView value) {
    out_.Varint((std::uint64_t{field} << 3) | 2);
    out_.LengthPrefixed(value);
  }
  [[nodiscard]] tresor::Bytes Take() { return out_.Take(); }

 private:
  ByteWriter out_;
};

}  // namespace tresor::etcd
