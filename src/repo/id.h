// SPDX-License-Identifier: Apache-2.0
// Ids of repositories, backups, objects and lineages.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/status.h"

namespace tresor::repo {

/// 16 random bytes; in names and on screen 32 hex digits, or a unique prefix of at least 4.
struct Id {
  static constexpr std::size_t kSize = 16;
  std::array<std::byte, kSize> bytes{};
  friend auto operator<=>(const Id&, const Id&) = default;
  [[nodiscard]] std::string ToString() const;
  [[nodiscard]] std::string Short() const;  // the first 8 digits
};
/// All 32 digits. kInvalidArgument: anything else.
[[nodiscard]] Result<Id> ParseId(std::string_view text);
[[nodiscard]] Id MakeId(Random& random);
/// The first 16 bytes of `bytes`, which has at least as many.
[[nodiscard]] Id IdOf(ByteView bytes);

}  // namespace tresor::repo
