// SPDX-License-Identifier: Apache-2.0
// Swagger 2.0 in protobuf: gnostic's openapi.v2.Document. The numbers are those of
// https://github.com/google/gnostic/blob/main/openapiv2/OpenAPIv2.proto; what our documents never
// say is left out.
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "objects/openapi.h"

namespace tresor::objects {
namespace {

constexpr std::uint32_t kVarint = 0;
constexpr std::uint32_t kFixed64 = 1;
constexpr std::uint32_t kLength = 2;

// One protobuf message that is written.
class Message {
 public:
  Message& Text(std::uint32_t number, std::string_view text) {
    Tag(number, kLength);
    out_.LengthPrefixed(text);
    return *this;
  }
  Message& Part(std::uint32_t number, const Message& part) {
    Tag(number, kLength);
    out_.LengthPrefixed(part.out_.view());
    return *this;
  }
  void Bool(std::uint32_t number, bool value) {
    Tag(number, kVarint);
    out_.Varint(value ? 1 : 0);
  }
  void Integer(std::uint32_t number, std::int64_t value) {
    Tag(number, kVarint);
    out_.Varint(static_cast<std::uint64_t>(value));
  }
  void Double(std::uint32_t number, double value) {
    Tag(number, kFixed64);
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    out_.U64(bits);
  }
  [[nodiscard]] std::string Take() { return tresor::ToString(out_.view()); }

 private:
  void Tag(std::uint32_t number, std::uint32_t wire) { out_.Varint(number << 3 | wire); }
  ByteWriter out_;
};

// How a JSON member is written.
enum class As { kText, kTexts, kBool, kInteger, kDouble, kAny, kAnys };
struct Member {
  std::string_view name;
  std::uint32_t number;
  As as;
};

// Any: the YAML text, of which JSON is one.
Message Any(const Json& json) {
  Message any;
  any.Text(2, json.dump());
  return any;
}

void Write(Message& message, const Json& json, std::initializer_list<Member> members) {
  for (const Member& member : members) {
    const auto value = json.find(member.name);
    if (value == json.end()) {
      continue;
    }
    switch (member.as) {
      case As::kText:
        message.Text(member.number, value->get<std::string>());
        break;
      case As::kTexts:
        for (const Json& item : *value) {
          message.Text(member.number, item.get<std::string>());
        }
        break;
      case As::kBool:
        message.Bool(member.number, value->get<bool>());
        break;
      case As::kInteger:
        message.Integer(member.number, value->get<std::int64_t>());
        break;
      case As::kDouble:
        message.Double(member.number, value->get<double>());
        break;
      case As::kAny:
        message.Part(member.number, Any(*value));
        break;
      case As::kAnys:
        for (const Json& item : *value) {
          message.Part(member.number, Any(item));
        }
        break;
    }
  }
}

// NamedX: name = 1, value = 2.
Message Named(std::string_view name, const Message& value) {
  Message named;
  named.Text(1, name).Part(2, value);
  return named;
}

// Members that begin with "x-", as NamedAny.
void WriteExtensions(Message& message, std::uint32_t number, const Json& json) {
  for (const auto& [name, value] : json.items()) {
    if (name.starts_with("x-")) {
      message.Part(number, Named(name, Any(value)));
    }
  }
}

Message SchemaMessage(const Json& json) {
  Message schema;
  Write(schema, json,
        {{"$ref", 1, As::kText},
         {"format", 2, As::kText},
         {"title", 3, As::kText},
         {"description", 4, As::kText},
         {"default", 5, As::kAny},
         {"multipleOf", 6, As::kDouble},
         {"maximum", 7, As::kDouble},
         {"exclusiveMaximum", 8, As::kBool},
         {"minimum", 9, As::kDouble},
         {"exclusiveMinimum", 10, As::kBool},
         {"maxLength", 11, As::kInteger},
         {"minLength", 12, As::kInteger},
         {"pattern", 13, As::kText},
         {"maxItems", 14, As::kInteger},
         {"minItems", 15, As::kInteger},
         {"maxProperties", 17, As::kInteger},
         {"minProperties", 18, As::kInteger},
         {"required", 19, As::kTexts},
         {"enum", 20, As::kAnys}});
  if (const auto additional = json.find("additionalProperties"); additional != json.end()) {
    Message item;
    if (additional->is_boolean()) {
      item.Bool(2, additional->get<bool>());
    } else {
      item.Part(1, SchemaMessage(*additional));
    }
    schema.Part(21, item);
  }
  if (const auto type = json.find("type"); type != json.end()) {
    Message item;
    schema.Part(22, item.Text(1, type->get<std::string>()));
  }
  if (const auto items = json.find("items"); items != json.end()) {
    Message item;
    schema.Part(23, item.Part(1, SchemaMessage(*items)));
  }
  if (const auto properties = json.find("properties"); properties != json.end()) {
    Message all;
    for (const auto& [name, property] : properties->items()) {
      all.Part(1, Named(name, SchemaMessage(property)));
    }
    schema.Part(25, all);
  }
  WriteExtensions(schema, 31, json);
  return schema;
}

// ParametersItem
Message Parameter(const Json& json) {
  const std::string place = json.at("in").get<std::string>();
  Message parameter;
  if (place == "body") {
    Message body;
    Write(body, json,
          {{"description", 1, As::kText},
           {"name", 2, As::kText},
           {"in", 3, As::kText},
           {"required", 4, As::kBool}});
    body.Part(5, SchemaMessage(json.at("schema")));
    parameter.Part(1, body);
  } else {
    const bool is_path = place == "path";
    Message sub;
    Write(sub, json,
          {{"required", 1, As::kBool},
           {"in", 2, As::kText},
           {"description", 3, As::kText},
           {"name", 4, As::kText},
           {"type", is_path ? 5U : 6U, As::kText}});
    Message non_body;
    parameter.Part(2, non_body.Part(is_path ? 4 : 3, sub));
  }
  Message item;
  item.Part(1, parameter);
  return item;
}

Message Responses(const Json& json) {
  Message responses;
  for (const auto& [code, answer] : json.items()) {
    Message response;
    Write(response, answer, {{"description", 1, As::kText}});
    if (const auto schema = answer.find("schema"); schema != answer.end()) {
      Message item;
      response.Part(2, item.Part(1, SchemaMessage(*schema)));
    }
    Message value;
    responses.Part(1, Named(code, value.Part(1, response)));
  }
  return responses;
}

Message Operation(const Json& json) {
  Message operation;
  Write(operation, json,
        {{"tags", 1, As::kTexts},
         {"description", 3, As::kText},
         {"operationId", 5, As::kText},
         {"produces", 6, As::kTexts},
         {"consumes", 7, As::kTexts}});
  for (const Json& parameter : json.at("parameters")) {
    operation.Part(8, Parameter(parameter));
  }
  operation.Part(9, Responses(json.at("responses")));
  Write(operation, json, {{"schemes", 10, As::kTexts}});
  WriteExtensions(operation, 13, json);
  return operation;
}

Message PathItem(const Json& json) {
  Message path;
  for (const auto& [verb, number] :
       {std::pair("get", 2U), std::pair("put", 3U), std::pair("post", 4U), std::pair("delete", 5U),
        std::pair("patch", 8U)}) {
    if (const auto operation = json.find(verb); operation != json.end()) {
      path.Part(number, Operation(*operation));
    }
  }
  if (const auto parameters = json.find("parameters"); parameters != json.end()) {
    for (const Json& parameter : *parameters) {
      path.Part(9, Parameter(parameter));
    }
  }
  return path;
}

}  // namespace

std::string OpenApiV2Protobuf(const Json& document) {
  Message out;
  Write(out, document, {{"swagger", 1, As::kText}});
  Message info;
  Write(info, document.at("info"), {{"title", 1, As::kText}, {"version", 2, As::kText}});
  out.Part(2, info);
  Message paths;
  for (const auto& [path, item] : document.at("paths").items()) {
    paths.Part(2, Named(path, PathItem(item)));
  }
  out.Part(8, paths);
  Message definitions;
  for (const auto& [name, schema] : document.at("definitions").items()) {
    definitions.Part(1, Named(name, SchemaMessage(schema)));
  }
  out.Part(9, definitions);
  return out.Take();
}

}  // namespace tresor::objects
