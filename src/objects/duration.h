// SPDX-License-Identifier: Apache-2.0
// Durations as Go writes them: "1h30m".
//
// https://pkg.go.dev/time#ParseDuration
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tresor::objects {

/// Go's time.ParseDuration: "1h30m", "1.5h", "300ms"; negative ones too. kInvalidArgument.
[[nodiscard]] Result<std::chrono::nanoseconds> ParseDuration(std::string_view text);
/// As Go writes it, without zero parts at the end: "1h30m", "20m", "1.5s", "0s".
[[nodiscard]] std::string FormatDuration(std::chrono::nanoseconds duration);

}  // namespace tresor::objects
