// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <algorithm>
#include <bit>

namespace tresor {
namespace {

static_assert(std::endian::native == std::endian::little,
              "Tresor is built for little-endian machines");

template <typename T>
T Load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename T>
void AppendInteger(Bytes& bytes, T value) {
  const std::size_t at = bytes.size();
  bytes.resize(at + sizeof value);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

}  // namespace

std::strong_ordering Compare(ByteView a, ByteView b) {
  const std::size_t common = std::min(a.size(), b.size());
  const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
  if (order != 0) {
    return order < 0 ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return a.size() <=> b.size();
}

std::uint16_t LoadU16(const std::byte* from) { return Load<std::uint16_t>(from); }
std::uint32_t LoadU32(const std::byte* from) { return Load<std::uint32_t>(from); }
std::uint64_t LoadU64(const std::byte* from) { return Load<std::uint64_t>(from); }
std::uint32_t LoadU32BigEndian(const std::byte* from) { return __builtin_bswap32(LoadU32(from)); }
std::uint64_t LoadU64BigEndian(const std::byte* from) { return __builtin_bswap64(LoadU64(from)); }
void StoreU16(std::byte* to, std::uint16_t value) { std::memcpy(to, &value, sizeof value); }
void StoreU32(std::byte* to, std::uint32_t value) { std::memcpy(to, &value, sizeof value); }
void StoreU64(std::byte* to, std::uint64_t value) { std::memcpy(to, &value, sizeof value); }
void StoreU64BigEndian(std::byte* to, std::uint64_t value) {
  StoreU64(to, __builtin_bswap64(value));
}

ByteView ByteReader::View(std::uint64_t size) {
  if (bad_ || size > bytes_.size() - offset_) {
    bad_ = true;
    return {};
  }
  const ByteView view = bytes_.subspan(offset_, static_cast<std::size_t>(size));
  offset_ += static_cast<std::size_t>(size);
  return view;
}

std::uint8_t ByteReader::U8() {
  const ByteView view = View(1);
  return view.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(view[0]);
}
std::uint16_t ByteReader::U16() {
  const ByteView view = View(2);
  return view.empty() ? std::uint16_t{0} : LoadU16(view.data());
}
std::uint32_t ByteReader::U32() {
  const ByteView view = View(4);
  return view.empty() ? 0 : LoadU32(view.data());
}
std::uint64_t ByteReader::U64() {
  const ByteView view = View(8);
  return view.empty() ? 0 : LoadU64(view.data());
}
std::uint64_t ByteReader::U64BigEndian() {
  const ByteView view = View(8);
  return view.empty() ? 0 : LoadU64BigEndian(view.data());
}

std::uint64_t ByteReader::Varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (bad_ || offset_ >= bytes_.size()) {
      bad_ = true;
      return 0;
    }
    const auto byte = static_cast<std::uint64_t>(bytes_[offset_++]);
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

ByteView ByteReader::LengthPrefixed() { return View(Varint()); }

void ByteWriter::U16(std::uint16_t value) { AppendInteger(bytes_, value); }
void ByteWriter::U32(std::uint32_t value) { AppendInteger(bytes_, value); }
void ByteWriter::U64(std::uint64_t value) { AppendInteger(bytes_, value); }
void ByteWriter::U64BigEndian(std::uint64_t value) {
  AppendInteger(bytes_, __builtin_bswap64(value));
}

// Here and not in the header: inlined, GCC 12 sees overflows that cannot be.
void ByteWriter::Append(ByteView bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

void ByteWriter::Varint(std::uint64_t value) {
  while (value >= 0x80) {
    U8(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  U8(static_cast<std::uint8_t>(value));
}

void ByteWriter::LengthPrefixed(ByteView bytes) {
  Varint(bytes.size());
  Append(bytes);
}

}  // namespace tresor
