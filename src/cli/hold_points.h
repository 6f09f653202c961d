// SPDX-License-Identifier: Apache-2.0
// For tests that end processes at every step of a restore: where TRESOR_TEST_HOLD_POINTS names a
// folder, a process notes there each point that it passes, and holds at the one that a test chose,
// until the test lets it go on or kills it. Without the variable there are no points, and nothing
// is done.
//
//   DIR/passed    one line for each point: "serve before enter Rebuilding", "m0 after end rebuild"
//   DIR/hold-at   written by the test (by rename): such a line. Whoever comes there makes it
//   DIR/held-WHO  (WHO: its first word) and waits as long as that is there
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cli/host.h"

namespace tresor::cli {

/// What is to be told of each point; empty: nobody wants to know. `who` passes them.
[[nodiscard]] std::function<void(std::string_view point)> HoldPoints(const Host& host,
                                                                     const std::string& who);

}  // namespace tresor::cli
