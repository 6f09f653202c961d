// SPDX-License-Identifier: Apache-2.0
// The controller of EtcdClusters: makes members run as the spec says, tells how they are, gives a
// new cluster its backups, and takes everything down when the cluster is to go.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/guarded.h"
#include "control/informer.h"
#include "control/reconciler.h"
#include "control/services.h"
#include "objects/etcd_cluster.h"

namespace tresor::control {

struct ClusterControllerOptions {
  std::chrono::nanoseconds observe_every = std::chrono::seconds(10);
  /// While it is not as it shall be.
  std::chrono::nanoseconds observe_soon = std::chrono::seconds(1);
  /// Numbers that always move (revisions, sizes) are written this often.
  std::chrono::nanoseconds numbers_every = std::chrono::minutes(1);
  /// Of one Apply or Observe.
  std::chrono::nanoseconds call_timeout = std::chrono::seconds(20);
  /// What a new cluster gets; an empty schedule: nothing.
  std::string default_schedule = "@every 20m";
  std::int32_t default_keep = 20;
};

class ClusterController final : public Reconciler {
 public:
  explicit ClusterController(const Services& services, const ClusterControllerOptions& options = {})
      : services_(services), options_(options) {}

  [[nodiscard]] std::string_view name() const override { return "cluster"; }
  [[nodiscard]] Result<Next> Reconcile(const Context& context, const Key& key) override;

 private:
  [[nodiscard]] Result<Next> Delete(const Context& context, const Object& cluster,
                                    runtime::ClusterRuntime* runtime);
  /// True: it waits for configurations to go.
  [[nodiscard]] Result<bool> DeleteConfigs(const Context& context, const Object& cluster);
  [[nodiscard]] Status MakeDefaultBackups(const Context& context, const Object& cluster);
  /// Nobody's restore any more: its object was taken away by force.
  [[nodiscard]] Result<bool> EndOrphanedRestore(const Context& context, const Object& cluster,
                                                runtime::ClusterRuntime& runtime,
                                                const runtime::ClusterObservation& seen);
  [[nodiscard]] Status WriteStatus(const Context& context, const Object& cluster,
                                   const Status& applied,
                                   const Result<runtime::ClusterObservation>& seen);

  const Services services_;
  const ClusterControllerOptions options_;
  Guarded<std::map<std::string, MonotonicTime>> numbers_written_;  // by uid
};

}  // namespace tresor::control
