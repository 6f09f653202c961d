// SPDX-License-Identifier: Apache-2.0
#include "objects/selector.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "objects/names.h"

namespace tresor::objects {
namespace {

constexpr std::string_view kSymbols = "!=(),<>";

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool IsSymbol(char c) { return kSymbols.find(c) != std::string_view::npos; }

bool ToInteger(std::string_view text, std::int64_t& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

// What a field selector compares: texts as they are, the rest as JSON writes it.
std::string FieldText(const Json* value) {
  if (value == nullptr || value->is_null() || value->is_structured()) {
    return {};
  }
  return value->is_string() ? value->get<std::string>() : value->dump();
}

}  // namespace

// Recursive descent over kubernetes/apimachinery pkg/labels/selector.go's grammar.
class LabelSelector::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) { Advance(); }

  Result<LabelSelector> Selector() {
    LabelSelector selector;
    while (!token_.empty()) {
      ASSIGN_OR_RETURN(Requirement requirement, One());
      selector.requirements_.push_back(std::move(requirement));
      if (token_.empty()) {
        break;
      }
      if (token_ != ",") {
        return Unexpected("',' or end of text");
      }
      Advance();
      if (token_.empty()) {
        return Unexpected("a label after ','");
      }
    }
    return selector;
  }

 private:
  Result<Requirement> One() {
    Requirement requirement;
    const bool absent = token_ == "!";
    if (absent) {
      Advance();
    }
    if (!IsWord()) {
      return Unexpected("a label's name");
    }
    requirement.label = Take();
    if (const auto problems = QualifiedNameProblems(requirement.label); !problems.empty()) {
      return Error(Code::kInvalidArgument, "label \"{}\": {}", requirement.label, problems[0]);
    }
    if (absent || token_.empty() || token_ == ",") {
      requirement.op = absent ? Operator::kDoesNotExist : Operator::kExists;
      return requirement;
    }
    RETURN_IF_ERROR(Comparison(requirement));
    return requirement;
  }

  Status Comparison(Requirement& requirement) {
    const std::string_view op = token_;
    if (op == "in" || op == "notin") {
      Advance();
      requirement.op = op == "in" ? Operator::kIn : Operator::kNotIn;
      RETURN_IF_ERROR(ValueList(requirement));
    } else if (op == "=" || op == "==" || op == "!=" || op == ">" || op == "<") {
      Advance();
      requirement.op = op == "!="  ? Operator::kNotIn
                       : op == ">" ? Operator::kGreater
                       : op == "<" ? Operator::kLess
                                   : Operator::kIn;
      requirement.values.emplace_back(IsWord() ? Take() : std::string_view());
      if (std::int64_t number = 0;
          (op == ">" || op == "<") && !ToInteger(requirement.values[0], number)) {
        return Error(Code::kInvalidArgument, "label \"{}\": '{}' needs an integer, not \"{}\"",
                     requirement.label, op, requirement.values[0]);
      }
    } else {
      return Unexpected("'in', 'notin', '=', '==', '!=', '>', '<', ',' or end of text");
    }
    for (const std::string& value : requirement.values) {
      if (const auto problems = LabelValueProblems(value); !problems.empty()) {
        return Error(Code::kInvalidArgument, "value \"{}\" of label \"{}\": {}", value,
                     requirement.label, problems[0]);
      }
    }
    return OkStatus();
  }

  // "(a,b)"; a missing value, as in "(a,)", is the empty one.
  Status ValueList(Requirement& requirement) {
    if (token_ != "(") {
      return Unexpected("'('");
    }
    Advance();
    if (token_ == ")") {
      return Unexpected("a value: the set must not be empty");
    }
    while (true) {
      requirement.values.emplace_back(IsWord() ? Take() : std::string_view());
      if (token_ == ")") {
        Advance();
        return OkStatus();
      }
      if (token_ != ",") {
        return Unexpected("',' or ')'");
      }
      Advance();
    }
  }

  [[nodiscard]] bool IsWord() const { return !token_.empty() && !IsSymbol(token_.front()); }
  [[nodiscard]] Status Unexpected(std::string_view expected) const {
    return Error(Code::kInvalidArgument, "found '{}' at offset {}, expected {}", token_,
                 at_ - token_.size(), expected);
  }
  std::string_view Take() {
    const std::string_view taken = token_;
    Advance();
    return taken;
  }
  void Advance() {
    while (at_ < text_.size() && IsSpace(text_[at_])) {
      ++at_;
    }
    const std::size_t start = at_;
    if (at_ < text_.size() && IsSymbol(text_[at_])) {
      const std::string_view two = text_.substr(at_, 2);
      at_ += two == "!=" || two == "==" ? 2U : 1U;
    } else {
      while (at_ < text_.size() && !IsSpace(text_[at_]) && !IsSymbol(text_[at_])) {
        ++at_;
      }
    }
    token_ = text_.substr(start, at_ - start);
  }

  std::string_view text_;
  std::size_t at_ = 0;      // behind token_
  std::string_view token_;  // empty: at the end
};

Result<LabelSelector> LabelSelector::Parse(std::string_view text) {
  Result<LabelSelector> selector = Parser(text).Selector();
  if (!selector.ok()) {
    return Annotate(selector.status(), "unable to parse label selector");
  }
  return selector;
}

bool LabelSelector::Requirement::Matches(const std::string* value) const {
  const bool listed = value != nullptr && std::ranges::find(values, *value) != values.end();
  switch (op) {
    case Operator::kIn:
      return listed;
    case Operator::kNotIn:
      return !listed;
    case Operator::kExists:
      return value != nullptr;
    case Operator::kDoesNotExist:
      return value == nullptr;
    case Operator::kGreater:
    case Operator::kLess:
      break;
  }
  std::int64_t number = 0;
  std::int64_t limit = 0;
  if (value == nullptr || !ToInteger(*value, number) || !ToInteger(values.at(0), limit)) {
    return false;
  }
  return op == Operator::kGreater ? number > limit : number < limit;
}

bool LabelSelector::Matches(const Object& object) const {
  if (requirements_.empty()) {
    return true;
  }
  const std::map<std::string, std::string> labels = object.labels();
  return std::ranges::all_of(requirements_, [&labels](const Requirement& requirement) {
    const auto label = labels.find(requirement.label);
    return requirement.Matches(label == labels.end() ? nullptr : &label->second);
  });
}

Result<FieldSelector> FieldSelector::Parse(std::string_view text) {
  FieldSelector selector;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t start = at;
    const std::size_t op = std::min(text.find_first_of("=!,", at), text.size());
    Requirement requirement{.path = std::string(text.substr(at, op - at))};
    at = op;
    if (text.substr(at, 2) == "!=" || text.substr(at, 2) == "==") {
      requirement.equal = text[at] == '=';
      at += 2;
    } else if (text.substr(at, 1) == "=") {
      ++at;
    } else {
      return Error(Code::kInvalidArgument, "invalid field selector: can't understand '{}'",
                   text.substr(start));
    }
    if (requirement.path.empty() || requirement.path.find(' ') != std::string::npos) {
      return Error(Code::kInvalidArgument, "invalid field selector: '{}' names no field",
                   text.substr(start));
    }
    for (; at < text.size() && text[at] != ','; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) {
        ++at;
      } else if (text[at] == '=') {
        return Error(Code::kInvalidArgument, "invalid field selector: bare '=' in value of '{}'",
                     requirement.path);
      }
      requirement.value.push_back(text[at]);
    }
    if (at < text.size()) {
      ++at;  // the comma
    }
    selector.requirements_.push_back(std::move(requirement));
  }
  return selector;
}

bool FieldSelector::Matches(const Object& object) const {
  return std::ranges::all_of(requirements_, [&object](const Requirement& requirement) {
    return (FieldText(object.Find(requirement.path)) == requirement.value) == requirement.equal;
  });
}

}  // namespace tresor::objects
