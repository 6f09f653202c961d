// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/text.h"

namespace tresor::cli {
namespace {

constexpr std::size_t kWidth = 100;

using Entries = std::vector<std::pair<std::string, std::string>>;

/// Two columns: what, and a text that is wrapped beside it.
void AddEntries(std::string& out, std::string_view title, const Entries& entries) {
  if (entries.empty()) {
    return;
  }
  std::size_t column = 0;
  for (const auto& [what, text] : entries) {
    column = std::max(column, std::min<std::size_t>(what.size(), 34));
  }
  out += fmt::format("\n{}:\n", title);
  for (const auto& [what, text] : entries) {
    std::string wrapped = Wrap(text, kWidth, column + 4);
    if (what.size() <= column && wrapped.size() > column + 4) {
      wrapped.replace(0, column + 4, fmt::format("  {:<{}}  ", what, column));
      out += wrapped;
    } else {
      out += "  " + what + "\n" + wrapped;
    }
  }
}

Entries FlagEntries(const std::vector<Flag>& flags) {
  Entries entries;
  for (const Flag& flag : flags) {
    entries.emplace_back(FlagForms(flag), FlagText(flag));
  }
  return entries;
}

}  // namespace

std::string FlagForms(const Flag& flag) {
  std::string forms = flag.letter != 0 ? fmt::format("-{}, ", flag.letter) : "    ";
  forms += "--" + flag.name;
  if (flag.kind != ValueKind::kNone) {
    forms += " " + flag.value_name;
  }
  return forms;
}

std::string FlagText(const Flag& flag) {
  std::string text = flag.help;
  const auto add = [&](const std::string& note) { text += " (" + note + ")"; };
  if (!flag.choices.empty()) {
    std::string joined;
    for (const std::string& choice : flag.choices) {
      joined += (joined.empty() ? "" : ", ") + choice;
    }
    add(joined);
  }
  if (flag.required) {
    add("required");
  }
  if (flag.repeatable) {
    add("may be repeated");
  }
  if (!flag.default_text.empty()) {
    add("default: " + flag.default_text);
  }
  if (!flag.environment.empty()) {
    add("or " + flag.environment);
  }
  return text;
}

std::string HelpText(const CommandPath& path) {
  const Command& command = path.command();
  std::string out = fmt::format("{}: {}\n\n{}", path.Join(" "), command.summary,
                                "usage: " + UsageLine(path) + "\n");
  if (!command.description.empty()) {
    out += "\n" + Wrap(command.description, kWidth, 0);
  }
  Entries entries;
  for (const Command& child : command.subcommands) {
    entries.emplace_back(child.name, child.summary);
  }
  AddEntries(out, "commands", entries);
  entries.clear();
  for (const Positional& positional : command.positionals) {
    entries.emplace_back(positional.name, positional.help);
  }
  AddEntries(out, "arguments", entries);
  AddEntries(out, "flags", FlagEntries(command.flags));
  AddEntries(out, "flags of every command", FlagEntries(GlobalFlags()));
  AddEntries(out, "environment", Entries(command.environment.begin(), command.environment.end()));
  if (!command.examples.empty()) {
    out += "\nexamples:\n";
    for (const Example& example : command.examples) {
      out += fmt::format("  # {}\n  {}\n", example.what, example.command);
    }
  }
  if (!command.subcommands.empty()) {
    out += fmt::format("\n{} COMMAND --help shows more.\n", path.Join(" "));
  }
  return out;
}

}  // namespace tresor::cli
