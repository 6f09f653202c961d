// SPDX-License-Identifier: Apache-2.0
// Every command, one file each: its part of the command model and what it does.
#pragma once

#include "cli/command.h"

namespace tresor::cli {

[[nodiscard]] Command RepoCommand();
[[nodiscard]] Command RepoInitCommand();
[[nodiscard]] Command RepoListCommand();
[[nodiscard]] Command RepoCheckCommand();
[[nodiscard]] Command RepoStatsCommand();
[[nodiscard]] Command RepoForgetCommand();
[[nodiscard]] Command RepoPruneCommand();
[[nodiscard]] Command RepoKeysCommand();

[[nodiscard]] Command SnapshotCommand();
[[nodiscard]] Command SnapshotSaveCommand();
[[nodiscard]] Command SnapshotRestoreCommand();
[[nodiscard]] Command SnapshotStatusCommand();
[[nodiscard]] Command SnapshotCheckCommand();
[[nodiscard]] Command SnapshotListCommand();
[[nodiscard]] Command SnapshotGetCommand();
[[nodiscard]] Command SnapshotDiffCommand();
[[nodiscard]] Command SnapshotExportCommand();

[[nodiscard]] Command LaunchCommand();

[[nodiscard]] Command VersionCommand();
[[nodiscard]] Command CompletionCommand();
[[nodiscard]] Command ManCommand();

}  // namespace tresor::cli
