// SPDX-License-Identifier: Apache-2.0
// The command model: every command, flag and example of the program, as data.
//
// The parser, `--help`, the man pages and the shell completions are all made from it, so they
// cannot disagree. (CLI11 parses as well, but its model has no examples, no kinds of values and no
// environment notes; the rest of what it does is the two hundred lines of parser.cc.)
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace tresor::cli {

class Invocation;

enum class ValueKind {
  kNone,  // a switch; `--x`, `--x=true`, `--x=false`
  kText,
  kFile,       // completed as a file
  kDirectory,  // completed as a folder
  kChoice,     // one of Flag::choices
  kInteger,    // not negative
  kSize,       // "512MiB", "64GiB"
  kPercent,    // "10%" or "0.1"
  kDuration,   // "30s", "2m30s", "500ms", "1h"
};

struct Flag {
  std::string name = {};  // without "--"
  char letter = 0;        // one-letter form; 0: none
  ValueKind kind = ValueKind::kNone;
  std::string value_name = {};    // "DIR", for help
  std::string help = {};          // a phrase without a trailing stop
  std::string default_text = {};  // used when the flag is not given; empty: none
  std::vector<std::string> choices = {};
  bool repeatable = false;
  bool required = false;
  std::string environment = {};  // the variable that stands in for the flag
};

struct Positional {
  std::string name = {};  // "ID|latest|FILE"
  std::string help = {};
  bool required = true;
  bool repeatable = false;  // only the last one
  ValueKind kind = ValueKind::kText;
  std::vector<std::string> choices = {};
};

struct Example {
  std::string what = {};
  std::string command = {};
};

struct Command {
  std::string name = {};
  std::string summary = {};      // one phrase, lower case, without a trailing stop
  std::string description = {};  // paragraphs, separated by an empty line
  std::vector<Flag> flags = {};
  std::vector<Positional> positionals = {};
  std::vector<std::pair<std::string, std::string>> environment =
      {};  // variables without a flag: name, what it does
  std::vector<Example> examples = {};
  std::vector<Command> subcommands = {};  // not empty: `run` is not used
  std::function<Status(Invocation&)> run = {};
};

/// `--help`, `--output`, `--quiet`: every command has them.
[[nodiscard]] const std::vector<Flag>& GlobalFlags();

/// The command's own flags, then the global ones.
[[nodiscard]] std::vector<Flag> AllFlags(const Command& command);

/// A command and the words that lead to it: {"tresor", "repo", "init"}.
struct CommandPath {
  std::vector<const Command*> commands;  // never empty
  [[nodiscard]] const Command& command() const { return *commands.back(); }
  /// "tresor repo init", or with another separator.
  [[nodiscard]] std::string Join(std::string_view separator) const;
};

/// Every command under `root` with `root` itself, parents first.
[[nodiscard]] std::vector<CommandPath> WalkCommands(const Command& root);

/// "tresor snapshot get [flags] ID|latest|FILE [KEY...]"
[[nodiscard]] std::string UsageLine(const CommandPath& path);

}  // namespace tresor::cli
