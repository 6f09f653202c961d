// SPDX-License-Identifier: Apache-2.0
// Catalogs: the list of backups. FORMAT.md 7. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "repo/id.h"
#include "repo/repository.h"

namespace tresor::repo {

struct CatalogEntry {
  BackupInfo info;
  std::uint64_t manifest_stored_size = 0;
};

struct Catalog {
  std::uint64_t sequence = 0;  // 0: the repository has had no commit yet
  std::int64_t time_unix_nanos = 0;
  std::string writer_host;
  std::int64_t writer_process = 0;
  std::uint64_t writer_token = 0;
  std::vector<CatalogEntry> backups;  // in the order of their commits

  /// None: no such backup.
  [[nodiscard]] const CatalogEntry* Find(const Id& backup) const;
};

[[nodiscard]] Bytes EncodeCatalog(const Catalog& catalog);
/// kDataLoss; also when a backup stands twice.
[[nodiscard]] Result<Catalog> DecodeCatalog(ByteView bytes);

}  // namespace tresor::repo
