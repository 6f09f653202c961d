// SPDX-License-Identifier: Apache-2.0
// The text of `--help`, from the command model. Pure.
#pragma once

#include <string>

#include "cli/command.h"

namespace tresor::cli {

[[nodiscard]] std::string HelpText(const CommandPath& path);

/// "-o, --output FORMAT"
[[nodiscard]] std::string FlagForms(const Flag& flag);
/// The flag's help with its choices, default, whether it repeats or is required, and the variable
/// that stands in for it.
[[nodiscard]] std::string FlagText(const Flag& flag);

}  // namespace tresor::cli
