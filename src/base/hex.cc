// SPDX-License-Identifier: Apache-2.0
#include "base/hex.h"

namespace tresor {
namespace {

int Digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string ToHex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text.push_back(kDigits[static_cast<std::size_t>(byte) >> 4]);
    text.push_back(kDigits[static_cast<std::size_t>(byte) & 15]);
  }
  return text;
}

std::string ToHex(std::uint64_t value) { return fmt::format("{:x}", value); }

Result<Bytes> FromHex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return Error(Code::kInvalidArgument, "hex text of odd length {}", text.size());
  }
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = Digit(text[i]);
    const int low = Digit(text[i + 1]);
    if (high < 0 || low < 0) {
      return Error(Code::kInvalidArgument, "not a hex digit at offset {}", high < 0 ? i : i + 1);
    }
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return bytes;
}

}  // namespace tresor
