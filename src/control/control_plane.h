// SPDX-License-Identifier: Apache-2.0
// ControlPlane: all controllers of one server, wired together. `tresor serve` makes one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "base/status.h"
#include "control/backup_controller.h"
#include "control/cluster_controller.h"
#include "control/destination_controller.h"
#include "control/executor.h"
#include "control/manager.h"
#include "control/metrics.h"
#include "control/restore_controller.h"
#include "control/services.h"
#include "store/object_store.h"

namespace tresor::control {

struct ControlPlaneOptions {
  ManagerOptions manager = {};
  ClusterControllerOptions cluster = {};
  BackupControllerOptions backup = {};
  RestoreControllerOptions restore = {};
  DestinationControllerOptions destination = {};
  /// Workers of clusters and configurations; the others have two each.
  int workers = 4;
};

/// What is given by reference outlives it.
struct ControlPlaneParts {
  store::ObjectStore& store;
  Vault& vault;
  Runtimes runtimes;
  const Clock& clock = SystemClock();
  Metrics* metrics = nullptr;    // none: nobody is told
  Executor* executor = nullptr;  // none: a thread per running backup
  Connector connect = etcd::Client::Connect;
  std::function<Result<std::uint64_t>(const runtime::ClusterId&)> free_bytes = {};
};

/// Threads: Start and Stop from one thread, the rest from any.
class ControlPlane {
 public:
  ControlPlane(const ControlPlaneParts& parts, const ControlPlaneOptions& options);
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  /// Reads everything first. Errors: Manager::Start's.
  [[nodiscard]] Status Start(const Context& context);
  /// Running backups are stopped (and taken again by the next server), restores stay where they
  /// are (and go on with the next server), members run on. Idempotent.
  void Stop();

  [[nodiscard]] Manager& manager();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tresor::control
