// SPDX-License-Identifier: Apache-2.0
// tresor snapshot: the group.
#include "cli/commands.h"

namespace tresor::cli {

Command SnapshotCommand() {
  return {
      .name = "snapshot",
      .summary = "take, prove, look into and restore backups of etcd",
      .description =
          "A backup is named by its id or its first digits (at least 4), or as `latest` or "
          "`latest~1` (the one before it); a plain snapshot file, also one that gzip or zstd "
          "packed, "
          "by its path. A file whose name could be an id is written ./name.",
      .examples = {{"back up",
                    "tresor snapshot save --repo /backup/prod --endpoints https://10.0.0.1:2379"},
                   {"what changed since yesterday's",
                    "tresor snapshot diff 3f2a90c1 latest --repo /backup/prod --kind deployments"}},
      .subcommands = {SnapshotSaveCommand(), SnapshotRestoreCommand(), SnapshotStatusCommand(),
                      SnapshotCheckCommand(), SnapshotListCommand(), SnapshotGetCommand(),
                      SnapshotDiffCommand(), SnapshotExportCommand()},
  };
}

}  // namespace tresor::cli
