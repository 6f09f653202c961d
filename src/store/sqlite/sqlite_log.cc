// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sqlite_log.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/guarded.h"
#include "io/file_lock.h"
#include "io/file_system.h"
#include "store/sqlite/database.h"
#include "store/sqlite/migrations.h"

namespace tresor::store {
namespace {

// Revisions that one transaction of a compaction goes over: writers wait for it.
constexpr std::uint64_t kCompactionSlice = 500;
// Free pages that may stay in the file, and how many one transaction gives back.
constexpr std::uint64_t kSparePages = 1024;
// What a scan of everything may hold as one state: SQLite's integers are signed.
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 62;

constexpr std::string_view kColumns =
    "l.revision, l.resource, l.namespace, l.name, l.created, l.previous, l.deleted, l.value, "
    "l.checksum";
// The version that counted at revision ?4.
constexpr std::string_view kCounted =
    "l.deleted = 0 AND l.revision = (SELECT max(m.revision) FROM log AS m WHERE "
    "m.resource = l.resource AND m.namespace = l.namespace AND m.name = l.name AND "
    "m.revision <= ?4)";

std::uint32_t Checksum(const LogRow& row) {
  ByteWriter writer;
  writer.U64(row.revision);
  writer.LengthPrefixed(row.key.resource);
  writer.LengthPrefixed(row.key.name_space);
  writer.LengthPrefixed(row.key.name);
  writer.U64(row.created);
  writer.U64(row.previous);
  writer.U8(row.deleted ? 1 : 0);
  return Crc32c(Crc32c(0, writer.view()), AsBytes(row.value));
}

std::uint32_t StateChecksum(std::uint64_t compacted) {
  ByteWriter writer;
  writer.Append("tresor store state");
  writer.U64(compacted);
  return Crc32c(0, writer.view());
}

// What table state and the newest row say; columns: compacted, checksum, max(revision).
Result<LogBounds> ReadBoundsOf(Statement& statement, const std::string& path) {
  ASSIGN_OR_RETURN(const bool found, statement.Step());
  LogBounds bounds;
  bool sound = false;
  if (found) {
    bounds = {.compacted = statement.Number(0), .revision = statement.Number(2)};
    sound = StateChecksum(bounds.compacted) == statement.Number(1);
  }
  statement.Reset();
  if (!sound) {
    return Error(Code::kDataLoss, "{}: table state: the checksum does not match", path);
  }
  // The newest rows may have been deletions, and compacted.
  bounds.revision = std::max(bounds.revision, bounds.compacted);
  return bounds;
}
constexpr std::string_view kBoundsSql =
    "SELECT compacted, checksum, (SELECT max(revision) FROM log) FROM state";

Result<LogRow> ReadRow(const Statement& statement, const std::string& path) {
  LogRow row{.revision = statement.Number(0),
             .key = {std::string(statement.Bytes(1)), std::string(statement.Bytes(2)),
                     std::string(statement.Bytes(3))},
             .created = statement.Number(4),
             .previous = statement.Number(5),
             .deleted = statement.Number(6) != 0,
             .value = std::string(statement.Bytes(7))};
  if (Checksum(row) != statement.Number(8)) {
    return Error(Code::kDataLoss, "{}: revision {}: the checksum does not match", path,
                 row.revision);
  }
  return row;
}

std::string ListSql(std::string_view which, std::string_view order) {
  return fmt::format("SELECT {} FROM log AS l WHERE {} AND {} ORDER BY {} LIMIT ?5", kColumns,
                     which, kCounted, order);
}

// A connection that only reads, with its statements.
struct Reader {
  std::unique_ptr<Database> database;
  Statement bounds;
  Statement list_all;
  Statement list_resource;
  Statement list_namespace;
  Statement changes_all;
  Statement changes_resource;
  Statement one;

  static Result<std::unique_ptr<Reader>> Open(const std::string& path, const std::string& vfs) {
    ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                     Database::Open(path, {.read_only = true, .vfs = vfs}));
    Database& db = *database;
    ASSIGN_OR_RETURN(Statement bounds, db.Prepare(kBoundsSql));
    ASSIGN_OR_RETURN(Statement list_all,
                     db.Prepare(ListSql("(l.resource, l.namespace, l.name) > (?1, ?2, ?3)",
                                        "l.resource, l.namespace, l.name")));
    ASSIGN_OR_RETURN(Statement list_resource,
                     db.Prepare(ListSql("l.resource = ?1 AND (l.namespace, l.name) > (?2, ?3)",
                                        "l.namespace, l.name")));
    ASSIGN_OR_RETURN(
        Statement list_namespace,
        db.Prepare(ListSql("l.resource = ?1 AND l.namespace = ?2 AND l.name > ?3", "l.name")));
    ASSIGN_OR_RETURN(Statement changes_all,
                     db.Prepare(fmt::format("SELECT {} FROM log AS l WHERE l.revision > ?1 "
                                            "ORDER BY l.revision LIMIT ?2",
                                            kColumns)));
    ASSIGN_OR_RETURN(Statement changes_resource,
                     db.Prepare(fmt::format("SELECT {} FROM log AS l WHERE l.revision > ?1 AND "
                                            "l.resource = ?3 ORDER BY l.revision LIMIT ?2",
                                            kColumns)));
    ASSIGN_OR_RETURN(
        Statement one,
        db.Prepare(fmt::format("SELECT {} FROM log AS l WHERE l.revision = ?1", kColumns)));
    return std::unique_ptr<Reader>(new Reader{
        .database = std::move(database),
        .bounds = std::move(bounds),
        .list_all = std::move(list_all),
        .list_resource = std::move(list_resource),
        .list_namespace = std::move(list_namespace),
        .changes_all = std::move(changes_all),
        .changes_resource = std::move(changes_resource),
        .one = std::move(one),
    });
  }

  Result<LogBounds> ReadBounds() { return ReadBoundsOf(bounds, database->path()); }

  Result<std::vector<LogRow>> ReadAll(Statement& statement) {
    std::vector<LogRow> rows;
    for (;;) {
      ASSIGN_OR_RETURN(const bool found, statement.Step());
      if (!found) {
        break;
      }
      Result<LogRow> row = ReadRow(statement, database->path());
      if (!row.ok()) {
        statement.Reset();
        return row.status();
      }
      rows.push_back(*std::move(row));
    }
    statement.Reset();
    return rows;
  }
};

// The connection that writes, with its statements.
struct Writer {
  std::unique_ptr<Database> database;
  Statement bounds;
  Statement present;
  Statement insert;
  Statement drop_replaced;
  Statement drop_deletions;
  Statement set_compacted;

  static Result<std::unique_ptr<Writer>> Prepare(std::unique_ptr<Database> database) {
    Database& db = *database;
    ASSIGN_OR_RETURN(Statement bounds, db.Prepare(kBoundsSql));
    ASSIGN_OR_RETURN(Statement present,
                     db.Prepare("SELECT revision, deleted, created FROM log WHERE resource = ?1 "
                                "AND namespace = ?2 AND name = ?3 ORDER BY revision DESC LIMIT 1"));
    ASSIGN_OR_RETURN(Statement insert,
                     db.Prepare("INSERT INTO log (revision, resource, namespace, name, created, "
                                "previous, deleted, value, checksum) "
                                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
    ASSIGN_OR_RETURN(Statement drop_replaced,
                     db.Prepare("DELETE FROM log WHERE revision IN (SELECT previous FROM log WHERE "
                                "revision > ?1 AND revision <= ?2 AND previous > 0)"));
    ASSIGN_OR_RETURN(
        Statement drop_deletions,
        db.Prepare("DELETE FROM log WHERE revision > ?1 AND revision <= ?2 AND deleted = 1"));
    ASSIGN_OR_RETURN(Statement set_compacted,
                     db.Prepare("UPDATE state SET compacted = ?1, checksum = ?2"));
    return std::unique_ptr<Writer>(new Writer{
        .database = std::move(database),
        .bounds = std::move(bounds),
        .present = std::move(present),
        .insert = std::move(insert),
        .drop_replaced = std::move(drop_replaced),
        .drop_deletions = std::move(drop_deletions),
        .set_compacted = std::move(set_compacted),
    });
  }

  Result<LogBounds> ReadBounds() { return ReadBoundsOf(bounds, database->path()); }

  struct Present {
    std::uint64_t revision = 0;  // 0: it is not there
    std::uint64_t created = 0;
  };
  Result<Present> Find(const LogKey& key) {
    present.BindText(1, key.resource).BindText(2, key.name_space).BindText(3, key.name);
    ASSIGN_OR_RETURN(const bool found, present.Step());
    Present result;
    if (found && present.Number(1) == 0) {
      result = {.revision = present.Number(0), .created = present.Number(2)};
    }
    present.Reset();
    return result;
  }

  /// Whether the write's conditions held.
  Result<bool> Apply(const LogWrite& write, std::uint64_t revision) {
    ASSIGN_OR_RETURN(const Present now, Find(write.key));
    if (now.revision != write.expected) {
      return false;
    }
    if (write.guard) {
      ASSIGN_OR_RETURN(const Present guarded, Find(write.guard->key));
      if (guarded.revision != write.guard->revision) {
        return false;
      }
    }
    const LogRow row{.revision = revision,
                     .key = write.key,
                     .created = now.revision == 0 ? revision : now.created,
                     .previous = now.revision,
                     .deleted = write.deleted,
                     .value = write.value};
    insert.Bind(1, row.revision)
        .BindText(2, row.key.resource)
        .BindText(3, row.key.name_space)
        .BindText(4, row.key.name)
        .Bind(5, row.created)
        .Bind(6, row.previous)
        .Bind(7, row.deleted ? 1 : 0)
        .BindBlob(8, row.value)
        .Bind(9, Checksum(row));
    RETURN_IF_ERROR(insert.Run());
    return true;
  }
};

class SqliteLog final : public RevisionLog {
 public:
  SqliteLog(std::string path, std::string vfs, std::unique_ptr<io::FileLock> lock,
            std::unique_ptr<Writer> writer)
      : path_(std::move(path)),
        vfs_(std::move(vfs)),
        lock_(std::move(lock)),
        writer_(std::move(writer)) {}

  Result<std::vector<std::uint64_t>> Commit(std::span<const LogWrite> writes) override {
    auto writer = writer_.Lock();
    RETURN_IF_ERROR(CheckSync(**writer));
    ASSIGN_OR_RETURN(Transaction transaction,
                     Transaction::Begin(*(*writer)->database, Transaction::Kind::kWrite));
    ASSIGN_OR_RETURN(const LogBounds bounds, (*writer)->ReadBounds());
    std::uint64_t revision = bounds.revision;
    std::vector<std::uint64_t> revisions;
    for (const LogWrite& write : writes) {
      ASSIGN_OR_RETURN(const bool done, (*writer)->Apply(write, revision + 1));
      revisions.push_back(done ? ++revision : 0);
    }
    RETURN_IF_ERROR(transaction.Commit());
    return revisions;
  }

  Result<std::vector<LogRow>> List(const LogListOptions& options) override {
    LogKey after{options.resource, options.name_space, ""};
    if (options.after && *options.after > after) {
      if ((!options.resource.empty() && options.after->resource != options.resource) ||
          (!options.name_space.empty() && options.after->name_space != options.name_space)) {
        return std::vector<LogRow>();  // behind everything that is asked for
      }
      after = *options.after;
    }
    return Read<std::vector<LogRow>>(
        [&](Reader& reader, const LogBounds& bounds) -> Result<std::vector<LogRow>> {
          const std::uint64_t revision = options.revision == 0 ? bounds.revision : options.revision;
          if (revision < bounds.compacted || revision > bounds.revision) {
            return Error(Code::kOutOfRange, "revision {} is not kept: there are {} to {}", revision,
                         bounds.compacted, bounds.revision);
          }
          Statement& statement = options.resource.empty()     ? reader.list_all
                                 : options.name_space.empty() ? reader.list_resource
                                                              : reader.list_namespace;
          statement.BindText(1, after.resource)
              .BindText(2, after.name_space)
              .BindText(3, after.name)
              .Bind(4, revision)
              .Bind(5, options.limit == 0 ? kNoLimit : std::min(options.limit, kNoLimit));
          return reader.ReadAll(statement);
        });
  }

  Result<std::vector<LogChange>> Changes(const std::string& resource, std::uint64_t after,
                                         std::uint64_t limit) override {
    return Read<std::vector<LogChange>>(
        [&](Reader& reader, const LogBounds& bounds) -> Result<std::vector<LogChange>> {
          if (after < bounds.compacted) {
            return Error(Code::kOutOfRange, "revision {} is compacted: changes are kept after {}",
                         after, bounds.compacted);
          }
          Statement& statement = resource.empty() ? reader.changes_all : reader.changes_resource;
          statement.Bind(1, std::min(after, kNoLimit)).Bind(2, std::min(limit, kNoLimit));
          if (!resource.empty()) {
            statement.BindText(3, resource);
          }
          ASSIGN_OR_RETURN(std::vector<LogRow> rows, reader.ReadAll(statement));
          std::vector<LogChange> changes;
          for (LogRow& row : rows) {
            LogChange change{.row = std::move(row), .before = {}};
            if (change.row.previous != 0) {
              ASSIGN_OR_RETURN(change.before, ValueBefore(reader, change.row));
            }
            changes.push_back(std::move(change));
          }
          return changes;
        });
  }

  Result<LogBounds> Bounds() override {
    return Read<LogBounds>(
        [](Reader&, const LogBounds& bounds) -> Result<LogBounds> { return bounds; });
  }

  Status Compact(const Context& context, std::uint64_t revision) override {
    for (;;) {
      RETURN_IF_ERROR(context.Check());
      auto writer = writer_.Lock();
      RETURN_IF_ERROR(CheckSync(**writer));
      ASSIGN_OR_RETURN(const bool done, CompactSlice(**writer, revision));
      if (done) {
        break;
      }
    }
    return GiveBackPages(context);
  }

 private:
  static Result<std::string> ValueBefore(Reader& reader, const LogRow& row) {
    reader.one.Bind(1, row.previous);
    ASSIGN_OR_RETURN(std::vector<LogRow> before, reader.ReadAll(reader.one));
    if (before.empty() || before.front().key != row.key) {
      return Error(Code::kDataLoss, "{}: revision {}: its previous version {} is missing",
                   reader.database->path(), row.revision, row.previous);
    }
    return std::move(before.front().value);
  }

  // After a failed sync nobody knows what of earlier writes is on the disk.
  [[nodiscard]] Status CheckSync(const Writer& writer) const {
    return writer.database->lost_sync()
               ? Error(Code::kUnavailable,
                       "{}: the disk failed to write it through: repair the disk, then restart "
                       "Tresor",
                       path_)
               : OkStatus();
  }

  // One transaction's part of a compaction; whether that was all. The state after each slice is
  // that of a complete compaction at the slice's end.
  Result<bool> CompactSlice(Writer& writer, std::uint64_t revision) {
    ASSIGN_OR_RETURN(Transaction transaction,
                     Transaction::Begin(*writer.database, Transaction::Kind::kWrite));
    ASSIGN_OR_RETURN(const LogBounds bounds, writer.ReadBounds());
    if (revision > bounds.revision) {
      return Error(Code::kOutOfRange, "revision {} is not there yet: the newest is {}", revision,
                   bounds.revision);
    }
    if (revision <= bounds.compacted) {
      return true;
    }
    const std::uint64_t end = std::min(revision, bounds.compacted + kCompactionSlice);
    // In this order: deletions name what they replaced.
    RETURN_IF_ERROR(writer.drop_replaced.Bind(1, bounds.compacted).Bind(2, end).Run());
    RETURN_IF_ERROR(writer.drop_deletions.Bind(1, bounds.compacted).Bind(2, end).Run());
    RETURN_IF_ERROR(writer.set_compacted.Bind(1, end).Bind(2, StateChecksum(end)).Run());
    RETURN_IF_ERROR(transaction.Commit());
    return end == revision;
  }

  // Free pages are used again; the file shrinks only when there are many.
  Status GiveBackPages(const Context& context) {
    for (;;) {
      RETURN_IF_ERROR(context.Check());
      auto writer = writer_.Lock();
      Database& database = *(*writer)->database;
      ASSIGN_OR_RETURN(const std::uint64_t free, database.QueryNumber("PRAGMA freelist_count"));
      ASSIGN_OR_RETURN(const std::uint64_t all, database.QueryNumber("PRAGMA page_count"));
      if (free <= kSparePages || free <= all / 2) {
        return OkStatus();
      }
      RETURN_IF_ERROR(database.Execute(fmt::format("PRAGMA incremental_vacuum({})", kSparePages)));
    }
  }

  // Calls `read` in one read transaction of a connection that nobody else uses meanwhile.
  template <typename T, typename Function>
  Result<T> Read(Function read) {
    std::unique_ptr<Reader> reader;
    {
      auto idle = idle_readers_.Lock();
      if (!idle->empty()) {
        reader = std::move(idle->back());
        idle->pop_back();
      }
    }
    if (reader == nullptr) {
      ASSIGN_OR_RETURN(reader, Reader::Open(path_, vfs_));
    }
    Result<T> result = [&]() -> Result<T> {
      ASSIGN_OR_RETURN(Transaction transaction,
                       Transaction::Begin(*reader->database, Transaction::Kind::kRead));
      ASSIGN_OR_RETURN(const LogBounds bounds, reader->ReadBounds());
      return read(*reader, bounds);
    }();
    idle_readers_.Lock()->push_back(std::move(reader));
    return result;
  }

  const std::string path_;
  const std::string vfs_;
  const std::unique_ptr<io::FileLock> lock_;  // null with a test's file system
  Guarded<std::unique_ptr<Writer>> writer_;
  Guarded<std::vector<std::unique_ptr<Reader>>> idle_readers_;
};

Result<std::unique_ptr<io::FileLock>> LockBeside(const std::string& path) {
  Result<std::unique_ptr<io::FileLock>> lock = io::FileLock::TryAcquire(path + ".lock");
  if (lock.status().code() == Code::kFailedPrecondition) {
    return Error(Code::kFailedPrecondition,
                 "{} is in use by another Tresor server ({}.lock is held): stop that one first, or "
                 "give this one another data directory",
                 path, path);
  }
  RETURN_IF_ERROR(lock.status());
  RETURN_IF_ERROR((*lock)->Write(fmt::format("{}\n", ::getpid())));
  return lock;
}

// A new database is nobody else's to read, and its name survives a power cut.
Status CreateFile(const std::string& path) {
  io::FileSystem& fs = io::PosixFileSystem();
  Result<std::unique_ptr<io::File>> file = fs.Open(path, io::OpenMode::kCreateNew, 0600);
  if (file.status().code() == Code::kAlreadyExists) {
    return OkStatus();
  }
  RETURN_IF_ERROR(file.status());
  return fs.SyncDir(io::ParentPath(path));
}

Status CheckIntegrity(Database& database) {
  ASSIGN_OR_RETURN(const std::string verdict, database.QueryText("PRAGMA integrity_check(1)"));
  if (verdict != "ok") {
    return Error(Code::kDataLoss,
                 "{} is damaged ({}): keep a copy of it, then restore it from a backup",
                 database.path(), verdict);
  }
  return OkStatus();
}

}  // namespace

Result<std::unique_ptr<RevisionLog>> OpenSqliteLog(const std::string& path,
                                                   const SqliteLogOptions& options) {
  std::unique_ptr<io::FileLock> lock;
  if (options.vfs.empty()) {
    ASSIGN_OR_RETURN(lock, LockBeside(path));
    RETURN_IF_ERROR(CreateFile(path));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                   Database::Open(path, {.read_only = false, .vfs = options.vfs}));
  // Nothing is written before it is clear that the database is ours, of this version, and sound.
  RETURN_IF_ERROR(CheckVersion(*database, Migrations()));
  RETURN_IF_ERROR(CheckIntegrity(*database));
  // auto_vacuum before the first table, and before WAL mode, or it has no effect. FULL: a commit
  // returns when the write-ahead log is on the disk.
  RETURN_IF_ERROR(
      database->Execute("PRAGMA synchronous = FULL; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA "
                        "cell_size_check = ON; PRAGMA temp_store = MEMORY"));
  ASSIGN_OR_RETURN(const std::string mode, database->QueryText("PRAGMA journal_mode = WAL"));
  if (mode != "wal") {
    return Error(
        Code::kFailedPrecondition,
        "{}: SQLite's WAL mode cannot be used here (it says '{}'): the data directory must "
        "be on a local disk",
        path, mode);
  }
  RETURN_IF_ERROR(database->Execute("PRAGMA journal_size_limit = 67108864"));
  RETURN_IF_ERROR(Migrate(*database, Migrations()));
  ASSIGN_OR_RETURN(std::unique_ptr<Writer> writer, Writer::Prepare(std::move(database)));
  return std::make_unique<SqliteLog>(path, options.vfs, std::move(lock), std::move(writer));
}

}  // namespace tresor::store
