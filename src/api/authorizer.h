// SPDX-License-Identifier: Apache-2.0
// Authorizer: the one point that every request passes once it is known who asks.
#pragma once

#include <string>
#include <vector>

#include "base/context.h"
#include "base/status.h"

namespace tresor::api {

/// Who asks. `groups` are names only: what they may is the authorizer's.
struct User {
  std::string name;
  std::vector<std::string> groups;
};

/// The group that may do everything, as in Kubernetes.
inline constexpr char kAdminGroup[] = "system:masters";
/// Everybody who was authenticated is in this one.
inline constexpr char kAuthenticatedGroup[] = "system:authenticated";

/// What somebody wants to do: with a resource, or, when `path` is not empty, with a URL that is
/// none.
struct Attributes {
  User user;
  std::string verb;  // get list watch create update patch delete deletecollection; of a path: get …
  std::string group;
  std::string resource;     // plural
  std::string subresource;  // "status"
  std::string name_space;   // empty: all of them, or a resource without
  std::string name;         // empty: the collection
  std::string path;         // "/metrics"
};

struct Decision {
  bool allowed = false;
  std::string reason;  // for the person and the audit log
};

/// Threads: all methods, from any thread.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  /// An error is not a "no": the request fails with it, and may be tried again.
  [[nodiscard]] virtual Result<Decision> Authorize(const Context& context,
                                                   const Attributes& attributes) = 0;
};

/// kAdminGroup may do everything; others may look at discovery, at themselves, and nothing else.
/// What there is until roles exist.
class AdminsOnly final : public Authorizer {
 public:
  [[nodiscard]] Result<Decision> Authorize(const Context& context,
                                           const Attributes& attributes) override;
};

}  // namespace tresor::api
