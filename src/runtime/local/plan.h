// SPDX-License-Identifier: Apache-2.0
// What runtime/local does next for a cluster: from the spec, its record and what is. Pure; every
// decision about members is made here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"
#include "runtime/local/record.h"
#include "runtime/member/order.h"
#include "runtime/member/status_file.h"
#include "runtime/runtime.h"

namespace tresor::runtime {

struct MemberFacts {
  std::optional<MemberOrder> order;  // as it lies in its folder; none: there is none
  std::optional<StatusFile> status;  // what its launcher wrote, this one or one before
  bool launcher_runs = false;
  /// Somebody listens on one of its ports; only looked at before it is started for the first time.
  bool port_taken = false;
  /// Likewise on the port for a restore, while the member does not.
  bool closed_port_taken = false;
  bool answered = false;  // etcd's Status
  bool healthy = false;   // a linearizable read
  std::optional<etcd::MemberStatus> etcd;
};

struct ClusterFacts {
  std::vector<MemberFacts> members;  // in the order of ClusterRecord::members
  /// What etcd says who its members are; none: there is no quorum to ask.
  std::optional<std::vector<etcd::Member>> etcd_members;
};

struct PlanOptions {
  std::string etcd;  // the program for the spec's version
  std::uint64_t defragment_from_bytes = 0;
  double defragment_below_use = 0;
};

/// The record becomes this, before anything after it in the plan.
struct SaveRecord {
  ClusterRecord record;
};
/// One more member: the record gets it, with ports, as kJoining.
struct AddMember {};
/// These members, which never ran, get other ports; then the record becomes this.
struct ChangePorts {
  ClusterRecord record;
  std::vector<std::string> members;
};
/// The port on which a restore keeps it closed, before it does.
struct ChangeClosedPort {
  std::string member;
};
struct GiveOrder {
  std::string member;
  MemberOrder order;
};
struct StartLauncher {
  std::string member;
};
/// As a learner.
struct AddToEtcd {
  std::string peer_url;
};
struct PromoteInEtcd {
  etcd::MemberId id{};
};
struct RemoveFromEtcd {
  etcd::MemberId id{};
};
/// Its launcher ends, its folder goes, the record forgets it.
struct DropMember {
  std::string member;
};
/// Its launcher is killed and its folder goes, so that it is one that lost its data.
struct WipeMember {
  std::string member;
};
struct DefragmentMember {
  std::string member;
};
using Action = std::variant<SaveRecord, AddMember, ChangePorts, ChangeClosedPort, GiveOrder,
                            StartLauncher, AddToEtcd, PromoteInEtcd, RemoveFromEtcd, DropMember,
                            WipeMember, DefragmentMember>;

/// To be carried out in this order, up to the first that fails; afterwards plan anew. Empty: all is
/// as it shall be, or takes its time. Errors: ClusterRuntime::Apply's.
[[nodiscard]] Result<std::vector<Action>> Plan(const ClusterSpec& spec, const ClusterRecord& record,
                                               const ClusterFacts& facts,
                                               const PlanOptions& options);

/// The record of a new cluster, without ports.
[[nodiscard]] ClusterRecord NewRecord(const ClusterSpec& spec);

}  // namespace tresor::runtime
