// SPDX-License-Identifier: Apache-2.0
// Manual pages in man(7) macros, from the command model: tresor.1, tresor-repo.1,
// tresor-repo-init.1, … Pure.
//
// The macros: groff_man(7). No date, so that the same source gives the same page.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace tresor::cli {

struct ManPage {
  std::string file_name;  // "tresor-repo-init.1"
  std::string text;
};

[[nodiscard]] ManPage MakeManPage(const CommandPath& path, const std::string& version);
[[nodiscard]] std::vector<ManPage> MakeManPages(const Command& root, const std::string& version);

/// Text as roff input: backslashes, hyphens, and dots and quotes at the start of a line stand for
/// themselves.
[[nodiscard]] std::string EscapeRoff(std::string_view text);

}  // namespace tresor::cli
