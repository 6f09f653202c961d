// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sqlite_store.h"

#include "io/temp_dir.h"
#include "store/contract_test.h"

namespace tresor::store {
namespace {

class SqliteStoreUnderTest final : public StoreUnderTest {
 public:
  SqliteStoreUnderTest() {
    Result<std::unique_ptr<ApiStore>> store =
        OpenSqliteStore(Context::Background(), dir_.path(), {});
    EXPECT_OK(store);
    store_ = *std::move(store);
  }
  ObjectStore& store() override { return *store_; }

 private:
  io::TempDir dir_;
  std::unique_ptr<ApiStore> store_;
};

std::unique_ptr<StoreUnderTest> MakeSqlite() { return std::make_unique<SqliteStoreUnderTest>(); }

}  // namespace

INSTANTIATE_TEST_SUITE_P(Sqlite, ObjectStoreContract, ::testing::Values(&MakeSqlite));

}  // namespace tresor::store
