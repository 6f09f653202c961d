// SPDX-License-Identifier: Apache-2.0
// Reads the JSON objects in etcd's values. Internal to etcd/format: only sources include it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/bytes.h"

namespace tresor::etcd {

/// A JSON object from outside. Getters: a missing or null field leaves `out` as it is; false: a
/// value of another type.
class JsonObject {
 public:
  explicit JsonObject(ByteView text)
      : value_(nlohmann::json::parse(AsText(text), nullptr, /*allow_exceptions=*/false)) {}
  explicit JsonObject(nlohmann::json value) : value_(std::move(value)) {}

  /// False: not JSON, or not an object.
  [[nodiscard]] bool ok() const { return value_.is_object(); }
  [[nodiscard]] const nlohmann::json& value() const { return value_; }

  [[nodiscard]] bool Uint64(const char* name, std::uint64_t& out) const {
    const nlohmann::json* field = Find(name);
    if (field != nullptr && field->is_number_unsigned()) {
      out = field->get<std::uint64_t>();
    }
    return field == nullptr || field->is_number_unsigned();
  }
  [[nodiscard]] bool Bool(const char* name, bool& out) const {
    const nlohmann::json* field = Find(name);
    if (field != nullptr && field->is_boolean()) {
      out = field->get<bool>();
    }
    return field == nullptr || field->is_boolean();
  }
  [[nodiscard]] bool String(const char* name, std::string& out) const {
    const nlohmann::json* field = Find(name);
    if (field != nullptr && field->is_string()) {
      out = field->get<std::string>();
    }
    return field == nullptr || field->is_string();
  }
  [[nodiscard]] bool Strings(const char* name, std::vector<std::string>& out) const {
    return List(name, [&out](const nlohmann::json& item) {
      if (item.is_string()) {
        out.push_back(item.get<std::string>());
      }
      return item.is_string();
    });
  }
  template <typename Id>
  [[nodiscard]] bool Ids(const char* name, std::vector<Id>& out) const {
    return List(name, [&out](const nlohmann::json& item) {
      if (item.is_number_unsigned()) {
        out.push_back(Id{item.get<std::uint64_t>()});
      }
      return item.is_number_unsigned();
    });
  }

 private:
  [[nodiscard]] const nlohmann::json* Find(const char* name) const {
    const auto field = value_.find(name);
    return field == value_.end() || field->is_null() ? nullptr : &*field;
  }
  template <typename Take>
  [[nodiscard]] bool List(const char* name, const Take& take) const {
    const nlohmann::json* field = Find(name);
    return field == nullptr || (field->is_array() && std::ranges::all_of(*field, take));
  }

  nlohmann::json value_;
};

}  // namespace tresor::etcd
