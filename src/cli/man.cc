// SPDX-License-Identifier: Apache-2.0
#include "cli/man.h"

#include <algorithm>
#include <cctype>

#include "cli/exit_code.h"
#include "cli/help.h"

namespace tresor::cli {
namespace {

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

/// An argument of a macro: in quotes, so that blanks are part of it.
std::string Quoted(std::string_view text) {
  std::string escaped = EscapeRoff(text);
  for (std::size_t at = 0; (at = escaped.find('"', at)) != std::string::npos; at += 4) {
    escaped.replace(at, 1, "\\(dq");
  }
  return "\"" + escaped + "\"";
}

void AddParagraphs(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find("\n\n");
    out += ".PP\n" + EscapeRoff(text.substr(0, end)) + "\n";
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  }
}

void AddEntry(std::string& out, std::string_view what, std::string_view text) {
  out += ".TP\n.B " + Quoted(what) + "\n" + EscapeRoff(text) + "\n";
}

void AddFlags(std::string& out, const std::vector<Flag>& flags) {
  for (const Flag& flag : flags) {
    std::string forms = FlagForms(flag);
    forms.erase(0, forms.find_first_not_of(' '));
    AddEntry(out, forms, FlagText(flag));
  }
}

void AddEnvironment(std::string& out, const Command& command) {
  std::string entries;
  for (const Flag& flag : AllFlags(command)) {
    if (!flag.environment.empty()) {
      AddEntry(entries, flag.environment, "stands in for --" + flag.name);
    }
  }
  for (const auto& [name, text] : command.environment) {
    AddEntry(entries, name, text);
  }
  AddEntry(entries, "NO_COLOR", "when set, results have no colours");
  out += ".SH ENVIRONMENT\n" + entries;
}

void AddSeeAlso(std::string& out, const CommandPath& path) {
  std::vector<std::string> names;
  if (path.commands.size() > 1) {
    CommandPath parent = path;
    parent.commands.pop_back();
    names.push_back(parent.Join("-"));
  }
  for (const Command& child : path.command().subcommands) {
    names.push_back(path.Join("-") + "-" + child.name);
  }
  out += ".SH SEE ALSO\n";
  for (std::size_t i = 0; i < names.size(); ++i) {
    out += ".BR " + EscapeRoff(names[i]) + " (1)" + (i + 1 < names.size() ? " ,\n" : "\n");
  }
}

}  // namespace

std::string EscapeRoff(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool line_start = i == 0 || text[i - 1] == '\n';
    if (line_start && (c == '.' || c == '\'')) {
      out += "\\&";
    }
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '`') {
      out += "\\(ga";
    } else if (c == '\'') {
      out += "\\(aq";
    } else {
      out += c;
    }
  }
  return out;
}

ManPage MakeManPage(const CommandPath& path, const std::string& version) {
  const Command& command = path.command();
  const std::string name = path.Join("-");
  std::string out = ".\\\" Made from the command model; do not edit.\n";
  out += fmt::format(".TH {} 1 \"\" {} \"Tresor manual\"\n", Quoted(Upper(name)),
                     Quoted("tresor " + version));
  out += ".nh\n.ad l\n.SH NAME\n" + EscapeRoff(name) + " \\- " + EscapeRoff(command.summary) + "\n";
  out += ".SH SYNOPSIS\n.B " + Quoted(UsageLine(path)) + "\n";
  out += ".SH DESCRIPTION\n";
  AddParagraphs(out, command.description.empty() ? command.summary + "." : command.description);
  if (!command.subcommands.empty()) {
    out += ".SH COMMANDS\n";
    for (const Command& child : command.subcommands) {
      AddEntry(out, path.Join(" ") + " " + child.name, child.summary);
    }
  }
  if (!command.positionals.empty()) {
    out += ".SH ARGUMENTS\n";
    for (const Positional& positional : command.positionals) {
      AddEntry(out, positional.name, positional.help);
    }
  }
  out += ".SH OPTIONS\n";
  AddFlags(out, AllFlags(command));
  AddEnvironment(out, command);
  out += ".SH EXIT STATUS\n";
  for (const ExitCodeText& entry : ExitCodeTexts()) {
    AddEntry(out, fmt::format("{}", static_cast<int>(entry.code)), entry.meaning);
  }
  if (!command.examples.empty()) {
    out += ".SH EXAMPLES\n";
    for (const Example& example : command.examples) {
      out += ".PP\n" + EscapeRoff(example.what) + ":\n.PP\n.RS 4\n.nf\n" +
             EscapeRoff(example.command) + "\n.fi\n.RE\n";
    }
  }
  if (path.commands.size() > 1 || !command.subcommands.empty()) {
    AddSeeAlso(out, path);
  }
  return {.file_name = name + ".1", .text = out};
}

std::vector<ManPage> MakeManPages(const Command& root, const std::string& version) {
  std::vector<ManPage> pages;
  for (const CommandPath& path : WalkCommands(root)) {
    pages.push_back(MakeManPage(path, version));
  }
  return pages;
}

}  // namespace tresor::cli
