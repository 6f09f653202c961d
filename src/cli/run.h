// SPDX-License-Identifier: Apache-2.0
// The whole program but for main(): parses, runs, reports.
#pragma once

#include <string>
#include <vector>

#include "base/context.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/host.h"

namespace tresor::cli {

/// The command model of `tresor`.
[[nodiscard]] const Command& RootCommand();

/// Runs `words` (without the program's name). Results go to host.out, everything else to
/// host.error. An error is one line, "tresor: <what was tried>: <object>: <why>", and where there
/// is something to do about it a second one, "hint: …".
[[nodiscard]] ExitCode Run(Host& host, const Context& context,
                           const std::vector<std::string>& words);

}  // namespace tresor::cli
