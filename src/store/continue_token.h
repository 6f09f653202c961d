// SPDX-License-Identifier: Apache-2.0
// The continue token of a paged list: at which version the list stands, and after which object it
// goes on. Opaque to clients, and as hostile as anything they send.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tresor::store {

struct ContinueToken {
  std::uint64_t revision = 0;  // not 0
  std::string name_space;      // of the last object; empty: cluster-scoped
  std::string name;            // of the last object; not empty
  friend bool operator==(const ContinueToken&, const ContinueToken&) = default;
};

/// Hexadecimal of: version 1 (u8), revision (varint), namespace and name (each length-prefixed).
[[nodiscard]] std::string EncodeContinueToken(const ContinueToken& token);
/// kInvalidArgument (reason BadRequest): nothing that EncodeContinueToken wrote.
[[nodiscard]] Result<ContinueToken> DecodeContinueToken(std::string_view text);

}  // namespace tresor::store
