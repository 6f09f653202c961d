// SPDX-License-Identifier: Apache-2.0
#include "objects/openapi.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "objects/built_in.h"
#include "objects/yaml.h"

namespace tresor::objects {
namespace {

constexpr std::string_view kMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

// What is not an object but comes and goes with them. metav1, in short.
constexpr std::string_view kMetaTypes = R"(
ListMeta:
  description: Metadata of a list.
  type: object
  properties:
    continue: {type: string, description: "Token of the next page; empty, there is none."}
    remainingItemCount: {type: integer, format: int64, description: "How many more there are, when that is known."}
    resourceVersion: {type: string, description: "Version of the state that was listed; watch from it."}
    selfLink: {type: string, description: "Not used any more."}
StatusCause:
  description: One complaint about one field.
  type: object
  properties:
    field: {type: string, description: "The field."}
    message: {type: string, description: "What is wrong with it, for people."}
    reason: {type: string, description: "What is wrong with it, for programs."}
StatusDetails:
  description: What a Status is about.
  type: object
  properties:
    causes: {type: array, items: {$ref: StatusCause}, description: "Each thing that is wrong."}
    group: {type: string, description: "Group of the object."}
    kind: {type: string, description: "Kind of the object."}
    name: {type: string, description: "Name of the object."}
    retryAfterSeconds: {type: integer, format: int32, description: "When to try again."}
    uid: {type: string, description: "uid of the object."}
Status:
  description: The answer to a call that returns no object.
  type: object
  properties:
    apiVersion: {type: string, description: "v1"}
    kind: {type: string, description: "Status"}
    metadata: {$ref: ListMeta}
    code: {type: integer, format: int32, description: "The HTTP status code."}
    details: {$ref: StatusDetails}
    message: {type: string, description: "What happened, for people."}
    reason: {type: string, description: "Why, for programs."}
    status: {type: string, description: "Success or Failure."}
Preconditions:
  description: What must hold so that something is done.
  type: object
  properties:
    resourceVersion: {type: string, description: "The version that the object must have."}
    uid: {type: string, description: "The uid that the object must have."}
DeleteOptions:
  description: How to delete.
  type: object
  properties:
    apiVersion: {type: string, description: "v1"}
    kind: {type: string, description: "DeleteOptions"}
    dryRun: {type: array, items: {type: string}, description: "All, do everything but the deletion."}
    gracePeriodSeconds: {type: integer, format: int64, description: "Not looked at."}
    orphanDependents: {type: boolean, description: "Not used any more; see propagationPolicy."}
    preconditions: {$ref: Preconditions}
    propagationPolicy: {type: string, description: "Background, Foreground or Orphan."}
Patch:
  description: A change of an object, in one of the content types for patches.
  type: object
)";

enum class Dialect { kV2, kV3 };

std::string RefTo(Dialect dialect, std::string_view name) {
  return fmt::format("{}{}", dialect == Dialect::kV2 ? "#/definitions/" : "#/components/schemas/",
                     name);
}

// An object's schema has its reference beside a description; that is well-formed only as an allOf,
// which Swagger 2.0's readers do not follow.
Json Reference(Dialect dialect, std::string_view name, std::string_view description) {
  if (dialect == Dialect::kV2) {
    return {{"$ref", RefTo(dialect, name)}, {"description", description}};
  }
  return {{"allOf", Json::array({{{"$ref", RefTo(dialect, name)}}})},
          {"default", Json::object()},
          {"description", description}};
}

// "tresor.dev" is "dev.tresor"; Kubernetes' own group has a name of its own.
std::string DefinitionName(const Kind& kind, bool list) {
  std::string prefix = "io.k8s.api.core";
  if (!kind.resource.group.empty()) {
    prefix.clear();
    std::string_view rest = kind.resource.group;
    while (!rest.empty()) {
      const auto dot = rest.rfind('.');
      const auto start = dot == std::string_view::npos ? 0 : dot + 1;
      prefix += (prefix.empty() ? "" : ".") + std::string(rest.substr(start));
      rest = rest.substr(0, start == 0 ? 0 : dot);
    }
  }
  return fmt::format("{}.{}.{}", prefix, kind.version, list ? kind.list_kind : kind.kind);
}

Json GroupVersionKind(const Kind& kind, std::string_view name) {
  return {{"group", kind.resource.group}, {"version", kind.version}, {"kind", name}};
}

// Swagger 2.0 has no null: a field that may be one has no type there.
void ToDialect(Dialect dialect, Json& schema) {
  if (dialect == Dialect::kV2 && schema.is_object()) {
    const bool nullable = schema.contains("nullable") && schema["nullable"] == true;
    schema.erase("nullable");
    if (nullable) {
      for (const char* keyword :
           {"type", "format", "items", "properties", "additionalProperties", "required",
            "x-kubernetes-list-type", "x-kubernetes-list-map-keys"}) {
        schema.erase(keyword);
      }
    }
  }
  if (!schema.is_object()) {
    return;
  }
  for (const char* keyword : {"items", "additionalProperties"}) {
    if (schema.contains(keyword)) {
      ToDialect(dialect, schema[keyword]);
    }
  }
  if (schema.contains("properties")) {
    for (auto& property : schema["properties"]) {
      ToDialect(dialect, property);
    }
  }
}

// `$ref: ListMeta` becomes a whole reference.
void ResolveMeta(Dialect dialect, Json& json) {
  if (json.is_object() && json.contains("$ref")) {
    json["$ref"] = RefTo(dialect, fmt::format("{}{}", kMeta, json["$ref"].get<std::string>()));
  }
  for (Json& child : json) {
    if (child.is_structured()) {
      ResolveMeta(dialect, child);
    }
  }
}

Json MetaDefinitions(Dialect dialect, const std::vector<const Kind*>& kinds) {
  Result<Json> types = ParseYaml(kMetaTypes);
  TRESOR_CHECK(types.ok());
  ResolveMeta(dialect, *types);
  (*types)["ObjectMeta"] = ObjectMetaSchema();
  ToDialect(dialect, (*types)["ObjectMeta"]);
  (*types)["Status"]["x-kubernetes-group-version-kind"] =
      Json::array({{{"group", ""}, {"version", "v1"}, {"kind", "Status"}}});
  Json& of_delete = (*types)["DeleteOptions"]["x-kubernetes-group-version-kind"];
  of_delete = Json::array({{{"group", ""}, {"version", "v1"}, {"kind", "DeleteOptions"}}});
  for (const Kind* kind : kinds) {
    Json named = GroupVersionKind(*kind, "DeleteOptions");
    if (std::ranges::find(of_delete, named) == of_delete.end()) {
      of_delete.push_back(std::move(named));
    }
  }
  Json definitions = Json::object();
  for (auto& [name, definition] : types->items()) {
    definitions[fmt::format("{}{}", kMeta, name)] = std::move(definition);
  }
  return definitions;
}

Json Definition(Dialect dialect, const Kind& kind) {
  Json schema = kind.schema.json();
  ToDialect(dialect, schema);
  schema["properties"]["metadata"] =
      Reference(dialect, fmt::format("{}ObjectMeta", kMeta), "Standard metadata of every object.");
  schema["x-kubernetes-group-version-kind"] = Json::array({GroupVersionKind(kind, kind.kind)});
  return schema;
}

Json ListDefinition(Dialect dialect, const Kind& kind) {
  Json item = {{"$ref", RefTo(dialect, DefinitionName(kind, false))}};
  if (dialect == Dialect::kV3) {
    item = {{"allOf", Json::array({std::move(item)})}, {"default", Json::object()}};
  }
  return {
      {"description", fmt::format("{} is a list of {}", kind.list_kind, kind.kind)},
      {"type", "object"},
      {"required", Json::array({"items"})},
      {"properties",
       {{"apiVersion",
         {{"type", "string"},
          {"description", "Group and version of this representation of the list."}}},
        {"kind", {{"type", "string"}, {"description", "The kind of the list."}}},
        {"metadata", Reference(dialect, fmt::format("{}ListMeta", kMeta), "Metadata of the list.")},
        {"items",
         {{"type", "array"},
          {"description", fmt::format("List of {}.", kind.resource.plural)},
          {"items", std::move(item)}}}}},
      {"x-kubernetes-group-version-kind", Json::array({GroupVersionKind(kind, kind.list_kind)})}};
}

Json Definitions(Dialect dialect, const std::vector<const Kind*>& kinds) {
  Json definitions = MetaDefinitions(dialect, kinds);
  for (const Kind* kind : kinds) {
    definitions[DefinitionName(*kind, false)] = Definition(dialect, *kind);
    definitions[DefinitionName(*kind, true)] = ListDefinition(dialect, *kind);
  }
  return definitions;
}

// ---- Paths ----

struct QueryParameter {
  std::string_view name;
  std::string_view type;
  std::string_view description;
  std::string_view actions;  // those that take it
};
constexpr std::array<QueryParameter, 13> kQuery{{
    {"dryRun", "string", "All: do everything but the write.",
     "post put patch delete deletecollection"},
    {"fieldManager", "string", "Name of the one who writes.", "post put patch"},
    {"fieldValidation", "string", "What to do about unknown fields: Ignore, Warn or Strict.",
     "post put patch"},
    {"force", "boolean", "Take over fields of others. Only for apply patches.", "patch"},
    {"gracePeriodSeconds", "integer", "Not looked at.", "delete deletecollection"},
    {"propagationPolicy", "string", "Background, Foreground or Orphan.", "delete deletecollection"},
    {"labelSelector", "string", "Only objects whose labels match.", "list deletecollection"},
    {"fieldSelector", "string", "Only objects whose fields match.", "list deletecollection"},
    {"limit", "integer", "At most so many; the answer names the next page.",
     "list deletecollection"},
    {"continue", "string", "The next page, as the last answer named it.", "list deletecollection"},
    {"resourceVersion", "string", "Not older than this version.", "get list"},
    {"watch", "boolean", "Instead of a list, its changes as they come.", "list"},
    {"timeoutSeconds", "integer", "How long a watch lasts.", "list"},
}};

bool Takes(const QueryParameter& parameter, std::string_view action) {
  std::string_view rest = parameter.actions;
  while (!rest.empty()) {
    const auto space = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, space) == action) {
      return true;
    }
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return false;
}

Json Parameter(Dialect dialect, std::string_view name, std::string_view place,
               std::string_view type, std::string_view description) {
  Json parameter = {{"name", name}, {"in", place}, {"description", description}};
  if (place == "path") {
    parameter["required"] = true;
  }
  if (dialect == Dialect::kV2) {
    parameter["type"] = type;
  } else {
    parameter["schema"] = {{"type", type}};
  }
  return parameter;
}

const Json kPatchTypes = {"application/json-patch+json", "application/merge-patch+json",
                          "application/strategic-merge-patch+json"};
const Json kBodyTypes = {"application/json", "application/yaml"};

// One place in the API, and who lives there.
struct Endpoint {
  Dialect dialect;
  const Kind& kind;
  std::string suffix;  // of operationId: "Namespaced", "Status"

  [[nodiscard]] Json Operation(std::string_view verb, std::string_view action) const {
    const bool is_list = action == "list";
    const bool is_delete = action == "delete" || action == "deletecollection";
    const std::string answer =
        is_delete ? fmt::format("{}Status", kMeta) : DefinitionName(kind, is_list);
    Json operation = {
        {"description", fmt::format("{} {}", verb, kind.kind)},
        {"operationId", fmt::format("{}{}{}{}{}", verb, Group(), kind.version, suffix, kind.kind)},
        {"tags", Json::array({Group() + "_" + kind.version})},
        {"x-kubernetes-action", action},
        {"x-kubernetes-group-version-kind", GroupVersionKind(kind, kind.kind)},
        {"parameters", Json::array()}};
    for (const QueryParameter& parameter : kQuery) {
      if (Takes(parameter, action)) {
        operation["parameters"].push_back(
            Parameter(dialect, parameter.name, "query", parameter.type, parameter.description));
      }
    }
    const std::string body = action == "patch" ? fmt::format("{}Patch", kMeta)
                             : is_delete       ? fmt::format("{}DeleteOptions", kMeta)
                                               : DefinitionName(kind, false);
    if (action != "get" && !is_list) {
      AddBody(operation, body, action == "patch" ? kPatchTypes : kBodyTypes, !is_delete);
    }
    AddAnswers(operation, answer, action == "post" ? "201" : "200");
    return operation;
  }

 private:
  // "Core", "TresorDev"
  [[nodiscard]] std::string Group() const {
    if (kind.resource.group.empty()) {
      return "Core";
    }
    std::string name;
    bool upper = true;
    for (const char c : kind.resource.group) {
      if (c == '.') {
        upper = true;
      } else {
        name += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        upper = false;
      }
    }
    return name;
  }
  void AddBody(Json& operation, const std::string& definition, const Json& types,
               bool required) const {
    const Json schema = {{"$ref", RefTo(dialect, definition)}};
    if (dialect == Dialect::kV2) {
      operation["parameters"].push_back(
          {{"name", "body"}, {"in", "body"}, {"required", required}, {"schema", schema}});
      operation["consumes"] = types;
      return;
    }
    Json content = Json::object();
    for (const Json& type : types) {
      content[type.get<std::string>()] = {{"schema", schema}};
    }
    operation["requestBody"] = {{"required", required}, {"content", std::move(content)}};
  }
  void AddAnswers(Json& operation, const std::string& definition, const std::string& code) const {
    const Json schema = {{"$ref", RefTo(dialect, definition)}};
    Json answer = {{"description", "OK"}};
    if (dialect == Dialect::kV2) {
      operation["produces"] = kBodyTypes;
      operation["schemes"] = {"https"};
      answer["schema"] = schema;
    } else {
      answer["content"] = {{"application/json", {{"schema", schema}}},
                           {"application/yaml", {{"schema", schema}}}};
    }
    operation["responses"] = {{code, std::move(answer)},
                              {"401", {{"description", "Unauthorized"}}}};
  }
};

std::string PathOf(const Kind& kind) {
  return kind.resource.group.empty() ? fmt::format("api/{}", kind.version)
                                     : fmt::format("apis/{}/{}", kind.resource.group, kind.version);
}

void AddPaths(Dialect dialect, const Kind& kind, Json& paths) {
  const std::string root = "/" + PathOf(kind);
  const std::string all = fmt::format("{}/{}", root, kind.resource.plural);
  const std::string in =
      kind.namespaced ? fmt::format("{}/namespaces/{{namespace}}/{}", root, kind.resource.plural)
                      : all;
  const Endpoint endpoint{dialect, kind, kind.namespaced ? "Namespaced" : ""};
  const Json name_space =
      Parameter(dialect, "namespace", "path", "string", "The namespace, which is the project.");
  Json of_collection = Json::array();
  if (kind.namespaced) {
    const Endpoint everywhere{dialect, kind, "ForAllNamespaces"};
    paths[all] = {{"get", everywhere.Operation("list", "list")}};
    of_collection.push_back(name_space);
  }
  paths[in] = {{"get", endpoint.Operation("list", "list")},
               {"post", endpoint.Operation("create", "post")},
               {"delete", endpoint.Operation("deleteCollection", "deletecollection")},
               {"parameters", of_collection}};
  Json of_object = of_collection;
  of_object.push_back(Parameter(dialect, "name", "path", "string", "Name of the object."));
  paths[in + "/{name}"] = {{"get", endpoint.Operation("read", "get")},
                           {"put", endpoint.Operation("replace", "put")},
                           {"patch", endpoint.Operation("patch", "patch")},
                           {"delete", endpoint.Operation("delete", "delete")},
                           {"parameters", of_object}};
  if (kind.has_status) {
    const Endpoint status{dialect, kind, endpoint.suffix + "Status"};
    paths[in + "/{name}/status"] = {{"get", status.Operation("read", "get")},
                                    {"put", status.Operation("replace", "put")},
                                    {"patch", status.Operation("patch", "patch")},
                                    {"parameters", of_object}};
  }
}

Json Document(Dialect dialect, const std::vector<const Kind*>& kinds,
              std::string_view server_version) {
  Json paths = Json::object();
  for (const Kind* kind : kinds) {
    AddPaths(dialect, *kind, paths);
  }
  Json document = {{"info", {{"title", "Tresor"}, {"version", server_version}}},
                   {"paths", std::move(paths)}};
  if (dialect == Dialect::kV2) {
    document["swagger"] = "2.0";
    document["definitions"] = Definitions(dialect, kinds);
  } else {
    document["openapi"] = "3.0.0";
    document["components"] = {{"schemas", Definitions(dialect, kinds)}};
  }
  return document;
}

}  // namespace

Json OpenApiV2(const KindRegistry& kinds, std::string_view server_version) {
  std::vector<const Kind*> all;
  for (const Kind& kind : kinds.all()) {
    all.push_back(&kind);
  }
  return Document(Dialect::kV2, all, server_version);
}

Json OpenApiV3Index(const KindRegistry& kinds, std::string_view server_version) {
  std::set<std::string> paths;
  for (const Kind& kind : kinds.all()) {
    paths.insert(PathOf(kind));
  }
  Json index = {{"paths", Json::object()}};
  for (const std::string& path : paths) {
    const std::string text = OpenApiV3(kinds, path, server_version).dump();
    index["paths"][path] = {{"serverRelativeURL", fmt::format("/openapi/v3/{}?hash={:08X}", path,
                                                              Crc32c(0, AsBytes(text)))}};
  }
  return index;
}

Json OpenApiV3(const KindRegistry& kinds, std::string_view path, std::string_view server_version) {
  std::vector<const Kind*> chosen;
  for (const Kind& kind : kinds.all()) {
    if (PathOf(kind) == path) {
      chosen.push_back(&kind);
    }
  }
  return chosen.empty() ? Json() : Document(Dialect::kV3, chosen, server_version);
}

}  // namespace tresor::objects
