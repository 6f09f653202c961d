// SPDX-License-Identifier: Apache-2.0
#include "etcd/connection.h"

#include <limits>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "etcd/rpc_status.h"

namespace tresor::etcd {
namespace {

int Milliseconds(std::chrono::milliseconds duration) {
  return static_cast<int>(
      std::min<std::int64_t>(duration.count(), std::numeric_limits<int>::max()));
}

grpc::ChannelArguments MakeArguments(const ClientOptions& options, const Endpoint& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);  // a Range or Watch answer may be of any size
  arguments.SetMaxSendMessageSize(-1);     // the server says what is too much for it

  // An attempt to connect lasts as long as the dial timeout, and a failed one is soon repeated.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, Milliseconds(options.dial_timeout));
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_DNS_ARES_QUERY_TIMEOUT_MS, Milliseconds(options.dial_timeout));
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 1000);
  // etcd tolerates a ping each 5 s, and only while a call is under way.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);

  // Clients don't share connections, an endpoint is one address, and calls are repeated here.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);

  // A snapshot's pace: let the server send far ahead, in frames as large as the connection carries
  // (which the bandwidth probe finds out: a fifth less wall time on loopback), and read much at a
  // time.
  constexpr int kWindowBytes = 8 << 20;
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kWindowBytes);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 1);
  arguments.SetInt(GRPC_ARG_TCP_READ_CHUNK_SIZE, 256 << 10);
  arguments.SetInt(GRPC_ARG_TCP_MIN_READ_CHUNK_SIZE, 32 << 10);

  if (endpoint.tls && options.tls && !options.tls->server_name.empty()) {
    arguments.SetSslTargetNameOverride(options.tls->server_name);
  }
  return arguments;
}

std::shared_ptr<grpc::ChannelCredentials> MakeCredentials(const ClientOptions& options,
                                                          const Endpoint& endpoint) {
  if (!endpoint.tls) {
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions ssl;
  if (options.tls) {
    ssl.pem_root_certs = options.tls->ca_pem;
    ssl.pem_private_key = options.tls->key_pem;
    ssl.pem_cert_chain = options.tls->certificate_pem;
  }
  return grpc::SslCredentials(ssl);
}

std::unique_ptr<Connection> Open(const ClientOptions& options, const Endpoint& endpoint) {
  auto connection = std::make_unique<Connection>();
  connection->name = "etcd " + endpoint.address;
  connection->channel =
      grpc::CreateCustomChannel("dns:///" + endpoint.address, MakeCredentials(options, endpoint),
                                MakeArguments(options, endpoint));
  connection->kv = etcdserverpb::KV::NewStub(connection->channel);
  connection->watch = etcdserverpb::Watch::NewStub(connection->channel);
  connection->lease = etcdserverpb::Lease::NewStub(connection->channel);
  connection->cluster = etcdserverpb::Cluster::NewStub(connection->channel);
  connection->maintenance = etcdserverpb::Maintenance::NewStub(connection->channel);
  connection->auth = etcdserverpb::Auth::NewStub(connection->channel);
  return connection;
}

}  // namespace

CallContext::CallContext(const Context& context, const std::string& token)
    : context_(context), on_stop_(context.stop(), [this] { grpc_.TryCancel(); }) {
  if (const auto remaining = context.Remaining()) {
    grpc_.set_deadline(gpr_time_from_nanos(remaining->count(), GPR_TIMESPAN));
  }
  if (!token.empty()) {
    grpc_.AddMetadata("token", token);
  }
}

Status CallContext::Outcome(const grpc::Status& status) const {
  if (status.ok()) {
    return OkStatus();
  }
  RETURN_IF_ERROR(context_.Check());
  const Status outcome = FromRpcStatus(status.error_code(), status.error_message());
  // Nobody here asked for it: the server or the transport dropped the call. (A call that ended at
  // its deadline, a moment before our clock says so, stays what it is.)
  if (outcome.code() == Code::kCancelled) {
    return Error(Code::kUnavailable, "cancelled by the server: {}", Message(outcome));
  }
  return outcome;
}

Result<Connection*> Connections::Get(const std::string& endpoint) {
  auto connections = connections_.Lock();
  if (const auto found = connections->find(endpoint); found != connections->end()) {
    return found->second.get();
  }
  ASSIGN_OR_RETURN(const Endpoint parsed, ParseEndpoint(endpoint, options_.tls.has_value()));
  return connections->emplace(endpoint, Open(options_, parsed)).first->second.get();
}

Status Connections::Run(const Context& context, Connection& connection, std::string_view name,
                        const std::function<Status(const std::string& token)>& call) {
  const auto annotated = [&](const Status& status) {
    return Annotate(Annotate(status, name), connection.name);
  };
  for (bool repeated = false;; repeated = true) {
    if (const Status status = context.Check(); !status.ok()) {
      return annotated(status);
    }
    const Result<std::string> token = GetToken(context, connection);
    if (!token.ok()) {
      return token.status();
    }
    const Status status = call(*token);
    if (status.code() != Code::kUnauthenticated || repeated || options_.user.empty()) {
      return annotated(status);
    }
    ForgetToken(*token);
  }
}

Status Connections::RunUnary(const Context& context, Connection& connection, std::string_view name,
                             const std::function<grpc::Status(grpc::ClientContext&)>& call) {
  return Run(context, connection, name, [&](const std::string& token) {
    CallContext call_context(context, token);
    return call_context.Outcome(call(call_context.grpc()));
  });
}

Result<std::string> Connections::GetToken(const Context& context, Connection& connection) {
  if (options_.user.empty()) {
    return std::string();
  }
  if (const auto token = token_.Lock(); token->known) {
    return token->value;
  }
  // Not under the lock: other threads have their own deadlines. Two tokens do no harm.
  ASSIGN_OR_RETURN(std::string value, Authenticate(context, connection));
  *token_.Lock() = {.value = value, .known = true};
  return value;
}

Result<std::string> Connections::Authenticate(const Context& context, Connection& connection) {
  etcdserverpb::AuthenticateRequest request;
  request.set_name(options_.user);
  request.set_password(options_.password);
  etcdserverpb::AuthenticateResponse response;
  CallContext call_context(context, "");
  const Status status =
      call_context.Outcome(connection.auth->Authenticate(&call_context.grpc(), request, &response));
  if (status.code() == Code::kFailedPrecondition &&
      Message(status).find("authentication is not enabled") != std::string_view::npos) {
    return std::string();
  }
  if (!status.ok()) {
    return Annotate(Annotate(status, fmt::format("Authenticate user \"{}\"", options_.user)),
                    connection.name);
  }
  return response.token();
}

void Connections::ForgetToken(const std::string& refused) {
  auto token = token_.Lock();
  if (token->known && token->value == refused) {
    *token = Token();
  }
}

}  // namespace tresor::etcd
