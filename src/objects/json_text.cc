// SPDX-License-Identifier: Apache-2.0
#include "objects/json_text.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace tresor::objects {
namespace {

/// What stands in JSON as it is: ASCII but for control characters, quotes and backslashes.
bool IsPlain(const std::string& text) {
  bool plain = true;
  for (const char c : text) {  // without a way out, so that it is done many bytes at a time
    plain &= c >= ' ' && c <= '~' && c != '"' && c != '\\';
  }
  return plain;
}

/// Rare: all else is left to who knows every case.
void AppendSlowly(const Json& json, std::string& text) {
  text += json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void AppendString(const std::string& value, std::string& text) {
  if (!IsPlain(value)) {
    AppendSlowly(value, text);
    return;
  }
  text += '"';
  text += value;
  text += '"';
}

template <typename Integer>
void AppendInteger(Integer value, std::string& text) {
  std::array<char, 24> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  text.append(digits.data(), end);
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): as deep as the value; parsers and schemas limit that.
void AppendJson(const Json& json, std::string& text) {
  switch (json.type()) {
    case Json::value_t::object: {
      char before = '{';
      for (const auto& [name, value] : json.get_ref<const Json::object_t&>()) {
        text += before;
        before = ',';
        AppendString(name, text);
        text += ':';
        AppendJson(value, text);
      }
      text += before == '{' ? "{}" : "}";
      break;
    }
    case Json::value_t::array: {
      char before = '[';
      for (const Json& value : json.get_ref<const Json::array_t&>()) {
        text += before;
        before = ',';
        AppendJson(value, text);
      }
      text += before == '[' ? "[]" : "]";
      break;
    }
    case Json::value_t::string:
      AppendString(json.get_ref<const std::string&>(), text);
      break;
    case Json::value_t::boolean:
      text += json.get<bool>() ? "true" : "false";
      break;
    case Json::value_t::number_integer:
      AppendInteger(json.get<std::int64_t>(), text);
      break;
    case Json::value_t::number_unsigned:
      AppendInteger(json.get<std::uint64_t>(), text);
      break;
    default:
      AppendSlowly(json, text);
      break;
  }
}

std::string JsonText(const Json& json) {
  std::string text;
  AppendJson(json, text);
  return text;
}

}  // namespace tresor::objects
