// SPDX-License-Identifier: Apache-2.0
// What a request's path and method ask for, in Kubernetes' terms.
//
// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
#pragma once

#include <string>

#include "net/http_server.h"

namespace tresor::api {

struct RequestInfo {
  /// /api/… or /apis/<group>/<version>/…; else only `verb` is set, to the method in lower case.
  bool is_resource = false;
  std::string verb;  // get list watch create update patch delete deletecollection
  std::string group;
  std::string version;
  std::string name_space;
  std::string resource;
  std::string name;
  std::string subresource;

  /// Never fails: a path that is too short or too long is no resource's.
  [[nodiscard]] static RequestInfo Of(const net::Request& request);
};

/// "1", "true", "t" and their capital forms; as strconv.ParseBool, all else is false.
[[nodiscard]] bool IsTrue(std::string_view text);

}  // namespace tresor::api
