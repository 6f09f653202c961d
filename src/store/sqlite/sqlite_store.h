// SPDX-License-Identifier: Apache-2.0
// The ObjectStore of embedded mode: a SQLite database in the data directory.
#pragma once

#include <memory>
#include <string>

#include "io/file_system.h"
#include "store/api_store.h"

namespace tresor::store {

/// Opens <directory>/tresor.db with the key in <directory>/tresor.key (0600); makes what is
/// missing. The directory must be there. Errors: OpenSqliteLog's and ApiStore::Open's;
/// kFailedPrecondition: a database without its key file.
[[nodiscard]] Result<std::unique_ptr<ApiStore>> OpenSqliteStore(const Context& context,
                                                                const std::string& directory,
                                                                const ApiStoreOptions& options);

/// Reads a key file (64 hex digits). kDataLoss: it holds no key.
[[nodiscard]] Result<crypto::SecretKey> ReadKeyFile(io::FileSystem& fs, const std::string& path);

}  // namespace tresor::store
