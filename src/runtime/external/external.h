// SPDX-License-Identifier: Apache-2.0
// runtime/external: an etcd that is not ours. It is looked at and backed up, never started, stopped
// or restored.
#pragma once

#include <memory>

#include "runtime/runtime.h"

namespace tresor::runtime {

/// Keeps what was applied in memory only: Observe, Access and Credentials are kNotFound until Apply
/// was called in this process. Credentials are the same as Access: we have no others.
[[nodiscard]] std::unique_ptr<ClusterRuntime> MakeExternalRuntime();

}  // namespace tresor::runtime
