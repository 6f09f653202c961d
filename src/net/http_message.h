// SPDX-License-Identifier: Apache-2.0
// What goes over the wire before a response's body.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/clock.h"
#include "net/http_server.h"

namespace tresor::net {

/// "Sun, 06 Nov 1994 08:49:37 GMT", RFC 9110 section 5.6.7.
[[nodiscard]] std::string FormatHttpDate(WallTime time);

/// How the client finds the body's end. Neither chunked nor a length: by the connection's end, or
/// there is no body.
struct ResponseFraming {
  WallTime now;
  bool chunked = false;
  std::optional<std::size_t> content_length;
  bool close = false;
};
/// Status line and header, with the empty line.
[[nodiscard]] std::string FormatResponseHead(const Response& response,
                                             const ResponseFraming& framing);

}  // namespace tresor::net
