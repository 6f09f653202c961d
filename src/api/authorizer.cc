// SPDX-License-Identifier: Apache-2.0
#include "api/authorizer.h"

#include <algorithm>

namespace tresor::api {

Result<Decision> AdminsOnly::Authorize(const Context&, const Attributes& attributes) {
  const auto& groups = attributes.user.groups;
  if (std::find(groups.begin(), groups.end(), kAdminGroup) != groups.end()) {
    return Decision{.allowed = true, .reason = "administrator"};
  }
  // As the role system:discovery, and what everybody may ask about themselves.
  const bool reads = attributes.verb == "get" || attributes.verb == "head";
  if (!attributes.path.empty()) {
    const std::string& path = attributes.path;
    const auto below = [&](std::string_view root) {
      return path == root || (path.starts_with(root) && path[root.size()] == '/');
    };
    if (reads && (below("/api") || below("/apis") || below("/openapi") || path == "/version")) {
      return Decision{.allowed = true, .reason = "discovery is for everybody"};
    }
  } else if (attributes.verb == "create" && (attributes.resource == "selfsubjectaccessreviews" ||
                                             attributes.resource == "selfsubjectrulesreviews" ||
                                             attributes.resource == "selfsubjectreviews")) {
    return Decision{.allowed = true, .reason = "about oneself"};
  }
  return Decision{.allowed = false, .reason = "only administrators may do this"};
}

}  // namespace tresor::api
