// SPDX-License-Identifier: Apache-2.0
// Values from and to JSON, by one list of fields for both directions. Internal to objects: only
// sources include it.
//
//   template <> struct FieldsOf<Progress> {
//     static void Visit(auto& visit, auto& value) { visit("bytesDone", value.bytes_done); … }
//   };
//   template <> inline constexpr auto kTexts<DeletionPolicy> = std::array{"Retain"sv, "Delete"sv};
//
// A field may lie deeper: visit("cluster.name", …). Reading leaves alone what is missing or has
// another type. Writing leaves out empty texts, lists and optionals; numbers and booleans are
// always written. Times are written in whole seconds, as Kubernetes' are.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "objects/duration.h"
#include "objects/object.h"

namespace tresor::objects {

/// A struct's fields.
template <typename T>
struct FieldsOf;
/// An enum's texts, in the order of its enumerators.
template <typename T>
inline constexpr std::array<std::string_view, 0> kTexts{};

template <typename T>
[[nodiscard]] std::string_view EnumText(T value) {
  return kTexts<T>.at(static_cast<std::size_t>(value));
}

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};

/// False: `json` has another type, or says nothing that T can be; `value` is as it was.
template <typename T>
bool FromJson(const Json& json, T& value);

class FieldReader {
 public:
  explicit FieldReader(const Json& json) : json_(json) {}
  template <typename T>
  void operator()(std::string_view path, T& value) {
    const Json* at = &json_;
    while (!path.empty() && at->is_object()) {
      const auto dot = std::min(path.find('.'), path.size());
      const auto member = at->find(path.substr(0, dot));
      if (member == at->end()) {
        return;
      }
      at = &*member;
      path.remove_prefix(std::min(dot + 1, path.size()));
    }
    if (path.empty()) {
      FromJson(*at, value);
    }
  }

 private:
  const Json& json_;
};

template <typename T>
bool FromJson(const Json& json, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return json.is_boolean() && (value = json.get<bool>(), true);
  } else if constexpr (std::is_integral_v<T>) {
    const bool fits = json.is_number_unsigned()
                          ? std::in_range<T>(json.get<std::uint64_t>())
                          : json.is_number_integer() && std::in_range<T>(json.get<std::int64_t>());
    return fits && (value = json.get<T>(), true);
  } else if constexpr (IsVector<T>::value) {
    if (json.is_array()) {
      value.clear();
      for (const Json& item : json) {
        FromJson(item, value.emplace_back());
      }
    }
    return json.is_array();
  } else if constexpr (IsOptional<T>::value) {
    typename T::value_type inner{};
    return FromJson(json, inner) && (value = std::move(inner), true);
  } else if constexpr (requires { &FieldsOf<T>::template Visit<FieldReader, T>; }) {
    FieldReader reader(json);
    FieldsOf<T>::Visit(reader, value);
    return json.is_object();
  } else {
    if (!json.is_string()) {
      return false;
    }
    const auto& text = json.get_ref<const std::string&>();
    if constexpr (std::is_same_v<T, std::string>) {
      value = text;
      return true;
    } else if constexpr (std::is_same_v<T, WallTime>) {
      const Result<WallTime> time = ParseTime(text);
      return time.ok() && (value = *time, true);
    } else if constexpr (std::is_same_v<T, std::chrono::nanoseconds>) {
      const Result<std::chrono::nanoseconds> duration = ParseDuration(text);
      return duration.ok() && (value = *duration, true);
    } else {
      const auto found = std::ranges::find(kTexts<T>, std::string_view(text));
      return found != kTexts<T>.end() && (value = static_cast<T>(found - kTexts<T>.begin()), true);
    }
  }
}

/// Null: there is nothing to write.
template <typename T>
[[nodiscard]] Json ToJson(const T& value);

class FieldWriter {
 public:
  template <typename T>
  void operator()(std::string_view path, const T& value) {
    Json json = ToJson(value);
    if (json.is_null()) {
      return;
    }
    Json* at = &json_;
    for (auto dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
      at = &(*at)[std::string(path.substr(0, dot))];
      path.remove_prefix(dot + 1);
    }
    (*at)[std::string(path)] = std::move(json);
  }
  [[nodiscard]] Json Take() { return std::move(json_); }

 private:
  Json json_ = Json::object();
};

template <typename T>
Json ToJson(const T& value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return value;
  } else if constexpr (std::is_enum_v<T>) {
    return EnumText(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value.empty() ? Json() : Json(value);
  } else if constexpr (std::is_same_v<T, WallTime>) {
    return FormatTime(value);
  } else if constexpr (std::is_same_v<T, std::chrono::nanoseconds>) {
    return FormatDuration(value);
  } else if constexpr (IsOptional<T>::value) {
    return value.has_value() ? ToJson(*value) : Json();
  } else if constexpr (IsVector<T>::value) {
    Json list;
    for (const auto& item : value) {
      list.push_back(ToJson(item));
    }
    return list;
  } else {
    FieldWriter writer;
    FieldsOf<T>::Visit(writer, value);
    return writer.Take();
  }
}

/// A view of json[part].
template <typename T>
[[nodiscard]] T ReadPart(const Object& object, std::string_view part) {
  T value;
  if (const Json* json = object.Find(part); json != nullptr) {
    FromJson(*json, value);
  }
  return value;
}
template <typename T>
void WritePart(Object& object, const char* part, const T& value) {
  if (!object.json.is_object()) {
    object.json = Json::object();
  }
  object.json[part] = ToJson(value);
}

}  // namespace tresor::objects
