// SPDX-License-Identifier: Apache-2.0
// A live key as JSON, for ls, get and diff. Fields: docs/cli.md.
#pragma once

#include "backup/browse.h"
#include "cli/invocation.h"
#include "cli/value.h"

namespace tresor::cli {

[[nodiscard]] Json KeyJson(const backup::LiveKey& key);

}  // namespace tresor::cli
