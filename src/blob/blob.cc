// SPDX-License-Identifier: Apache-2.0
#include "blob/blob.h"

#include <algorithm>

namespace tresor::blob {
namespace {

constexpr std::size_t kMaxPart = 100;
constexpr std::size_t kMaxName = 512;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool IsPart(std::string_view part) {
  return !part.empty() && part.size() <= kMaxPart && part.front() != '.' &&
         std::ranges::all_of(part, IsNameCharacter);
}

}  // namespace

Status CheckName(std::string_view name) {
  bool good = name.size() <= kMaxName;
  std::string_view rest = name;
  while (good) {
    const std::size_t slash = rest.find('/');
    good = IsPart(rest.substr(0, slash));
    if (slash == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(slash + 1);
  }
  return good ? OkStatus() : Error(Code::kInvalidArgument, "'{}' is not a blob's name", name);
}

}  // namespace tresor::blob
