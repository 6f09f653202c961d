// SPDX-License-Identifier: Apache-2.0
// What the documents tell people to type is understood.
#include <algorithm>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "cli/parser.h"
#include "cli/run.h"
#include "io/file_system.h"

namespace tresor::cli {
namespace {

/// The words of a shell's line up to what is not tresor's any more; quotes are taken off.
std::vector<std::string> ShellWords(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  const auto end_word = [&] {
    if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  };
  for (const char c : line) {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' || c == '|' || c == ')') {
      break;
    } else if (c == ' ') {
      end_word();
    } else {
      word += c;
    }
  }
  end_word();
  return words;
}

/// The lines of code blocks in which tresor is called, from its name on.
std::vector<std::string> CommandsIn(const std::string& text) {
  std::vector<std::string> commands;
  std::istringstream lines(text);
  std::string line;
  bool fenced = false;
  while (std::getline(lines, line)) {
    fenced = line.starts_with("```") ? !fenced : fenced;
    if (fenced || !line.starts_with("    ")) {
      continue;  // a fence shows output
    }
    for (std::string more; line.ends_with('\\') && std::getline(lines, more);) {
      line.replace(line.size() - 1, 1, more);
    }
    const std::size_t inner = line.find("$(tresor ");
    const std::size_t start = inner != std::string::npos        ? inner + 2
                              : line.starts_with("    tresor ") ? 4
                                                                : std::string::npos;
    if (start != std::string::npos && line.find("…") == std::string::npos) {
      commands.push_back(line.substr(start));
    }
  }
  return commands;
}

TEST(DocsTest, EveryCommandParses) {
  const auto environment = [](const std::string& name) {
    return name == "TRESOR_REPO" ? std::optional<std::string>("/r") : std::nullopt;
  };
  std::size_t commands = 0;
  for (const char* path : {"README.md", "docs/operations.md", "docs/user-guide.en.md",
                           "docs/user-guide.de.md", "docs/api.md", "docs/cli.md"}) {
    const auto bytes =
        io::ReadFile(io::PosixFileSystem(), std::string(TRESOR_SOURCE_DIR "/") + path);
    ASSERT_OK(bytes);
    for (const std::string& command : CommandsIn(ToString(*bytes))) {
      std::vector<std::string> words = ShellWords(command);
      words.erase(words.begin());
      EXPECT_OK(Parse(RootCommand(), words, environment)) << path << ": " << command;
      ++commands;
    }
  }
  EXPECT_GT(commands, 60U);
}

}  // namespace
}  // namespace tresor::cli
