// SPDX-License-Identifier: Apache-2.0
#include "objects/etcd_cluster.h"

#include "objects/condition_fields.h"
#include "objects/fields.h"

namespace tresor::objects {

template <>
inline constexpr auto kTexts<RuntimeKind> =
    std::array<std::string_view, 3>{"local", "kubernetes", "external"};

template <>
inline constexpr auto kTexts<ClusterPhase> = std::array<std::string_view, 7>{
    "Creating", "Running", "Degraded", "Unreachable", "Paused", "Restoring", "Deleting"};

template <>
struct FieldsOf<EtcdClusterSpec> {
  static void Visit(auto& visit, auto& value) {
    visit("runtime", value.runtime);
    visit("replicas", value.replicas);
    visit("version", value.version);
    visit("endpoints", value.endpoints);
    visit("tlsSecretRef.name", value.tls_secret);
    visit("authSecretRef.name", value.auth_secret);
    visit("quotaBackendBytes", value.quota_backend_bytes);
    visit("extraArgs", value.extra_args);
    visit("paused", value.paused);
    visit("pauseReason", value.pause_reason);
  }
};

template <>
struct FieldsOf<ClusterMember> {
  static void Visit(auto& visit, auto& value) {
    visit("name", value.name);
    visit("id", value.id);
    visit("endpoint", value.endpoint);
    visit("version", value.version);
    visit("leader", value.leader);
    visit("learner", value.learner);
    visit("healthy", value.healthy);
    visit("phase", value.phase);
    visit("message", value.message);
    visit("restarts", value.restarts);
    visit("dbSize", value.db_size);
    visit("dbSizeInUse", value.db_size_in_use);
    visit("revision", value.revision);
    visit("raftIndex", value.raft_index);
    visit("alarms", value.alarms);
  }
};

template <>
struct FieldsOf<EtcdClusterStatus> {
  static void Visit(auto& visit, auto& value) {
    visit("phase", value.phase);
    visit("message", value.message);
    visit("ready", value.ready);
    visit("version", value.version);
    visit("members", value.members);
    visit("activeRestore", value.active_restore);
    visit("etcdClusterID", value.etcd_cluster_id);
    visit("lastBackupTime", value.last_backup_time);
    visit("observedGeneration", value.observed_generation);
    visit("conditions", value.conditions);
  }
};

std::string_view ToString(RuntimeKind runtime) { return EnumText(runtime); }
std::string_view ToString(ClusterPhase phase) { return EnumText(phase); }

EtcdClusterSpec EtcdClusterSpec::FromObject(const Object& object) {
  return ReadPart<EtcdClusterSpec>(object, "spec");
}
void EtcdClusterSpec::WriteTo(Object& object) const { WritePart(object, "spec", *this); }

EtcdClusterStatus EtcdClusterStatus::FromObject(const Object& object) {
  return ReadPart<EtcdClusterStatus>(object, "status");
}
void EtcdClusterStatus::WriteTo(Object& object) const { WritePart(object, "status", *this); }

}  // namespace tresor::objects
