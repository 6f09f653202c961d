// SPDX-License-Identifier: Apache-2.0
// Shell completions, from the command model. Pure. They complete commands, flags, choices, files
// and folders; never anything for which a repository would have to be opened.
#pragma once

#include <string>

#include "cli/command.h"

namespace tresor::cli {

[[nodiscard]] std::string BashCompletion(const Command& root);
[[nodiscard]] std::string ZshCompletion(const Command& root);
[[nodiscard]] std::string FishCompletion(const Command& root);

}  // namespace tresor::cli
