// SPDX-License-Identifier: Apache-2.0
#include "store/memory/memory_store.h"

#include "store/contract_test.h"

namespace tresor::store {
namespace {

class MemoryStoreUnderTest final : public StoreUnderTest {
 public:
  ObjectStore& store() override { return *store_; }

 private:
  std::unique_ptr<ApiStore> store_ = NewMemoryStore();
};

std::unique_ptr<StoreUnderTest> MakeMemory() { return std::make_unique<MemoryStoreUnderTest>(); }

// All history is in the log: what the window does not have must come out the same.
class NoWindowStoreUnderTest final : public StoreUnderTest {
 public:
  ObjectStore& store() override { return *store_; }

 private:
  std::unique_ptr<ApiStore> store_ = NewMemoryStore({.window_changes = 1});
};

std::unique_ptr<StoreUnderTest> MakeWithoutWindow() {
  return std::make_unique<NoWindowStoreUnderTest>();
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Memory, ObjectStoreContract,
                         ::testing::Values(&MakeMemory, &MakeWithoutWindow));

}  // namespace tresor::store
