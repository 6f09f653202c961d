// SPDX-License-Identifier: Apache-2.0
// A RevisionLog in memory: for tests, and the model that the real one is compared with.
#pragma once

#include <memory>

#include "store/revision_log.h"

namespace tresor::store {

[[nodiscard]] std::unique_ptr<RevisionLog> NewMemoryLog();

}  // namespace tresor::store
