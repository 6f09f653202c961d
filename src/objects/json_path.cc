// SPDX-License-Identifier: Apache-2.0
#include "objects/json_path.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace tresor::objects {
namespace {

const Json* Member(const Json& json, const std::string& name) {
  const auto member = json.is_object() ? json.find(name) : json.end();
  return member == json.end() ? nullptr : &*member;
}

}  // namespace

class JsonPath::Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<JsonPath> Path() {
    JsonPath path;
    if (rest_.starts_with("{") && rest_.ends_with("}")) {
      rest_ = rest_.substr(1, rest_.size() - 2);
    }
    while (!rest_.empty()) {
      Step step;
      if (Skip("[?(@.")) {
        step.kind = Step::Kind::kFilter;
        if (!Filter(step)) {
          return Bad();
        }
      } else if (Skip("[*]")) {
        step.kind = Step::Kind::kAll;
      } else if (Skip("[")) {
        step.kind = Step::Kind::kIndex;
        const auto end = rest_.find(']');
        const char* stop = rest_.data() + std::min(end, rest_.size());
        const auto [at, error] = std::from_chars(rest_.data(), stop, step.index);
        if (end == std::string_view::npos || error != std::errc() || at != stop) {
          return Bad();
        }
        rest_.remove_prefix(end + 1);
      } else if (Skip(".")) {
        step.name = Name();
        if (step.name.empty()) {
          return Bad();
        }
      } else {
        return Bad();
      }
      path.steps_.push_back(std::move(step));
    }
    return path;
  }

 private:
  [[nodiscard]] Status Bad() const {
    return Error(Code::kInvalidArgument, "JSONPath: can't understand \"{}\"", rest_);
  }
  bool Skip(std::string_view wanted) {
    if (!rest_.starts_with(wanted)) {
      return false;
    }
    rest_.remove_prefix(wanted.size());
    return true;
  }
  // Up to '.', '[' or '='; a backslash protects them.
  std::string Name() {
    std::string name;
    while (!rest_.empty() && rest_[0] != '.' && rest_[0] != '[' && rest_[0] != '=') {
      if (rest_[0] == '\\' && rest_.size() > 1) {
        rest_.remove_prefix(1);
      }
      name.push_back(rest_[0]);
      rest_.remove_prefix(1);
    }
    return name;
  }
  // `type=="Ready")]`
  bool Filter(Step& step) {
    do {
      step.key.push_back(Name());
    } while (Skip("."));
    if (!Skip("==\"")) {
      return false;
    }
    const auto quote = rest_.find('"');
    if (quote == std::string_view::npos) {
      return false;
    }
    step.value = rest_.substr(0, quote);
    rest_.remove_prefix(quote + 1);
    return Skip(")]") && std::ranges::none_of(step.key, &std::string::empty);
  }

  std::string_view rest_;
};

Result<JsonPath> JsonPath::Parse(std::string_view text) { return Parser(text).Path(); }

std::vector<const Json*> JsonPath::Evaluate(const Json& json) const {
  std::vector<const Json*> values = {&json};
  for (const Step& step : steps_) {
    std::vector<const Json*> next;
    for (const Json* value : values) {
      if (step.kind == Step::Kind::kMember) {
        if (const Json* member = Member(*value, step.name); member != nullptr) {
          next.push_back(member);
        }
        continue;
      }
      for (std::size_t i = 0; value->is_array() && i < value->size(); ++i) {
        const Json* item = &(*value)[i];
        const Json* key = item;
        for (const std::string& name : step.key) {
          key = key == nullptr ? nullptr : Member(*key, name);
        }
        const bool taken =
            step.kind == Step::Kind::kAll || (step.kind == Step::Kind::kIndex && i == step.index) ||
            (step.kind == Step::Kind::kFilter && key != nullptr && *key == Json(step.value));
        if (taken) {
          next.push_back(item);
        }
      }
    }
    values = std::move(next);
  }
  return values;
}

}  // namespace tresor::objects
