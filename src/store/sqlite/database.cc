// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include "base/check.h"

namespace tresor::store {
namespace {

constexpr int kBusyMilliseconds = 5000;

// The one table from SQLite's result codes to ours.
Code CodeOf(int extended, int system_error) {
  switch (extended) {
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_CORRUPTFS:
    case SQLITE_IOERR_DATA:
      return Code::kDataLoss;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::kUnavailable;
    case SQLITE_FULL:
      return Code::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::kDataLoss;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Code::kPermissionDenied;
    case SQLITE_CANTOPEN:
      return system_error == EACCES || system_error == EPERM ? Code::kPermissionDenied
                                                             : Code::kUnavailable;
    case SQLITE_NOMEM:
      return Code::kResourceExhausted;
    case SQLITE_IOERR:
      return system_error == ENOSPC || system_error == EDQUOT ? Code::kResourceExhausted
                                                              : Code::kUnavailable;
    default:
      return Code::kInternal;
  }
}

}  // namespace

// --- statements

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}

// Binding fails only for parameters that are not there.
Statement& Statement::Bind(int parameter, std::uint64_t number) {
  TRESOR_CHECK(sqlite3_bind_int64(statement_, parameter, static_cast<sqlite3_int64>(number)) ==
               SQLITE_OK);
  return *this;
}

Statement& Statement::BindText(int parameter, std::string_view text) {
  const char* data = text.data() == nullptr ? "" : text.data();
  TRESOR_CHECK(sqlite3_bind_text64(statement_, parameter, data, text.size(), SQLITE_STATIC,
                                   SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Statement& Statement::BindBlob(int parameter, std::string_view bytes) {
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  TRESOR_CHECK(sqlite3_bind_blob64(statement_, parameter, data, bytes.size(), SQLITE_STATIC) ==
               SQLITE_OK);
  return *this;
}

Result<bool> Statement::Step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW || code == SQLITE_DONE) {
    return code == SQLITE_ROW;
  }
  const Status status = database_->LastError(code, sqlite3_sql(statement_));
  Reset();
  return status;
}

Status Statement::Run() {
  const Status status = Step().status();
  Reset();
  return status;
}

void Statement::Reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

std::uint64_t Statement::Number(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
}

std::string_view Statement::Bytes(int column) const {
  // The pointer first: it may convert the value, and only then is the size right.
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr
             ? std::string_view()
             : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

// --- connections

Result<std::unique_ptr<Database>> Database::Open(const std::string& path,
                                                 const DatabaseOptions& options) {
  sqlite3* handle = nullptr;
  // One thread at a time uses a connection: SQLite's own mutexes are not needed.
  const int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
      (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags,
                                   options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (handle == nullptr) {
    return Error(Code::kResourceExhausted, "{}: open: out of memory", path);
  }
  std::unique_ptr<Database> database(new Database(path, handle));
  if (code != SQLITE_OK) {
    return database->LastError(code, "open");
  }
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  // What a malformed file may not do.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Database::~Database() {
  // Fails only when statements are left: a bug of ours.
  TRESOR_CHECK(sqlite3_close(handle_) == SQLITE_OK);
}

Status Database::LastError(int code, std::string_view doing) {
  const int extended = sqlite3_extended_errcode(handle_);
  const int system_error = sqlite3_system_errno(handle_);
  if (extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC) {
    lost_sync_ = true;
  }
  const std::string system =
      system_error == 0 ? std::string() : fmt::format(" (error {} of the system)", system_error);
  return Error(CodeOf(extended == SQLITE_OK ? code : extended, system_error),
               "{}: {}{} [SQLite {}; {}]", path_, sqlite3_errmsg(handle_), system, extended, doing);
}

Status Database::Execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? OkStatus() : LastError(code, sql);
}

Result<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) {
    return LastError(code, sql);
  }
  return Statement(*this, statement);
}

Result<std::uint64_t> Database::QueryNumber(std::string_view sql) {
  ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Number(0) : 0;
}

Result<std::string> Database::QueryText(std::string_view sql) {
  ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? std::string(statement.Bytes(0)) : std::string();
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

// --- transactions

Result<Transaction> Transaction::Begin(Database& database, Kind kind) {
  // IMMEDIATE: who will write waits for other writers now, not in the middle.
  RETURN_IF_ERROR(database.Execute(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN"));
  return Transaction(database);
}

Transaction::~Transaction() {
  // Some errors have rolled back already.
  if (database_ != nullptr && database_->in_transaction()) {
    (void)database_->Execute("ROLLBACK");
  }
}

Status Transaction::Commit() {
  RETURN_IF_ERROR(database_->Execute("COMMIT"));
  database_ = nullptr;
  return OkStatus();
}

}  // namespace tresor::store
