// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.h"

#include <string_view>
#include <vector>

namespace tresor::cli {
namespace {

std::string JoinWords(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) {
    joined += (joined.empty() ? "" : " ") + word;
  }
  return joined;
}

std::vector<std::string> ChildNames(const Command& command) {
  std::vector<std::string> names;
  for (const Command& child : command.subcommands) {
    names.push_back(child.name);
  }
  return names;
}

std::vector<std::string> FlagWords(const Command& command) {
  std::vector<std::string> words;
  for (const Flag& flag : AllFlags(command)) {
    words.push_back("--" + flag.name);
    if (flag.letter != 0) {
      words.push_back(fmt::format("-{}", flag.letter));
    }
  }
  return words;
}

/// In single quotes for sh and zsh: a quote ends the string, stands escaped, and begins it again.
std::string ShellQuoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return out + "'";
}

/// In single quotes for fish: only backslash and quote are special.
std::string FishQuoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  }
  return out + "'";
}

/// For the description and message parts of a zsh _arguments spec.
std::string ZshText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out;
}

std::string FlagPattern(const Flag& flag) {
  return flag.letter != 0 ? fmt::format("--{}|-{}", flag.name, flag.letter) : "--" + flag.name;
}

/// What bash offers as the value of a flag, or of a positional; empty: nothing.
std::string BashAction(ValueKind kind, const std::vector<std::string>& choices) {
  if (!choices.empty()) {
    return "COMPREPLY=($(compgen -W " + ShellQuoted(JoinWords(choices)) + " -- \"$cur\"))";
  }
  switch (kind) {
    case ValueKind::kFile:
      return "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\"))";
    case ValueKind::kDirectory:
      return "compopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\"))";
    default:
      return "";
  }
}

std::string BashCase(const CommandPath& path) {
  const Command& command = path.command();
  std::string out = "    " + ShellQuoted(path.Join(" ")) + ")\n      case \"$prev\" in\n";
  for (const Flag& flag : AllFlags(command)) {
    if (flag.kind != ValueKind::kNone) {
      const std::string action = BashAction(flag.kind, flag.choices);
      out += fmt::format("        {}) {}return ;;\n", FlagPattern(flag),
                         action.empty() ? "" : action + "; ");
    }
  }
  out += "      esac\n      if [[ $cur == -* ]]; then\n        COMPREPLY=($(compgen -W " +
         ShellQuoted(JoinWords(FlagWords(command))) + " -- \"$cur\"))\n        return\n      fi\n";
  std::string action;
  if (!command.subcommands.empty()) {
    action = BashAction(ValueKind::kText, ChildNames(command));
  } else if (!command.positionals.empty()) {
    action = BashAction(command.positionals[0].kind, command.positionals[0].choices);
  }
  return out + (action.empty() ? "" : "      " + action + "\n") + "      ;;\n";
}

std::string ZshAction(ValueKind kind, const std::vector<std::string>& choices) {
  if (!choices.empty()) {
    return "(" + JoinWords(choices) + ")";
  }
  return kind == ValueKind::kFile ? "_files" : kind == ValueKind::kDirectory ? "_files -/" : " ";
}

std::string ZshFlagSpecs(const Flag& flag) {
  std::string value;
  if (flag.kind != ValueKind::kNone) {
    value = ":" + ZshText(flag.value_name) + ":" + ZshAction(flag.kind, flag.choices);
  }
  const std::string text = "[" + ZshText(flag.help) + "]";
  const std::string star = flag.repeatable ? "*" : "";
  std::string specs = " \\\n    " + ShellQuoted(star + "--" + flag.name + text + value);
  if (flag.letter != 0) {
    specs += " \\\n    " + ShellQuoted(fmt::format("{}-{}{}{}", star, flag.letter, text, value));
  }
  return specs;
}

/// "_tresor_repo_init"
std::string ZshFunction(const CommandPath& path) { return "_" + path.Join("_"); }

std::string ZshFunctionText(const CommandPath& path) {
  const Command& command = path.command();
  std::string out = ZshFunction(path) + "() {\n";
  std::string specs;
  for (const Flag& flag : AllFlags(command)) {
    specs += ZshFlagSpecs(flag);
  }
  if (command.subcommands.empty()) {
    for (const Positional& positional : command.positionals) {
      const std::string where = positional.repeatable ? "*" : positional.required ? "" : ":";
      specs += " \\\n    " + ShellQuoted(where + ":" + ZshText(positional.name) + ":" +
                                         ZshAction(positional.kind, positional.choices));
    }
    return out + "  _arguments" + specs + "\n}\n\n";
  }
  out += "  local curcontext=\"$curcontext\" state line\n  typeset -A opt_args\n";
  out += "  _arguments -C" + specs +
         " \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n";
  out += "  case $state in\n    command)\n      local -a commands=(\n";
  for (const Command& child : command.subcommands) {
    out += "        " + ShellQuoted(child.name + ":" + child.summary) + "\n";
  }
  out +=
      "      )\n      _describe command commands\n      ;;\n    argument)\n      case $line[1] "
      "in\n";
  for (const Command& child : command.subcommands) {
    CommandPath longer = path;
    longer.commands.push_back(&child);
    out += fmt::format("        {}) {} ;;\n", child.name, ZshFunction(longer));
  }
  return out + "      esac\n      ;;\n  esac\n}\n\n";
}

/// A fish condition that holds when exactly these commands are on the line.
std::string FishCondition(const CommandPath& path) {
  std::string condition;
  for (std::size_t i = 1; i < path.commands.size(); ++i) {
    condition += "__fish_seen_subcommand_from " + path.commands[i]->name + "; and ";
  }
  if (!path.command().subcommands.empty()) {
    return condition + "not __fish_seen_subcommand_from " + JoinWords(ChildNames(path.command()));
  }
  return condition.substr(0, condition.size() - std::string_view("; and ").size());
}

std::string FishValue(ValueKind kind, const std::vector<std::string>& choices) {
  if (!choices.empty()) {
    return " -x -a " + FishQuoted(JoinWords(choices));
  }
  switch (kind) {
    case ValueKind::kNone:
      return "";
    case ValueKind::kFile:
      return " -r -F";
    case ValueKind::kDirectory:
      return " -x -a '(__fish_complete_directories)'";
    default:
      return " -x";
  }
}

}  // namespace

std::string BashCompletion(const Command& root) {
  std::string cases;
  std::string commands;
  for (const CommandPath& path : WalkCommands(root)) {
    cases += BashCase(path);
    if (path.commands.size() > 1) {
      commands += (commands.empty() ? "" : "|") + ShellQuoted(path.Join(" "));
    }
  }
  return "# bash completion for tresor\n"
         "_tresor() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path=tresor word\n"
         "  COMPREPLY=()\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"$path $word\" in\n"
         "      " +
         commands +
         ") path=\"$path $word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path\" in\n" +
         cases +
         "  esac\n"
         "}\n"
         "complete -o default -F _tresor tresor\n";
}

std::string ZshCompletion(const Command& root) {
  std::string out = "#compdef tresor\n# zsh completion for tresor\n\n";
  for (const CommandPath& path : WalkCommands(root)) {
    out += ZshFunctionText(path);
  }
  // Autoloaded from fpath the file is the function's body; sourced, it has to say what it is for.
  return out +
         "if [ \"$funcstack[1]\" = _tresor ]; then\n  _tresor \"$@\"\nelse\n  compdef _tresor "
         "tresor\nfi\n";
}

std::string FishCompletion(const Command& root) {
  std::string out = "# fish completion for tresor\ncomplete -c tresor -f\n";
  for (const CommandPath& path : WalkCommands(root)) {
    const Command& command = path.command();
    const std::string start = "complete -c tresor -n " + FishQuoted(FishCondition(path));
    for (const Command& child : command.subcommands) {
      out += start + " -a " + child.name + " -d " + FishQuoted(child.summary) + "\n";
    }
    for (const Flag& flag : AllFlags(command)) {
      const std::string letter = flag.letter != 0 ? fmt::format(" -s {}", flag.letter) : "";
      out += start + letter + " -l " + flag.name + FishValue(flag.kind, flag.choices) + " -d " +
             FishQuoted(flag.help) + "\n";
    }
    if (command.subcommands.empty() && !command.positionals.empty()) {
      const Positional& first = command.positionals[0];
      if (!first.choices.empty()) {
        out += start + " -a " + FishQuoted(JoinWords(first.choices)) + "\n";
      } else if (first.kind == ValueKind::kFile || first.kind == ValueKind::kDirectory) {
        out += start + " -F\n";
      }
    }
  }
  return out;
}

}  // namespace tresor::cli
