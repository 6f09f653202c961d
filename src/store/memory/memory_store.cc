// SPDX-License-Identifier: Apache-2.0
#include "store/memory/memory_store.h"

#include <utility>

#include "base/check.h"
#include "store/memory/memory_log.h"

namespace tresor::store {

std::unique_ptr<ApiStore> NewMemoryStore(const ApiStoreOptions& options) {
  Result<std::unique_ptr<ApiStore>> store = ApiStore::Open(
      Context::Background(), NewMemoryLog(), crypto::SecretKey::Generate(SystemRandom()), options);
  TRESOR_CHECK(store.ok());  // memory does not fail
  return *std::move(store);
}

}  // namespace tresor::store
