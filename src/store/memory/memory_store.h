// SPDX-License-Identifier: Apache-2.0
// An ObjectStore that forgets everything at its end: for tests.
#pragma once

#include <memory>

#include "store/api_store.h"

namespace tresor::store {

[[nodiscard]] std::unique_ptr<ApiStore> NewMemoryStore(const ApiStoreOptions& options = {});

}  // namespace tresor::store
