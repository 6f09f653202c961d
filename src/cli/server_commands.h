// SPDX-License-Identifier: Apache-2.0
// The commands that are the server, and those that talk to one.
#pragma once

#include "cli/command.h"

namespace tresor::cli {

[[nodiscard]] Command ServeCommand();
[[nodiscard]] Command DemoCommand();

[[nodiscard]] Command ProjectCommand();
[[nodiscard]] Command ClusterCommand();
[[nodiscard]] Command BackupConfigCommand();
[[nodiscard]] Command BackupCommand();
[[nodiscard]] Command RestoreCommand();

}  // namespace tresor::cli
