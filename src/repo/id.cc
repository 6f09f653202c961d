// SPDX-License-Identifier: Apache-2.0
#include "repo/id.h"

#include <algorithm>

#include "base/check.h"
#include "base/hex.h"

namespace tresor::repo {

std::string Id::ToString() const { return ToHex(bytes); }

std::string Id::Short() const { return ToString().substr(0, 8); }

Result<Id> ParseId(std::string_view text) {
  // FromHex takes capitals too; names have one form only.
  const bool lower = std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (text.size() != 2 * Id::kSize || !lower) {
    return Error(Code::kInvalidArgument, "'{}' is not an id: 32 lower-case hex digits", text);
  }
  ASSIGN_OR_RETURN(const Bytes bytes, FromHex(text));
  return IdOf(bytes);
}

Id MakeId(Random& random) {
  Id id;
  random.Fill(id.bytes);
  return id;
}

Id IdOf(ByteView bytes) {
  TRESOR_CHECK(bytes.size() >= Id::kSize);
  Id id;
  std::ranges::copy(bytes.first(Id::kSize), id.bytes.begin());
  return id;
}

}  // namespace tresor::repo
