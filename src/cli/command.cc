// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

namespace tresor::cli {
namespace {

void Walk(const CommandPath& path, std::vector<CommandPath>& out) {
  out.push_back(path);
  for (const Command& child : path.command().subcommands) {
    CommandPath longer = path;
    longer.commands.push_back(&child);
    Walk(longer, out);
  }
}

}  // namespace

const std::vector<Flag>& GlobalFlags() {
  static const std::vector<Flag> flags = {
      {.name = "output",
       .letter = 'o',
       .kind = ValueKind::kChoice,
       .value_name = "FORMAT",
       .help = "form of the result on standard output",
       .default_text = "table",
       .choices = {"table", "json"},
       .environment = "TRESOR_OUTPUT"},
      {.name = "quiet", .letter = 'q', .help = "no progress and no messages but errors"},
      {.name = "help", .letter = 'h', .help = "show this help"},
  };
  return flags;
}

std::vector<Flag> AllFlags(const Command& command) {
  std::vector<Flag> all = command.flags;
  all.insert(all.end(), GlobalFlags().begin(), GlobalFlags().end());
  return all;
}

std::string CommandPath::Join(std::string_view separator) const {
  std::string joined;
  for (const Command* command : commands) {
    if (!joined.empty()) {
      joined += separator;
    }
    joined += command->name;
  }
  return joined;
}

std::vector<CommandPath> WalkCommands(const Command& root) {
  std::vector<CommandPath> all;
  Walk(CommandPath{{&root}}, all);
  return all;
}

std::string UsageLine(const CommandPath& path) {
  std::string line = path.Join(" ");
  const Command& command = path.command();
  if (!command.subcommands.empty()) {
    return line + " COMMAND [flags]";
  }
  line += " [flags]";
  for (const Positional& positional : command.positionals) {
    const std::string name = positional.name + (positional.repeatable ? "..." : "");
    line += positional.required ? " " + name : " [" + name + "]";
  }
  return line;
}

}  // namespace tresor::cli
