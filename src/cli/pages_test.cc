// SPDX-License-Identifier: Apache-2.0
// What is made from the command model: help, manual pages, completions.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/completion.h"
#include "cli/help.h"
#include "cli/man.h"
#include "cli/run.h"

namespace tresor::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HelpTest, EveryPageNamesEveryFlagAndFits) {
  for (const CommandPath& path : WalkCommands(RootCommand())) {
    const std::string help = HelpText(path);
    EXPECT_THAT(help, HasSubstr("usage: " + UsageLine(path)));
    for (const Flag& flag : AllFlags(path.command())) {
      EXPECT_THAT(help, HasSubstr("--" + flag.name));
    }
    // Examples are commands: they may be longer than the page is wide.
    std::istringstream lines(help.substr(0, help.find("\nexamples:")));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 100U) << line;
    }
  }
}

TEST(ManTest, ThereIsAPageForEveryCommand) {
  const std::vector<ManPage> pages = MakeManPages(RootCommand(), "1.2.3");

  std::set<std::string> names;
  for (const ManPage& page : pages) {
    names.insert(page.file_name);
    for (const char* section :
         {".TH ", ".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS", ".SH EXIT STATUS", ".SH EXAMPLES"}) {
      EXPECT_THAT(page.text, HasSubstr(section)) << page.file_name;
    }
  }
  EXPECT_EQ(names.size(), WalkCommands(RootCommand()).size());
  for (const char* name : {"tresor.1", "tresor-repo.1", "tresor-repo-init.1",
                           "tresor-snapshot-restore.1", "tresor-repo-keys-add.1"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(EscapeRoffTest, TextIsNeverARequest) {
  EXPECT_EQ(EscapeRoff(".x\n'y a-b \\n"), "\\&.x\n\\&\\(aqy a\\-b \\en");
}

TEST(CompletionTest, EveryShellKnowsEveryCommandAndFlag) {
  const std::string bash = BashCompletion(RootCommand());
  const std::string zsh = ZshCompletion(RootCommand());
  const std::string fish = FishCompletion(RootCommand());
  for (const CommandPath& path : WalkCommands(RootCommand())) {
    EXPECT_THAT(bash, HasSubstr("'" + path.Join(" ") + "')"));
    EXPECT_THAT(zsh, HasSubstr("_" + path.Join("_") + "() {"));
    for (const Flag& flag : AllFlags(path.command())) {
      EXPECT_THAT(bash, HasSubstr("--" + flag.name));
      EXPECT_THAT(zsh, HasSubstr("--" + flag.name + "["));
      EXPECT_THAT(fish, HasSubstr(" -l " + flag.name + " "));
    }
  }
}

}  // namespace
}  // namespace tresor::cli
