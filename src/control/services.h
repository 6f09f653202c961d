// SPDX-License-Identifier: Apache-2.0
// Services: what all controllers are given.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/status.h"
#include "control/cluster_locks.h"
#include "control/events.h"
#include "control/metrics.h"
#include "control/vault.h"
#include "etcd/client.h"
#include "objects/etcd_cluster.h"
#include "runtime/runtime.h"
#include "store/object_store.h"

namespace tresor::control {

using objects::Object;

/// The runtimes that this server has. Null: it does not have that one.
struct Runtimes {
  runtime::ClusterRuntime* local = nullptr;
  runtime::ClusterRuntime* kubernetes = nullptr;
  runtime::ClusterRuntime* external = nullptr;

  /// kUnimplemented: this server has none of that kind.
  [[nodiscard]] Result<runtime::ClusterRuntime*> Of(objects::RuntimeKind kind) const;
};

using Connector = std::function<Result<std::unique_ptr<etcd::Client>>(const etcd::ClientOptions&)>;

/// References outlive every controller.
struct Services {
  store::ObjectStore& store;
  const Clock& clock;
  EventRecorder& events;
  Metrics& metrics;
  Vault& vault;
  Runtimes runtimes;
  ClusterLocks& locks;
  Connector connect = etcd::Client::Connect;
  /// Room where a cluster's members lie; none given: not looked at.
  std::function<Result<std::uint64_t>(const runtime::ClusterId&)> free_bytes = {};
};

}  // namespace tresor::control
