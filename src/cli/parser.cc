// SPDX-License-Identifier: Apache-2.0
#include "cli/parser.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/check.h"

namespace tresor::cli {
namespace {

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

std::string Suggestion(std::string_view prefix, std::string_view word,
                       const std::vector<std::string>& candidates) {
  const std::string nearest = NearestWord(word, candidates);
  return nearest.empty() ? "" : fmt::format(" (did you mean {}{}?)", prefix, nearest);
}

std::string JoinChoices(const std::vector<std::string>& choices) {
  std::string joined;
  for (const std::string& choice : choices) {
    joined += (joined.empty() ? "" : "|") + choice;
  }
  return joined;
}

Status CheckChoice(std::string_view what, const std::vector<std::string>& choices,
                   const std::string& value) {
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) {
    return OkStatus();
  }
  return Error(Code::kInvalidArgument, "{}: '{}' is not one of {}{}", what, value,
               JoinChoices(choices), Suggestion("", value, choices));
}

Status CheckValue(std::string_view what, const Flag& flag, const std::string& value) {
  switch (flag.kind) {
    case ValueKind::kNone:
      if (value != "true" && value != "false") {
        return Error(Code::kInvalidArgument, "{}: takes no value, or true or false; not '{}'", what,
                     value);
      }
      return OkStatus();
    case ValueKind::kChoice:
      return CheckChoice(what, flag.choices, value);
    case ValueKind::kInteger:
      return Annotate(ParseInteger(value).status(), what);
    case ValueKind::kSize:
      return Annotate(ParseSize(value).status(), what);
    case ValueKind::kPercent:
      return Annotate(ParseShare(value).status(), what);
    case ValueKind::kDuration:
      return Annotate(ParseDuration(value).status(), what);
    case ValueKind::kText:
    case ValueKind::kFile:
    case ValueKind::kDirectory:
      if (value.empty()) {
        return Error(Code::kInvalidArgument, "{}: the value is empty", what);
      }
      return OkStatus();
  }
  return OkStatus();
}

}  // namespace

/// Fills Arguments; the only one who may.
class ArgumentsBuilder {
 public:
  explicit ArgumentsBuilder(const Command& command) : command_(command) {
    for (Flag& flag : AllFlags(command)) {
      const std::string name = flag.name;
      arguments_.values_[name].flag = std::move(flag);
    }
  }

  Status Words(const std::vector<std::string>& words, std::size_t from) {
    bool flags_ended = false;
    for (std::size_t i = from; i < words.size(); ++i) {
      const std::string& word = words[i];
      if (flags_ended || word == "-" || !word.starts_with("-")) {
        arguments_.positionals_.push_back(word);
      } else if (word == "--") {
        flags_ended = true;
      } else {
        RETURN_IF_ERROR(FlagWord(words, i));
      }
    }
    return OkStatus();
  }

  /// Fills in the environment and the defaults, and checks what is required.
  Status Complete(const EnvironmentLookup& environment) {
    for (auto& [name, value] : arguments_.values_) {
      const Flag& flag = value.flag;
      if (!value.given && !flag.environment.empty()) {
        RETURN_IF_ERROR(FromEnvironment(environment, value));
      }
      if (!value.given && flag.required) {
        return Error(Code::kInvalidArgument, "--{} is required{}", name,
                     flag.environment.empty() ? "" : " (or set " + flag.environment + ")");
      }
      if (!value.given && !flag.default_text.empty()) {
        value.texts = {flag.default_text};
      }
    }
    return CheckPositionals();
  }

  [[nodiscard]] bool help() const { return arguments_.values_.at("help").given; }
  [[nodiscard]] Arguments Take() { return std::move(arguments_); }

 private:
  static Status FromEnvironment(const EnvironmentLookup& environment, Arguments::Value& value) {
    const Flag& flag = value.flag;
    const std::optional<std::string> text = environment(flag.environment);
    if (!text || text->empty()) {
      return OkStatus();
    }
    RETURN_IF_ERROR(CheckValue(flag.environment, flag, *text));
    value.texts = {*text};
    value.given = true;
    return OkStatus();
  }

  Status FlagWord(const std::vector<std::string>& words, std::size_t& i) {
    const std::string& word = words[i];
    const bool is_long = word.starts_with("--");
    std::string name = is_long ? word.substr(2) : word.substr(1, 1);
    std::optional<std::string> attached;
    if (is_long) {
      if (const auto equals = name.find('='); equals != std::string::npos) {
        attached = name.substr(equals + 1);
        name.resize(equals);
      }
    } else if (word.size() > 2) {
      attached = word.substr(word[2] == '=' ? 3 : 2);
    }
    Arguments::Value* value = FindFlag(is_long, name);
    const std::string shown = (is_long ? "--" : "-") + name;
    if (value == nullptr) {
      return Error(Code::kInvalidArgument, "unknown flag {}{}", shown,
                   is_long ? Suggestion("--", name, Names()) : "");
    }
    const Flag& flag = value->flag;
    std::string text = "true";
    if (attached) {
      text = *attached;
    } else if (flag.kind != ValueKind::kNone) {
      if (i + 1 >= words.size()) {
        return Error(Code::kInvalidArgument, "{} needs a value ({})", shown, flag.value_name);
      }
      text = words[++i];
    }
    if (value->given && !flag.repeatable) {
      return Error(Code::kInvalidArgument, "{} is given twice", shown);
    }
    RETURN_IF_ERROR(CheckValue(shown, flag, text));
    value->texts.push_back(std::move(text));
    value->given = true;
    value->typed = true;
    return OkStatus();
  }

  Arguments::Value* FindFlag(bool is_long, const std::string& name) {
    for (auto& [flag_name, value] : arguments_.values_) {
      if (is_long ? flag_name == name : value.flag.letter == name[0]) {
        return &value;
      }
    }
    return nullptr;
  }

  [[nodiscard]] std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& [name, value] : arguments_.values_) {
      names.push_back(name);
    }
    return names;
  }

  Status CheckPositionals() {
    const std::vector<std::string>& given = arguments_.positionals_;
    const std::vector<Positional>& wanted = command_.positionals;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (i >= given.size() && wanted[i].required) {
        return Error(Code::kInvalidArgument, "{} is missing: {}", wanted[i].name, wanted[i].help);
      }
      if (i < given.size() && !wanted[i].choices.empty()) {
        RETURN_IF_ERROR(CheckChoice(wanted[i].name, wanted[i].choices, given[i]));
      }
    }
    const bool open_end = !wanted.empty() && wanted.back().repeatable;
    if (given.size() > wanted.size() && !open_end) {
      return Error(Code::kInvalidArgument, "unexpected argument '{}'", given[wanted.size()]);
    }
    return OkStatus();
  }

  const Command& command_;
  Arguments arguments_;
};

const Arguments::Value& Arguments::Get(std::string_view flag) const {
  const auto found = values_.find(flag);
  TRESOR_CHECK(found != values_.end());
  return found->second;
}

bool Arguments::Knows(std::string_view flag) const { return values_.contains(flag); }

bool Arguments::Has(std::string_view flag) const { return Get(flag).given; }

bool Arguments::Typed(std::string_view flag) const { return Get(flag).typed; }

bool Arguments::Switch(std::string_view flag) const { return Text(flag) == "true"; }

std::string Arguments::Text(std::string_view flag) const {
  const Value& value = Get(flag);
  return value.texts.empty() ? "" : value.texts.back();
}

std::vector<std::string> Arguments::List(std::string_view flag) const { return Get(flag).texts; }

std::vector<std::string> Arguments::SplitList(std::string_view flag) const {
  std::vector<std::string> all;
  for (const std::string& text : Get(flag).texts) {
    for (std::string& item : SplitCommas(text)) {
      all.push_back(std::move(item));
    }
  }
  return all;
}

std::uint64_t Arguments::Integer(std::string_view flag) const {
  return ParseInteger(Text(flag)).value_or(0);
}

std::uint64_t Arguments::Size(std::string_view flag) const {
  return ParseSize(Text(flag)).value_or(0);
}

double Arguments::Share(std::string_view flag) const { return ParseShare(Text(flag)).value_or(0); }

std::chrono::nanoseconds Arguments::Duration(std::string_view flag) const {
  return ParseDuration(Text(flag)).value_or(std::chrono::nanoseconds{0});
}

Result<ParsedCommand> Parse(const Command& root, const std::vector<std::string>& words,
                            const EnvironmentLookup& environment, CommandPath* understood) {
  CommandPath path{{&root}};
  std::size_t next = 0;
  while (!path.command().subcommands.empty() && next < words.size() &&
         !words[next].starts_with("-")) {
    const std::vector<Command>& children = path.command().subcommands;
    const auto child = std::find_if(children.begin(), children.end(),
                                    [&](const Command& c) { return c.name == words[next]; });
    if (child == children.end()) {
      std::vector<std::string> names;
      for (const Command& command : children) {
        names.push_back(command.name);
      }
      if (understood != nullptr) {
        *understood = path;
      }
      return Error(Code::kInvalidArgument, "unknown command '{}'{}", words[next],
                   Suggestion("", words[next], names));
    }
    path.commands.push_back(&*child);
    ++next;
  }
  if (understood != nullptr) {
    *understood = path;
  }

  ArgumentsBuilder builder(path.command());
  RETURN_IF_ERROR(builder.Words(words, next));
  ParsedCommand parsed{.path = path};
  parsed.help = builder.help() || !path.command().subcommands.empty();
  if (!parsed.help) {
    RETURN_IF_ERROR(builder.Complete(environment));
  } else if (!builder.help() && next < words.size()) {
    return Error(Code::kInvalidArgument, "a command is missing");
  }
  parsed.arguments = builder.Take();
  return parsed;
}

Result<std::chrono::nanoseconds> ParseDuration(std::string_view text) {
  static constexpr struct {
    std::string_view name;
    double nanos;
  } kUnits[] = {{"ns", 1},   {"us", 1e3},   {"ms", 1e6},   {"s", 1e9},
                {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
  const auto bad = [&] {
    return Error(Code::kInvalidArgument, "'{}' is not a duration like 30s, 2m30s or 500ms", text);
  };
  double total = 0;
  std::string_view rest = text;
  if (rest.empty()) {
    return bad();
  }
  while (!rest.empty()) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || !(number >= 0)) {
      return bad();
    }
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::string_view unit = rest.substr(0, rest.find_first_of("0123456789."));
    rest.remove_prefix(unit.size());
    const auto* known = std::find_if(std::begin(kUnits), std::end(kUnits),
                                     [&](const auto& u) { return u.name == unit; });
    if (known == std::end(kUnits) && !(unit.empty() && total == 0 && rest.empty())) {
      return bad();
    }
    total += number * (known == std::end(kUnits) ? 1e9 : known->nanos);
  }
  if (total > 9e18) {
    return bad();
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

Result<std::uint64_t> ParseSize(std::string_view text) {
  static constexpr struct {
    std::string_view names[3];
    unsigned shift;
  } kUnits[] = {{{"B", "", ""}, 0},
                {{"K", "KB", "KiB"}, 10},
                {{"M", "MB", "MiB"}, 20},
                {{"G", "GB", "GiB"}, 30},
                {{"T", "TB", "TiB"}, 40}};
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  for (const auto& known : kUnits) {
    const bool named =
        std::find(std::begin(known.names), std::end(known.names), unit) != std::end(known.names);
    if (error == std::errc{} && named &&
        number <= (std::numeric_limits<std::uint64_t>::max() >> known.shift)) {
      return number << known.shift;
    }
  }
  return Error(Code::kInvalidArgument, "'{}' is not a size like 512MiB or 64GiB", text);
}

Result<double> ParseShare(std::string_view text) {
  const bool percent = text.ends_with('%');
  const std::string_view digits = percent ? text.substr(0, text.size() - 1) : text;
  double number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number,
                                            std::chars_format::fixed);
  const double share = percent ? number / 100 : number;
  if (error != std::errc{} || end != digits.data() + digits.size() || !(share >= 0 && share <= 1)) {
    return Error(Code::kInvalidArgument, "'{}' is not a share like 10% or 0.1", text);
  }
  return share;
}

Result<std::uint64_t> ParseInteger(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (error != std::errc{} || end != text.data() + text.size() || number > kMost) {
    return Error(Code::kInvalidArgument, "'{}' is not a whole number", text);
  }
  return number;
}

std::vector<std::string> SplitCommas(std::string_view text) {
  std::vector<std::string> items;
  while (true) {
    const auto comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    const auto first = item.find_first_not_of(" \t\n");
    const auto last = item.find_last_not_of(" \t\n");
    if (first != std::string_view::npos) {
      items.emplace_back(item.substr(first, last - first + 1));
    }
    if (comma == std::string_view::npos) {
      return items;
    }
    text.remove_prefix(comma + 1);
  }
}

std::string NearestWord(std::string_view word, const std::vector<std::string>& candidates) {
  std::string nearest;
  std::size_t least = std::max<std::size_t>(word.size() / 3, 1) + 1;
  for (const std::string& candidate : candidates) {
    if (const std::size_t distance = EditDistance(word, candidate); distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace tresor::cli
