// SPDX-License-Identifier: Apache-2.0
// Client: etcd's calls over gRPC, against servers of 3.4 to 3.7.
//
// What the calls do and their fields: https://etcd.io/docs/v3.6/dev-guide/api_reference_v3/
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "etcd/format/ids.h"
#include "etcd/format/meta.h"
#include "etcd/snapshot_stream.h"

namespace tresor::etcd {

struct TlsOptions {
  std::string ca_pem = {};           // empty: the machine's trusted authorities
  std::string certificate_pem = {};  // the client's, with key_pem; empty: none
  std::string key_pem = {};
  std::string server_name =
      {};  // what the server's certificate must say; empty: the endpoint's host
};

struct ClientOptions {
  /// "host:port", "http://host:port" or "https://host:port". At least one. Without a scheme: TLS
  /// when `tls` is set.
  std::vector<std::string> endpoints = {};
  /// For endpoints that speak TLS; none: defaults.
  std::optional<TlsOptions> tls = {};
  std::string user = {};  // empty: none (with client certificates the CN may be the user)
  std::string password = {};
  /// How long an endpoint may take to accept a connection before it counts as kUnavailable.
  std::chrono::milliseconds dial_timeout{5000};
};

/// What comes with most answers. Fields that a call does not send are zero.
struct ResponseHeader {
  ClusterId cluster{};
  MemberId member{};
  std::int64_t revision = 0;
  std::uint64_t raft_term = 0;
};

struct Member {
  MemberId id{};
  std::string name = {};  // empty: added, but never started
  std::vector<std::string> peer_urls = {};
  std::vector<std::string> client_urls = {};
  bool learner = false;
};

struct Alarm {
  MemberId member{};
  AlarmType type{};
  friend bool operator==(const Alarm&, const Alarm&) = default;
};

struct MemberStatus {
  ResponseHeader header = {};  // header.revision: what this member has applied
  std::string version = {};
  std::string storage_version = {};  // 3.6+
  std::uint64_t db_bytes = 0;        // the size of a snapshot's image, were it taken now
  std::uint64_t db_in_use_bytes = 0;
  MemberId leader{};  // 0: none
  std::uint64_t raft_index = 0;
  std::uint64_t raft_applied_index = 0;
  std::uint64_t raft_term = 0;
  bool learner = false;
  std::vector<std::string> errors = {};  // "memberID:123 alarm:NOSPACE", "etcdserver: no leader"
};

struct HashKvResponse {
  ResponseHeader header = {};  // header.revision: the member's current one
  std::uint32_t hash = 0;
  std::int64_t compact_revision = -1;  // -1: never compacted
  std::int64_t hash_revision = 0;      // 3.6+
};

/// One key with its value, owned. (record.h's KeyValue borrows.)
struct OwnedKeyValue {
  std::string key = {};
  std::string value = {};
  std::int64_t create_revision = 0;
  std::int64_t mod_revision = 0;
  std::int64_t version = 0;
  std::int64_t lease = 0;
};

/// The smallest key above all keys with this prefix: range_end for "all that begin with it".
[[nodiscard]] std::string PrefixEnd(std::string prefix);
/// As range_end: all keys from `key` on.
inline const std::string kFromKey{'\0'};

struct RangeRequest {
  std::string key = {};
  std::string range_end = {};  // empty: only `key`; kFromKey: all from `key` on
  std::int64_t limit = 0;      // 0: all
  std::int64_t revision = 0;   // 0: the newest
  bool serializable = false;   // the member's own view, without asking the others
  bool keys_only = false;
  bool count_only = false;
};
struct RangeResponse {
  ResponseHeader header = {};
  std::vector<OwnedKeyValue> key_values = {};  // ascending by key
  bool more = false;                           // the limit left some out
  std::int64_t count = 0;                      // all that match
};

struct PutRequest {
  std::string key = {};
  std::string value = {};
  std::int64_t lease = 0;
};
struct PutResponse {
  ResponseHeader header = {};
};

struct DeleteRangeRequest {
  std::string key = {};
  std::string range_end = {};  // as RangeRequest's
};
struct DeleteRangeResponse {
  ResponseHeader header = {};
  std::int64_t deleted = 0;
};

enum class CompareTarget { kVersion = 0, kCreateRevision = 1, kModRevision = 2, kLease = 4 };
struct CompareNumber {
  CompareTarget target{};
  std::int64_t number = 0;
};

/// A condition on a key. A key that does not exist has version, create and mod revision 0.
struct Compare {
  enum class Operator { kEqual = 0, kGreater = 1, kLess = 2, kNotEqual = 3 };
  std::string key = {};
  Operator op = Operator::kEqual;
  std::variant<CompareNumber, std::string> operand = {};  // a string: the value
};

using TxnOp = std::variant<RangeRequest, PutRequest, DeleteRangeRequest>;
using TxnOpResponse = std::variant<RangeResponse, PutResponse, DeleteRangeResponse>;

struct TxnRequest {
  std::vector<Compare> compares = {};
  std::vector<TxnOp> success = {};  // when all compares hold
  std::vector<TxnOp> failure = {};  // otherwise
};
struct TxnResponse {
  ResponseHeader header = {};
  bool succeeded = false;
  std::vector<TxnOpResponse> responses = {};  // one per operation of the chosen list
};

struct WatchRequest {
  std::string key = {};
  std::string range_end = {};       // as RangeRequest's
  std::int64_t start_revision = 0;  // 0: from now on
  bool progress_notify = false;     // event-less answers when idle
  bool prev_key_values = false;
};
struct WatchEvent {
  bool deleted = false;
  OwnedKeyValue key_value = {};  // of a deletion: only key and mod_revision
  std::optional<OwnedKeyValue> previous = {};
};
/// Events of one or more whole revisions, or none: everything up to header.revision has come.
struct WatchResponse {
  ResponseHeader header = {};
  std::vector<WatchEvent> events = {};
  bool more_of_revision = false;  // the last event's revision goes on in the next response
};

/// One watch. Ends when destroyed.
///
/// Threads: one.
class Watcher {
 public:
  virtual ~Watcher() = default;
  /// Waits for events or a progress notice. kDeadlineExceeded and kCancelled (from `context`): none
  /// came; ask again later, nothing is lost. Everything else is the end of the watch: kOutOfRange:
  /// the start is compacted (see compact_revision()); kUnavailable: the server or the connection is
  /// gone: watch again from the revision after the last one seen.
  [[nodiscard]] virtual Result<WatchResponse> Next(const Context& context) = 0;
  /// After kOutOfRange: the oldest revision that a watch may start from; else 0.
  [[nodiscard]] virtual std::int64_t compact_revision() const = 0;
};

struct LeaseGrantResponse {
  ResponseHeader header = {};
  std::int64_t id = 0;
  std::chrono::seconds ttl{0};  // at least what was asked for
};
struct LeaseTimeToLiveResponse {
  ResponseHeader header = {};
  std::chrono::seconds ttl{0};  // left
  std::chrono::seconds granted_ttl{0};
  std::vector<std::string> keys = {};  // when asked for
};

/// A cluster, or some members of it.
///
/// Calls without `endpoint` go to any member: an endpoint that answered last time first, the next
/// one when it is kUnavailable before the call was carried out for certain or when the call only
/// reads. A write whose answer was lost is not repeated: it is kUnavailable to the caller.
/// Calls with `endpoint` go to that member alone. It need not be one of endpoints(): any client URL
/// that MemberList gave will do; TLS and user are the client's.
///
/// Threads: all methods, from any thread, at once.
/// Errors of every method, besides its own: kUnavailable (not reachable, no leader, timed out
/// inside: try again), kUnauthenticated (wrong user, password or certificate), kPermissionDenied,
/// kFailedPrecondition (not the leader, a learner, not ready yet), kResourceExhausted (the server
/// is out of space or overloaded), kDataLoss (the member says it is corrupt), kUnimplemented (the
/// server does not know the call), and kCancelled and kDeadlineExceeded from `context`. Messages
/// name endpoint and call. A token that the server does not take any more is renewed, and the call
/// repeated, once.
class Client {
 public:
  /// Reaches nobody yet. kInvalidArgument: no or bad endpoints, a certificate without its key or
  /// the other way round, a PEM that is none.
  [[nodiscard]] static Result<std::unique_ptr<Client>> Connect(const ClientOptions& options);
  virtual ~Client() = default;

  /// As in the options.
  [[nodiscard]] virtual const std::vector<std::string>& endpoints() const = 0;

  // -- one member ---------------------------------------------------------------------------------

  /// Streams the member's database into `sink`. OK: all of it has come, sized and framed as
  /// announced; the digest is for the caller to compare (SnapshotVerifier). kDataLoss: the stream
  /// is not sound. Otherwise also what the sink says. Not repeated on errors: the sink has begun.
  [[nodiscard]] virtual Result<SnapshotSummary> Snapshot(const Context& context,
                                                         const std::string& endpoint,
                                                         SnapshotSink& sink) = 0;
  [[nodiscard]] virtual Result<MemberStatus> StatusOf(const Context& context,
                                                      const std::string& endpoint) = 0;
  /// `revision` 0: the current one. kOutOfRange: compacted, or in the future (the member lags).
  [[nodiscard]] virtual Result<HashKvResponse> HashKv(const Context& context,
                                                      const std::string& endpoint,
                                                      std::int64_t revision) = 0;
  /// The member answers nobody while it lasts.
  [[nodiscard]] virtual Status Defragment(const Context& context, const std::string& endpoint) = 0;
  /// `endpoint` must be the leader's: kFailedPrecondition.
  [[nodiscard]] virtual Status MoveLeader(const Context& context, const std::string& endpoint,
                                          MemberId target) = 0;

  // -- the cluster --------------------------------------------------------------------------------

  [[nodiscard]] virtual Result<std::vector<Member>> MemberList(const Context& context) = 0;
  /// The new member's id. A learner has no vote until it is promoted, so it harms no quorum while
  /// it catches up; a cluster has one at a time. kFailedPrecondition: one of the URLs is a member's
  /// already, too many learners, or too few members are up.
  [[nodiscard]] virtual Result<MemberId> MemberAdd(const Context& context,
                                                   const std::vector<std::string>& peer_urls,
                                                   bool learner) = 0;
  /// kNotFound: no such member (any more). kFailedPrecondition: too few of the others are up.
  [[nodiscard]] virtual Status MemberRemove(const Context& context, MemberId member) = 0;
  /// Other peer URLs. kNotFound.
  [[nodiscard]] virtual Status MemberUpdate(const Context& context, MemberId member,
                                            const std::vector<std::string>& peer_urls) = 0;
  /// Gives a learner its vote. kFailedPrecondition: it is none, or has not caught up yet.
  /// kNotFound.
  [[nodiscard]] virtual Status MemberPromote(const Context& context, MemberId member) = 0;
  [[nodiscard]] virtual Result<std::vector<Alarm>> AlarmList(const Context& context) = 0;
  [[nodiscard]] virtual Status ActivateAlarm(const Context& context, const Alarm& alarm) = 0;
  [[nodiscard]] virtual Status DisarmAlarm(const Context& context, const Alarm& alarm) = 0;

  // -- keys ---------------------------------------------------------------------------------------

  /// kOutOfRange: the revision is compacted, or in the future.
  [[nodiscard]] virtual Result<RangeResponse> Range(const Context& context,
                                                    const RangeRequest& request) = 0;
  /// kNotFound: no such lease.
  [[nodiscard]] virtual Result<PutResponse> Put(const Context& context,
                                                const PutRequest& request) = 0;
  [[nodiscard]] virtual Result<DeleteRangeResponse> DeleteRange(
      const Context& context, const DeleteRangeRequest& request) = 0;
  /// At most 128 operations by the server's default. Compares that don't hold are no error.
  [[nodiscard]] virtual Result<TxnResponse> Txn(const Context& context,
                                                const TxnRequest& request) = 0;
  /// Returns when old revisions are out of the store (`physical`) or only out of sight.
  /// kOutOfRange: already compacted, or in the future.
  [[nodiscard]] virtual Status Compact(const Context& context, std::int64_t revision,
                                       bool physical) = 0;
  /// Returns when the server has accepted the watch, within `context`; the watcher is not bound to
  /// it. Errors as Watcher::Next's, but that a compacted start shows in Next.
  [[nodiscard]] virtual Result<std::unique_ptr<Watcher>> Watch(const Context& context,
                                                               const WatchRequest& request) = 0;

  // -- leases -------------------------------------------------------------------------------------

  /// `id` 0: the server picks one. kFailedPrecondition: it exists.
  [[nodiscard]] virtual Result<LeaseGrantResponse> LeaseGrant(const Context& context,
                                                              std::chrono::seconds ttl,
                                                              std::int64_t id) = 0;
  /// Deletes its keys. kNotFound.
  [[nodiscard]] virtual Status LeaseRevoke(const Context& context, std::int64_t id) = 0;
  /// Once; the time to live that it has again. kNotFound.
  [[nodiscard]] virtual Result<std::chrono::seconds> LeaseKeepAlive(const Context& context,
                                                                    std::int64_t id) = 0;
  /// kNotFound.
  [[nodiscard]] virtual Result<LeaseTimeToLiveResponse> LeaseTimeToLive(const Context& context,
                                                                        std::int64_t id,
                                                                        bool keys) = 0;
  [[nodiscard]] virtual Result<std::vector<std::int64_t>> Leases(const Context& context) = 0;

  // -- users --------------------------------------------------------------------------------------

  /// Needs a user "root" that has the role "root".
  [[nodiscard]] virtual Status AuthEnable(const Context& context) = 0;
  /// kFailedPrecondition: it exists.
  [[nodiscard]] virtual Status UserAdd(const Context& context, const std::string& name,
                                       const std::string& password) = 0;
  [[nodiscard]] virtual Status RoleAdd(const Context& context, const std::string& name) = 0;
  [[nodiscard]] virtual Status UserGrantRole(const Context& context, const std::string& user,
                                             const std::string& role) = 0;
};

}  // namespace tresor::etcd
