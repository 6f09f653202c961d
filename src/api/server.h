// SPDX-License-Identifier: Apache-2.0
// The API server: Kubernetes' REST API over an ObjectStore, for kubectl, client-go, the web page
// and our own commands.
//
// https://kubernetes.io/docs/reference/using-api/api-concepts/
//
// Its place: who asks is found out (credentials.h), whether they may is the Authorizer's, what is
// valid and stored is the ObjectStore's; this library only speaks HTTP. It keeps no objects.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/authorizer.h"
#include "api/credentials.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/random.h"
#include "base/status.h"
#include "crypto/crypto.h"
#include "io/file_system.h"
#include "net/http_server.h"
#include "objects/kinds.h"
#include "store/object_store.h"

namespace tresor::api {

struct ServerOptions {
  /// Holds credentials.json, tls/ and kubeconfig; made if need be (0700).
  std::string data_dir;
  std::string address = "127.0.0.1";  // an IP address of this machine; "0.0.0.0" and "::" are all
  std::uint16_t port = 0;             // 0: any that is free

  /// Without TLS, say behind a proxy that ends it. Refused on anything but loopback. kubectl sends
  /// no token over plain HTTP.
  bool plain_http = false;
  /// PEM files; both or none. They may change while the server runs. None: a CA of our own in
  /// data_dir/tls, made at the first start.
  std::string certificate_file;
  std::string key_file;
  /// More names and addresses that our own certificate is for.
  std::vector<std::string> server_names;
  /// Of passwords that are set here; tests want it quick.
  crypto::Argon2Parameters argon2 = {};
  /// What the kubeconfig tells clients to connect to; empty: https://<address>:<port>.
  std::string public_url;

  std::string version = "dev";  // of Tresor, for /version
  unsigned workers = 8;         // they wait for the store's disk, mostly
  double requests_per_second_per_user = 400;
  double request_burst_per_user = 2000;
  std::chrono::nanoseconds session_lifetime = std::chrono::hours{12};
  std::chrono::nanoseconds watch_timeout = std::chrono::minutes{30};  // when none is asked for
  std::chrono::nanoseconds bookmark_interval = std::chrono::minutes{1};
  /// Connection limits and timeouts; address, port, tls, handler hooks and clock in it are not
  /// used.
  net::HttpServerOptions http;
};

/// A part of the server that is not the object API: /metrics.
struct Route {
  std::string prefix;  // "/metrics": this path and what is below it
  std::function<net::Response(const Context&, const net::Request&, const User&)> handle;
};

/// One line per write, and per refused one.
struct AuditEntry {
  WallTime time;
  std::string user;
  std::string remote_address;
  std::string verb;
  std::string
      object;    // `etcdclusters.tresor.dev "demo/prod"`, with "/status" behind it if it is that
  int code = 0;  // HTTP
  std::string message;  // of a refusal
};

/// All outlive the server.
struct Dependencies {
  store::ObjectStore& store;
  const objects::KindRegistry& kinds;
  Authorizer& authorizer;
  io::FileSystem& fs = io::PosixFileSystem();
  Random& random = SystemRandom();
  const Clock& clock = SystemClock();
  std::vector<Route> routes = {};
  /// Files of the web page, for anybody: asked about reads of what is nobody else's. nullopt: it
  /// has no such file. None: there is no web page.
  std::function<std::optional<net::Response>(const net::Request&)> page = {};
  /// Ready to serve? An error's text is what /readyz says. None: always.
  std::function<Status()> ready = {};
  /// None: a log line each.
  std::function<void(const AuditEntry&)> audit = {};
};

/// What the first start made; shown once.
struct FirstStart {
  std::string admin_user;
  std::string admin_password;
};

struct ServerStats {
  net::HttpServerStats http;
  /// Answered requests by verb ("get", "watch", "" for none) and HTTP code.
  struct Count {
    std::string verb;
    int code = 0;
    std::uint64_t requests = 0;
    double seconds = 0;  // in all; a watch's until it began
  };
  std::vector<Count> requests;
  std::uint64_t watches = 0;  // open now
};

/// Threads: all methods, from any thread.
class Server {
 public:
  /// On return it serves, and data_dir/kubeconfig (0600) is that of an administrator.
  /// kInvalidArgument: the options. kFailedPrecondition: plain HTTP on an address that is not
  /// loopback. kAlreadyExists: the port is taken. kDataLoss: credentials.json or tls/ are damaged.
  [[nodiscard]] static Result<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                             const Dependencies& dependencies);
  /// Stops too.
  virtual ~Server() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// "https://127.0.0.1:6443"
  [[nodiscard]] virtual const std::string& url() const = 0;
  [[nodiscard]] virtual const std::string& kubeconfig_path() const = 0;
  /// None: this was not the first start.
  [[nodiscard]] virtual const std::optional<FirstStart>& first_start() const = 0;
  [[nodiscard]] virtual ServerStats stats() const = 0;
  /// For whoever manages accounts and tokens.
  [[nodiscard]] virtual Credentials& credentials() = 0;
  /// Looks at the given certificate's files; when they hold another one than before, new
  /// connections get it, and the kubeconfig trusts it. Happens by itself twice a minute. An error:
  /// what they hold is unusable (a renewal that is half done, say), and the old one stays.
  [[nodiscard]] virtual Status ReloadTls() = 0;
  /// Watches end, running requests get some seconds. On return nothing runs.
  virtual void Stop() = 0;
};

}  // namespace tresor::api
