// SPDX-License-Identifier: Apache-2.0
// What a prune did, for `repo prune` and `repo forget --prune`.
#pragma once

#include "cli/invocation.h"
#include "repo/repository.h"

namespace tresor::cli {

[[nodiscard]] Json PruneJson(const repo::PruneReport& report, bool dry_run);
void PrintPrune(Invocation& invocation, const repo::PruneReport& report, bool dry_run);
/// --max-unused
[[nodiscard]] Flag MaxUnusedFlag();

}  // namespace tresor::cli
