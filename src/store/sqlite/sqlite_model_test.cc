// SPDX-License-Identifier: Apache-2.0
#include "io/faults.h"
#include "store/model_test.h"
#include "store/sqlite/file_system_vfs.h"
#include "store/sqlite/sqlite_log.h"

namespace tresor::store {
namespace {

// In memory, for speed; sqlite_store_test.cc has the real disk.
class SqliteHome final : public StoreHome {
 public:
  std::unique_ptr<ApiStore> Open(const ApiStoreOptions& options) override {
    Result<std::unique_ptr<RevisionLog>> log = OpenSqliteLog("/tresor.db", {.vfs = vfs_.name()});
    EXPECT_OK(log);
    Result<std::unique_ptr<ApiStore>> store =
        ApiStore::Open(Context::Background(), *std::move(log), key_.Clone(), options);
    EXPECT_OK(store);
    return *std::move(store);
  }
  bool survives() const override { return true; }

 private:
  io::MemoryFs fs_;
  FileSystemVfs vfs_{fs_};
  crypto::SecretKey key_ = crypto::SecretKey::Generate(SystemRandom());
};

std::unique_ptr<StoreHome> MakeSqlite() { return std::make_unique<SqliteHome>(); }

}  // namespace

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreModel, ::testing::Values(&MakeSqlite));

}  // namespace tresor::store
