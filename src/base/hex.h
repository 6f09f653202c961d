// SPDX-License-Identifier: Apache-2.0
// Hexadecimal text, lower case.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace tresor {

[[nodiscard]] std::string ToHex(ByteView bytes);
/// etcd's form of ids: lower case, no leading zeros.
[[nodiscard]] std::string ToHex(std::uint64_t value);
/// kInvalidArgument: odd length or a character that is not a hex digit.
[[nodiscard]] Result<Bytes> FromHex(std::string_view text);

}  // namespace tresor
