// SPDX-License-Identifier: Apache-2.0
// tresor launch
#include "base/log.h"
#include "cli/commands.h"
#include "cli/hold_points.h"
#include "cli/invocation.h"
#include "launcher/launcher.h"

namespace tresor::cli {
namespace {

Status RunLaunch(Invocation& invocation) {
  Host& host = invocation.host();
  SetLogSink(LogLevel::kInfo, [&host](LogLevel, std::string_view line) {
    host.error << FormatTime(host.clock.Now(), true) << ' ' << line << std::endl;
  });
  const std::string member_dir = invocation.arguments().Text("member");
  const Status ended = launcher::RunLauncher(
      invocation.context(),
      {.fs = &host.file_system,
       .clock = &host.clock,
       .random = &host.random,
       .member_dir = member_dir,
       .etcd =
           invocation.arguments().Has("etcd") ? invocation.arguments().Text("etcd") : std::string(),
       .at_journal_write = HoldPoints(host, member_dir.substr(member_dir.rfind('/') + 1))});
  if (ended.code() == Code::kFailedPrecondition) {
    invocation.Hint("one launcher runs each member; stop the other one first");
  }
  return ended;
}

}  // namespace

Command LaunchCommand() {
  return {
      .name = "launch",
      .summary = "run, supervise and restore one etcd member (tresor serve starts it)",
      .description =
          "Does what the member folder's order.json says, and writes into its status.json what is. "
          "tresor serve starts one for each member; it goes on when tresor serve ends. SIGTERM "
          "stops etcd, then the launcher.",
      .flags = {{.name = "member",
                 .kind = ValueKind::kDirectory,
                 .value_name = "DIR",
                 .help = "folder of the member",
                 .required = true},
                {.name = "etcd",
                 .kind = ValueKind::kFile,
                 .value_name = "PATH",
                 .help = "the etcd program, in place of the one that the order names"}},
      .examples = {{"run a member in the foreground",
                    "tresor launch --member /var/lib/tresor/clusters/6e1f/m0"}},
      .run = RunLaunch,
  };
}

}  // namespace tresor::cli
