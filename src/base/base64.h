// SPDX-License-Identifier: Apache-2.0
// Base64 of RFC 4648 section 4, with padding.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace tresor {

[[nodiscard]] std::string ToBase64(ByteView bytes);
/// kInvalidArgument: a character outside the alphabet (white space as well), padding that is
/// missing or misplaced, or bits that no encoder leaves behind.
[[nodiscard]] Result<Bytes> FromBase64(std::string_view text);

}  // namespace tresor
