// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 server for many connections and few threads.
//
// One loop thread does all reading and writing; `workers` threads run the handlers, which may
// block. No thread waits for a client: a watch is a BodyStream that is asked for more only when the
// socket took all of what came before, so a slow reader holds one part in memory and no more.
//
// What hostile clients cannot do: send a request slowly for ever (deadlines for the whole header
// and body), a large one (limits), ambiguous framing (RFC 9112 section 6.3: refused, connection
// closed), too many at once (connections per address, a budget for all buffered bytes), too often
// (token bucket per address). Parsing is Boost.Beast's; docs/design/0006-http-server.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "base/status.h"
#include "net/url.h"

namespace tresor::net {

/// Header fields in their order. Names compare without case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}
  void Add(std::string_view name, std::string_view value);
  /// In place of all of that name.
  void Set(std::string_view name, std::string_view value);
  /// The first of that name; none: it is not there.
  [[nodiscard]] std::optional<std::string_view> Find(std::string_view name) const;
  /// All of that name, joined by ", "; empty: there is none.
  [[nodiscard]] std::string Joined(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& fields() const {
    return fields_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  std::string method;  // "GET"
  Target target;
  Headers headers;
  std::string body;            // whole
  std::string remote_address;  // "127.0.0.1"
  bool secure = false;         // came over TLS
  /// Wakes the BodyStream of this request's response up. From any thread, at any time, also when
  /// both are long gone; cheap, and many calls before the next Next() are one.
  std::function<void()> wake;
};

/// A body that is made as the client takes it.
///
/// Threads: one call at a time, on any worker; destroyed on any thread.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  struct Part {
    std::string bytes;
    bool last = false;
    /// With no bytes: call again after this time at the latest. None: only when woken up.
    std::optional<std::chrono::nanoseconds> ask_again_after;
  };
  /// What there is now; does not wait for more. Called when everything before has been sent.
  [[nodiscard]] virtual Part Next() = 0;
};

struct Response {
  int status = 200;
  Headers headers;  // without Content-Length, Transfer-Encoding, Connection and Date
  std::string body;
  std::unique_ptr<BodyStream> stream;  // instead of `body`; sent in chunks
  bool close = false;                  // the connection ends with this response
};

/// Runs on a worker thread. `context` ends when the server stops.
using Handler = std::function<Response(const Context& context, const Request& request)>;

/// PEM texts.
struct TlsIdentity {
  std::string certificate_chain;
  std::string private_key;
  friend bool operator==(const TlsIdentity&, const TlsIdentity&) = default;
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";  // an IP address of this machine
  std::uint16_t port = 0;             // 0: any that is free
  std::optional<TlsIdentity> tls;     // none: plain HTTP
  unsigned workers = 4;

  std::size_t header_limit_bytes = std::size_t{32} << 10;
  std::size_t target_limit_bytes = std::size_t{16} << 10;
  std::size_t body_limit_bytes = std::size_t{3} << 20;  // as Kubernetes' API server
  /// Of all request bodies and unsent responses together; beyond it requests get 503.
  std::size_t buffer_limit_bytes = std::size_t{256} << 20;
  std::size_t max_connections = 8192;
  std::size_t max_connections_per_address = 4096;

  /// TLS handshake, and a request's line and header, each from its first byte to its last.
  std::chrono::nanoseconds header_timeout = std::chrono::seconds{10};
  std::chrono::nanoseconds body_timeout = std::chrono::seconds{60};
  /// Sending a response: each 64 KiB of it.
  std::chrono::nanoseconds write_timeout = std::chrono::seconds{30};
  /// Between two requests of a connection.
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds{120};
  /// How long Stop() lets running requests finish.
  std::chrono::nanoseconds stop_grace = std::chrono::seconds{5};

  /// Requests per second and address, and how many may come at once before that counts; 0: no
  /// limit.
  double requests_per_second = 1000;
  double request_burst = 4000;

  /// Makes the answer that the server itself gives (400, 408, 413, 414, 429, 431, 500, 501, 503,
  /// 505). None: a line of plain text.
  std::function<Response(int status, std::string_view message)> error_response;
  const Clock* clock = nullptr;  // for Date and the rate limit; none: SystemClock()
};

/// Running totals, and what is there now.
struct HttpServerStats {
  std::uint64_t requests = 0;
  std::uint64_t refused_requests = 0;     // by the server itself, without asking the handler
  std::uint64_t refused_connections = 0;  // too many
  std::uint64_t connections = 0;          // open now
  std::uint64_t streams = 0;              // open now
  std::uint64_t buffered_bytes = 0;       // now
};

/// Threads: all methods, from any thread.
class HttpServer {
 public:
  /// On return it listens. kInvalidArgument: address, certificate or key are unusable.
  /// kAlreadyExists: the port is taken. kPermissionDenied.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                                 Handler handler);
  /// Stops too.
  virtual ~HttpServer() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual HttpServerStats stats() const = 0;
  /// New connections get this certificate. kInvalidArgument: unusable, the old one stays.
  [[nodiscard]] virtual Status SetTls(const TlsIdentity& identity) = 0;
  /// Accepts nothing more, ends streams and idle connections, lets running requests finish for the
  /// grace time, then cuts them off. On return no handler runs. Once is enough; again does nothing.
  virtual void Stop() = 0;
};

/// "127.0.0.0/8" and "::1", as text. Only there may plain HTTP be served.
[[nodiscard]] bool IsLoopback(std::string_view address);

/// The reason phrase: "Not Found".
[[nodiscard]] std::string_view ReasonPhrase(int status);

}  // namespace tresor::net
