// SPDX-License-Identifier: Apache-2.0
#include "objects/rules.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "objects/well_known.h"
#include "objects/yaml.h"

namespace tresor::objects {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// An object of the kind with this spec (flow YAML) and, for Secrets, these fields.
Object Make(const ResourceName& resource, std::string_view fields) {
  const Kind& kind = *KindRegistry::BuiltIn().Find(resource);
  const Result<Json> json = ParseYaml(fields);
  EXPECT_THAT(json, tresor::testing::IsOk()) << fields;
  Object object;
  if (resource == kSecrets || resource == kEvents) {
    object.json = json.value_or(Json::object());
  } else {
    object.json["spec"] = json.value_or(Json::object());
  }
  object.json["metadata"]["name"] = "x";
  if (kind.namespaced) {
    object.json["metadata"]["namespace"] = "p";
  }
  return object;
}

std::vector<std::string> Texts(const std::vector<FieldError>& errors) {
  std::vector<std::string> texts;
  for (const FieldError& error : errors) {
    texts.push_back(error.field + ": " + error.message);
  }
  return texts;
}

// What is wrong with a new object, everything considered.
std::vector<std::string> New(const ResourceName& resource, std::string_view fields) {
  Object object = Make(resource, fields);
  std::vector<std::string> warnings;
  auto errors = Texts(Conform(*KindRegistry::BuiltIn().Find(resource), object, nullptr, warnings));
  EXPECT_THAT(warnings, IsEmpty()) << fields;
  return errors;
}

// What is wrong with changing one valid object into another.
std::vector<std::string> Change(const ResourceName& resource, std::string_view from,
                                std::string_view to) {
  const Kind& kind = *KindRegistry::BuiltIn().Find(resource);
  std::vector<std::string> warnings;
  Object before = Make(resource, from);
  EXPECT_THAT(Texts(Conform(kind, before, nullptr, warnings)), IsEmpty()) << from;
  Object now = Make(resource, to);
  return Texts(Conform(kind, now, &before, warnings));
}

TEST(ClusterRulesTest, ExternalNeedsEndpointsAndOthersHaveNone) {
  EXPECT_THAT(New(kEtcdClusters, "{runtime: external, endpoints: ['https://a:2379']}"), IsEmpty());
  EXPECT_THAT(New(kEtcdClusters, "{runtime: external}"),
              ElementsAre(HasSubstr("spec.endpoints: Required value: an external cluster")));
  EXPECT_THAT(New(kEtcdClusters,
                  "{endpoints: ['https://a:2379'], tlsSecretRef: {name: t}, "
                  "authSecretRef: {name: a}}"),
              ElementsAre("spec.endpoints: Forbidden: only for runtime external",
                          HasSubstr("spec.tlsSecretRef: Forbidden"),
                          HasSubstr("spec.authSecretRef: Forbidden")));
  EXPECT_THAT(
      New(kEtcdClusters,
          "{runtime: external, endpoints: ['https://a:2379'], version: "
          "'3.5', extraArgs: [--a=b], quotaBackendBytes: 5}"),
      ElementsAre(HasSubstr("spec.version: Forbidden"), HasSubstr("spec.extraArgs: Forbidden"),
                  HasSubstr("spec.quotaBackendBytes: Forbidden")));
}

TEST(ClusterRulesTest, ValuesAreWithinBounds) {
  EXPECT_THAT(New(kEtcdClusters, "{replicas: 5, version: '3.5.21', quotaBackendBytes: 8589934592}"),
              IsEmpty());
  EXPECT_THAT(New(kEtcdClusters, "{replicas: 2}"),
              ElementsAre("spec.replicas: Unsupported value: 2: supported values: \"1\", \"3\", "
                          "\"5\", \"7\""));
  EXPECT_THAT(New(kEtcdClusters, "{version: '4.0'}"), ElementsAre(HasSubstr("should match")));
  EXPECT_THAT(New(kEtcdClusters, "{runtime: external, endpoints: ['a:2379']}"),
              ElementsAre(HasSubstr("spec.endpoints[0]")));
  EXPECT_THAT(New(kEtcdClusters, "{quotaBackendBytes: -1}"),
              ElementsAre(HasSubstr("greater than or equal to 0")));
}

TEST(ClusterRulesTest, WhatTresorSetsIsNoExtraArgument) {
  EXPECT_THAT(New(kEtcdClusters, "{extraArgs: [--snapshot-count=5, --log-level=debug, --flag]}"),
              IsEmpty());
  EXPECT_THAT(New(kEtcdClusters,
                  "{extraArgs: [--data-dir=/x, --name, --a=1, --a=2, --unsafe-no-fsync=true, "
                  "\"--b=x\\0\"]}"),
              ElementsAre("spec.extraArgs[0]: Forbidden: Tresor sets --data-dir itself",
                          "spec.extraArgs[1]: Forbidden: Tresor sets --name itself",
                          HasSubstr("spec.extraArgs[3]: Invalid value: \"--a=2\": is there twice"),
                          HasSubstr("spec.extraArgs[4]: Forbidden: etcd would lose data"),
                          HasSubstr("spec.extraArgs[5]")));
}

TEST(ClusterRulesTest, TheRuntimeStays) {
  EXPECT_THAT(Change(kEtcdClusters, "{replicas: 3}", "{replicas: 5, paused: true}"), IsEmpty());
  EXPECT_THAT(Change(kEtcdClusters, "{}", "{runtime: kubernetes}"),
              ElementsAre("spec.runtime: Invalid value: \"kubernetes\": field is immutable"));
}

TEST(ConfigRulesTest, ScheduleAndZoneAreRead) {
  EXPECT_THAT(New(kEtcdBackupConfigs,
                  "{cluster: {name: c}, schedule: '0 3 * * MON-FRI', timeZone: "
                  "Europe/Berlin, keep: 1000}"),
              IsEmpty());
  EXPECT_THAT(New(kEtcdBackupConfigs,
                  "{cluster: {name: c}, schedule: '60 * * * *', timeZone: "
                  "Europe/Atlantis}"),
              ElementsAre("spec.timeZone: Invalid value: \"Europe/Atlantis\": unknown time zone "
                          "\"Europe/Atlantis\"",
                          "spec.schedule: Invalid value: \"60 * * * *\": minute: 60 is not within "
                          "0-59"));
  EXPECT_THAT(New(kEtcdBackupConfigs, "{cluster: {name: c}, schedule: '0 0 31 2 *'}"),
              ElementsAre(HasSubstr("it would never run")));
  EXPECT_THAT(New(kEtcdBackupConfigs, "{cluster: {name: c}, schedule: '@every 10s'}"),
              ElementsAre(HasSubstr("between 1m and 8760h")));
  EXPECT_THAT(New(kEtcdBackupConfigs, "{cluster: {name: c}, keep: 1001}"),
              ElementsAre(HasSubstr("less than or equal to 1000")));
}

TEST(ConfigRulesTest, TheClusterStays) {
  EXPECT_THAT(Change(kEtcdBackupConfigs, "{cluster: {name: c}}",
                     "{cluster: {name: c}, keep: 3, schedule: '@daily', destination: d}"),
              IsEmpty());
  EXPECT_THAT(Change(kEtcdBackupConfigs, "{cluster: {name: c}}", "{cluster: {name: d}}"),
              ElementsAre("spec.cluster.name: Invalid value: \"d\": field is immutable"));
}

TEST(BackupRulesTest, OnlyPinnedChanges) {
  EXPECT_THAT(Change(kEtcdBackups, "{cluster: {name: c}}", "{cluster: {name: c}, pinned: true}"),
              IsEmpty());
  EXPECT_THAT(Change(kEtcdBackups, "{cluster: {name: c}}", "{cluster: {name: d}, destination: e}"),
              ElementsAre(HasSubstr("spec.cluster: Invalid value"),
                          "spec.destination: Invalid value: \"e\": field is immutable"));
  EXPECT_THAT(Change(kEtcdBackups, "{cluster: {name: c}, destination: e}", "{cluster: {name: c}}"),
              ElementsAre("spec.destination: Invalid value: null: field is immutable"));
}

TEST(RestoreRulesTest, OnlyCancelChangesAndOnlyOnce) {
  constexpr std::string_view kSpec = "{cluster: {name: c}, backup: {name: b}}";
  constexpr std::string_view kCancelled = "{cluster: {name: c}, backup: {name: b}, cancel: true}";
  EXPECT_THAT(Change(kEtcdRestores, kSpec, kCancelled), IsEmpty());
  EXPECT_THAT(Change(kEtcdRestores, kCancelled, kSpec),
              ElementsAre(HasSubstr("spec.cancel: Forbidden")));
  EXPECT_THAT(
      Change(kEtcdRestores, kSpec, "{cluster: {name: c}, backup: {name: other}, revisionBump: 5}"),
      ElementsAre(HasSubstr("spec.backup: Invalid value"),
                  "spec.revisionBump: Invalid value: 5: field is immutable"));
}

TEST(RestoreRulesTest, ValuesAreWithinBounds) {
  EXPECT_THAT(New(kEtcdRestores,
                  "{cluster: {name: c}, backup: {name: b}, revisionBump: 0, timeout: 1h30m}"),
              IsEmpty());
  EXPECT_THAT(New(kEtcdRestores, "{cluster: {name: c}, backup: {name: b}, revisionBump: -1}"),
              ElementsAre(HasSubstr("greater than or equal to 0")));
  EXPECT_THAT(New(kEtcdRestores, "{cluster: {name: c}, backup: {name: b}, timeout: 10s}"),
              ElementsAre("spec.timeout: Invalid value: \"10s\": must be between 1m and 168h"));
  EXPECT_THAT(New(kEtcdRestores, "{cluster: {name: c}, backup: {name: b}, timeout: soon}"),
              ElementsAre(HasSubstr("spec.timeout in body should match")));
}

TEST(DestinationRulesTest, IsExactlyOnePlace) {
  constexpr std::string_view kKey = "encryption: {keySecretRef: {name: k}}";
  EXPECT_THAT(New(kBackupDestinations, fmt::format("{{local: {{path: /b/c}}, {}}}", kKey)),
              IsEmpty());
  EXPECT_THAT(New(kBackupDestinations, fmt::format("{{{}}}", kKey)),
              ElementsAre("spec: Required value: exactly one of local and s3"));
  EXPECT_THAT(New(kBackupDestinations,
                  fmt::format("{{local: {{path: /b}}, s3: {{endpoint: 'https://s', bucket: bucket, "
                              "credentialsSecretRef: {{name: c}}}}, {}}}",
                              kKey)),
              ElementsAre("spec.s3: Forbidden: exactly one of local and s3"));
  EXPECT_THAT(New(kBackupDestinations, "{local: {path: /b}}"),
              ElementsAre("spec.encryption: Required value"));
}

TEST(DestinationRulesTest, PlacesAreCleanAndStay) {
  constexpr std::string_view kKey = "encryption: {keySecretRef: {name: k}}";
  for (const char* path : {"/", "/a/", "/a//b", "/a/../b", "/./a"}) {
    EXPECT_THAT(New(kBackupDestinations, fmt::format("{{local: {{path: '{}'}}, {}}}", path, kKey)),
                ElementsAre(HasSubstr("spec.local.path: Invalid value")))
        << path;
  }
  EXPECT_THAT(New(kBackupDestinations,
                  fmt::format("{{s3: {{endpoint: 'https://s', bucket: bucket, prefix: /x, "
                              "credentialsSecretRef: {{name: c}}}}, {}}}",
                              kKey)),
              ElementsAre(HasSubstr("spec.s3.prefix: Invalid value")));
  EXPECT_THAT(Change(kBackupDestinations, fmt::format("{{local: {{path: /a}}, {}}}", kKey),
                     fmt::format("{{local: {{path: /b}}, default: true, {}}}", kKey)),
              ElementsAre("spec.local.path: Invalid value: \"/b\": field is immutable"));
  EXPECT_THAT(New(kBackupDestinations,
                  fmt::format("{{local: {{path: /b}}, allowedProjects: [ok, Not_ok], {}}}", kKey)),
              ElementsAre(HasSubstr("spec.allowedProjects[1]")));
}

TEST(SecretRulesTest, KeysTypeAndImmutability) {
  EXPECT_THAT(New(kSecrets, "{data: {'a b': YQ==}}"),
              ElementsAre(HasSubstr("data[a b]: Invalid value: \"a b\": a valid config key")));
  EXPECT_THAT(New(kSecrets, "{data: {'..': YQ==}}"), ElementsAre(HasSubstr("data[..]")));
  EXPECT_THAT(Change(kSecrets, "{type: Opaque}", "{type: other}"),
              ElementsAre("type: Invalid value: \"other\": field is immutable"));
  EXPECT_THAT(Change(kSecrets, "{immutable: true, data: {a: YQ==}}", "{data: {a: Yg==}}"),
              ElementsAre(HasSubstr("immutable: Forbidden"), HasSubstr("data: Forbidden")));
  EXPECT_THAT(New(kSecrets, fmt::format("{{stringData: {{a: {}}}}}", std::string(1'100'000, 'x'))),
              ElementsAre("data: Too long: may not be more than 1048576 bytes"));
}

TEST(EventRulesTest, LivesWithWhatItIsAbout) {
  EXPECT_THAT(New(kEvents, "{involvedObject: {kind: K, name: nn, namespace: p}}"), IsEmpty());
  EXPECT_THAT(New(kEvents, "{involvedObject: {kind: K, name: nn, namespace: q}}"),
              ElementsAre(HasSubstr("does not match event.namespace")));
}

// ---- metadata ----

std::vector<std::string> Metadata(const ResourceName& resource, std::string_view yaml,
                                  std::string_view before = "") {
  const Object now{{{"metadata", *ParseYaml(yaml)}}};
  const Object old{{{"metadata", *ParseYaml(before)}}};
  return Texts(
      CheckMetadata(*KindRegistry::BuiltIn().Find(resource), now, before.empty() ? nullptr : &old));
}

TEST(MetadataRulesTest, ANameOrABeginningOfOneIsNeeded) {
  EXPECT_THAT(Metadata(kEtcdClusters, "{name: a, namespace: p}"), IsEmpty());
  EXPECT_THAT(Metadata(kEtcdClusters, "{generateName: a-, namespace: p}"), IsEmpty());
  EXPECT_THAT(Metadata(kEtcdClusters, "{namespace: p}"),
              ElementsAre("metadata.name: Required value: name or generateName is required"));
  EXPECT_THAT(Metadata(kEtcdClusters, "{generateName: A-, namespace: p}"),
              ElementsAre(HasSubstr("metadata.generateName: Invalid value: \"A-\"")));
}

TEST(MetadataRulesTest, NamespacesAreForNamespacedKinds) {
  EXPECT_THAT(Metadata(kEtcdClusters, "{name: a}"),
              ElementsAre(HasSubstr("metadata.namespace: Required value")));
  EXPECT_THAT(Metadata(kBackupDestinations, "{name: a, namespace: p}"),
              ElementsAre("metadata.namespace: Forbidden: not allowed on this type"));
  EXPECT_THAT(Metadata(kEtcdClusters, "{name: a, namespace: P}"),
              ElementsAre(HasSubstr("metadata.namespace: Invalid value")));
}

TEST(MetadataRulesTest, LabelsAnnotationsAndFinalizersHaveGoodNames) {
  EXPECT_THAT(Metadata(kEtcdClusters,
                       "{name: a, namespace: p, labels: {tresor.dev/x: y}, annotations: "
                       "{Any.Case/Name: any text}, finalizers: [tresor.dev/x]}"),
              IsEmpty());
  EXPECT_THAT(Metadata(kEtcdClusters,
                       "{name: a, namespace: p, labels: {a b: c d}, annotations: "
                       "{a/b/c: x}, finalizers: ['-']}"),
              ElementsAre(HasSubstr("metadata.labels: Invalid value: \"a b\""),
                          HasSubstr("metadata.labels: Invalid value: \"c d\""),
                          HasSubstr("metadata.annotations: Invalid value: \"a/b/c\""),
                          HasSubstr("metadata.finalizers: Invalid value: \"-\"")));
  EXPECT_THAT(
      Metadata(kEtcdClusters, fmt::format("{{name: a, namespace: p, annotations: {{x: {}}}}}",
                                          std::string(300'000, 'x'))),
      ElementsAre("metadata.annotations: Too long: may not be more than 262144 bytes"));
}

TEST(MetadataRulesTest, OwnersAreWholeAndOneControls) {
  EXPECT_THAT(
      Metadata(kEtcdClusters,
               "{name: a, namespace: p, ownerReferences: [{apiVersion: v1, kind: K, name: nn, uid: "
               "u, controller: true}, {apiVersion: v1, kind: '', name: nn, uid: w, controller: "
               "true}]}"),
      ElementsAre(HasSubstr("metadata.ownerReferences[1].kind"),
                  HasSubstr("Only one reference can have Controller set to true")));
}

TEST(MetadataRulesTest, NameAndUidStay) {
  EXPECT_THAT(
      Metadata(kEtcdClusters, "{name: b, namespace: q, uid: v}", "{name: a, namespace: p, uid: u}"),
      ElementsAre("metadata.name: Invalid value: \"b\": field is immutable",
                  "metadata.namespace: Invalid value: \"q\": field is immutable",
                  "metadata.uid: Invalid value: \"v\": field is immutable"));
}

TEST(MetadataRulesTest, WhatIsBeingDeletedGetsNoMoreFinalizers) {
  constexpr std::string_view kBefore =
      "{name: a, namespace: p, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [x/a, x/b]}";
  EXPECT_THAT(Metadata(kEtcdClusters, "{name: a, namespace: p, finalizers: [x/b]}", kBefore),
              IsEmpty());
  EXPECT_THAT(Metadata(kEtcdClusters, "{name: a, namespace: p, finalizers: [x/b, x/c]}", kBefore),
              ElementsAre(HasSubstr("no new finalizers can be added")));
}

TEST(ConformTest, RulesAreNotAskedAgainAboutWhatDidNotChange) {
  // As if an older Tresor had accepted it.
  const Kind& kind = *KindRegistry::BuiltIn().Find(kEtcdBackupConfigs);
  std::vector<std::string> warnings;
  Object now = Make(kEtcdBackupConfigs, "{cluster: {name: c}, timeZone: Gone/Zone}");
  kind.schema.Default(now.json);
  const Object before = now;
  now.json["status"] = {{"completed", 3}};
  EXPECT_THAT(Conform(kind, now, &before, warnings), IsEmpty());
  now.json["spec"]["keep"] = 3;
  EXPECT_THAT(Texts(Conform(kind, now, &before, warnings)),
              ElementsAre(HasSubstr("spec.timeZone")));
}

}  // namespace
}  // namespace tresor::objects
