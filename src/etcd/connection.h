// SPDX-License-Identifier: Apache-2.0
// One server's gRPC channel, and the token that goes along with calls. Inside this library only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include "base/context.h"
#include "base/guarded.h"
#include "base/status.h"
#include "etcd/client.h"
#include "etcd/endpoint.h"
#include "etcd/proto/rpc.grpc.pb.h"

namespace tresor::etcd {

/// A channel connects when it is first used, and again by itself.
/// Threads: any.
struct Connection {
  std::string name;  // as in messages: "etcd 127.0.0.1:2379"
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<etcdserverpb::KV::Stub> kv;
  std::unique_ptr<etcdserverpb::Watch::Stub> watch;
  std::unique_ptr<etcdserverpb::Lease::Stub> lease;
  std::unique_ptr<etcdserverpb::Cluster::Stub> cluster;
  std::unique_ptr<etcdserverpb::Maintenance::Stub> maintenance;
  std::unique_ptr<etcdserverpb::Auth::Stub> auth;
};

/// A grpc::ClientContext with a Context's deadline, stop and, if not empty, the token. Cancels the
/// call when told to stop, or destroyed before its end.
class CallContext {
 public:
  CallContext(const Context& context, const std::string& token);
  [[nodiscard]] grpc::ClientContext& grpc() { return grpc_; }
  /// The outcome, seen from `context`: what it ended is its doing, whatever gRPC calls it.
  [[nodiscard]] Status Outcome(const grpc::Status& status) const;

 private:
  const Context& context_;
  grpc::ClientContext grpc_;
  std::stop_callback<std::function<void()>> on_stop_;
};

/// The connections of one client, and its credentials.
/// Threads: any.
class Connections {
 public:
  explicit Connections(ClientOptions options) : options_(std::move(options)) {}

  [[nodiscard]] const ClientOptions& options() const { return options_; }
  /// Made on first use; lives as long as this. kInvalidArgument: not an endpoint.
  [[nodiscard]] Result<Connection*> Get(const std::string& endpoint);

  /// Runs one call: `call` with a token; when the server takes it no more, again with a new one.
  /// Errors name connection and call.
  [[nodiscard]] Status Run(const Context& context, Connection& connection, std::string_view name,
                           const std::function<Status(const std::string& token)>& call);
  /// Run for a unary call.
  [[nodiscard]] Status RunUnary(const Context& context, Connection& connection,
                                std::string_view name,
                                const std::function<grpc::Status(grpc::ClientContext&)>& call);

 private:
  struct Token {
    std::string value;  // empty and known: the server does without
    bool known = false;
  };
  [[nodiscard]] Result<std::string> GetToken(const Context& context, Connection& connection);
  [[nodiscard]] Result<std::string> Authenticate(const Context& context, Connection& connection);
  /// Only if it is still the one that was refused: another thread may have renewed it.
  void ForgetToken(const std::string& refused);

  const ClientOptions options_;
  Guarded<std::map<std::string, std::unique_ptr<Connection>>> connections_;
  Guarded<Token> token_;
};

}  // namespace tresor::etcd
