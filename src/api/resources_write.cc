// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "api/errors.h"
#include "api/patch.h"
#include "api/protobuf_body.h"
#include "api/representation.h"
#include "api/resources.h"
#include "objects/yaml.h"

namespace tresor::api {
namespace {

using objects::Json;
using objects::Object;

// How often a patch is applied anew because somebody else wrote in between. kubernetes/apiserver
// pkg/endpoints/handlers/patch.go has five.
constexpr int kPatchAttempts = 5;
// Objects of a deletecollection that are looked at at once.
constexpr std::uint64_t kDeletePage = 500;

Result<bool> DryRun(const std::vector<std::string_view>& values) {
  for (const std::string_view value : values) {
    if (value != "All") {
      return objects::WithDetails(
          Error(Code::kInvalidArgument,
                "dryRun: Unsupported value: \"{}\": supported values: \"All\"", value),
          {.reason = "Invalid",
           .causes = {{.reason = "FieldValueNotSupported",
                       .field = "dryRun",
                       .message = fmt::format(
                           "Unsupported value: \"{}\": supported values: \"All\"", value)}}});
    }
  }
  return !values.empty();
}

store::Requester RequesterOf(const ResourceCall& call) {
  return {.user = call.user.name, .groups = call.user.groups};
}

Result<store::WriteOptions> WriteOptionsOf(const ResourceCall& call) {
  const net::Query& query = call.request.target.query;
  store::WriteOptions options{.requester = RequesterOf(call)};
  ASSIGN_OR_RETURN(options.dry_run, DryRun(query.FindAll("dryRun")));
  options.field_manager = query.Find("fieldManager").value_or("");
  if (options.field_manager.empty()) {
    // As Kubernetes: the user agent's first part.
    const std::string_view agent = call.request.headers.Find("User-Agent").value_or("unknown");
    options.field_manager = agent.substr(0, agent.find('/'));
  }
  return options;
}

// --- unknown fields: Strict refuses, Warn (the default) warns, Ignore is silent.

enum class FieldValidation { kIgnore, kWarn, kStrict };

Result<FieldValidation> FieldValidationOf(const net::Request& request) {
  const std::string_view text = request.target.query.Find("fieldValidation").value_or("");
  if (text.empty() || text == "Warn") {
    return FieldValidation::kWarn;
  }
  if (text == "Strict") {
    return FieldValidation::kStrict;
  }
  if (text == "Ignore") {
    return FieldValidation::kIgnore;
  }
  return BadRequest(fmt::format(
      "fieldValidation: Unsupported value: \"{}\": supported values: \"Ignore\", \"Strict\", "
      "\"Warn\"",
      text));
}

Status CheckStrictly(const objects::Kind& kind, const Json& json) {
  Json pruned = json;
  const std::vector<std::string> unknown = kind.schema.Prune(pruned);
  if (unknown.empty()) {
    return OkStatus();
  }
  std::string text;
  for (const std::string& path : unknown) {
    text += fmt::format("{}unknown field \"{}\"", text.empty() ? "" : ", ", path);
  }
  return BadRequest(
      fmt::format("{} in version \"{}\" cannot be handled as a {}: strict decoding error: {}",
                  kind.kind, kind.version, kind.kind, text));
}

// RFC 9110's obsolete Warning header, as Kubernetes uses it: 299 - "text".
void AddWarnings(net::Response& response, const std::vector<std::string>& warnings) {
  constexpr std::size_t kMaxWarnings = 20;
  for (std::size_t i = 0; i < std::min(warnings.size(), kMaxWarnings); ++i) {
    std::string quoted;
    for (const char c : warnings[i]) {
      if (c == '"' || c == '\\') {
        quoted.push_back('\\');
      }
      quoted.push_back(c >= ' ' && c != '\x7f' ? c : ' ');
    }
    response.headers.Add("Warning", "299 - \"" + quoted + "\"");
  }
}

// --- the object in the body

// Sets what the URL says and the body leaves out; refuses a body that says something else.
Status AgreeWithUrl(const ResourceCall& call, Object& object) {
  if (object.kind().empty()) {
    return BadRequest("Object 'Kind' is missing");
  }
  if (object.api_version().empty()) {
    return BadRequest("Object 'apiVersion' is missing");
  }
  if (object.kind() != call.kind.kind || object.api_version() != call.kind.api_version()) {
    return BadRequest(fmt::format(
        "the API version in the data ({} {}) does not match the expected API version ({} {})",
        object.api_version(), object.kind(), call.kind.api_version(), call.kind.kind));
  }
  Json& metadata = object.json["metadata"];
  if (metadata.is_null()) {
    metadata = Json::object();
  }
  if (!metadata.is_object()) {
    return BadRequest("metadata is not an object");
  }
  if (call.kind.namespaced) {
    if (object.name_space().empty()) {
      metadata["namespace"] = call.info.name_space;
    } else if (object.name_space() != call.info.name_space) {
      return BadRequest(
          "the namespace of the provided object does not match the namespace sent on the request");
    }
  }
  if (call.info.name.empty()) {
    return OkStatus();
  }
  if (object.name().empty()) {
    metadata["name"] = call.info.name;
  } else if (object.name() != call.info.name) {
    return BadRequest(
        fmt::format("the name of the object ({}) does not match the name on the URL ({})",
                    object.name(), call.info.name));
  }
  return OkStatus();
}

Result<Object> ObjectInBody(const ResourceCall& call) {
  ASSIGN_OR_RETURN(Json json, DecodeBody(call.request));
  if (!json.is_object()) {
    return BadRequest("the body is not an object");
  }
  Object object{std::move(json)};
  RETURN_IF_ERROR(AgreeWithUrl(call, object));
  return object;
}

Result<net::Response> Answer(const ResourceCall& call, int status, const Object& object,
                             FieldValidation validation, const std::vector<std::string>& warnings) {
  ASSIGN_OR_RETURN(const Representation form, ChooseRepresentation(call.request));
  net::Response response = Presenter(call.kind, form, call.clock.Now()).One(status, object);
  if (validation != FieldValidation::kIgnore) {
    AddWarnings(response, warnings);
  }
  return response;
}

Result<Object> Write(const ResourceCall& call, const Object& object,
                     const store::WriteOptions& options, std::vector<std::string>& warnings) {
  return call.info.subresource == "status"
             ? call.store.UpdateStatus(call.context, call.kind.resource, object, options)
             : call.store.Update(call.context, call.kind.resource, object, options, &warnings);
}

// --- delete

Result<store::DeleteOptions> DeleteOptionsOf(const ResourceCall& call) {
  store::DeleteOptions options{.requester = RequesterOf(call)};
  const net::Query& query = call.request.target.query;
  ASSIGN_OR_RETURN(options.dry_run, DryRun(query.FindAll("dryRun")));
  std::string propagation(query.Find("propagationPolicy").value_or(""));
  bool orphan = IsTrue(query.Find("orphanDependents").value_or(""));
  if (!call.request.body.empty()) {
    ASSIGN_OR_RETURN(const Json json, DecodeBody(call.request));
    const Object body{json.is_null() ? Json::object() : json};
    if (!body.json.is_object() || (!body.kind().empty() && body.kind() != "DeleteOptions")) {
      return BadRequest("the body is not a DeleteOptions");
    }
    if (const Json* values = body.Find("dryRun"); values != nullptr && values->is_array()) {
      std::vector<std::string_view> texts;
      for (const Json& value : *values) {
        texts.emplace_back(value.is_string() ? value.get_ref<const std::string&>()
                                             : std::string_view());
      }
      ASSIGN_OR_RETURN(const bool dry_run, DryRun(texts));
      options.dry_run = options.dry_run || dry_run;
    }
    if (const std::string text = body.Text("propagationPolicy"); !text.empty()) {
      propagation = text;
    }
    if (const Json* value = body.Find("orphanDependents");
        value != nullptr && value->is_boolean()) {
      orphan = value->get<bool>();
    }
    options.uid = body.Text("preconditions.uid");
    if (const std::string version = body.Text("preconditions.resourceVersion"); !version.empty()) {
      Object precondition;
      precondition.json["metadata"]["resourceVersion"] = version;
      options.resource_version = precondition.resource_version();
      if (options.resource_version == 0) {
        return BadRequest("preconditions.resourceVersion is not a resource version");
      }
    }
  }
  using Propagation = store::DeleteOptions::Propagation;
  if (propagation == "Foreground") {
    options.propagation = Propagation::kForeground;
  } else if (propagation == "Orphan" || orphan) {
    options.propagation = Propagation::kOrphan;
  } else if (!propagation.empty() && propagation != "Background") {
    return BadRequest(
        fmt::format("propagationPolicy: Unsupported value: \"{}\": supported values: "
                    "\"Background\", \"Foreground\", \"Orphan\"",
                    propagation));
  }
  return options;
}

// What was deleted is gone: its epitaph. What waits for finalizers is still an object.
bool IsGone(const Object& object) {
  return !object.deletion_time() || (object.finalizers().empty() && object.kind() != "Namespace");
}

}  // namespace

Result<Json> DecodeBody(const net::Request& request) {
  const std::string_view header = request.headers.Find("Content-Type").value_or("application/json");
  const auto media = net::ParseMediaType(header);
  const std::string type = media.ok() ? media->type : std::string();
  if (type == "application/json") {
    auto json = objects::ParseJson(request.body);
    return json.ok() ? std::move(json) : BadRequest(Message(json.status()));
  }
  if (type == "application/yaml" || type == "application/x-yaml" || type == "text/yaml") {
    auto json = objects::ParseYaml(request.body);
    return json.ok() ? std::move(json) : BadRequest(Message(json.status()));
  }
  if (type == kProtobufMediaType) {
    auto json = DecodeProtobufBody(request.body);
    return json.ok() ? std::move(json) : UnsupportedMediaType(Message(json.status()));
  }
  return UnsupportedMediaType(fmt::format(
      "the body of the request was in an unknown format ({}) - accepted media types include: "
      "application/json, application/yaml",
      header));
}

Result<net::Response> CreateObject(const ResourceCall& call) {
  if (!call.info.name.empty()) {
    return MethodNotAllowed();
  }
  if (call.kind.namespaced && call.info.name_space.empty()) {
    return BadRequest("an object of this kind is created in a namespace");
  }
  ASSIGN_OR_RETURN(const FieldValidation validation, FieldValidationOf(call.request));
  ASSIGN_OR_RETURN(const store::WriteOptions options, WriteOptionsOf(call));
  ASSIGN_OR_RETURN(const Object object, ObjectInBody(call));
  if (validation == FieldValidation::kStrict) {
    RETURN_IF_ERROR(CheckStrictly(call.kind, object.json));
  }
  std::vector<std::string> warnings;
  ASSIGN_OR_RETURN(const Object stored,
                   call.store.Create(call.context, call.kind.resource, object, options, &warnings));
  return Answer(call, 201, stored, validation, warnings);
}

Result<net::Response> UpdateObject(const ResourceCall& call) {
  ASSIGN_OR_RETURN(const FieldValidation validation, FieldValidationOf(call.request));
  ASSIGN_OR_RETURN(const store::WriteOptions options, WriteOptionsOf(call));
  ASSIGN_OR_RETURN(const Object object, ObjectInBody(call));
  if (validation == FieldValidation::kStrict) {
    RETURN_IF_ERROR(CheckStrictly(call.kind, object.json));
  }
  std::vector<std::string> warnings;
  ASSIGN_OR_RETURN(const Object stored, Write(call, object, options, warnings));
  return Answer(call, 200, stored, validation, warnings);
}

Result<net::Response> PatchObject(const ResourceCall& call) {
  ASSIGN_OR_RETURN(const PatchType type,
                   PatchTypeOf(call.request.headers.Find("Content-Type").value_or("")));
  ASSIGN_OR_RETURN(const FieldValidation validation, FieldValidationOf(call.request));
  ASSIGN_OR_RETURN(const store::WriteOptions options, WriteOptionsOf(call));
  auto patch = objects::ParseJson(call.request.body);
  if (!patch.ok()) {
    return BadRequest(Message(patch.status()));
  }
  for (int attempt = 1;; ++attempt) {
    ASSIGN_OR_RETURN(const Object present, call.store.Get(call.context, call.key()));
    ASSIGN_OR_RETURN(Json patched, ApplyPatch(type, present.json, *patch));
    if (!patched.is_object()) {
      return BadRequest("the patched value is not an object");
    }
    Object object{std::move(patched)};
    RETURN_IF_ERROR(AgreeWithUrl(call, object));
    if (validation == FieldValidation::kStrict) {
      RETURN_IF_ERROR(CheckStrictly(call.kind, object.json));
    }
    std::vector<std::string> warnings;
    auto stored = Write(call, object, options, warnings);
    // A version that the patch itself asked for is the client's to correct.
    const bool raced = stored.status().code() == Code::kAborted &&
                       object.resource_version() == present.resource_version();
    if (raced && attempt < kPatchAttempts) {
      continue;
    }
    RETURN_IF_ERROR(stored.status());
    return Answer(call, 200, *stored, validation, warnings);
  }
}

Result<net::Response> DeleteObject(const ResourceCall& call) {
  ASSIGN_OR_RETURN(const store::DeleteOptions options, DeleteOptionsOf(call));
  ASSIGN_OR_RETURN(const Object object, call.store.Delete(call.context, call.key(), options));
  ASSIGN_OR_RETURN(const Representation form, ChooseRepresentation(call.request));
  if (!IsGone(object)) {
    return Presenter(call.kind, form, call.clock.Now()).One(200, object);
  }
  return Encode(200,
                {{"kind", "Status"},
                 {"apiVersion", "v1"},
                 {"metadata", Json::object()},
                 {"status", "Success"},
                 {"details",
                  {{"name", object.name()},
                   {"group", call.kind.resource.group},
                   {"kind", call.kind.resource.plural},
                   {"uid", object.uid()}}}},
                form);
}

Result<net::Response> DeleteCollection(const ResourceCall& call) {
  ASSIGN_OR_RETURN(store::DeleteOptions options, DeleteOptionsOf(call));
  ASSIGN_OR_RETURN(const Representation form, ChooseRepresentation(call.request));
  ASSIGN_OR_RETURN(Selectors selectors, SelectorsOf(call.request));
  store::ListOptions list_options{.name_space = call.info.name_space,
                                  .labels = std::move(selectors.labels),
                                  .fields = std::move(selectors.fields),
                                  .limit = kDeletePage};
  store::ObjectList deleted;
  std::uint64_t version = 0;
  do {
    ASSIGN_OR_RETURN(const store::ListResult page,
                     call.store.List(call.context, call.kind.resource, list_options));
    version = page.resource_version;
    for (const Object& object : page.items) {
      RETURN_IF_ERROR(call.context.Check());
      // The one that was listed, and not another of its name that came since.
      options.uid = object.uid();
      auto result = call.store.Delete(call.context,
                                      {.resource = call.kind.resource,
                                       .name_space = object.name_space(),
                                       .name = object.name()},
                                      options);
      if (result.ok()) {
        deleted.push_back(*std::move(result));
      } else if (result.status().code() != Code::kNotFound &&
                 result.status().code() != Code::kAborted) {
        return result.status();
      }
    }
    list_options.continue_token = page.continue_token;
  } while (!list_options.continue_token.empty());
  return Presenter(call.kind, form, call.clock.Now()).List(deleted, {.resource_version = version});
}

Result<net::Response> CallResource(const ResourceCall& call) {
  const RequestInfo& info = call.info;
  const auto& verbs = call.kind.verbs;
  const bool has_verb = std::find(verbs.begin(), verbs.end(), info.verb) != verbs.end();
  if (!info.subresource.empty()) {
    if (info.subresource != "status" || !call.kind.has_status) {
      return PathNotFound();
    }
    if (info.verb != "get" && info.verb != "update" && info.verb != "patch") {
      return MethodNotAllowed();
    }
  } else if (!has_verb) {
    return MethodNotAllowed();
  }
  if (info.verb == "get") return GetObject(call);
  if (info.verb == "list") return ListObjects(call);
  if (info.verb == "watch") return WatchObjects(call);
  if (info.verb == "create") return CreateObject(call);
  if (info.verb == "update") return info.name.empty() ? MethodNotAllowed() : UpdateObject(call);
  if (info.verb == "patch") return info.name.empty() ? MethodNotAllowed() : PatchObject(call);
  if (info.verb == "delete") return DeleteObject(call);
  if (info.verb == "deletecollection") return DeleteCollection(call);
  return MethodNotAllowed();
}

}  // namespace tresor::api
