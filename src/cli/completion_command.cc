// SPDX-License-Identifier: Apache-2.0
// tresor completion
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/invocation.h"

namespace tresor::cli {
namespace {

Status RunCompletion(Invocation& invocation) {
  const std::string& shell = invocation.arguments().positionals()[0];
  invocation.out() << (shell == "bash"  ? BashCompletion(invocation.root())
                       : shell == "zsh" ? ZshCompletion(invocation.root())
                                        : FishCompletion(invocation.root()));
  return OkStatus();
}

}  // namespace

Command CompletionCommand() {
  return {
      .name = "completion",
      .summary = "write the completion script of a shell",
      .positionals = {{.name = "SHELL",
                       .help = "bash, zsh or fish",
                       .choices = {"bash", "zsh", "fish"}}},
      .examples = {{"bash, for this session", "source <(tresor completion bash)"},
                   {"zsh", "tresor completion zsh > \"${fpath[1]}/_tresor\""},
                   {"fish", "tresor completion fish > ~/.config/fish/completions/tresor.fish"}},
      .run = RunCompletion,
  };
}

}  // namespace tresor::cli
