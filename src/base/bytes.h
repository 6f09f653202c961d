// SPDX-License-Identifier: Apache-2.0
// Byte strings, and the one bounds-checked way to decode and encode them.
//
// Integers are little-endian unless the name says BigEndian. Varint is protobuf's (LEB128, at most
// 10 bytes).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tresor {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;
using MutableByteView = std::span<std::byte>;

[[nodiscard]] inline ByteView AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
[[nodiscard]] inline std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline Bytes ToBytes(ByteView bytes) { return {bytes.begin(), bytes.end()}; }
[[nodiscard]] inline Bytes ToBytes(std::string_view text) { return ToBytes(AsBytes(text)); }
[[nodiscard]] inline std::string ToString(ByteView bytes) { return std::string(AsText(bytes)); }

/// memcmp order, shorter first: bbolt's and etcd's key order.
[[nodiscard]] std::strong_ordering Compare(ByteView a, ByteView b);
[[nodiscard]] inline bool Equal(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

/// Unaligned loads and stores; the caller has checked the bounds.
[[nodiscard]] std::uint16_t LoadU16(const std::byte* from);
[[nodiscard]] std::uint32_t LoadU32(const std::byte* from);
[[nodiscard]] std::uint64_t LoadU64(const std::byte* from);
[[nodiscard]] std::uint32_t LoadU32BigEndian(const std::byte* from);
[[nodiscard]] std::uint64_t LoadU64BigEndian(const std::byte* from);
void StoreU16(std::byte* to, std::uint16_t value);
void StoreU32(std::byte* to, std::uint32_t value);
void StoreU64(std::byte* to, std::uint64_t value);
void StoreU64BigEndian(std::byte* to, std::uint64_t value);

/// Reads values from the front of a byte string.
///
/// Errors are sticky: the first read past the end (or bad varint) turns the reader bad; from then
/// on every read gives zero or empty. So a decoder reads a whole structure and asks `ok()` once,
/// before it believes any of it. Borrows the bytes. Not thread-safe.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint8_t U8();
  [[nodiscard]] std::uint16_t U16();
  [[nodiscard]] std::uint32_t U32();
  [[nodiscard]] std::uint64_t U64();
  [[nodiscard]] std::uint64_t U64BigEndian();
  [[nodiscard]] std::uint64_t Varint();
  /// The next `size` bytes, borrowed.
  [[nodiscard]] ByteView View(std::uint64_t size);
  /// A varint length, then that many bytes, borrowed.
  [[nodiscard]] ByteView LengthPrefixed();
  void Skip(std::uint64_t size) { (void)View(size); }

  /// For a decoder that found a value out of bounds.
  void MarkBad() { bad_ = true; }
  [[nodiscard]] bool ok() const { return !bad_; }
  /// ok() and nothing left: what most formats demand at the end.
  [[nodiscard]] bool done() const { return !bad_ && offset_ == bytes_.size(); }
  [[nodiscard]] std::size_t remaining() const { return bad_ ? 0 : bytes_.size() - offset_; }
  [[nodiscard]] std::size_t offset() const { return offset_; }

 private:
  ByteView bytes_;
  std::size_t offset_ = 0;
  bool bad_ = false;
};

/// Appends values to a byte string that it owns.
class ByteWriter {
 public:
  void U8(std::uint8_t value) { bytes_.push_back(static_cast<std::byte>(value)); }
  void U16(std::uint16_t value);
  void U32(std::uint32_t value);
  void U64(std::uint64_t value);
  void U64BigEndian(std::uint64_t value);
  void Varint(std::uint64_t value);
  void Append(ByteView bytes);
  void Append(std::string_view text) { Append(AsBytes(text)); }
  void LengthPrefixed(ByteView bytes);
  void LengthPrefixed(std::string_view text) { LengthPrefixed(AsBytes(text)); }
  void Zeros(std::size_t count) { bytes_.resize(bytes_.size() + count); }

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] ByteView view() const { return bytes_; }
  [[nodiscard]] Bytes& bytes() { return bytes_; }
  [[nodiscard]] Bytes Take() { return std::move(bytes_); }
  void Clear() { bytes_.clear(); }

 private:
  Bytes bytes_;
};

/// ZigZag, as protobuf's sint64: small magnitudes of either sign become small varints.
[[nodiscard]] constexpr std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
[[nodiscard]] constexpr std::int64_t UnZigZag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

}  // namespace tresor
