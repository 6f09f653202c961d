// SPDX-License-Identifier: Apache-2.0
// The Snapshot call. Inside this library only.
#pragma once

#include "base/context.h"
#include "base/status.h"
#include "etcd/connection.h"
#include "etcd/snapshot_stream.h"

namespace tresor::etcd {

/// Client::Snapshot for one connection.
[[nodiscard]] Result<SnapshotSummary> ReadSnapshot(const Context& context, Connections& connections,
                                                   Connection& connection, SnapshotSink& sink);

}  // namespace tresor::etcd
