// SPDX-License-Identifier: Apache-2.0
// SQLite with our errors: the only code that knows sqlite3.h, with database.cc and its tests.
//
// https://www.sqlite.org/rescode.html
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tresor::store {

/// A prepared statement. Belongs to its Database, which outlives it.
///
/// Bind, Step until it says false, read columns after each; then Reset. Values that were bound are
/// borrowed until Reset.
class Statement {
 public:
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  /// Parameters count from 1.
  Statement& Bind(int parameter, std::uint64_t number);
  Statement& BindText(int parameter, std::string_view text);
  Statement& BindBlob(int parameter, std::string_view bytes);
  /// Whether there is a row.
  [[nodiscard]] Result<bool> Step();
  /// For statements without rows: Step and Reset.
  [[nodiscard]] Status Run();
  /// Forgets row and parameters. Errors were told by Step.
  void Reset();

  /// Columns count from 0. Valid until the next Step or Reset.
  [[nodiscard]] std::uint64_t Number(int column) const;  // negative ones wrap round
  [[nodiscard]] std::string_view Bytes(int column) const;

 private:
  friend class Database;
  Statement(class Database& database, sqlite3_stmt* statement)
      : database_(&database), statement_(statement) {}
  Database* database_;
  sqlite3_stmt* statement_;
};

struct DatabaseOptions {
  bool read_only = false;
  std::string vfs;  // empty: the operating system's files
};

/// One connection. Threads: one at a time.
/// Errors: kUnavailable (locked by another program; the disk failed to write), kResourceExhausted
/// (disk full), kPermissionDenied, kDataLoss (not a database, malformed, unreadable), kInternal
/// (our SQL is wrong). Messages name the file.
class Database {
 public:
  /// Creates an empty file (0600) if there is none, unless read-only.
  [[nodiscard]] static Result<std::unique_ptr<Database>> Open(const std::string& path,
                                                              const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// One or more statements without parameters; rows are ignored.
  [[nodiscard]] Status Execute(const std::string& sql);
  [[nodiscard]] Result<Statement> Prepare(std::string_view sql);
  /// The first column of the first row, as a number or text.
  [[nodiscard]] Result<std::uint64_t> QueryNumber(std::string_view sql);
  [[nodiscard]] Result<std::string> QueryText(std::string_view sql);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool in_transaction() const;
  /// fsync failed: what was written before may be lost although later syncs succeed.
  [[nodiscard]] bool lost_sync() const { return lost_sync_; }

 private:
  friend class Statement;
  Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  [[nodiscard]] Status LastError(int code, std::string_view doing);

  const std::string path_;
  sqlite3* const handle_;
  bool lost_sync_ = false;
};

/// Begins in the constructor's place; rolls back when destroyed before Commit.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  [[nodiscard]] static Result<Transaction> Begin(Database& database, Kind kind);
  ~Transaction();
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  /// After an error nothing of it was done, unless the disk failed to sync.
  [[nodiscard]] Status Commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace tresor::store
