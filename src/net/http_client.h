// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 client for one server: our own commands and tests use it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/context.h"
#include "base/status.h"
#include "net/http_server.h"
#include "net/url.h"

namespace tresor::net {

struct HttpClientOptions {
  Url server;  // its path is not used
  /// For https: PEM of those who may vouch for the server; empty: the system's.
  std::string authority_pem;
  std::string user_agent = "tresor";
  std::size_t body_limit_bytes = std::size_t{256} << 20;
};

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";  // with the query, encoded
  Headers headers;           // without Host and Content-Length
  std::string body;
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

/// One connection, made when it is needed and kept for the next call. Redirects are not followed.
///
/// Threads: one at a time.
/// Errors of both calls: kUnavailable: not reached, or the connection broke (for methods other than
/// GET, HEAD, PUT and DELETE it is not known then whether the server did it); kUnauthenticated: the
/// server's certificate is not accepted; kResourceExhausted: the body is larger than the limit;
/// kDataLoss: not an HTTP response; kDeadlineExceeded and kCancelled. A response of any status is
/// none.
class HttpClient {
 public:
  /// kInvalidArgument: the authority's PEM is unusable.
  [[nodiscard]] static Result<std::unique_ptr<HttpClient>> Open(HttpClientOptions options);
  virtual ~HttpClient() = default;

  [[nodiscard]] virtual Result<ClientResponse> Call(const Context& context,
                                                    const ClientRequest& request) = 0;
  /// Hands a 2xx response's body to `on_bytes` as it comes, until it ends or `on_bytes` returns
  /// false; other responses are returned whole.
  [[nodiscard]] virtual Result<ClientResponse> Stream(
      const Context& context, const ClientRequest& request,
      const std::function<bool(std::string_view)>& on_bytes) = 0;
};

}  // namespace tresor::net
