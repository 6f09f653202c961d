// SPDX-License-Identifier: Apache-2.0
// The Watch call. Inside this library only.
#pragma once

#include <memory>

#include "base/context.h"
#include "base/status.h"
#include "etcd/connection.h"

namespace tresor::etcd {

/// Client::Watch for one connection. `connection` outlives the watcher.
[[nodiscard]] Result<std::unique_ptr<Watcher>> OpenWatch(const Context& context,
                                                         Connections& connections,
                                                         Connection& connection,
                                                         const WatchRequest& request);

}  // namespace tresor::etcd
