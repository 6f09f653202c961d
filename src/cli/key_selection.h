// SPDX-License-Identifier: Apache-2.0
// Which keys ls, get and diff are about: --prefix, or Kubernetes' words.
#pragma once

#include <vector>

#include "backup/browse.h"
#include "cli/command.h"
#include "cli/parser.h"

namespace tresor::cli {

/// --prefix --kind --namespace --name --registry
[[nodiscard]] std::vector<Flag> KeySelectionFlags();
/// None of them: every key. kInvalidArgument: --prefix together with the others, an unknown kind.
[[nodiscard]] Result<backup::KeyFilter> ReadKeySelection(const Arguments& arguments);

}  // namespace tresor::cli
