// SPDX-License-Identifier: Apache-2.0
#include "objects/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <utility>

namespace tresor::objects {
namespace {

// Go prints integral floats of this size as integers, and reads them back as such; larger ones are
// not exact in any case.
constexpr double kMaxExact = 9'007'199'254'740'992.0;  // 2^53

Json FromDouble(double value) {
  return std::abs(value) <= kMaxExact && std::trunc(value) == value
             ? Json(static_cast<std::int64_t>(value))
             : Json(value);
}

bool IsUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >> 5 == 0x06 ? 2 : lead >> 4 == 0x0e ? 3 : 4;
    if (lead >= 0x80 && (lead < 0xc2 || lead > 0xf4)) {
      return false;
    }
    std::uint32_t point = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U;
      if (next >> 6 != 0x02) {
        return false;
      }
      point = point << 6 | (next & 0x3f);
    }
    constexpr std::array<std::uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
      return false;
    }
    i += length;
  }
  return true;
}

// What a text has used of its limits. Both parsers ask it.
class Budget {
 public:
  explicit Budget(const ParseLimits& limits) : limits_(limits) {}

  /// Each false: problem() says why.
  bool Spend(std::size_t nodes, std::size_t bytes) {
    nodes_ += nodes;
    bytes_ += bytes;
    if (nodes_ > limits_.nodes) {
      return Fail(fmt::format("it has more than {} values", limits_.nodes));
    }
    return bytes_ <= limits_.bytes ||
           Fail(fmt::format("its texts have more than {} bytes", limits_.bytes));
  }
  bool CheckDepth(std::size_t depth) {
    return depth <= limits_.depth ||
           Fail(fmt::format("it is nested deeper than {} levels", limits_.depth));
  }
  bool Fail(std::string problem) {
    problem_ = std::move(problem);
    if (problem_.size() > kMaxProblem) {  // it may quote what it complains of
      std::size_t end = kMaxProblem;
      while ((static_cast<unsigned char>(problem_[end]) & 0xc0) == 0x80) {
        --end;
      }
      problem_.resize(end);
      problem_ += "…";
    }
    return false;
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  static constexpr std::size_t kMaxProblem = 200;
  const ParseLimits limits_;
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
  std::string problem_;
};

class JsonHandler final : public nlohmann::json_sax<Json> {
 public:
  explicit JsonHandler(Budget& budget) : budget_(budget) {}

  bool null() override { return Scalar(nullptr); }
  bool boolean(bool value) override { return Scalar(value); }
  bool number_integer(number_integer_t value) override { return Scalar(value); }
  bool number_unsigned(number_unsigned_t value) override { return Scalar(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override {
    return Scalar(FromDouble(value));
  }
  bool string(string_t& value) override { return Scalar(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*size*/) override { return Begin(Json::object()); }
  bool key(string_t& value) override {
    open_.back().key = std::move(value);
    return true;
  }
  bool end_object() override { return End(); }
  bool start_array(std::size_t /*size*/) override { return Begin(Json::array()); }
  bool end_array() override { return End(); }
  bool parse_error(std::size_t /*position*/, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
    const std::string_view what = error.what();
    const auto bracket = what.find("] ");
    return budget_.Fail(
        std::string(bracket == std::string_view::npos ? what : what.substr(bracket + 2)));
  }
  [[nodiscard]] Json Take() { return std::move(root_); }

 private:
  struct Open {
    Json value;
    std::string key;
  };
  bool Scalar(Json value) { return budget_.Spend(1, 0) && Put(std::move(value)); }
  bool Begin(Json container) {
    open_.push_back({.value = std::move(container), .key = {}});
    return budget_.Spend(1, 0) && budget_.CheckDepth(open_.size());
  }
  bool End() {
    Json value = std::move(open_.back().value);
    open_.pop_back();
    return Put(std::move(value));
  }
  bool Put(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return true;
    }
    auto& [parent, key] = open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return true;
    }
    return parent.emplace(key, std::move(value)).second ||
           budget_.Fail(fmt::format("key \"{}\" is there twice", key));
  }

  Budget& budget_;
  std::vector<Open> open_;
  Json root_;
};

// ---- YAML's types, as sigs.k8s.io/yaml goyaml.v2/resolve.go gives them ----

constexpr std::array<std::string_view, 11> kTrue{"y",    "Y",    "yes", "Yes", "YES", "true",
                                                 "True", "TRUE", "on",  "On",  "ON"};
constexpr std::array<std::string_view, 11> kFalse{"n",     "N",     "no",  "No",  "NO", "false",
                                                  "False", "FALSE", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 5> kNull{"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 12> kNotFinite{".nan",  ".NaN",  ".NAN",  ".inf",
                                                      ".Inf",  ".INF",  "+.inf", "+.Inf",
                                                      "+.INF", "-.inf", "-.Inf", "-.INF"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

template <typename Number>
bool Convert(std::string_view digits, int base, Number& value) {
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  return error == std::errc() && stop == end && !digits.empty() && digits.front() != '-';
}

// Go's strconv.ParseInt and ParseUint with base 0: 0x, 0o, 0b, and 0 alone for octal.
std::optional<Json> ToInteger(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char kind = text[1] | 0x20;
    base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
    text.remove_prefix(kind == 'x' || kind == 'b' || kind == 'o' ? 2 : 1);
  }
  std::uint64_t value = 0;
  if (!Convert(text, base, value)) {
    return std::nullopt;
  }
  if (!negative) {
    return std::in_range<std::int64_t>(value) ? Json(static_cast<std::int64_t>(value))
                                              : Json(value);
  }
  constexpr std::uint64_t kMinimum = std::uint64_t{1} << 63;
  if (value > kMinimum) {
    return std::nullopt;
  }
  return Json(value == kMinimum ? std::numeric_limits<std::int64_t>::min()
                                : -static_cast<std::int64_t>(value));
}

// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
bool LooksLikeFloat(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t start = at;
    while (at < text.size() && IsDigit(text[at])) {
      ++at;
    }
    return at - start;
  };
  const auto sign = [&] {
    at += at < text.size() && (text[at] == '-' || text[at] == '+') ? 1U : 0U;
  };
  sign();
  const std::size_t whole = digits();
  std::size_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    fraction = digits();
  }
  if (whole + fraction == 0) {
    return false;
  }
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    ++at;
    sign();
    if (digits() == 0) {
      return false;
    }
  }
  return at == text.size();
}

std::optional<double> ToFloat(std::string_view text) {
  if (!LooksLikeFloat(text)) {
    return std::nullopt;
  }
  if (text.starts_with('+')) {
    text.remove_prefix(1);
  }
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && std::isfinite(value) ? std::optional(value)
                                                                     : std::nullopt;
}

/// What a plain scalar means. none: a number that JSON has not.
std::optional<Json> Resolve(const std::string& text) {
  if (std::ranges::find(kNull, text) != kNull.end()) {
    return Json(nullptr);
  }
  if (std::ranges::find(kTrue, text) != kTrue.end()) {
    return Json(true);
  }
  if (std::ranges::find(kFalse, text) != kFalse.end()) {
    return Json(false);
  }
  if (std::ranges::find(kNotFinite, text) != kNotFinite.end()) {
    return std::nullopt;
  }
  if (IsDigit(text[0]) || text[0] == '+' || text[0] == '-') {
    std::string plain = text;
    std::erase(plain, '_');
    if (std::optional<Json> integer = ToInteger(plain); integer.has_value()) {
      return integer;
    }
    if (const std::optional<double> number = ToFloat(plain); number.has_value()) {
      return FromDouble(*number);
    }
  } else if (text[0] == '.') {
    if (const std::optional<double> number = ToFloat(text); number.has_value()) {
      return FromDouble(*number);
    }
  }
  return Json(text);
}

/// Where something stands, counted from 0.
struct Place {
  std::size_t line = 0;
  std::size_t column = 0;
};

// Puts a document together from libyaml's events, of which go-yaml's parser is a port: what is YAML
// for Kubernetes is YAML here.
class YamlBuilder {
 public:
  explicit YamlBuilder(Budget& budget) : budget_(budget) {}

  /// Each false: the budget has the problem.
  bool Take(const yaml_event_t& event) {
    place_ = {event.start_mark.line, event.start_mark.column};
    switch (event.type) {
      case YAML_SCALAR_EVENT:
        return Scalar(event.data.scalar);
      case YAML_ALIAS_EVENT:
        return Alias(Text(event.data.alias.anchor));
      case YAML_SEQUENCE_START_EVENT:
        return Begin(Text(event.data.sequence_start.tag), "seq",
                     Text(event.data.sequence_start.anchor), Json::array());
      case YAML_MAPPING_START_EVENT:
        return Begin(Text(event.data.mapping_start.tag), "map",
                     Text(event.data.mapping_start.anchor), Json::object());
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return End();
      case YAML_DOCUMENT_START_EVENT:
        anchors_.clear();
        root_ = nullptr;
        return true;
      default:
        return true;
    }
  }
  [[nodiscard]] Json Root() { return std::move(root_); }
  [[nodiscard]] Place place() const { return place_; }

 private:
  /// A value that is whole, and what it costs.
  struct Node {
    Json value;
    std::size_t nodes = 1;
    std::size_t bytes = 0;
    std::size_t depth = 0;  // levels of lists and mappings
  };
  struct Open {
    Node node;
    std::string anchor;
    bool wants_key = false;  // a mapping, before a key
    bool merges = false;     // the value to come is that of `<<`
    std::string key;
    std::vector<Json> merged;  // applied at the end: the mapping's own keys come first
  };

  static std::string Text(const yaml_char_t* text) {
    return text == nullptr ? std::string() : reinterpret_cast<const char*>(text);
  }
  /// "str" of "tag:yaml.org,2002:str"; empty for others.
  static std::string_view CoreType(std::string_view tag) {
    constexpr std::string_view kCore = "tag:yaml.org,2002:";
    return tag.starts_with(kCore) ? tag.substr(kCore.size()) : std::string_view();
  }
  bool WantsKey() const { return !open_.empty() && open_.back().wants_key; }

  template <typename Event>
  bool Scalar(const Event& event) {
    std::string text(reinterpret_cast<const char*>(event.value), event.length);
    const std::string tag = Text(event.tag);
    const std::string_view type = CoreType(tag);
    const bool plain = event.plain_implicit != 0;
    const std::size_t bytes = text.size();
    if ((!plain && tag.empty()) || type == "str") {
      return Add(Text(event.anchor), {.value = std::move(text), .bytes = bytes});
    }
    if (plain && text == "<<" && WantsKey()) {
      open_.back().wants_key = false;
      open_.back().merges = true;
      return true;
    }
    std::optional<Json> json = Resolve(text);
    if (!json.has_value()) {
      return budget_.Fail(fmt::format("{} has no place in JSON", text));
    }
    const bool fits =
        plain || (type == "null" && json->is_null()) || (type == "bool" && json->is_boolean()) ||
        (type == "int" && json->is_number_integer()) || (type == "float" && json->is_number());
    return fits ? Add(Text(event.anchor), {.value = *std::move(json), .bytes = bytes})
                : budget_.Fail(fmt::format("the tag {} does not fit, or is not supported", tag));
  }

  bool Alias(const std::string& name) {
    const auto target = anchors_.find(name);
    return target == anchors_.end()
               ? budget_.Fail(fmt::format("there is no anchor {} before this", name))
               : Add("", Node(target->second));
  }

  bool Begin(const std::string& tag, std::string_view type, std::string anchor, Json container) {
    if (!tag.empty() && tag != "!" && CoreType(tag) != type) {
      return budget_.Fail(fmt::format("the tag {} does not fit, or is not supported", tag));
    }
    if (WantsKey()) {
      return budget_.Fail("a key must be a text");
    }
    const bool is_map = container.is_object();
    open_.push_back({.node = {.value = std::move(container), .depth = 1},
                     .anchor = std::move(anchor),
                     .wants_key = is_map,
                     .key = {},
                     .merged = {}});
    return budget_.CheckDepth(open_.size());
  }

  bool End() {
    Open open = std::move(open_.back());
    open_.pop_back();
    for (const Json& merged : open.merged) {
      for (const auto& [key, value] : merged.items()) {
        open.node.value.emplace(key, value);
      }
    }
    // What is in it was paid for when it came.
    return budget_.Spend(1, 0) && Put(open.anchor, std::move(open.node));
  }

  bool Add(const std::string& anchor, Node node) {
    return budget_.CheckDepth(open_.size() + node.depth) && budget_.Spend(node.nodes, node.bytes) &&
           Put(anchor, std::move(node));
  }

  /// The value goes to where it belongs.
  bool Put(const std::string& anchor, Node node) {
    if (!anchor.empty()) {
      if (!budget_.Spend(node.nodes, node.bytes)) {  // the copy
        return false;
      }
      anchors_.insert_or_assign(anchor, node);
    }
    if (open_.empty()) {
      root_ = std::move(node.value);
      return true;
    }
    Open& parent = open_.back();
    parent.node.nodes += node.nodes;
    parent.node.bytes += node.bytes;
    parent.node.depth = std::max(parent.node.depth, node.depth + 1);
    if (parent.node.value.is_array()) {
      parent.node.value.push_back(std::move(node.value));
      return true;
    }
    if (std::exchange(parent.wants_key, !parent.wants_key)) {
      if (node.value.is_null() || node.value.is_structured()) {
        return budget_.Fail("a key must be a text");
      }
      parent.key = node.value.is_string() ? node.value.get<std::string>() : node.value.dump();
      return true;
    }
    if (std::exchange(parent.merges, false)) {
      return Merge(parent, std::move(node.value));
    }
    return parent.node.value.emplace(parent.key, std::move(node.value)).second ||
           budget_.Fail(fmt::format("key \"{}\" is there twice", parent.key));
  }

  bool Merge(Open& parent, Json value) {
    Json list = value.is_array() ? std::move(value) : Json::array({std::move(value)});
    for (Json& item : list) {
      if (!item.is_object()) {
        return budget_.Fail("`<<` needs a mapping or a list of them");
      }
      parent.merged.push_back(std::move(item));
    }
    return true;
  }

  Budget& budget_;
  std::vector<Open> open_;
  std::map<std::string, Node> anchors_;
  Json root_;
  Place place_;
};

Status CheckText(std::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.bytes) {
    return Error(Code::kInvalidArgument, "it has {} bytes, more than {}", text.size(),
                 limits.bytes);
  }
  if (!IsUtf8(text)) {
    return Error(Code::kInvalidArgument, "it is not UTF-8");
  }
  return OkStatus();
}

Status At(const Place& place, std::string_view problem) {
  return Error(Code::kInvalidArgument, "line {}, column {}: {}", place.line + 1, place.column + 1,
               problem);
}

// libyaml's parser and its present event, released at the end.
class Events {
 public:
  explicit Events(std::string_view text) {
    ready_ = yaml_parser_initialize(&parser_) != 0;
    if (ready_) {
      yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                   text.size());
      yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    }
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  ~Events() {
    Drop();
    if (ready_) {
      yaml_parser_delete(&parser_);
    }
  }

  /// Valid until the next call.
  Result<const yaml_event_t*> Next() {
    Drop();
    if (!ready_ || yaml_parser_parse(&parser_, &event_) == 0) {
      return At({parser_.problem_mark.line, parser_.problem_mark.column},
                parser_.problem == nullptr ? "it cannot be read" : parser_.problem);
    }
    has_event_ = true;
    return &event_;
  }

 private:
  void Drop() {
    if (std::exchange(has_event_, false)) {
      yaml_event_delete(&event_);
    }
  }
  yaml_parser_t parser_{};
  yaml_event_t event_{};
  bool ready_ = false;
  bool has_event_ = false;
};

Result<std::vector<Json>> Documents(std::string_view text, const ParseLimits& limits) {
  Budget budget(limits);
  YamlBuilder builder(budget);
  Events events(text);
  std::vector<Json> documents;
  while (true) {
    ASSIGN_OR_RETURN(const yaml_event_t* event, events.Next());
    if (event->type == YAML_STREAM_END_EVENT) {
      return documents;
    }
    if (!builder.Take(*event)) {
      return At(builder.place(), budget.problem());
    }
    if (event->type == YAML_DOCUMENT_END_EVENT) {
      if (Json document = builder.Root(); !document.is_null()) {
        documents.push_back(std::move(document));
      }
    }
  }
}

// ---- Writing ----

bool IsPlain(const std::string& text) {
  const auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_' || c == '/';
  };
  if (text.empty() || !word(text[0]) || IsDigit(text[0]) || text.back() == ':') {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool inner = c == '.' || c == '-' || c == '+' || c == '@' || c == ',' || c == '=' ||
                       c == ';' || c == '(' || c == ')' ||
                       (c == ' ' && text[i - 1] != ' ' && i + 1 < text.size()) ||
                       (c == ':' && text[i + 1] != ' ');
    if (!word(c) && !inner) {
      return false;
    }
  }
  const std::optional<Json> meaning = Resolve(text);
  return meaning.has_value() && meaning->is_string() && *meaning == text;
}

// A block can hold it: whole lines of printable characters, the first not indented.
bool IsBlock(const std::string& text) {
  return text.find('\n') != std::string::npos && text[0] != ' ' && text[0] != '\n' &&
         text.back() == '\n' && !text.ends_with("\n\n") && text.find(" \n") == std::string::npos &&
         std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
}

// Double quotes, and escapes for what readers refuse or take as the end of a line.
std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    std::uint32_t point = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k) {
      point = point << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3fU);
    }
    if (point == '"' || point == '\\') {
      out += '\\';
      out += text[i];
    } else if (point == '\n') {
      out += "\\n";
    } else if (point == '\t') {
      out += "\\t";
    } else if (point < 0x20 || (point >= 0x7f && point < 0xa0)) {
      out += fmt::format("\\x{:02x}", point);
    } else if (point == 0x2028 || point == 0x2029 || (point >= 0xfe00 && point < 0x10000)) {
      out += fmt::format("\\u{:04x}", point);
    } else {
      out.append(text, i, length);
    }
    i += length;
  }
  return out + "\"";
}

void Write(const Json& json, std::size_t indent, bool in_line, std::string& out);

void WriteText(const std::string& text, std::size_t indent, std::string& out) {
  if (IsPlain(text)) {
    out += text + "\n";
  } else if (!IsBlock(text)) {
    out += Quoted(text) + "\n";
  } else {
    out += "|\n";
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto end = rest.find('\n');
      if (end != 0) {
        out.append(indent, ' ');
      }
      out += rest.substr(0, end + 1);
      rest.remove_prefix(end + 1);
    }
  }
}

// `in_line`: something stands before it on its line already.
void Write(const Json& json, std::size_t indent, bool in_line, std::string& out) {
  if (json.is_object() && !json.empty()) {
    for (const auto& [key, value] : json.items()) {
      if (!std::exchange(in_line, false)) {
        out.append(indent, ' ');
      }
      // A key that stands before its colon has at most 1024 characters.
      const std::string text = IsPlain(key) ? key : Quoted(key);
      out += text.size() < 1000 ? text + ":" : fmt::format("? {}\n{:{}}:", text, "", indent);
      const bool nested = value.is_structured() && !value.empty();
      out += nested ? "\n" : " ";
      Write(value, value.is_array() ? indent : indent + 2, !nested, out);
    }
  } else if (json.is_array() && !json.empty()) {
    for (const Json& item : json) {
      if (!std::exchange(in_line, false)) {
        out.append(indent, ' ');
      }
      out += "- ";
      Write(item, indent + 2, true, out);
    }
  } else if (json.is_string()) {
    WriteText(json.get_ref<const std::string&>(), indent, out);
  } else {
    out += json.dump() + "\n";
  }
}

}  // namespace

Result<Json> ParseJson(std::string_view text, const ParseLimits& limits) {
  Status status = CheckText(text, limits);
  if (status.ok()) {
    Budget budget(limits);
    JsonHandler handler(budget);
    if (Json::sax_parse(text.begin(), text.end(), &handler)) {
      return handler.Take();
    }
    status = Error(Code::kInvalidArgument, "{}", budget.problem());
  }
  return Annotate(status, "JSON");
}

Result<std::vector<Json>> ParseYamlStream(std::string_view text, const ParseLimits& limits) {
  // Nearly all JSON is YAML; what is not ("\ud83d\ude00") is JSON all the same.
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && (text[first] == '{' || text[first] == '[')) {
    if (Result<Json> json = ParseJson(text, limits); json.ok()) {
      return std::vector<Json>{*std::move(json)};
    }
  }
  Status status = CheckText(text, limits);
  if (status.ok()) {
    Result<std::vector<Json>> documents = Documents(text, limits);
    if (documents.ok()) {
      return documents;
    }
    status = documents.status();
  }
  return Annotate(status, "YAML");
}

Result<Json> ParseYaml(std::string_view text, const ParseLimits& limits) {
  ASSIGN_OR_RETURN(std::vector<Json> documents, ParseYamlStream(text, limits));
  if (documents.size() > 1) {
    return Error(Code::kInvalidArgument, "YAML: there are {} documents, not one", documents.size());
  }
  return documents.empty() ? Json() : std::move(documents[0]);
}

std::string ToYaml(const Json& json) {
  std::string out;
  Write(json, 0, true, out);
  return out;
}

}  // namespace tresor::objects
