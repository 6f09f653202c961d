// SPDX-License-Identifier: Apache-2.0
#include "cli/run.h"

#include "base/log.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/hint.h"
#include "cli/invocation.h"
#include "cli/parser.h"
#include "cli/server_commands.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

/// What was under way is the first part of the message; where exactly it stood helps nobody.
Status Interrupted(const Status& status) {
  const std::string_view text = Message(status);
  const std::size_t end = text.find(": ");
  return end == std::string_view::npos
             ? Error(Code::kCancelled, "interrupted")
             : Error(Code::kCancelled, "interrupted while {}", text.substr(0, end));
}

void Report(Host& host, const Status& status, const std::string& hint) {
  host.error << "tresor: " << EscapeLines(AsBytes(Message(status))) << '\n';
  if (!hint.empty()) {
    host.error << "hint: " << hint << '\n';
  }
}

}  // namespace

const Command& RootCommand() {
  static const Command root = {
      .name = "tresor",
      .summary = "proven, deduplicated, encrypted backups of etcd, and restores from them",
      .description =
          "Takes a snapshot of a running etcd, proves it (digest, structure, HashKV compared with "
          "the live members) "
          "and keeps it in an encrypted repository that stores only what changed since the backups "
          "before. From any "
          "backup, and from any plain snapshot file, it makes member data directories that etcd "
          "3.4 to 3.7 start "
          "from.\n\n"
          "Results go to standard output, messages and progress to standard error. A passphrase is "
          "never an "
          "argument: it comes from a file, from the environment or from a prompt.",
      .examples = {{"make a repository",
                    "tresor repo init --repo /backup/prod --passphrase-file /etc/tresor/pass"},
                   {"back up",
                    "tresor snapshot save --repo /backup/prod --endpoints https://10.0.0.1:2379"},
                   {"bring the newest backup back",
                    "tresor snapshot restore latest --repo /backup/prod --data-dir /var/lib/etcd"}},
      .subcommands = {RepoCommand(), SnapshotCommand(), ServeCommand(), DemoCommand(),
                      ProjectCommand(), ClusterCommand(), BackupConfigCommand(), BackupCommand(),
                      RestoreCommand(), LaunchCommand(), VersionCommand(), CompletionCommand(),
                      ManCommand()},
  };
  return root;
}

ExitCode Run(Host& host, const Context& context, const std::vector<std::string>& words) {
  const Command& root = RootCommand();
  CommandPath understood;
  const Result<ParsedCommand> parsed = Parse(root, words, host.environment, &understood);
  if (!parsed.ok()) {
    Report(host, parsed.status(), fmt::format("see {} --help", understood.Join(" ")));
    return ExitCode::kUsage;
  }
  if (parsed->help) {
    host.out << HelpText(parsed->path);
    host.out.flush();
    return words.empty() ? ExitCode::kUsage : ExitCode::kOk;
  }

  Invocation invocation(root, host, context, parsed->arguments);
  if (invocation.verbose()) {
    SetLogSink(LogLevel::kDebug,
               [&host](LogLevel, std::string_view line) { host.error << line << '\n'; });
  }
  Status status = parsed->path.command().run(invocation);
  if (invocation.verbose()) {
    SetLogSink(LogLevel::kWarning, nullptr);  // the host may end before the process
  }
  invocation.progress().Clear();
  host.out.flush();
  if (status.ok() && !host.out) {
    status = Error(Code::kUnknown, "writing the result to standard output failed");
  }
  if (status.code() == Code::kCancelled && context.stop().stop_requested()) {
    status = Interrupted(status);
  }
  if (!status.ok()) {
    Report(host, status,
           invocation.hint().empty() ? GeneralHint(status.code()) : invocation.hint());
  }
  return ExitCodeOf(status.code());
}

}  // namespace tresor::cli
