// SPDX-License-Identifier: Apache-2.0
// Verify: reads a backup whole, as a restore would, and proves it. Writes nothing.
#pragma once

#include <cstdint>

#include "backup/progress.h"
#include "backup/source.h"
#include "base/context.h"
#include "base/status.h"

namespace tresor::backup {

struct VerifyOptions {
  ProgressCallback progress;
};

struct VerifyResult {
  std::uint64_t records = 0;
  std::uint64_t record_bytes = 0;
  std::uint64_t bucket_pairs = 0;  // of the other buckets
  std::uint32_t records_crc32c = 0;
  repo::HashKv hash_kv;
};

/// kDataLoss: an object is damaged, or count, CRC or HashKV are not what the source says of itself.
[[nodiscard]] Result<VerifyResult> Verify(const Context& context, const Source& source,
                                          const VerifyOptions& options = {});

}  // namespace tresor::backup
