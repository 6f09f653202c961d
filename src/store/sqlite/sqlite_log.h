// SPDX-License-Identifier: Apache-2.0
// A RevisionLog in a SQLite database. FORMAT.md has tables and rules.
#pragma once

#include <memory>
#include <string>

#include "store/revision_log.h"

namespace tresor::store {

struct SqliteLogOptions {
  /// Of the test's file system; empty: the real one.
  std::string vfs;
};

/// Creates the database if there is none. One process at a time has it open: a lock file beside it
/// (<path>.lock) sees to that.
///
/// What Commit returned OK for survives a power cut. Reads do not wait for writes.
///
/// kFailedPrecondition: another server has it open, or it is not Tresor's. kUnimplemented: written
/// by a newer Tresor. kDataLoss: damaged. kPermissionDenied, kResourceExhausted.
[[nodiscard]] Result<std::unique_ptr<RevisionLog>> OpenSqliteLog(
    const std::string& path, const SqliteLogOptions& options = {});

}  // namespace tresor::store
