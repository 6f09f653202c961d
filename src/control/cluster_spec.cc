// SPDX-License-Identifier: Apache-2.0
#include "control/cluster_spec.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "control/names.h"
#include "etcd/format/ids.h"
#include "objects/secret.h"

namespace tresor::control {
namespace {

using objects::ClusterPhase;
using objects::Condition;
using objects::ConditionStatus;

Result<objects::SecretValues> ReadSecret(const Context& context, store::ObjectStore& store,
                                         const std::string& project, const std::string& name) {
  ASSIGN_OR_RETURN(const objects::Object secret,
                   store.Get(context, {objects::kSecrets, project, name}));
  return objects::SecretData(secret);
}

std::string ValueOf(const objects::SecretValues& values, std::string_view key) {
  const auto place = values.find(key);
  return place == values.end() ? std::string() : place->second;
}

Result<etcd::ClientOptions> MakeExternalAccess(const Context& context, store::ObjectStore& store,
                                               const std::string& project,
                                               const objects::EtcdClusterSpec& spec) {
  etcd::ClientOptions options;
  options.endpoints = spec.endpoints;
  if (!spec.tls_secret.empty()) {
    ASSIGN_OR_RETURN(const objects::SecretValues values,
                     ReadSecret(context, store, project, spec.tls_secret));
    options.tls = etcd::TlsOptions{.ca_pem = ValueOf(values, objects::kCaKey),
                                   .certificate_pem = ValueOf(values, objects::kCertificateKey),
                                   .key_pem = ValueOf(values, objects::kPrivateKeyKey)};
  }
  if (!spec.auth_secret.empty()) {
    ASSIGN_OR_RETURN(const objects::SecretValues values,
                     ReadSecret(context, store, project, spec.auth_secret));
    options.user = ValueOf(values, objects::kUsernameKey);
    options.password = ValueOf(values, objects::kPasswordKey);
    if (options.user.empty()) {
      return Error(Code::kInvalidArgument, "secret \"{}/{}\" has no key \"{}\"", project,
                   spec.auth_secret, objects::kUsernameKey);
    }
  }
  return options;
}

std::string NameOf(etcd::AlarmType alarm) {
  switch (alarm) {
    case etcd::AlarmType::kNoSpace:
      return "NOSPACE";
    case etcd::AlarmType::kCorrupt:
      return "CORRUPT";
    default:
      return fmt::format("{}", static_cast<int>(alarm));
  }
}

objects::ClusterMember MakeMember(const runtime::MemberObservation& seen) {
  objects::ClusterMember member;
  member.name = seen.name;
  member.endpoint = seen.client_url;
  member.healthy = seen.healthy;
  member.phase = runtime::ToString(seen.phase);
  member.message = seen.message;
  member.restarts = static_cast<std::int32_t>(seen.restarts);
  if (seen.status.has_value()) {
    const etcd::MemberStatus& status = *seen.status;
    member.id = etcd::ToString(status.header.member);
    member.version = status.version;
    member.leader = status.leader == status.header.member;
    member.learner = status.learner;
    member.db_size = static_cast<std::int64_t>(status.db_bytes);
    member.db_size_in_use = static_cast<std::int64_t>(status.db_in_use_bytes);
    member.revision = status.header.revision;
    member.raft_index = static_cast<std::int64_t>(status.raft_index);
  }
  for (const etcd::AlarmType alarm : seen.alarms) {
    member.alarms.push_back(NameOf(alarm));
  }
  return member;
}

/// Of those that answer, the lowest.
std::string LowestVersion(const std::vector<objects::ClusterMember>& members) {
  const auto parts = [](const std::string& version) {
    std::vector<int> numbers;
    int number = 0;
    for (const char c : version + ".") {
      if (c >= '0' && c <= '9') {
        number = number * 10 + (c - '0');
      } else {
        numbers.push_back(std::exchange(number, 0));
      }
    }
    return numbers;
  };
  std::string lowest;
  for (const objects::ClusterMember& member : members) {
    if (!member.version.empty() && (lowest.empty() || parts(member.version) < parts(lowest))) {
      lowest = member.version;
    }
  }
  return lowest;
}

struct PhaseAndMessage {
  ClusterPhase phase;
  std::string message;
};

PhaseAndMessage PhaseOfMembers(const ClusterFacts& facts) {
  const bool was_up =
      facts.before.phase.has_value() && *facts.before.phase != ClusterPhase::kCreating;
  const ClusterPhase down = was_up ? ClusterPhase::kUnreachable : ClusterPhase::kCreating;
  if (!facts.observed.ok()) {
    return {down, std::string(Message(facts.observed.status()))};
  }
  const runtime::ClusterObservation& seen = *facts.observed;
  std::size_t healthy = 0;
  std::string trouble;
  for (const runtime::MemberObservation& member : seen.members) {
    healthy += member.healthy ? 1 : 0;
    if (!member.healthy && trouble.empty()) {
      trouble = fmt::format("member {} is not healthy{}{}", member.name,
                            member.message.empty() ? "" : ": ", member.message);
    }
  }
  const bool external = facts.spec.runtime == objects::RuntimeKind::kExternal;
  const std::size_t wanted =
      external ? seen.members.size() : static_cast<std::size_t>(facts.spec.replicas);
  if (healthy == 0 || !seen.has_quorum) {
    return {down, trouble.empty() ? "no member answers" : trouble};
  }
  if (healthy < wanted || healthy < seen.members.size()) {
    return {was_up ? ClusterPhase::kDegraded : ClusterPhase::kCreating,
            trouble.empty() ? fmt::format("{} of {} members are there", healthy, wanted) : trouble};
  }
  for (const runtime::MemberObservation& member : seen.members) {
    if (!member.alarms.empty()) {
      return {ClusterPhase::kDegraded,
              fmt::format("member {}: alarm {}", member.name, NameOf(member.alarms.front()))};
    }
  }
  return {ClusterPhase::kRunning, {}};
}

}  // namespace

runtime::ClusterId ClusterIdOf(const objects::Object& cluster) {
  return {.project = cluster.name_space(), .name = cluster.name(), .uid = cluster.uid()};
}

Result<runtime::ClusterSpec> MakeClusterSpec(const Context& context, store::ObjectStore& store,
                                             const objects::Object& cluster) {
  const auto spec = objects::EtcdClusterSpec::FromObject(cluster);
  runtime::ClusterSpec made;
  made.id = ClusterIdOf(cluster);
  made.replicas = spec.replicas;
  made.version = spec.version;
  made.quota_backend_bytes =
      static_cast<std::uint64_t>(std::max<std::int64_t>(spec.quota_backend_bytes, 0));
  made.extra_args = spec.extra_args;
  if (spec.runtime == objects::RuntimeKind::kExternal) {
    ASSIGN_OR_RETURN(made.external, MakeExternalAccess(context, store, cluster.name_space(), spec));
  }
  return made;
}

std::optional<int> MinorOf(std::string_view version) {
  constexpr std::string_view kMajor = "3.";
  int minor = 0;
  if (!version.starts_with(kMajor)) {
    return std::nullopt;
  }
  version.remove_prefix(kMajor.size());
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), minor);
  const bool ends = end == version.data() + version.size() || *end == '.' || *end == '-';
  return error == std::errc() && minor >= 0 && ends ? std::optional(minor) : std::nullopt;
}

objects::EtcdClusterStatus PlanClusterStatus(const ClusterFacts& facts) {
  objects::EtcdClusterStatus status = facts.before;
  status.observed_generation = facts.generation;
  if (facts.observed.ok()) {
    status.members.clear();
    std::size_t healthy = 0;
    for (const runtime::MemberObservation& member : facts.observed->members) {
      status.members.push_back(MakeMember(member));
      healthy += member.healthy ? 1 : 0;
    }
    const std::size_t wanted = facts.spec.runtime == objects::RuntimeKind::kExternal
                                   ? facts.observed->members.size()
                                   : static_cast<std::size_t>(facts.spec.replicas);
    status.ready = fmt::format("{}/{}", healthy, wanted);
    if (std::string version = LowestVersion(status.members); !version.empty()) {
      status.version = std::move(version);
    }
    if (facts.observed->etcd_cluster.has_value()) {
      status.etcd_cluster_id = etcd::ToString(*facts.observed->etcd_cluster);
    }
  }

  PhaseAndMessage members = PhaseOfMembers(facts);
  if (!facts.applied.ok()) {
    members.message = Message(facts.applied);
  }
  const bool ready =
      members.phase == ClusterPhase::kRunning || members.phase == ClusterPhase::kDegraded;
  if (facts.deleting) {
    members.phase = ClusterPhase::kDeleting;
  } else if (!status.active_restore.empty()) {
    members.phase = ClusterPhase::kRestoring;
    members.message = "restore " + status.active_restore;
  } else if (facts.spec.paused) {
    members.phase = ClusterPhase::kPaused;
    members.message = facts.spec.pause_reason;
  }
  status.phase = members.phase;
  status.message = members.message;
  objects::SetCondition(status.conditions,
                        {.type = std::string(objects::kReadyCondition),
                         .status = ready && status.active_restore.empty() && !facts.deleting
                                       ? ConditionStatus::kTrue
                                       : ConditionStatus::kFalse,
                         .reason = std::string(objects::ToString(members.phase)),
                         .message = members.message,
                         .last_transition = {},
                         .observed_generation = facts.generation},
                        facts.now);
  return status;
}

bool DiffersInSubstance(const objects::EtcdClusterStatus& a, const objects::EtcdClusterStatus& b) {
  const auto still = [](objects::EtcdClusterStatus status) {
    for (objects::ClusterMember& member : status.members) {
      member.revision = 0;
      member.raft_index = 0;
      member.db_size = 0;
      member.db_size_in_use = 0;
    }
    return status;
  };
  return still(a) != still(b);
}

}  // namespace tresor::control
