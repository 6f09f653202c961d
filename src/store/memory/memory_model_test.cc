// SPDX-License-Identifier: Apache-2.0
#include "store/memory/memory_store.h"
#include "store/model_test.h"

namespace tresor::store {
namespace {

class MemoryHome final : public StoreHome {
 public:
  std::unique_ptr<ApiStore> Open(const ApiStoreOptions& options) override {
    return NewMemoryStore(options);
  }
  bool survives() const override { return false; }
};

std::unique_ptr<StoreHome> MakeMemory() { return std::make_unique<MemoryHome>(); }

}  // namespace

INSTANTIATE_TEST_SUITE_P(Memory, StoreModel, ::testing::Values(&MakeMemory));

}  // namespace tresor::store
