// SPDX-License-Identifier: Apache-2.0
// Turns words into a command and its values, by the command model. Pure but for the environment
// that it is given.
//
// `--flag value`, `--flag=value`, `-f value`, `-fvalue`; flags and positionals in any order; `--`
// ends the flags. A flag that is not repeatable may stand once. What the words say wins over the
// environment, that over the default.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "cli/command.h"

namespace tresor::cli {

/// The value of an environment variable; none when it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;

/// The values of one call. Every flag's value has been checked against its kind. A name that is not
/// in the command's model is a bug of ours.
class Arguments {
 public:
  /// The command has such a flag. All others demand it.
  [[nodiscard]] bool Knows(std::string_view flag) const;
  /// On the command line, or in the environment.
  [[nodiscard]] bool Has(std::string_view flag) const;
  /// On the command line.
  [[nodiscard]] bool Typed(std::string_view flag) const;
  [[nodiscard]] bool Switch(std::string_view flag) const;
  /// The last value; the default when there is none; empty when there is no default either.
  [[nodiscard]] std::string Text(std::string_view flag) const;
  [[nodiscard]] std::vector<std::string> List(std::string_view flag) const;
  /// As List, with every value split at commas; empty items are dropped.
  [[nodiscard]] std::vector<std::string> SplitList(std::string_view flag) const;
  [[nodiscard]] std::uint64_t Integer(std::string_view flag) const;
  [[nodiscard]] std::uint64_t Size(std::string_view flag) const;
  [[nodiscard]] double Share(std::string_view flag) const;
  [[nodiscard]] std::chrono::nanoseconds Duration(std::string_view flag) const;
  [[nodiscard]] const std::vector<std::string>& positionals() const { return positionals_; }

 private:
  friend class ArgumentsBuilder;
  struct Value {
    Flag flag;
    std::vector<std::string> texts;
    bool given = false;
    bool typed = false;
  };
  [[nodiscard]] const Value& Get(std::string_view flag) const;
  std::map<std::string, Value, std::less<>> values_;
  std::vector<std::string> positionals_;
};

struct ParsedCommand {
  CommandPath path;
  bool help = false;  // --help, or a group without a command: nothing else has been checked
  Arguments arguments = {};
};

/// `words` do not have the program's name. `root` outlives the result. kInvalidArgument: a usage
/// error; the message says which word and, where one is near, what was probably meant.
/// `understood`, if given, gets the command path as far as it was understood, also after an error.
[[nodiscard]] Result<ParsedCommand> Parse(const Command& root,
                                          const std::vector<std::string>& words,
                                          const EnvironmentLookup& environment,
                                          CommandPath* understood = nullptr);

/// "1h30m", "250ms", "90s"; units ns, us, ms, s, m, h, d; a bare number is seconds.
/// kInvalidArgument.
[[nodiscard]] Result<std::chrono::nanoseconds> ParseDuration(std::string_view text);
/// "64GiB", "512 MiB", "10K"; units B, K(iB), M(iB), G(iB), T(iB), all of 1024. kInvalidArgument.
[[nodiscard]] Result<std::uint64_t> ParseSize(std::string_view text);
/// "15%" or "0.15". kInvalidArgument: not a number from 0 to 100 %.
[[nodiscard]] Result<double> ParseShare(std::string_view text);
/// kInvalidArgument: not a decimal number of at most 19 digits.
[[nodiscard]] Result<std::uint64_t> ParseInteger(std::string_view text);
/// Split at commas, trimmed, without empty items.
[[nodiscard]] std::vector<std::string> SplitCommas(std::string_view text);
/// The candidate that `word` was probably meant to be; empty: none is near.
[[nodiscard]] std::string NearestWord(std::string_view word,
                                      const std::vector<std::string>& candidates);

}  // namespace tresor::cli
