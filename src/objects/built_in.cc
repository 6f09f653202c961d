// SPDX-License-Identifier: Apache-2.0
#include "objects/built_in.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "objects/yaml.h"

namespace tresor::objects {
namespace {

constexpr std::string_view kObjectMeta = R"(
description: Standard metadata of every object.
type: object
properties:
  name: {type: string, description: "Name, unique in the namespace. Cannot be changed."}
  generateName: {type: string, description: "Beginning of a name that the server completes, when name is empty."}
  namespace: {type: string, description: "Namespace that the name is unique in. Cannot be changed."}
  selfLink: {type: string, description: "Not used any more."}
  uid: {type: string, description: "Unique in time and space; given by the server."}
  resourceVersion: {type: string, description: "Changes with every write; a write that names another one is refused."}
  generation: {type: integer, format: int64, description: "Goes up when the wanted state changes."}
  creationTimestamp: {type: string, format: date-time, nullable: true, description: "When it was created."}
  deletionTimestamp: {type: string, format: date-time, nullable: true, description: "When its deletion was asked for; it goes with its last finalizer."}
  deletionGracePeriodSeconds: {type: integer, format: int64, nullable: true, description: "Seconds until it may go."}
  labels:
    description: Names and values for selecting objects.
    type: object
    nullable: true
    additionalProperties: {type: string}
  annotations:
    description: Names and values that tools keep with the object.
    type: object
    nullable: true
    additionalProperties: {type: string}
  finalizers:
    description: Who still has something to do before the object may go.
    type: array
    nullable: true
    x-kubernetes-list-type: set
    items: {type: string}
  ownerReferences:
    description: Objects that this one belongs to; it goes with the last of them.
    type: array
    nullable: true
    x-kubernetes-list-type: map
    x-kubernetes-list-map-keys: [uid]
    items:
      type: object
      description: One owner.
      required: [apiVersion, kind, name, uid]
      properties:
        apiVersion: {type: string, description: "API version of the owner."}
        kind: {type: string, description: "Kind of the owner."}
        name: {type: string, description: "Name of the owner."}
        uid: {type: string, description: "uid of the owner."}
        controller: {type: boolean, nullable: true, description: "Whether it is the one that manages this object."}
        blockOwnerDeletion: {type: boolean, nullable: true, description: "Whether the owner waits for this object when it is deleted in the foreground."}
  managedFields:
    description: Who set which field.
    type: array
    nullable: true
    items: {type: object, x-kubernetes-preserve-unknown-fields: true}
)";

constexpr std::string_view kNamespace = R"(
description: A project, which owns clusters, backups and restores. Deleting it deletes what is in it.
type: object
properties:
  spec:
    description: What it shall be.
    type: object
    properties:
      finalizers:
        description: What must be empty before it may go.
        type: array
        x-kubernetes-list-type: atomic
        items: {type: string}
  status:
    description: What it is.
    type: object
    default: {}
    properties:
      phase: {type: string, default: Active, description: "Active, or Terminating while what is in it goes.", enum: [Active, Terminating]}
      conditions:
        description: What keeps it from going.
        type: array
        x-kubernetes-list-type: map
        x-kubernetes-list-map-keys: [type]
        items:
          type: object
          description: One thing that holds or does not.
          required: [type, status]
          properties:
            type: {type: string, description: "What it is about."}
            status: {type: string, description: "True, False or Unknown."}
            reason: {type: string, description: "Why, in one word."}
            message: {type: string, description: "Why, for people."}
            lastTransitionTime: {type: string, format: date-time, description: "When status last became another one."}
)";

constexpr std::string_view kSecret = R"(
description: Named byte strings that are kept encrypted.
type: object
properties:
  type: {type: string, default: Opaque, description: "What it is for. Cannot be changed."}
  immutable: {type: boolean, nullable: true, description: "No value can be changed any more once this is true."}
  data:
    description: The values, each in base64.
    type: object
    nullable: true
    additionalProperties: {type: string, format: byte}
  stringData:
    description: Values as they are; the server moves them into data. Never read back.
    type: object
    nullable: true
    additionalProperties: {type: string}
)";

constexpr std::string_view kEvent = R"(
description: Something that happened to an object. Events go by themselves after a while.
type: object
required: [involvedObject]
properties:
  involvedObject: &reference
    description: What it happened to.
    type: object
    properties:
      kind: {type: string, description: "Kind of the object."}
      namespace: {type: string, description: "Namespace of the object."}
      name: {type: string, description: "Name of the object."}
      uid: {type: string, description: "uid of the object."}
      apiVersion: {type: string, description: "API version of the object."}
      resourceVersion: {type: string, description: "The version of the object that it is about."}
      fieldPath: {type: string, description: "The part of the object that it is about."}
  related: *reference
  reason: {type: string, maxLength: 128, description: "Why, in one CamelCase word."}
  message: {type: string, description: "What happened, for people."}
  source:
    description: Who says so.
    type: object
    properties:
      component: {type: string, description: "The part of the system."}
      host: {type: string, description: "The machine."}
  firstTimestamp: {type: string, format: date-time, nullable: true, description: "When it happened first."}
  lastTimestamp: {type: string, format: date-time, nullable: true, description: "When it happened last."}
  count: {type: integer, format: int32, description: "How often it happened."}
  type: {type: string, description: "Normal or Warning."}
  eventTime: {type: string, format: date-time, nullable: true, description: "When it happened, to the microsecond."}
  series:
    description: How it went on, when it happened again and again.
    type: object
    nullable: true
    properties:
      count: {type: integer, format: int32, description: "How often."}
      lastObservedTime: {type: string, format: date-time, description: "When last."}
  action: {type: string, description: "What was done, or was tried."}
  reportingComponent: {type: string, description: "Name of the controller that says so."}
  reportingInstance: {type: string, description: "Which of several, say the machine."}
)";

const std::vector<std::string> kVerbs = {"create", "delete", "deletecollection", "get",
                                         "list",   "patch",  "update",           "watch"};

Json MustParse(std::string_view yaml) {
  Result<Json> json = ParseYaml(yaml);
  TRESOR_CHECK(json.ok());
  return *std::move(json);
}

// Texts of our own: that they compile is what the tests of every kind begin with.
void SetSchema(Kind& kind, std::string_view yaml) {
  Json json = MustParse(yaml);
  kind.description = json.value("description", "");
  // Every resource has these, as in a CRD.
  json["properties"]["apiVersion"] = {
      {"type", "string"},
      {"description", "Group and version of this representation of the object."}};
  json["properties"]["kind"] = {{"type", "string"}, {"description", "The kind of the object."}};
  json["properties"]["metadata"] = {{"type", "object"}};
  Result<Schema> schema = Schema::Compile(json);
  TRESOR_CHECK(schema.ok());
  kind.schema = *std::move(schema);
}

// kubernetes/kubernetes pkg/printers/internalversion/printers.go (eventColumnDefinitions,
// printEvent) at v1.31
std::vector<PrinterColumn> EventColumns() {
  const auto column = [](std::string name, std::string type, std::string path,
                         std::string description, std::int32_t priority = 0) {
    return PrinterColumn{.name = std::move(name),
                         .type = std::move(type),
                         .format = {},
                         .description = std::move(description),
                         .json_path = std::move(path),
                         .priority = priority,
                         .path = nullptr};
  };
  PrinterColumn object = column("Object", "string", "", "What it happened to");
  object.make = [](const Object& event) {
    std::string kind = event.Text("involvedObject.kind");
    std::transform(kind.begin(), kind.end(), kind.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return kind + "/" + event.Text("involvedObject.name");
  };
  PrinterColumn source = column("Source", "string", "", "Who says so", 1);
  source.make = [](const Object& event) {
    const std::string host = event.Text("source.host");
    return event.Text("source.component") + (host.empty() ? "" : ", " + host);
  };
  return {column("Last Seen", "date", ".lastTimestamp", "Time since it happened last"),
          column("Type", "string", ".type", "Normal or Warning"),
          column("Reason", "string", ".reason", "Why, in one word"),
          std::move(object),
          column("Subobject", "string", ".involvedObject.fieldPath", "The part of the object", 1),
          std::move(source),
          column("Message", "string", ".message", "What happened"),
          column("First Seen", "date", ".firstTimestamp", "Time since it happened first", 1),
          column("Count", "integer", ".count", "How often it happened", 1),
          column("Name", "string", ".metadata.name", "Name of the Event", 1)};
}

}  // namespace

const Json& ObjectMetaSchema() {
  static const Json schema = MustParse(kObjectMeta);
  return schema;
}

std::vector<Kind> BuiltInKinds() {
  const PrinterColumn age = {.name = "Age",
                             .type = "date",
                             .format = {},
                             .description = "Time since creation",
                             .json_path = ".metadata.creationTimestamp"};
  Kind name_space{.resource = {"", "namespaces"},
                  .version = "v1",
                  .kind = "Namespace",
                  .list_kind = "NamespaceList",
                  .singular = "namespace",
                  .short_names = {"ns"},
                  .categories = {},
                  .verbs = kVerbs,
                  .namespaced = false,
                  .has_status = true,
                  .name_is_dns_label = true,
                  .columns = {{.name = "Status",
                               .type = "string",
                               .format = {},
                               .description = "Whether it is there or goes",
                               .json_path = ".status.phase"},
                              age},
                  .schema = {},
                  .description = {}};
  SetSchema(name_space, kNamespace);

  Kind secret{.resource = {"", "secrets"},
              .version = "v1",
              .kind = "Secret",
              .list_kind = "SecretList",
              .singular = "secret",
              .short_names = {},
              .categories = {},
              .verbs = kVerbs,
              .sealed = true,
              .columns = {{.name = "Type",
                           .type = "string",
                           .format = {},
                           .description = "What it is for",
                           .json_path = ".type"},
                          age},
              .schema = {},
              .description = {}};
  SetSchema(secret, kSecret);

  Kind event{.resource = {"", "events"},
             .version = "v1",
             .kind = "Event",
             .list_kind = "EventList",
             .singular = "event",
             .short_names = {"ev"},
             .categories = {},
             .verbs = kVerbs,
             .transient = true,
             .name_comes_first = false,
             .columns = EventColumns(),
             .schema = {},
             .description = {}};
  SetSchema(event, kEvent);
  std::vector<Kind> kinds;
  kinds.push_back(std::move(name_space));
  kinds.push_back(std::move(secret));
  kinds.push_back(std::move(event));
  return kinds;
}

}  // namespace tresor::objects
