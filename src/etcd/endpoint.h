// SPDX-License-Identifier: Apache-2.0
// Endpoints as people and etcd write them: "host:port", "http://host:port", "https://[::1]:2379".
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace tresor::etcd {

struct Endpoint {
  std::string host;     // without brackets
  std::string address;  // "host:port", IPv6 in brackets
  bool tls = false;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// `tls_by_default`: what an endpoint without a scheme means. A '/' at the end is fine, a path is
/// not. kInvalidArgument: another scheme, no host, no port or a bad one.
[[nodiscard]] Result<Endpoint> ParseEndpoint(std::string_view text, bool tls_by_default);

}  // namespace tresor::etcd
