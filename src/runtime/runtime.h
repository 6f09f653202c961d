// SPDX-License-Identifier: Apache-2.0
// ClusterRuntime: what makes a cluster's members run. local: launchers on this machine; external:
// an etcd that is not ours; later kubernetes: a StatefulSet.
//
// It is level-triggered: the caller says what shall be (Apply), and looks at what is (Observe).
// Members are run by launchers, processes of their own that outlive the server: an order is durable
// when Apply returns, launchers carry it out also while nobody watches, and what Observe tells was
// written down by them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "base/status.h"
#include "etcd/client.h"

namespace tresor::runtime {

/// A cluster's address: EtcdCluster's namespace, name and uid.
struct ClusterId {
  std::string project;
  std::string name;
  std::string uid;
  friend auto operator<=>(const ClusterId&, const ClusterId&) = default;
};

/// How far a restore may go; each member does what lies between where it is and there, in this
/// order. Roll-back is possible from every step before kOpen.
enum class RestoreStep {
  kStop,         // etcd is stopped and stays so
  kSetAside,     // its data directory is kept under another name
  kRebuild,      // a new one is made from the backup
  kStartClosed,  // etcd answers with it, and nobody but Tresor can reach it: another port, and only
                 // Tresor's certificate is let in. Needs a quorum of members that go so far
  kOpen,         // etcd serves its clients again; members do it one after another
  kForget,       // the old data is removed; the restore is over
};
[[nodiscard]] std::string_view ToString(RestoreStep step);

/// One restore, as members need to know it. The same id is never carried out twice.
struct RestoreOrder {
  std::string id;  // EtcdRestore's uid
  RestoreStep until = RestoreStep::kStop;
  /// Instead: the set-aside data comes back, etcd serves its clients as before.
  bool roll_back = false;
  std::string repository;  // where: a directory (later also s3://…)
  std::string key_file;    // 0600, readable by the launcher
  std::string backup;      // id in the repository
  std::int64_t bump_revision = 0;
  bool mark_compacted = false;
  /// Members that nobody waits for, in kOpen and after it: the others open without them, and when
  /// those, a healthy majority, have done kForget, what is left of these is removed, and they begin
  /// anew as members that lost their data. One that opens after all is waited for again.
  std::vector<std::string> without = {};
};

/// What a cluster shall be.
struct ClusterSpec {
  ClusterId id;
  std::int32_t replicas = 3;
  std::string version;                    // of etcd, "3.5"; empty: what is installed
  std::uint64_t quota_backend_bytes = 0;  // 0: etcd's default
  std::vector<std::string> extra_args;    // "--name=value"
  bool stopped = false;                   // members don't run, data stays
  /// None while members are in the middle of one: it goes on as it was last ordered, so that
  /// whoever applies a spec need not know of it. It ends by kForget or roll_back alone.
  std::optional<RestoreOrder> restore;
  /// Neither a backup nor a restore runs: members may be defragmented when it pays, one at a time.
  bool may_defragment = false;
  /// external only
  std::optional<etcd::ClientOptions> external;
};

enum class MemberPhase {
  kStarting,    // also: its launcher is to be started
  kRunning,     // etcd runs and has answered
  kBackingOff,  // etcd ended by itself and is started again after a while
  kStopped,
  kRestoring,
  kLost,  // its data directory is gone: only its fellows (Apply does it) or a restore bring it back
};
[[nodiscard]] std::string_view ToString(MemberPhase phase);

/// What kRebuild made. A member that serves it answers HashKV at `revision` with `hash` and
/// `compact_revision`, as long as nobody wrote.
struct RebuiltData {
  std::int64_t revision = 0;
  std::int64_t compact_revision = -1;
  std::uint32_t hash = 0;
  std::uint64_t db_bytes = 0;
  friend bool operator==(const RebuiltData&, const RebuiltData&) = default;
};

struct RestoreObservation {
  std::string id;  // of the one that the member was told last
  /// The last step that is done; none: not begun.
  std::optional<RestoreStep> done;
  bool rolled_back = false;
  std::uint64_t bytes_done = 0;  // of kRebuild
  std::uint64_t bytes_total = 0;
  std::optional<RebuiltData> rebuilt;  // from kRebuild on
  /// From kStartClosed on: etcd itself answered with the rebuilt data's hash. False with
  /// kStartClosed done: it could not be compared any more (a lease ended and deleted its keys), not
  /// that it differs: that is an error, and final.
  bool verified = false;
  std::string error;   // why it does not go on; empty: it does
  bool final = false;  // trying again will not help
};

struct MemberObservation {
  std::string name;
  MemberPhase phase = MemberPhase::kStarting;
  std::string message;  // why it is in this phase: etcd's last words, the next try
  std::int64_t launcher_pid = 0;
  std::int64_t etcd_pid = 0;
  std::uint32_t restarts = 0;
  std::string client_url;
  // What etcd itself says; only when `healthy` or `answered`.
  bool answered = false;
  bool healthy = false;  // answers a linearizable read
  std::optional<etcd::MemberStatus> status;
  std::vector<etcd::AlarmType> alarms;
  std::optional<RestoreObservation> restore;
};

struct ClusterObservation {
  std::vector<MemberObservation> members;
  /// Cluster id as etcd tells it; none: nobody answers.
  std::optional<etcd::ClusterId> etcd_cluster;
  bool has_quorum = false;
};

/// Threads: all methods, from any thread; calls for one cluster one at a time (the caller's work
/// queue does that).
/// Errors of every method, besides its own: kUnavailable, kResourceExhausted (disk, ports),
/// kPermissionDenied, kNotFound (etcd is not installed), kCancelled, kDeadlineExceeded.
class ClusterRuntime {
 public:
  virtual ~ClusterRuntime() = default;

  /// Makes `spec` durable as what shall be, and starts what has to be: missing launchers, members
  /// that were added or lost. What needs several moves (more or fewer members, a new version or
  /// arguments, kOpen, defragmentation) goes one move further with each call: go on calling while
  /// Observe differs from the spec. Repeating it harms nothing. kInvalidArgument: names what is
  /// wrong in the spec. kFailedPrecondition: a restore into an etcd that is not ours (says what to
  /// do instead); another restore while one is not over; roll_back after kOpen; a change of
  /// replicas during a restore, or that etcd would not survive now.
  [[nodiscard]] virtual Status Apply(const Context& context, const ClusterSpec& spec) = 0;
  /// What is. Asks every member, at most `context`'s time. kNotFound: never applied.
  [[nodiscard]] virtual Result<ClusterObservation> Observe(const Context& context,
                                                           const ClusterId& id) = 0;
  /// How Tresor itself reaches the cluster, also while it is closed to others.
  [[nodiscard]] virtual Result<etcd::ClientOptions> Access(const ClusterId& id) = 0;
  /// What people get: endpoints and PEMs of a client certificate of their own.
  [[nodiscard]] virtual Result<etcd::ClientOptions> Credentials(const ClusterId& id) = 0;
  /// Stops the members and removes everything of the cluster's. kNotFound is no error.
  [[nodiscard]] virtual Status Remove(const Context& context, const ClusterId& id) = 0;
};

}  // namespace tresor::runtime
