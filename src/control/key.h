// SPDX-License-Identifier: Apache-2.0
// Key: which object of a kind a controller works on.
#pragma once

#include <compare>
#include <string>

namespace tresor::control {

/// Namespace (empty for cluster-scoped kinds) and name. A controller knows its kind.
struct Key {
  std::string name_space;
  std::string name;
  friend auto operator<=>(const Key&, const Key&) = default;
};

/// "demo/prod", or "prod" without a namespace; for messages.
[[nodiscard]] inline std::string ToString(const Key& key) {
  return key.name_space.empty() ? key.name : key.name_space + "/" + key.name;
}

}  // namespace tresor::control
