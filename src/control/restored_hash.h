// SPDX-License-Identifier: Apache-2.0
// What a cluster must answer to HashKV after a restore, worked out from the backup alone.
#pragma once

#include <cstdint>

#include "backup/source.h"
#include "base/context.h"
#include "base/status.h"
#include "control/vault.h"

namespace tresor::control {

/// `revision_bump` > 0: with the record that the bump adds, and all before it marked as compacted
/// (etcd-formats: a server that starts from it carries that compaction out at once). 0: as it was.
/// Reads the records several times; memory: as HashKvFilter.
[[nodiscard]] Result<ExpectedData> ExpectRestored(const Context& context,
                                                  const backup::Source& source,
                                                  std::int64_t revision_bump);

}  // namespace tresor::control
