// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/migrations.h"

#include <array>

#include "io/file_system.h"
#include "schema.sql.h"

namespace tresor::store {
namespace {

// The way back, should the upgrade disappoint. A copy is there whole or not at all.
Status CopyAside(Database& database, std::uint64_t version) {
  io::FileSystem& fs = io::PosixFileSystem();
  const std::string copy = fmt::format("{}.v{}", database.path(), version);
  const std::string unfinished = copy + ".tmp";
  // VACUUM INTO wants no file or an empty one; ours is not readable for others.
  ASSIGN_OR_RETURN(const std::unique_ptr<io::File> file,
                   fs.Open(unfinished, io::OpenMode::kTruncate, 0600));
  ASSIGN_OR_RETURN(Statement vacuum, database.Prepare("VACUUM INTO ?1"));
  RETURN_IF_ERROR(vacuum.BindText(1, unfinished).Run());
  RETURN_IF_ERROR(file->Sync());
  RETURN_IF_ERROR(fs.Rename(unfinished, copy));
  return fs.SyncDir(io::ParentPath(copy));
}

}  // namespace

std::span<const Migration> Migrations() {
  // Append only: databases of every version are out there.
  static constexpr auto kMigrations = std::to_array<Migration>({
      {.version = 1, .sql = kSchemaSql},
  });
  return kMigrations;
}

Status CheckVersion(Database& database, std::span<const Migration> migrations) {
  ASSIGN_OR_RETURN(const std::uint64_t version, database.QueryNumber("PRAGMA user_version"));
  ASSIGN_OR_RETURN(const std::uint64_t id, database.QueryNumber("PRAGMA application_id"));
  ASSIGN_OR_RETURN(const std::uint64_t tables,
                   database.QueryNumber("SELECT count(*) FROM sqlite_schema"));
  if (id != kApplicationId && (version != 0 || tables != 0)) {
    return Error(Code::kFailedPrecondition,
                 "{} is a SQLite database, but not Tresor's: move it away or give another path",
                 database.path());
  }
  const std::uint64_t newest = migrations.back().version;
  if (version > newest) {
    return Error(Code::kUnimplemented,
                 "{} was written by a newer Tresor (database version {}, this one knows up to {}): "
                 "start that version or a later one, or put back the copy of the database that the "
                 "upgrade left beside it ({}.v{})",
                 database.path(), version, newest, database.path(), newest);
  }
  return OkStatus();
}

Status Migrate(Database& database, std::span<const Migration> migrations) {
  ASSIGN_OR_RETURN(std::uint64_t version, database.QueryNumber("PRAGMA user_version"));
  if (version != 0 && version < migrations.back().version) {
    RETURN_IF_ERROR(
        Annotate(CopyAside(database, version), "copying the database before its upgrade"));
  }
  for (const Migration& migration : migrations) {
    if (migration.version <= version) {
      continue;
    }
    ASSIGN_OR_RETURN(Transaction transaction,
                     Transaction::Begin(database, Transaction::Kind::kWrite));
    RETURN_IF_ERROR(Annotate(database.Execute(std::string(migration.sql)),
                             fmt::format("upgrade to database version {}", migration.version)));
    RETURN_IF_ERROR(
        database.Execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                     kApplicationId, migration.version)));
    RETURN_IF_ERROR(transaction.Commit());
    version = migration.version;
  }
  return OkStatus();
}

}  // namespace tresor::store
