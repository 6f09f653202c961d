// SPDX-License-Identifier: Apache-2.0
// tresor repo: the group.
#include "cli/commands.h"

namespace tresor::cli {

Command RepoCommand() {
  return {
      .name = "repo",
      .summary = "make and look after a repository of backups",
      .description =
          "A repository keeps the backups of one etcd cluster in a folder: deduplicated by record, "
          "compressed, always "
          "encrypted. One writer at a time; readers are never blocked. The folder and one of its "
          "keys are all that "
          "another machine needs.",
      .examples = {{"the backups, oldest first", "tresor repo list --repo /backup/prod"},
                   {"keep the newest twenty and free the room",
                    "tresor repo forget --keep-last 20 --prune"}},
      .subcommands = {RepoInitCommand(), RepoListCommand(), RepoCheckCommand(), RepoStatsCommand(),
                      RepoForgetCommand(), RepoPruneCommand(), RepoKeysCommand()},
  };
}

}  // namespace tresor::cli
