// SPDX-License-Identifier: Apache-2.0
// EtcdCluster's spec and status as values. deploy/crds/etcdclusters.yaml explains the fields.
//
// As all typed views: objects from the store satisfy their schema, so reading does not fail; a
// value of another type, or an enumerator that this build does not know, reads as the default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "objects/condition.h"
#include "objects/object.h"

namespace tresor::objects {

enum class RuntimeKind { kLocal, kKubernetes, kExternal };
[[nodiscard]] std::string_view ToString(RuntimeKind runtime);

enum class ClusterPhase {
  kCreating,
  kRunning,
  kDegraded,     // it serves, but a member is missing or unhealthy
  kUnreachable,  // no quorum
  kPaused,
  kRestoring,
  kDeleting,
};
[[nodiscard]] std::string_view ToString(ClusterPhase phase);

struct EtcdClusterSpec {
  RuntimeKind runtime = RuntimeKind::kLocal;
  std::int32_t replicas = 3;
  std::string version;                 // "3.5"; empty: what is installed
  std::vector<std::string> endpoints;  // external
  std::string tls_secret;              // external; a name in the same project
  std::string auth_secret;             // external
  std::int64_t quota_backend_bytes = 0;
  std::vector<std::string> extra_args;
  bool paused = false;
  std::string pause_reason;

  [[nodiscard]] static EtcdClusterSpec FromObject(const Object& object);
  void WriteTo(Object& object) const;  // replaces spec
  friend bool operator==(const EtcdClusterSpec&, const EtcdClusterSpec&) = default;
};

struct ClusterMember {
  std::string name;
  std::string id;  // hexadecimal, as etcdctl prints it
  std::string endpoint;
  std::string version;
  bool leader = false;
  bool learner = false;
  bool healthy = false;
  std::string phase;  // of its launcher: "Running", "BackingOff", …
  std::string message;
  std::int32_t restarts = 0;
  std::int64_t db_size = 0;
  std::int64_t db_size_in_use = 0;
  std::int64_t revision = 0;
  std::int64_t raft_index = 0;
  std::vector<std::string> alarms;  // "NOSPACE", "CORRUPT"
  friend bool operator==(const ClusterMember&, const ClusterMember&) = default;
};

struct EtcdClusterStatus {
  std::optional<ClusterPhase> phase;
  std::string message;
  std::string ready;    // "3/3", for people
  std::string version;  // of etcd, the lowest of the members'
  std::vector<ClusterMember> members;
  std::string active_restore;   // name of the EtcdRestore that holds the cluster
  std::string etcd_cluster_id;  // hexadecimal
  std::optional<WallTime> last_backup_time;
  std::int64_t observed_generation = 0;
  std::vector<Condition> conditions;

  [[nodiscard]] static EtcdClusterStatus FromObject(const Object& object);
  void WriteTo(Object& object) const;  // replaces status
  friend bool operator==(const EtcdClusterStatus&, const EtcdClusterStatus&) = default;
};

}  // namespace tresor::objects
