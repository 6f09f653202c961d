// SPDX-License-Identifier: Apache-2.0
#include "objects/schema.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/base64.h"
#include "objects/json_text.h"

namespace tresor::objects {
namespace {

constexpr std::size_t kMaxErrors = 100;
constexpr std::size_t kMaxSchemaDepth = 64;

enum class Type { kAny, kObject, kArray, kString, kInteger, kNumber, kBoolean };
constexpr std::array<std::string_view, 7> kTypeNames{"",        "object", "array",  "string",
                                                     "integer", "number", "boolean"};

/// What apiextensions prints for a value of another type than wanted.
std::string_view TypeName(const Json& json) {
  switch (json.type()) {
    case Json::value_t::object:
      return "object";
    case Json::value_t::array:
      return "array";
    case Json::value_t::string:
      return "string";
    case Json::value_t::boolean:
      return "boolean";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return "integer";
    case Json::value_t::number_float:
      return "number";
    default:
      return "null";
  }
}

std::string Join(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

/// As Kubernetes quotes a value in a message.
std::string Shown(const Json& json) {
  std::string text = JsonText(json);
  constexpr std::size_t kLimit = 1024;
  return text.size() <= kLimit ? text : text.substr(0, kLimit) + "…";
}

/// How many characters a text has; UTF-8.
std::size_t Length(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// Both are numbers. nlohmann compares unsigned ones above 2^63 as negative; a long double holds
/// every 64-bit integer.
bool Less(const Json& a, const Json& b) { return a.get<long double>() < b.get<long double>(); }

}  // namespace

struct Schema::Node {
  Type type = Type::kAny;
  bool nullable = false;
  bool int_or_string = false;
  bool preserve_unknown = false;
  bool embedded = false;
  Json default_value;  // null: none
  std::vector<Json> allowed;
  std::string format;

  Json minimum;  // null: none
  Json maximum;
  bool exclusive_minimum = false;
  bool exclusive_maximum = false;
  Json multiple_of;

  std::optional<std::size_t> min_size;  // of a text, list or object
  std::optional<std::size_t> max_size;
  std::string pattern;
  std::shared_ptr<const re2::RE2> regex;

  std::map<std::string, Node, std::less<>> properties;
  std::vector<std::string> required;
  std::shared_ptr<const Node> additional;
  std::shared_ptr<const Node> items;
  bool is_set = false;
  std::vector<std::string> map_keys;

  class Compiler;
  class Validator;
};

// ---- Compile ----

class Schema::Node::Compiler {
 public:
  Result<Node> Compile(const Json& json, const std::string& path, std::size_t depth) {
    if (!json.is_object()) {
      return Error(Code::kInvalidArgument, "schema {}: must be an object", path);
    }
    if (depth > kMaxSchemaDepth) {
      return Error(Code::kInvalidArgument, "schema {}: is too deep", path);
    }
    Node node;
    for (const auto& [keyword, value] : json.items()) {
      RETURN_IF_ERROR(Keyword(node, keyword, value, path, depth));
    }
    // Which of them holds is said by the type.
    const auto size = [&json](const char* name) -> std::optional<std::size_t> {
      const auto found = json.find(name);
      return found == json.end() ? std::nullopt : std::optional(found->get<std::size_t>());
    };
    const auto [min, max] = node.type == Type::kString ? std::pair("minLength", "maxLength")
                            : node.type == Type::kArray
                                ? std::pair("minItems", "maxItems")
                                : std::pair("minProperties", "maxProperties");
    node.min_size = size(min);
    node.max_size = size(max);
    if (node.type == Type::kAny && !node.int_or_string && !node.preserve_unknown) {
      return Error(Code::kInvalidArgument, "schema {}: has no type", path);
    }
    if (node.type == Type::kArray && node.items == nullptr) {
      return Error(Code::kInvalidArgument, "schema {}: an array needs items", path);
    }
    return node;
  }

 private:
  Status Keyword(Node& node, const std::string& keyword, const Json& value, const std::string& path,
                 std::size_t depth) {
    if (keyword == "properties" || keyword == "items" || keyword == "additionalProperties") {
      return Children(node, keyword, value, path, depth);
    }
    if (!Simple(node, keyword, value)) {
      return Error(Code::kInvalidArgument,
                   "schema {}: keyword {} is not known, or has a wrong value", path, keyword);
    }
    return OkStatus();
  }

  Status Children(Node& node, const std::string& keyword, const Json& value,
                  const std::string& path, std::size_t depth) {
    if (keyword == "properties") {
      for (const auto& [name, schema] : value.items()) {
        ASSIGN_OR_RETURN(Node child, Compile(schema, Join(path, name), depth + 1));
        node.properties.emplace(name, std::move(child));
      }
      return OkStatus();
    }
    if (value.is_boolean() && keyword == "additionalProperties") {
      node.preserve_unknown = node.preserve_unknown || value.get<bool>();
      return OkStatus();
    }
    ASSIGN_OR_RETURN(Node child, Compile(value, path + "[]", depth + 1));
    auto shared = std::make_shared<const Node>(std::move(child));
    (keyword == "items" ? node.items : node.additional) = std::move(shared);
    return OkStatus();
  }

  // False: not known, or a value of a wrong type.
  bool Simple(Node& node, const std::string& keyword, const Json& value) {
    if (keyword == "description" || keyword == "title" || keyword == "example" ||
        keyword == "externalDocs" || keyword == "x-kubernetes-map-type") {
      return true;
    }
    if (keyword == "type") {
      const auto name = value.is_string() ? std::ranges::find(kTypeNames, value.get<std::string>())
                                          : kTypeNames.end();
      node.type =
          name == kTypeNames.end() ? Type::kAny : static_cast<Type>(name - kTypeNames.begin());
      return node.type != Type::kAny;
    }
    if (keyword == "default") {
      node.default_value = value;
      return true;
    }
    if (keyword == "format" && value.is_string()) {
      node.format = value.get<std::string>();
      return true;
    }
    if (keyword == "pattern" && value.is_string()) {
      return Pattern(node, value.get<std::string>());
    }
    return Flag(node, keyword, value) || Number(node, keyword, value) || List(node, keyword, value);
  }

  static bool Pattern(Node& node, std::string pattern) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(1 << 20);
    node.regex = std::make_shared<const re2::RE2>(pattern, options);
    node.pattern = std::move(pattern);
    return node.regex->ok();
  }

  static bool Flag(Node& node, const std::string& keyword, const Json& value) {
    const std::array<std::pair<std::string_view, bool*>, 6> flags{
        {{"nullable", &node.nullable},
         {"exclusiveMinimum", &node.exclusive_minimum},
         {"exclusiveMaximum", &node.exclusive_maximum},
         {"x-kubernetes-int-or-string", &node.int_or_string},
         {"x-kubernetes-preserve-unknown-fields", &node.preserve_unknown},
         {"x-kubernetes-embedded-resource", &node.embedded}}};
    const auto* flag =
        std::ranges::find(flags, keyword, &std::pair<std::string_view, bool*>::first);
    if (flag == flags.end() || !value.is_boolean()) {
      return false;
    }
    *flag->second = *flag->second || value.get<bool>();
    return true;
  }

  static bool Number(Node& node, const std::string& keyword, const Json& value) {
    if (!value.is_number()) {
      return false;
    }
    if (keyword == "minimum" || keyword == "maximum" || keyword == "multipleOf") {
      (keyword == "minimum"   ? node.minimum
       : keyword == "maximum" ? node.maximum
                              : node.multiple_of) = value;
      return keyword != "multipleOf" || value > Json(0);
    }
    constexpr std::array<std::string_view, 6> kSizes{"minLength", "maxLength",     "minItems",
                                                     "maxItems",  "minProperties", "maxProperties"};
    return std::ranges::find(kSizes, keyword) != kSizes.end() && value.is_number_integer() &&
           value >= Json(0);
  }

  static bool List(Node& node, const std::string& keyword, const Json& value) {
    if (keyword == "enum" && value.is_array() && !value.empty()) {
      node.allowed = value.get<std::vector<Json>>();
      return true;
    }
    if (keyword == "x-kubernetes-list-type") {
      node.is_set = value == "set";
      return value == "set" || value == "map" || value == "atomic";
    }
    if ((keyword == "required" || keyword == "x-kubernetes-list-map-keys") && value.is_array() &&
        std::ranges::all_of(value, [](const Json& item) { return item.is_string(); })) {
      (keyword == "required" ? node.required : node.map_keys) =
          value.get<std::vector<std::string>>();
      return true;
    }
    return false;
  }
};

Result<Schema> Schema::Compile(const Json& schema) {
  ASSIGN_OR_RETURN(Node root, Node::Compiler().Compile(schema, "", 0));
  if (root.type != Type::kObject) {
    return Error(Code::kInvalidArgument, "schema: the root must be an object");
  }
  Schema compiled;
  compiled.root_ = std::make_shared<const Node>(std::move(root));
  compiled.json_ = std::make_shared<const Json>(schema);
  return compiled;
}

const Json& Schema::json() const {
  static const Json kNone = Json::object();
  return json_ == nullptr ? kNone : *json_;
}

// ---- Validate ----

class Schema::Node::Validator {
 public:
  void Check(const Node& node, const Json& json, const std::string& path) {
    if (errors_.size() >= kMaxErrors || (json.is_null() && node.nullable)) {
      return;
    }
    if (!HasType(node, json)) {
      WrongType(node, json, path);
      return;
    }
    CheckEnum(node, json, path);
    if (json.is_number()) {
      CheckNumber(node, json, path);
    } else if (json.is_string()) {
      CheckText(node, json, path);
    } else if (json.is_array()) {
      CheckArray(node, json, path);
    } else if (json.is_object()) {
      CheckObject(node, json, path);
    }
  }

  [[nodiscard]] std::vector<FieldError> Take() { return std::move(errors_); }

 private:
  static bool HasType(const Node& node, const Json& json) {
    if (node.int_or_string) {
      return json.is_string() || json.is_number_integer();
    }
    switch (node.type) {
      case Type::kObject:
        return json.is_object();
      case Type::kArray:
        return json.is_array();
      case Type::kString:
        return json.is_string();
      case Type::kInteger:
        return json.is_number_integer();
      case Type::kNumber:
        return json.is_number();
      case Type::kBoolean:
        return json.is_boolean();
      case Type::kAny:
        return true;
    }
    return true;
  }

  void Add(std::string_view reason, const std::string& path, std::string message) {
    if (errors_.size() < kMaxErrors) {
      errors_.push_back({.reason = std::string(reason),
                         .field = path.empty() ? "<nil>" : path,
                         .message = std::move(message)});
    }
  }
  // "Invalid value: 0: spec.keep in body should be …"
  void Invalid(const std::string& path, const Json& json, std::string_view rule) {
    Add("FieldValueInvalid", path,
        fmt::format("Invalid value: {}: {} in body {}", Shown(json), path, rule));
  }
  void WrongType(const Node& node, const Json& json, const std::string& path) {
    const std::string_view wanted =
        node.int_or_string ? "integer,string" : kTypeNames[static_cast<std::size_t>(node.type)];
    Add("FieldValueTypeInvalid", path,
        fmt::format("Invalid value: \"{}\": {} in body must be of type {}: \"{}\"", TypeName(json),
                    path, wanted, TypeName(json)));
  }

  void CheckEnum(const Node& node, const Json& json, const std::string& path) {
    if (node.allowed.empty() || std::ranges::find(node.allowed, json) != node.allowed.end()) {
      return;
    }
    std::string values;
    for (const Json& value : node.allowed) {
      values += (values.empty() ? "" : ", ") +
                (value.is_string() ? Shown(value) : fmt::format("\"{}\"", Shown(value)));
    }
    Add("FieldValueNotSupported", path,
        fmt::format("Unsupported value: {}: supported values: {}", Shown(json), values));
  }

  void CheckNumber(const Node& node, const Json& json, const std::string& path) {
    if (!node.minimum.is_null() &&
        (Less(json, node.minimum) || (node.exclusive_minimum && json == node.minimum))) {
      Invalid(path, json,
              fmt::format("should be greater than {}{}",
                          node.exclusive_minimum ? "" : "or equal to ", node.minimum.dump()));
    }
    if (!node.maximum.is_null() &&
        (Less(node.maximum, json) || (node.exclusive_maximum && json == node.maximum))) {
      Invalid(path, json,
              fmt::format("should be less than {}{}", node.exclusive_maximum ? "" : "or equal to ",
                          node.maximum.dump()));
    }
    if (!node.multiple_of.is_null() &&
        std::fmod(json.get<double>(), node.multiple_of.get<double>()) != 0) {
      Invalid(path, json, fmt::format("should be a multiple of {}", node.multiple_of.dump()));
    }
    const bool wide = node.format == "int32"
                          ? Less(json, Json(std::numeric_limits<std::int32_t>::min())) ||
                                Less(Json(std::numeric_limits<std::int32_t>::max()), json)
                          : node.type == Type::kInteger &&
                                Less(Json(std::numeric_limits<std::int64_t>::max()), json);
    if (wide) {
      Invalid(path, json,
              fmt::format("must be of type {}: \"{}\"", node.format == "int32" ? "int32" : "int64",
                          Shown(json)));
    }
  }

  void CheckText(const Node& node, const Json& json, const std::string& path) {
    const auto& text = json.get_ref<const std::string&>();
    const std::size_t length = Length(text);
    if (node.min_size.has_value() && length < *node.min_size) {
      Invalid(path, json, fmt::format("should be at least {} chars long", *node.min_size));
    }
    if (node.max_size.has_value() && length > *node.max_size) {
      Add("FieldValueTooLong", path,
          fmt::format("Too long: may not be longer than {}", *node.max_size));
    }
    if (node.regex != nullptr && !re2::RE2::PartialMatch(text, *node.regex)) {
      Invalid(path, json, fmt::format("should match '{}'", node.pattern));
    }
    const bool malformed = (node.format == "date-time" && !ParseTime(text).ok()) ||
                           (node.format == "byte" && !FromBase64(text).ok());
    if (malformed) {
      Invalid(path, json, fmt::format("must be of type {}: {}", node.format, Shown(json)));
    }
  }

  void CheckArray(const Node& node, const Json& json, const std::string& path) {
    if (node.min_size.has_value() && json.size() < *node.min_size) {
      Invalid(path, json, fmt::format("should have at least {} items", *node.min_size));
    }
    if (node.max_size.has_value() && json.size() > *node.max_size) {
      Add("FieldValueTooMany", path,
          fmt::format("Too many: {}: must have at most {} items", json.size(), *node.max_size));
      return;
    }
    std::set<Json> seen;
    for (std::size_t i = 0; i < json.size(); ++i) {
      const std::string at = fmt::format("{}[{}]", path, i);
      if (node.items != nullptr) {
        Check(*node.items, json[i], at);
      }
      Json identity = Identity(node, json[i]);
      if (!identity.is_null() && !seen.insert(identity).second) {
        Add("FieldValueDuplicate", at, fmt::format("Duplicate value: {}", Shown(identity)));
      }
    }
  }

  // What must be there once; null: anything goes.
  static Json Identity(const Node& node, const Json& item) {
    if (node.is_set) {
      return item;
    }
    Json identity;
    for (const std::string& key : node.map_keys) {
      if (item.is_object() && item.contains(key)) {
        identity[key] = item[key];
      }
    }
    return identity;
  }

  void CheckObject(const Node& node, const Json& json, const std::string& path) {
    for (const std::string& name : node.required) {
      if (!json.contains(name)) {
        Add("FieldValueRequired", Join(path, name), "Required value");
      }
    }
    if (node.min_size.has_value() && json.size() < *node.min_size) {
      Invalid(path, json, fmt::format("should have at least {} properties", *node.min_size));
    }
    if (node.max_size.has_value() && json.size() > *node.max_size) {
      Add("FieldValueTooMany", path,
          fmt::format("Too many: {}: must have at most {} items", json.size(), *node.max_size));
    }
    for (const auto& [name, value] : json.items()) {
      if (const auto property = node.properties.find(name); property != node.properties.end()) {
        Check(property->second, value, Join(path, name));
      } else if (node.additional != nullptr) {
        Check(*node.additional, value, Join(path, name));
      }
    }
  }

  std::vector<FieldError> errors_;
};

std::vector<FieldError> Schema::Validate(const Json& object) const {
  Node::Validator validator;
  if (root_ != nullptr) {
    validator.Check(*root_, object, "");
  }
  return validator.Take();
}

// ---- Default, Prune ----

namespace {

template <typename Node>
void SetDefaults(const Node& node, Json& json) {
  if (json.is_array() && node.items != nullptr) {
    for (Json& item : json) {
      SetDefaults(*node.items, item);
    }
  }
  if (!json.is_object()) {
    return;
  }
  for (const auto& [name, property] : node.properties) {
    // Kubernetes prunes a null that is not allowed, before it sets defaults.
    if (const auto present = json.find(name);
        present != json.end() && present->is_null() && !property.nullable) {
      json.erase(present);
    }
    if (!property.default_value.is_null() && !json.contains(name)) {
      json[name] = property.default_value;
    }
  }
  for (auto& [name, value] : json.items()) {
    if (const auto property = node.properties.find(name); property != node.properties.end()) {
      SetDefaults(property->second, value);
    } else if (node.additional != nullptr) {
      SetDefaults(*node.additional, value);
    }
  }
}

template <typename Node>
void PruneInside(const Node& node, Json& json, const std::string& path, bool is_resource,
                 std::vector<std::string>& pruned) {
  if (json.is_array() && node.items != nullptr) {
    for (std::size_t i = 0; i < json.size(); ++i) {
      PruneInside(*node.items, json[i], fmt::format("{}[{}]", path, i), node.items->embedded,
                  pruned);
    }
  }
  if (!json.is_object()) {
    return;
  }
  for (auto member = json.begin(); member != json.end();) {
    const std::string& name = member.key();
    const auto property = node.properties.find(name);
    const bool of_resource =
        is_resource && (name == "apiVersion" || name == "kind" || name == "metadata");
    if (property != node.properties.end() && !of_resource) {
      PruneInside(property->second, *member, Join(path, name), property->second.embedded, pruned);
    } else if (node.additional != nullptr && !of_resource) {
      PruneInside(*node.additional, *member, Join(path, name), node.additional->embedded, pruned);
    } else if (!of_resource && !node.preserve_unknown) {
      pruned.push_back(Join(path, name));
      member = json.erase(member);
      continue;
    }
    ++member;
  }
}

}  // namespace

void Schema::Default(Json& object) const {
  if (root_ != nullptr) {
    SetDefaults(*root_, object);
  }
}

std::vector<std::string> Schema::Prune(Json& object) const {
  std::vector<std::string> pruned;
  if (root_ != nullptr) {
    PruneInside(*root_, object, "", true, pruned);
  }
  return pruned;
}

}  // namespace tresor::objects
