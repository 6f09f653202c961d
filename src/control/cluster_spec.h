// SPDX-License-Identifier: Apache-2.0
// From an EtcdCluster to what a runtime understands, and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/context.h"
#include "base/status.h"
#include "control/key.h"
#include "objects/etcd_cluster.h"
#include "objects/object.h"
#include "runtime/runtime.h"
#include "store/object_store.h"

namespace tresor::control {

[[nodiscard]] runtime::ClusterId ClusterIdOf(const objects::Object& cluster);

/// Without a restore. For an external cluster its Secrets are read: kNotFound or kInvalidArgument
/// names the Secret and the key that is missing.
[[nodiscard]] Result<runtime::ClusterSpec> MakeClusterSpec(const Context& context,
                                                           store::ObjectStore& store,
                                                           const objects::Object& cluster);

/// The line of a version of etcd: 5 of "3.5" and "3.5.21". None: it is no version of etcd 3.
[[nodiscard]] std::optional<int> MinorOf(std::string_view version);

/// Facts of PlanClusterStatus.
struct ClusterFacts {
  objects::EtcdClusterSpec spec;
  objects::EtcdClusterStatus before;
  std::int64_t generation = 0;
  bool deleting = false;
  Status applied = OkStatus();  // what Apply said
  Result<runtime::ClusterObservation> observed = runtime::ClusterObservation{};
  WallTime now;
};
/// What the status shall say. Pure. Which restore has the cluster is left as it is.
[[nodiscard]] objects::EtcdClusterStatus PlanClusterStatus(const ClusterFacts& facts);

/// Only numbers that always move differ (revision, raft index, sizes): not worth a write each time.
[[nodiscard]] bool DiffersInSubstance(const objects::EtcdClusterStatus& a,
                                      const objects::EtcdClusterStatus& b);

}  // namespace tresor::control
