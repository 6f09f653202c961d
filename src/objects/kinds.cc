// SPDX-License-Identifier: Apache-2.0
#include "objects/kinds.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/base64.h"
#include "base/check.h"
#include "objects/built_in.h"
#include "objects/crds.h"
#include "objects/fields.h"
#include "objects/json_path.h"
#include "objects/rules.h"
#include "objects/yaml.h"

namespace tresor::objects {

template <>
struct FieldsOf<PrinterColumn> {
  static void Visit(auto& visit, auto& value) {
    visit("name", value.name);
    visit("type", value.type);
    visit("format", value.format);
    visit("description", value.description);
    visit("jsonPath", value.json_path);
    visit("priority", value.priority);
  }
};

namespace {

constexpr std::array<std::string_view, 5> kOurs{"backupdestinations", "etcdbackupconfigs",
                                                "etcdbackups", "etcdclusters", "etcdrestores"};

// metadata alone, below a name that is not "metadata": there Prune does not look at it.
const Schema& MetadataSchema() {
  static const Schema schema = [] {
    Result<Schema> compiled =
        Schema::Compile({{"type", "object"}, {"properties", {{"m", ObjectMetaSchema()}}}});
    TRESOR_CHECK(compiled.ok());
    return *std::move(compiled);
  }();
  return schema;
}

void ConformMetadata(Json& object, std::vector<std::string>& warnings,
                     std::vector<FieldError>& errors) {
  Json wrapped = {{"m", std::move(object["metadata"])}};
  for (const std::string& path : MetadataSchema().Prune(wrapped)) {
    warnings.push_back(fmt::format("unknown field \"metadata{}\"", path.substr(1)));
  }
  for (FieldError& error : MetadataSchema().Validate(wrapped)) {
    const std::string at = error.field.substr(1);
    // The message names the place once more: "m.labels.a in body …".
    if (const auto place = error.message.find(error.field + " in body");
        place != std::string::npos) {
      error.message.replace(place, 1, "metadata");
    }
    error.field = "metadata" + at;
    errors.push_back(std::move(error));
  }
  object["metadata"] = std::move(wrapped["m"]);
}

// Kubernetes: stringData is written, never read; it wins over data.
void MoveStringData(Json& secret) {
  const auto texts = secret.find("stringData");
  if (texts == secret.end() || !texts->is_object()) {
    return;
  }
  Json& data = secret["data"];
  if (data.is_null()) {
    data = Json::object();
  }
  for (const auto& [name, text] : secret["stringData"].items()) {
    if (!text.is_string() || !data.is_object()) {
      return;  // the schema will say so
    }
    data[name] = ToBase64(AsBytes(text.get_ref<const std::string&>()));
  }
  secret.erase("stringData");
}

bool IsUnchanged(const Object& now, const Object& before) {
  Json a = now.json;
  Json b = before.json;
  for (const char* field : {"metadata", "status", "apiVersion", "kind"}) {
    a.erase(field);
    b.erase(field);
  }
  return a == b;
}

Json CellOf(const PrinterColumn& column, const Object& object, WallTime now) {
  if (column.make) {
    return column.make(object);
  }
  const std::vector<const Json*> values =
      column.path == nullptr ? std::vector<const Json*>() : column.path->Evaluate(object.json);
  if (values.empty() || values[0]->is_null()) {
    return nullptr;
  }
  if (column.type == "string") {
    std::string text;
    for (const Json* value : values) {
      text += (text.empty() ? "" : " ") +
              (value->is_string() ? value->get<std::string>() : value->dump());
    }
    return text;
  }
  if (column.type == "date") {
    const Result<WallTime> time = ParseTime(
        values[0]->is_string() ? values[0]->get_ref<const std::string&>() : std::string());
    return time.ok() ? HumanDuration(now - *time) : "<invalid>";
  }
  const bool fits = column.type == "boolean" ? values[0]->is_boolean() : values[0]->is_number();
  return fits ? *values[0] : Json();
}

}  // namespace

std::string Kind::api_version() const {
  return resource.group.empty() ? version : fmt::format("{}/{}", resource.group, version);
}

KindRegistry::KindRegistry(std::vector<Kind> kinds) : kinds_(std::move(kinds)) {
  std::ranges::sort(kinds_, {}, &Kind::resource);
  for (Kind& kind : kinds_) {
    for (PrinterColumn& column : kind.columns) {
      if (column.make) {
        continue;
      }
      Result<JsonPath> path = JsonPath::Parse(column.json_path);
      TRESOR_CHECK(path.ok());
      column.path = std::make_shared<const JsonPath>(*std::move(path));
    }
  }
}

const KindRegistry& KindRegistry::BuiltIn() {
  static const KindRegistry registry = [] {
    std::vector<Kind> kinds = BuiltInKinds();
    for (const std::string_view plural : kOurs) {
      const Result<Json> crd = ParseYaml(CrdYaml(plural));
      TRESOR_CHECK(crd.ok());
      Result<Kind> kind = KindFromCrd(*crd);
      TRESOR_CHECK(kind.ok());
      kinds.push_back(*std::move(kind));
    }
    return KindRegistry(std::move(kinds));
  }();
  return registry;
}

const Kind* KindRegistry::Find(const ResourceName& resource) const {
  const auto found = std::ranges::find(kinds_, resource, &Kind::resource);
  return found == kinds_.end() ? nullptr : &*found;
}

const Kind* KindRegistry::Find(std::string_view api_version, std::string_view kind) const {
  const auto found = std::ranges::find_if(kinds_, [&](const Kind& candidate) {
    return candidate.kind == kind && candidate.api_version() == api_version;
  });
  return found == kinds_.end() ? nullptr : &*found;
}

Result<Kind> KindFromCrd(const Json& crd) {
  const Object object{crd};
  const Json* versions = object.Find("spec.versions");
  if (object.kind() != "CustomResourceDefinition" || versions == nullptr || !versions->is_array() ||
      versions->size() != 1) {
    return Error(Code::kInvalidArgument, "not a CustomResourceDefinition with one version");
  }
  const Object version{(*versions)[0]};
  Kind kind{
      .resource = {object.Text("spec.group"), object.Text("spec.names.plural")},
      .version = version.Text("name"),
      .kind = object.Text("spec.names.kind"),
      .list_kind = object.Text("spec.names.listKind"),
      .singular = object.Text("spec.names.singular"),
      .short_names = {},
      .categories = {},
      .verbs = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"},
      .namespaced = object.Text("spec.scope") == "Namespaced",
      .has_status = version.Find("subresources.status") != nullptr,
      .counts_generation = true,
      .columns = {},
      .schema = {},
      .description = version.Text("schema.openAPIV3Schema.description")};
  FieldReader names(crd);
  names("spec.names.shortNames", kind.short_names);
  names("spec.names.categories", kind.categories);
  FieldReader(version.json)("additionalPrinterColumns", kind.columns);
  const Json* schema = version.Find("schema.openAPIV3Schema");
  if (kind.kind.empty() || kind.resource.plural.empty() || schema == nullptr) {
    return Error(Code::kInvalidArgument, "CustomResourceDefinition {}: has no names or no schema",
                 object.name());
  }
  for (const PrinterColumn& column : kind.columns) {
    RETURN_IF_ERROR(JsonPath::Parse(column.json_path).status());
  }
  ASSIGN_OR_RETURN(kind.schema, Schema::Compile(*schema));
  return kind;
}

Json TableColumns(const Kind& kind) {
  Json columns = Json::array();
  if (kind.name_comes_first) {
    columns.push_back(
        {{"name", "Name"},
         {"type", "string"},
         {"format", "name"},
         {"description", "Name must be unique within a namespace. Cannot be changed."},
         {"priority", 0}});
  }
  for (const PrinterColumn& column : kind.columns) {
    columns.push_back({{"name", column.name},
                       {"type", column.type},
                       {"format", column.format},
                       {"description", column.description},
                       {"priority", column.priority}});
  }
  return columns;
}

Json TableCells(const Kind& kind, const Object& object, WallTime now) {
  Json cells = Json::array();
  if (kind.name_comes_first) {
    cells.push_back(object.name());
  }
  for (const PrinterColumn& column : kind.columns) {
    cells.push_back(CellOf(column, object, now));
  }
  return cells;
}

// kubernetes/apimachinery pkg/util/duration/duration.go
std::string HumanDuration(std::chrono::nanoseconds duration) {
  const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = minutes / 60;
  const std::int64_t days = hours / 24;
  const auto two = [](std::int64_t whole, std::string_view unit, std::int64_t part,
                      std::string_view part_unit) {
    return part == 0 ? fmt::format("{}{}", whole, unit)
                     : fmt::format("{}{}{}{}", whole, unit, part, part_unit);
  };
  if (seconds < -1) {
    return "<invalid>";
  }
  if (seconds < 0) {
    return "0s";
  }
  if (seconds < 120) {
    return fmt::format("{}s", seconds);
  }
  if (minutes < 10) {
    return two(minutes, "m", seconds % 60, "s");
  }
  if (minutes < 180) {
    return fmt::format("{}m", minutes);
  }
  if (hours < 8) {
    return two(hours, "h", minutes % 60, "m");
  }
  if (hours < 48) {
    return fmt::format("{}h", hours);
  }
  if (hours < 192) {
    return two(days, "d", hours % 24, "h");
  }
  if (days < 730) {
    return fmt::format("{}d", days);
  }
  return days < 8 * 365 ? two(days / 365, "y", days % 365, "d") : fmt::format("{}y", days / 365);
}

std::vector<FieldError> Conform(const Kind& kind, Object& object, const Object* before,
                                std::vector<std::string>& warnings) {
  if (!object.json.is_object()) {
    return {{.reason = "FieldValueTypeInvalid", .field = "<nil>", .message = "must be an object"}};
  }
  std::vector<FieldError> errors;
  ConformMetadata(object.json, warnings, errors);
  for (const std::string& path : kind.schema.Prune(object.json)) {
    warnings.push_back(fmt::format("unknown field \"{}\"", path));
  }
  if (kind.resource == ResourceName{"", "secrets"}) {
    MoveStringData(object.json);
  }
  kind.schema.Default(object.json);
  if (errors.empty()) {
    errors = CheckMetadata(kind, object, before);
  }
  const std::vector<FieldError> of_schema = kind.schema.Validate(object.json);
  errors.insert(errors.end(), of_schema.begin(), of_schema.end());
  if (of_schema.empty() && (before == nullptr || !IsUnchanged(object, *before))) {
    const std::vector<FieldError> of_rules = CheckObject(kind, object, before);
    errors.insert(errors.end(), of_rules.begin(), of_rules.end());
  }
  return errors;
}

}  // namespace tresor::objects
