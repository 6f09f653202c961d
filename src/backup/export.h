// SPDX-License-Identifier: Apache-2.0
// Export: a plain snapshot file, as etcdutl reads it, from a backup.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "backup/progress.h"
#include "backup/source.h"
#include "base/context.h"
#include "base/status.h"
#include "io/file_system.h"

namespace tresor::backup {

struct ExportOptions {
  io::FileSystem* fs = &io::PosixFileSystem();
  std::uint32_t leaf_bytes = 4096;
  std::uint32_t page_size_bytes = 4096;
  ProgressCallback progress;
};

struct ExportResult {
  std::uint64_t file_bytes = 0;        // with the hash
  std::array<std::byte, 32> sha256{};  // of the image
  std::uint64_t records = 0;
  repo::HashKv hash_kv;
};

/// Writes `path` (0600): every bucket's keys, values, order and sequence as the source had them,
/// packed; then the SHA-256. Checked as Restore checks. Written as `path`.part, synced, renamed.
/// kAlreadyExists: there is something at `path`. kDataLoss: the source. On an error there is
/// nothing at `path`.
[[nodiscard]] Result<ExportResult> Export(const Context& context, const Source& source,
                                          const std::string& path,
                                          const ExportOptions& options = {});

}  // namespace tresor::backup
