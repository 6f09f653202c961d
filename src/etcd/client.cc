// SPDX-License-Identifier: Apache-2.0
#include "etcd/client.h"

#include <atomic>
#include <mutex>
#include <utility>

#include <grpc/support/log.h>

#include "base/log.h"
#include "etcd/connection.h"
#include "etcd/convert.h"
#include "etcd/rpc_status.h"
#include "etcd/snapshot_call.h"
#include "etcd/watch_call.h"

namespace tresor::etcd {
namespace {

enum class Repeat { kSafe, kUnsafe };

Status CheckPem(std::string_view what, const std::string& pem) {
  if (!pem.empty() && pem.find("-----BEGIN ") == std::string::npos) {
    return Error(Code::kInvalidArgument, "{} is not in PEM form", what);
  }
  return OkStatus();
}

Status CheckOptions(const ClientOptions& options) {
  if (options.endpoints.empty()) {
    return Error(Code::kInvalidArgument, "no etcd endpoint given");
  }
  for (const std::string& endpoint : options.endpoints) {
    RETURN_IF_ERROR(ParseEndpoint(endpoint, options.tls.has_value()).status());
  }
  if (options.tls) {
    RETURN_IF_ERROR(CheckPem("the CA certificate", options.tls->ca_pem));
    RETURN_IF_ERROR(CheckPem("the client certificate", options.tls->certificate_pem));
    RETURN_IF_ERROR(CheckPem("the client key", options.tls->key_pem));
    if (options.tls->certificate_pem.empty() != options.tls->key_pem.empty()) {
      return Error(Code::kInvalidArgument, "a client certificate and its key go together");
    }
  }
  return OkStatus();
}

/// gRPC's own lines say nothing that a status does not; they go where ours go.
void TakeOverGrpcLog() {
  gpr_set_log_function(
      [](gpr_log_func_args* line) { Log(LogLevel::kDebug, "grpc: {}", line->message); });
}

class GrpcClient final : public Client {
 public:
  explicit GrpcClient(const ClientOptions& options) : connections_(options) {}

  [[nodiscard]] const std::vector<std::string>& endpoints() const override {
    return connections_.options().endpoints;
  }

  Result<SnapshotSummary> Snapshot(const Context& context, const std::string& endpoint,
                                   SnapshotSink& sink) override {
    ASSIGN_OR_RETURN(Connection * connection, connections_.Get(endpoint));
    return ReadSnapshot(context, connections_, *connection, sink);
  }

  Result<MemberStatus> StatusOf(const Context& context, const std::string& endpoint) override {
    etcdserverpb::StatusResponse response;
    RETURN_IF_ERROR(CallAt(context, endpoint, "Status", &Connection::maintenance,
                           &etcdserverpb::Maintenance::Stub::Status, {}, response));
    return FromProto(response);
  }

  Result<HashKvResponse> HashKv(const Context& context, const std::string& endpoint,
                                std::int64_t revision) override {
    etcdserverpb::HashKVRequest request;
    request.set_revision(revision);
    etcdserverpb::HashKVResponse response;
    RETURN_IF_ERROR(CallAt(context, endpoint, "HashKV", &Connection::maintenance,
                           &etcdserverpb::Maintenance::Stub::HashKV, request, response));
    return HashKvResponse{.header = FromProto(response.header()),
                          .hash = response.hash(),
                          .compact_revision = response.compact_revision(),
                          .hash_revision = response.hash_revision()};
  }

  Status Defragment(const Context& context, const std::string& endpoint) override {
    etcdserverpb::DefragmentResponse response;
    return CallAt(context, endpoint, "Defragment", &Connection::maintenance,
                  &etcdserverpb::Maintenance::Stub::Defragment, {}, response);
  }

  Status MoveLeader(const Context& context, const std::string& endpoint, MemberId target) override {
    etcdserverpb::MoveLeaderRequest request;
    request.set_targetid(static_cast<std::uint64_t>(target));
    etcdserverpb::MoveLeaderResponse response;
    return CallAt(context, endpoint, "MoveLeader", &Connection::maintenance,
                  &etcdserverpb::Maintenance::Stub::MoveLeader, request, response);
  }

  Result<std::vector<Member>> MemberList(const Context& context) override {
    // The member's own view: it must also answer in a cluster without a leader.
    etcdserverpb::MemberListResponse response;
    RETURN_IF_ERROR(CallAny(context, Repeat::kSafe, "MemberList", &Connection::cluster,
                            &etcdserverpb::Cluster::Stub::MemberList, {}, response));
    std::vector<Member> members;
    for (const etcdserverpb::Member& member : response.members()) {
      members.push_back(FromProto(member));
    }
    return members;
  }

  Result<MemberId> MemberAdd(const Context& context, const std::vector<std::string>& peer_urls,
                             bool learner) override {
    etcdserverpb::MemberAddRequest request;
    request.mutable_peerurls()->Assign(peer_urls.begin(), peer_urls.end());
    request.set_islearner(learner);
    etcdserverpb::MemberAddResponse response;
    RETURN_IF_ERROR(CallAny(context, Repeat::kUnsafe, "MemberAdd", &Connection::cluster,
                            &etcdserverpb::Cluster::Stub::MemberAdd, request, response));
    return MemberId(response.member().id());
  }

  Status MemberRemove(const Context& context, MemberId member) override {
    etcdserverpb::MemberRemoveRequest request;
    request.set_id(static_cast<std::uint64_t>(member));
    etcdserverpb::MemberRemoveResponse response;
    return CallAny(context, Repeat::kUnsafe, "MemberRemove", &Connection::cluster,
                   &etcdserverpb::Cluster::Stub::MemberRemove, request, response);
  }

  Status MemberUpdate(const Context& context, MemberId member,
                      const std::vector<std::string>& peer_urls) override {
    etcdserverpb::MemberUpdateRequest request;
    request.set_id(static_cast<std::uint64_t>(member));
    request.mutable_peerurls()->Assign(peer_urls.begin(), peer_urls.end());
    etcdserverpb::MemberUpdateResponse response;
    return CallAny(context, Repeat::kUnsafe, "MemberUpdate", &Connection::cluster,
                   &etcdserverpb::Cluster::Stub::MemberUpdate, request, response);
  }

  Status MemberPromote(const Context& context, MemberId member) override {
    etcdserverpb::MemberPromoteRequest request;
    request.set_id(static_cast<std::uint64_t>(member));
    etcdserverpb::MemberPromoteResponse response;
    return CallAny(context, Repeat::kUnsafe, "MemberPromote", &Connection::cluster,
                   &etcdserverpb::Cluster::Stub::MemberPromote, request, response);
  }

  Result<std::vector<Alarm>> AlarmList(const Context& context) override {
    ASSIGN_OR_RETURN(
        const etcdserverpb::AlarmResponse response,
        CallAlarm(context, etcdserverpb::AlarmRequest::GET, 0, etcdserverpb::AlarmType::NONE));
    std::vector<Alarm> alarms;
    for (const etcdserverpb::AlarmMember& alarm : response.alarms()) {
      if (alarm.alarm() != etcdserverpb::AlarmType::NONE) {
        alarms.push_back(
            {.member = MemberId(alarm.memberid()), .type = static_cast<AlarmType>(alarm.alarm())});
      }
    }
    return alarms;
  }

  Status ActivateAlarm(const Context& context, const Alarm& alarm) override {
    return CallAlarm(context, etcdserverpb::AlarmRequest::ACTIVATE,
                     static_cast<std::uint64_t>(alarm.member),
                     static_cast<etcdserverpb::AlarmType>(alarm.type))
        .status();
  }

  Status DisarmAlarm(const Context& context, const Alarm& alarm) override {
    return CallAlarm(context, etcdserverpb::AlarmRequest::DEACTIVATE,
                     static_cast<std::uint64_t>(alarm.member),
                     static_cast<etcdserverpb::AlarmType>(alarm.type))
        .status();
  }

  Result<RangeResponse> Range(const Context& context, const RangeRequest& request) override {
    etcdserverpb::RangeResponse response;
    RETURN_IF_ERROR(CallAny(context, Repeat::kSafe, "Range", &Connection::kv,
                            &etcdserverpb::KV::Stub::Range, ToProto(request), response));
    return FromProto(std::move(response));
  }

  Result<PutResponse> Put(const Context& context, const PutRequest& request) override {
    etcdserverpb::PutResponse response;
    RETURN_IF_ERROR(CallAny(context, Repeat::kUnsafe, "Put", &Connection::kv,
                            &etcdserverpb::KV::Stub::Put, ToProto(request), response));
    return PutResponse{.header = FromProto(response.header())};
  }

  Result<DeleteRangeResponse> DeleteRange(const Context& context,
                                          const DeleteRangeRequest& request) override {
    etcdserverpb::DeleteRangeResponse response;
    RETURN_IF_ERROR(CallAny(context, Repeat::kUnsafe, "DeleteRange", &Connection::kv,
                            &etcdserverpb::KV::Stub::DeleteRange, ToProto(request), response));
    return FromProto(response);
  }

  Result<TxnResponse> Txn(const Context& context, const TxnRequest& request) override {
    etcdserverpb::TxnResponse response;
    RETURN_IF_ERROR(CallAny(context, Repeat::kUnsafe, "Txn", &Connection::kv,
                            &etcdserverpb::KV::Stub::Txn, ToProto(request), response));
    return FromProto(std::move(response), request);
  }

  Status Compact(const Context& context, std::int64_t revision, bool physical) override {
    etcdserverpb::CompactionRequest request;
    request.set_revision(revision);
    request.set_physical(physical);
    etcdserverpb::CompactionResponse response;
    return CallAny(context, Repeat::kUnsafe, "Compact", &Connection::kv,
                   &etcdserverpb::KV::Stub::Compact, request, response);
  }

  Result<std::unique_ptr<Watcher>> Watch(const Context& context,
                                         const WatchRequest& request) override {
    std::unique_ptr<Watcher> watcher;
    RETURN_IF_ERROR(FailOver(Repeat::kSafe, [&](Connection& connection) -> Status {
      ASSIGN_OR_RETURN(watcher, OpenWatch(context, connections_, connection, request));
      return OkStatus();
    }));
    return watcher;
  }

  Result<LeaseGrantResponse> LeaseGrant(const Context& context, std::chrono::seconds ttl,
                                        std::int64_t id) override {
    etcdserverpb::LeaseGrantRequest request;
    request.set_ttl(ttl.count());
    request.set_id(id);
    etcdserverpb::LeaseGrantResponse response;
    RETURN_IF_ERROR(CallAny(context, Repeat::kUnsafe, "LeaseGrant", &Connection::lease,
                            &etcdserverpb::Lease::Stub::LeaseGrant, request, response));
    return LeaseGrantResponse{.header = FromProto(response.header()),
                              .id = response.id(),
                              .ttl = std::chrono::seconds(response.ttl())};
  }

  Status LeaseRevoke(const Context& context, std::int64_t id) override {
    etcdserverpb::LeaseRevokeRequest request;
    request.set_id(id);
    etcdserverpb::LeaseRevokeResponse response;
    return CallAny(context, Repeat::kUnsafe, "LeaseRevoke", &Connection::lease,
                   &etcdserverpb::Lease::Stub::LeaseRevoke, request, response);
  }

  Result<std::chrono::seconds> LeaseKeepAlive(const Context& context, std::int64_t id) override {
    etcdserverpb::LeaseKeepAliveRequest request;
    request.set_id(id);
    etcdserverpb::LeaseKeepAliveResponse response;
    RETURN_IF_ERROR(FailOver(Repeat::kSafe, [&](Connection& connection) {
      return connections_.RunUnary(context, connection, "LeaseKeepAlive",
                                   [&](grpc::ClientContext& grpc) {
                                     return KeepAliveOnce(grpc, connection, request, response);
                                   });
    }));
    if (response.ttl() <= 0) {
      return Error(Code::kNotFound, "etcd: LeaseKeepAlive: requested lease not found");
    }
    return std::chrono::seconds(response.ttl());
  }

  Result<LeaseTimeToLiveResponse> LeaseTimeToLive(const Context& context, std::int64_t id,
                                                  bool keys) override {
    etcdserverpb::LeaseTimeToLiveRequest request;
    request.set_id(id);
    request.set_keys(keys);
    etcdserverpb::LeaseTimeToLiveResponse response;
    RETURN_IF_ERROR(CallAny(context, Repeat::kSafe, "LeaseTimeToLive", &Connection::lease,
                            &etcdserverpb::Lease::Stub::LeaseTimeToLive, request, response));
    if (response.ttl() < 0) {  // how servers say that there is none
      return Error(Code::kNotFound, "etcd: LeaseTimeToLive: requested lease not found");
    }
    return LeaseTimeToLiveResponse{.header = FromProto(response.header()),
                                   .ttl = std::chrono::seconds(response.ttl()),
                                   .granted_ttl = std::chrono::seconds(response.grantedttl()),
                                   .keys = {response.keys().begin(), response.keys().end()}};
  }

  Result<std::vector<std::int64_t>> Leases(const Context& context) override {
    etcdserverpb::LeaseLeasesResponse response;
    RETURN_IF_ERROR(CallAny(context, Repeat::kSafe, "LeaseLeases", &Connection::lease,
                            &etcdserverpb::Lease::Stub::LeaseLeases, {}, response));
    std::vector<std::int64_t> ids;
    for (const etcdserverpb::LeaseStatus& lease : response.leases()) {
      ids.push_back(lease.id());
    }
    return ids;
  }

  Status AuthEnable(const Context& context) override {
    etcdserverpb::AuthEnableResponse response;
    return CallAny(context, Repeat::kUnsafe, "AuthEnable", &Connection::auth,
                   &etcdserverpb::Auth::Stub::AuthEnable, {}, response);
  }

  Status UserAdd(const Context& context, const std::string& name,
                 const std::string& password) override {
    etcdserverpb::AuthUserAddRequest request;
    request.set_name(name);
    request.set_password(password);
    etcdserverpb::AuthUserAddResponse response;
    return CallAny(context, Repeat::kUnsafe, "UserAdd", &Connection::auth,
                   &etcdserverpb::Auth::Stub::UserAdd, request, response);
  }

  Status RoleAdd(const Context& context, const std::string& name) override {
    etcdserverpb::AuthRoleAddRequest request;
    request.set_name(name);
    etcdserverpb::AuthRoleAddResponse response;
    return CallAny(context, Repeat::kUnsafe, "RoleAdd", &Connection::auth,
                   &etcdserverpb::Auth::Stub::RoleAdd, request, response);
  }

  Status UserGrantRole(const Context& context, const std::string& user,
                       const std::string& role) override {
    etcdserverpb::AuthUserGrantRoleRequest request;
    request.set_user(user);
    request.set_role(role);
    etcdserverpb::AuthUserGrantRoleResponse response;
    return CallAny(context, Repeat::kUnsafe, "UserGrantRole", &Connection::auth,
                   &etcdserverpb::Auth::Stub::UserGrantRole, request, response);
  }

 private:
  template <typename Stub, typename Request, typename Response>
  using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

  template <typename Stub, typename Request, typename Response>
  Status CallOn(const Context& context, Connection& connection, std::string_view name,
                std::unique_ptr<Stub> Connection::* stub, Method<Stub, Request, Response> method,
                const Request& request, Response& response) {
    return connections_.RunUnary(context, connection, name, [&](grpc::ClientContext& grpc) {
      return ((connection.*stub).get()->*method)(&grpc, request, &response);
    });
  }

  /// One call to one member.
  template <typename Stub, typename Request, typename Response>
  Status CallAt(const Context& context, const std::string& endpoint, std::string_view name,
                std::unique_ptr<Stub> Connection::* stub, Method<Stub, Request, Response> method,
                const std::type_identity_t<Request>& request, Response& response) {
    ASSIGN_OR_RETURN(Connection * connection, connections_.Get(endpoint));
    return CallOn(context, *connection, name, stub, method, request, response);
  }

  /// One call to whichever member answers.
  template <typename Stub, typename Request, typename Response>
  Status CallAny(const Context& context, Repeat repeat, std::string_view name,
                 std::unique_ptr<Stub> Connection::* stub, Method<Stub, Request, Response> method,
                 const std::type_identity_t<Request>& request, Response& response) {
    return FailOver(repeat, [&](Connection& connection) {
      return CallOn(context, connection, name, stub, method, request, response);
    });
  }

  /// Tries endpoints in turn, the one that answered last first.
  template <typename Call>
  Status FailOver(Repeat repeat, Call call) {
    const std::size_t count = endpoints().size();
    const std::size_t first = preferred_;
    std::string failures;
    bool all_distrusted = true;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t index = (first + i) % count;
      ASSIGN_OR_RETURN(Connection * connection, connections_.Get(endpoints()[index]));
      const Status status = call(*connection);
      if (status.code() != Code::kUnavailable) {
        preferred_ = index;
        return status;
      }
      if (repeat == Repeat::kUnsafe && !NeverSent(status)) {
        return status;
      }
      failures += fmt::format("{}{}", failures.empty() ? "" : "; ", Message(status));
      all_distrusted = all_distrusted && IsDistrusted(status);
    }
    // One member's bad certificate is a reason to ask another one; trying again is none.
    return Error(all_distrusted ? Code::kUnauthenticated : Code::kUnavailable, "{}", failures);
  }

  Result<etcdserverpb::AlarmResponse> CallAlarm(const Context& context,
                                                etcdserverpb::AlarmRequest::AlarmAction action,
                                                std::uint64_t member,
                                                etcdserverpb::AlarmType type) {
    etcdserverpb::AlarmRequest request;
    request.set_action(action);
    request.set_memberid(member);
    request.set_alarm(type);
    etcdserverpb::AlarmResponse response;
    RETURN_IF_ERROR(CallAny(context, Repeat::kSafe, "Alarm", &Connection::maintenance,
                            &etcdserverpb::Maintenance::Stub::Alarm, request, response));
    return response;
  }

  static grpc::Status KeepAliveOnce(grpc::ClientContext& grpc, Connection& connection,
                                    const etcdserverpb::LeaseKeepAliveRequest& request,
                                    etcdserverpb::LeaseKeepAliveResponse& response) {
    const auto stream = connection.lease->LeaseKeepAlive(&grpc);
    // A write that fails means that the server has ended the stream; reading tells why.
    (void)stream->Write(request);
    (void)stream->WritesDone();
    if (stream->Read(&response)) {
      // The server ends the stream by itself; an answer that has come counts whatever the end.
      etcdserverpb::LeaseKeepAliveResponse more;
      while (stream->Read(&more)) {
      }
      (void)stream->Finish();
      return grpc::Status::OK;
    }
    const grpc::Status status = stream->Finish();
    return status.ok() ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "no answer") : status;
  }

  Connections connections_;
  std::atomic<std::size_t> preferred_{0};
};

}  // namespace

Result<std::unique_ptr<Client>> Client::Connect(const ClientOptions& options) {
  RETURN_IF_ERROR(CheckOptions(options));
  static std::once_flag once;
  std::call_once(once, TakeOverGrpcLog);
  return std::make_unique<GrpcClient>(options);
}

}  // namespace tresor::etcd
