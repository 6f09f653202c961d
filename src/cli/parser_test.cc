// SPDX-License-Identifier: Apache-2.0
#include "cli/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "cli/run.h"

namespace tresor::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

Command TestModel() {
  return {
      .name = "prog",
      .summary = "test",
      .subcommands = {
          {.name = "save",
           .summary = "saves",
           .flags =
               {{.name = "endpoints",
                 .kind = ValueKind::kText,
                 .value_name = "URL",
                 .default_text = "local",
                 .repeatable = true,
                 .environment = "PROG_ENDPOINTS"},
                {.name = "wait", .letter = 'w', .kind = ValueKind::kDuration, .value_name = "TIME"},
                {.name = "count", .kind = ValueKind::kInteger, .value_name = "N"},
                {.name = "share", .kind = ValueKind::kPercent, .value_name = "SHARE"},
                {.name = "room", .kind = ValueKind::kSize, .value_name = "SIZE"},
                {.name = "force"},
                {.name = "must", .kind = ValueKind::kText, .value_name = "X", .required = true}},
           .positionals = {{.name = "ID", .help = "what"},
                           {.name = "KEY", .help = "more", .required = false, .repeatable = true}}},
          {.name = "shell",
           .summary = "chooses",
           .positionals = {{.name = "SHELL", .help = "which", .choices = {"bash", "zsh"}}}}}};
}

class ParserTest : public ::testing::Test {
 protected:
  Result<ParsedCommand> ParseWords(const std::vector<std::string>& words) {
    return Parse(model_, words, [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    });
  }

  const Command model_ = TestModel();
  std::map<std::string, std::string> environment_;
};

TEST_F(ParserTest, TakesFlagsAndPositionalsInAnyOrderAndForm) {
  ASSERT_OK_AND_ASSIGN(const ParsedCommand parsed,
                       ParseWords({"save", "id", "--must=x", "-w", "2m30s", "--force", "k1",
                                   "--count", "7", "--", "--k2"}));

  EXPECT_EQ(parsed.path.Join(" "), "prog save");
  EXPECT_THAT(parsed.arguments.positionals(), ElementsAre("id", "k1", "--k2"));
  EXPECT_EQ(parsed.arguments.Text("must"), "x");
  EXPECT_EQ(parsed.arguments.Duration("wait"), seconds(150));
  EXPECT_EQ(parsed.arguments.Integer("count"), 7U);
  EXPECT_TRUE(parsed.arguments.Switch("force"));
}

TEST_F(ParserTest, SwitchTakesTrueAndFalseAsGoProgramsDo) {
  ASSERT_OK_AND_ASSIGN(const ParsedCommand parsed,
                       ParseWords({"save", "id", "--must", "x", "--force=false"}));

  EXPECT_FALSE(parsed.arguments.Switch("force"));
  EXPECT_THAT(ParseWords({"save", "id", "--must", "x", "--force=maybe"}),
              StatusIs(Code::kInvalidArgument, HasSubstr("true or false")));
}

TEST_F(ParserTest, WordsWinOverEnvironmentAndThatOverDefaults) {
  ASSERT_OK_AND_ASSIGN(ParsedCommand parsed, ParseWords({"save", "id", "--must", "x"}));
  EXPECT_THAT(parsed.arguments.List("endpoints"), ElementsAre("local"));
  EXPECT_FALSE(parsed.arguments.Has("endpoints"));

  environment_["PROG_ENDPOINTS"] = "a, b";
  ASSERT_OK_AND_ASSIGN(parsed, ParseWords({"save", "id", "--must", "x"}));
  EXPECT_THAT(parsed.arguments.SplitList("endpoints"), ElementsAre("a", "b"));
  EXPECT_TRUE(parsed.arguments.Has("endpoints"));
  EXPECT_FALSE(parsed.arguments.Typed("endpoints"));

  ASSERT_OK_AND_ASSIGN(
      parsed, ParseWords({"save", "id", "--must", "x", "--endpoints", "c", "--endpoints=d,e"}));
  EXPECT_THAT(parsed.arguments.SplitList("endpoints"), ElementsAre("c", "d", "e"));
}

TEST_F(ParserTest, HelpNeedsNothingElse) {
  ASSERT_OK_AND_ASSIGN(ParsedCommand parsed, ParseWords({"save", "--help"}));
  EXPECT_TRUE(parsed.help);
  ASSERT_OK_AND_ASSIGN(parsed, ParseWords({}));
  EXPECT_TRUE(parsed.help);
}

struct UsageError {
  std::vector<std::string> words;
  std::string text;
};

TEST_F(ParserTest, UsageErrorsNameTheWord) {
  const std::vector<UsageError> cases = {
      {{"sav"}, "unknown command 'sav' (did you mean save?)"},
      {{"save", "id", "--must", "x", "--frce"}, "unknown flag --frce (did you mean --force?)"},
      {{"save", "id", "--must", "x", "-z"}, "unknown flag -z"},
      {{"save", "id"}, "--must is required"},
      {{"save", "--must", "x"}, "ID is missing: what"},
      {{"save", "id", "--must"}, "--must needs a value (X)"},
      {{"save", "id", "--must", "x", "--must", "y"}, "--must is given twice"},
      {{"save", "id", "--must="}, "--must: the value is empty"},
      {{"save", "id", "--must", "x", "--count", "-1"}, "'-1' is not a whole number"},
      {{"save", "id", "--must", "x", "--wait", "soon"}, "--wait: 'soon' is not a duration"},
      {{"save", "id", "--must", "x", "--share", "101%"}, "'101%' is not a share"},
      {{"save", "id", "--must", "x", "--room", "12 parsec"}, "'12 parsec' is not a size"},
      {{"shell", "bsh"}, "SHELL: 'bsh' is not one of bash|zsh (did you mean bash?)"},
      {{"shell", "bash", "zsh"}, "unexpected argument 'zsh'"},
      {{"shell", "bash", "-o", "yaml"}, "'yaml' is not one of table|json"},
      {{"--force"}, "unknown flag --force"},
      {{"-q"}, "a command is missing"},
  };
  for (const UsageError& usage : cases) {
    EXPECT_THAT(ParseWords(usage.words), StatusIs(Code::kInvalidArgument, HasSubstr(usage.text)));
  }
}

TEST_F(ParserTest, BadEnvironmentNamesTheVariable) {
  environment_["TRESOR_OUTPUT"] = "xml";

  EXPECT_THAT(ParseWords({"shell", "bash"}),
              StatusIs(Code::kInvalidArgument, HasSubstr("TRESOR_OUTPUT: 'xml'")));
}

TEST(ParseDurationTest, TakesGoAndBareForms) {
  EXPECT_THAT(ParseDuration("1h30m"), IsOkAndHolds(seconds(5400)));
  EXPECT_THAT(ParseDuration("250ms"), IsOkAndHolds(milliseconds(250)));
  EXPECT_THAT(ParseDuration("1.5s"), IsOkAndHolds(milliseconds(1500)));
  EXPECT_THAT(ParseDuration("90"), IsOkAndHolds(seconds(90)));
  EXPECT_THAT(ParseDuration("0"), IsOkAndHolds(seconds(0)));
  for (const char* bad : {"", "s", "-1s", "1x", "1m30", "1e3s", "nan", "999999999999h"}) {
    EXPECT_THAT(ParseDuration(bad), StatusIs(Code::kInvalidArgument)) << bad;
  }
}

TEST(ParseSizeTest, UnitsArePowersOf1024) {
  EXPECT_THAT(ParseSize("17"), IsOkAndHolds(17U));
  EXPECT_THAT(ParseSize("64GiB"), IsOkAndHolds(std::uint64_t{64} << 30));
  EXPECT_THAT(ParseSize("2 M"), IsOkAndHolds(std::uint64_t{2} << 20));
  for (const char* bad : {"", "GiB", "-1", "1.5G", "1X", "99999999999T"}) {
    EXPECT_THAT(ParseSize(bad), StatusIs(Code::kInvalidArgument)) << bad;
  }
}

TEST(ParseShareTest, TakesPercentAndFraction) {
  EXPECT_THAT(ParseShare("10%"), IsOkAndHolds(0.1));
  EXPECT_THAT(ParseShare("0.25"), IsOkAndHolds(0.25));
  for (const char* bad : {"", "%", "10", "-1%", "nan", "0.1x"}) {
    EXPECT_THAT(ParseShare(bad), StatusIs(Code::kInvalidArgument)) << bad;
  }
}

TEST(SplitCommasTest, TrimsAndDropsEmptyItems) {
  EXPECT_THAT(SplitCommas(" a ,,b"), ElementsAre("a", "b"));
  EXPECT_THAT(SplitCommas(""), IsEmpty());
}

TEST(NearestWordTest, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(NearestWord("resotre", {"save", "restore"}), "restore");
  EXPECT_EQ(NearestWord("banana", {"save", "restore"}), "");
}

/// What the model must be, so that help, pages and completions are whole.
TEST(RootCommandTest, EveryCommandIsDescribed) {
  for (const CommandPath& path : WalkCommands(RootCommand())) {
    SCOPED_TRACE(path.Join(" "));
    const Command& command = path.command();
    EXPECT_FALSE(command.summary.empty());
    EXPECT_FALSE(command.summary.ends_with("."));
    EXPECT_FALSE(command.examples.empty());
    EXPECT_EQ(command.subcommands.empty(), static_cast<bool>(command.run));
    std::map<std::string, int> names;
    std::map<char, int> letters;
    for (const Flag& flag : AllFlags(command)) {
      EXPECT_EQ(++names[flag.name], 1) << flag.name;
      EXPECT_TRUE(flag.letter == 0 || ++letters[flag.letter] == 1) << flag.name;
      EXPECT_FALSE(flag.help.empty() || flag.help.ends_with(".")) << flag.name;
      EXPECT_EQ(flag.value_name.empty(), flag.kind == ValueKind::kNone) << flag.name;
      EXPECT_EQ(flag.choices.empty(), flag.kind != ValueKind::kChoice) << flag.name;
    }
  }
}

TEST(RootCommandTest, ExamplesParse) {
  for (const CommandPath& path : WalkCommands(RootCommand())) {
    for (const Example& example : path.command().examples) {
      std::istringstream stream(example.command);
      std::vector<std::string> words;
      std::string word;
      while (stream >> word && word != "|") {
        if (word == ">") {
          stream >> word;
        } else if (word == "&&") {
          words.clear();
        } else {
          words.push_back(word);
        }
      }
      const auto start = std::find_if(words.begin(), words.end(), [](const std::string& w) {
        return w == "tresor" || w.ends_with("(tresor");
      });
      ASSERT_NE(start, words.end()) << example.command;
      words.erase(words.begin(), start + 1);
      if (words.back().ends_with(")")) {
        words.back().pop_back();
      }
      const auto environment = [](const std::string& name) {
        return name == "TRESOR_REPO" ? std::optional<std::string>("/r") : std::nullopt;
      };
      EXPECT_THAT(Parse(RootCommand(), words, environment), IsOk()) << example.command;
    }
  }
}

}  // namespace
}  // namespace tresor::cli
