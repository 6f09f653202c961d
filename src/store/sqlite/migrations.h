// SPDX-License-Identifier: Apache-2.0
// The database's schema versions, and how an older database becomes a present one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "store/sqlite/database.h"

namespace tresor::store {

/// PRAGMA application_id: "TRSR".
inline constexpr std::uint32_t kApplicationId = 0x54525352;

/// What makes a database of the version before into one of this version.
struct Migration {
  std::uint64_t version = 0;
  std::string_view sql;
};

/// All of them, from version 1 (which makes an empty database ours) on.
[[nodiscard]] std::span<const Migration> Migrations();

/// Whether Migrate can work with this database. Writes nothing.
///
/// kUnimplemented: it is newer than `migrations` (the message says what to do).
/// kFailedPrecondition: it is not Tresor's.
[[nodiscard]] Status CheckVersion(Database& database, std::span<const Migration> migrations);

/// Brings a database that CheckVersion approved to the last version of `migrations`, each step in
/// one transaction. Before an older database is changed, it is copied to "<path>.v<its version>".
[[nodiscard]] Status Migrate(Database& database, std::span<const Migration> migrations);

}  // namespace tresor::store
