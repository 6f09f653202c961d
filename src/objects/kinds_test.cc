// SPDX-License-Identifier: Apache-2.0
#include "objects/kinds.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "objects/backup_destination.h"
#include "objects/crds.h"
#include "objects/etcd_backup.h"
#include "objects/etcd_backup_config.h"
#include "objects/etcd_cluster.h"
#include "objects/etcd_restore.h"
#include "objects/secret.h"
#include "objects/well_known.h"
#include "objects/yaml.h"

namespace tresor::objects {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tresor::testing::StatusIs;

const Kind& KindOf(const ResourceName& resource) {
  const Kind* kind = KindRegistry::BuiltIn().Find(resource);
  EXPECT_NE(kind, nullptr) << ToString(resource);
  return *kind;
}

Object FromYaml(std::string_view yaml) {
  const Result<Json> json = ParseYaml(yaml);
  EXPECT_THAT(json, tresor::testing::IsOk()) << yaml;
  return Object{json.value_or(Json())};
}

// What is wrong with a new object: "field: message".
std::vector<std::string> Problems(const ResourceName& resource, Object& object,
                                  std::vector<std::string>* warnings = nullptr) {
  std::vector<std::string> unused;
  std::vector<std::string> texts;
  for (const FieldError& error :
       Conform(KindOf(resource), object, nullptr, warnings == nullptr ? unused : *warnings)) {
    texts.push_back(error.field + ": " + error.message);
  }
  return texts;
}

TEST(KindsTest, TheCompiledInCrdsAreThoseOfDeploy) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(TRESOR_SOURCE_DIR "/deploy/crds")) {
    std::ifstream in(entry.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(CrdYaml(entry.path().stem().string()), text) << entry.path();
    const Kind* kind = KindRegistry::BuiltIn().Find({"tresor.dev", entry.path().stem().string()});
    ASSERT_NE(kind, nullptr) << entry.path();
    // A CRD's name is that of its resource; an API server insists on it.
    EXPECT_EQ(FromYaml(text).name(), ToString(kind->resource));
    ++files;
  }
  EXPECT_EQ(files, 5U);
  EXPECT_EQ(CrdYaml("none"), "");
}

TEST(KindsTest, AreFoundByResourceAndByKind) {
  const KindRegistry& kinds = KindRegistry::BuiltIn();
  const Kind* cluster = kinds.Find("tresor.dev/v1", "EtcdCluster");
  ASSERT_NE(cluster, nullptr);
  EXPECT_EQ(cluster, kinds.Find(kEtcdClusters));
  EXPECT_EQ(cluster->list_kind, "EtcdClusterList");
  EXPECT_EQ(cluster->singular, "etcdcluster");
  EXPECT_THAT(cluster->short_names, ElementsAre("ec"));
  EXPECT_THAT(cluster->categories, ElementsAre("tresor"));
  EXPECT_TRUE(cluster->namespaced);
  EXPECT_TRUE(cluster->has_status);
  EXPECT_EQ(cluster->api_version(), "tresor.dev/v1");
  EXPECT_FALSE(KindOf(kBackupDestinations).namespaced);
  EXPECT_EQ(KindOf(kSecrets).api_version(), "v1");
  EXPECT_TRUE(KindOf(kSecrets).sealed);
  EXPECT_TRUE(KindOf(kEvents).transient);
  EXPECT_EQ(kinds.Find("v1", "EtcdCluster"), nullptr);
  EXPECT_EQ(kinds.Find(ResourceName{"", "etcdclusters"}), nullptr);
}

TEST(KindsTest, ShortNamesAndPluralsAreUnique) {
  std::set<std::string> names;
  for (const Kind& kind : KindRegistry::BuiltIn().all()) {
    EXPECT_TRUE(names.insert(kind.resource.plural).second) << kind.kind;
    EXPECT_TRUE(names.insert(kind.singular).second) << kind.kind;
    for (const std::string& name : kind.short_names) {
      EXPECT_TRUE(names.insert(name).second) << name;
    }
    EXPECT_FALSE(kind.description.empty()) << kind.kind;
  }
}

// `kubectl explain` and the API reference are made of these.
TEST(KindsTest, EveryFieldHasADescription) {
  const std::function<void(const Json&, const std::string&)> check = [&](const Json& schema,
                                                                         const std::string& path) {
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [name, field] : properties.items()) {
      if (path.empty() && name == "metadata") {
        continue;
      }
      EXPECT_TRUE(field.contains("description")) << path << "." << name;
      check(field, path + "." + name);
      if (field.contains("items")) {
        check(field["items"], path + "." + name + "[]");
      }
    }
  };
  for (const Kind& kind : KindRegistry::BuiltIn().all()) {
    check(kind.schema.json(), "");
  }
}

TEST(KindsTest, DefaultsAreTheViewsDefaults) {
  const auto conformed = [](const ResourceName& resource, std::string_view yaml) {
    Object object = FromYaml(yaml);
    EXPECT_THAT(Problems(resource, object), IsEmpty()) << yaml;
    return object;
  };
  EXPECT_EQ(EtcdClusterSpec::FromObject(
                conformed(kEtcdClusters, "{metadata: {name: c, namespace: p}, spec: {}}")),
            EtcdClusterSpec());
  EXPECT_EQ(
      EtcdBackupConfigSpec::FromObject(conformed(
          kEtcdBackupConfigs, "{metadata: {name: c, namespace: p}, spec: {cluster: {name: x}}}")),
      EtcdBackupConfigSpec{.cluster = "x"});
  EXPECT_EQ(EtcdBackupSpec::FromObject(conformed(
                kEtcdBackups, "{metadata: {name: c, namespace: p}, spec: {cluster: {name: x}}}")),
            EtcdBackupSpec{.cluster = "x"});
  EXPECT_EQ(EtcdRestoreSpec::FromObject(
                conformed(kEtcdRestores,
                          "{metadata: {name: c, namespace: p}, spec: {cluster: {name: x}, "
                          "backup: {name: b}}}")),
            (EtcdRestoreSpec{.cluster = "x", .backup = "b"}));
  EXPECT_EQ(BackupDestinationSpec::FromObject(
                conformed(kBackupDestinations,
                          "{metadata: {name: c}, spec: {local: {path: /b}, encryption: "
                          "{keySecretRef: {name: k}}}}")),
            (BackupDestinationSpec{.local = LocalDestination{.path = "/b"},
                                   .encryption_key = {.name = "k"}}));
}

// Views and CRDs name the same fields: nothing of a full view is pruned, and all of it is valid.
TEST(KindsTest, WhatViewsWriteFitsTheSchemas) {
  const std::vector<Condition> conditions = {{.type = "Ready",
                                              .status = ConditionStatus::kTrue,
                                              .reason = "A",
                                              .message = "m",
                                              .last_transition = WallTime{}}};
  const auto check = [](const ResourceName& resource, const auto& spec, const auto& status) {
    Object object{{{"metadata", {{"name", "x"}}}}};
    if (KindOf(resource).namespaced) {
      object.json["metadata"]["namespace"] = "p";
    }
    spec.WriteTo(object);
    status.WriteTo(object);
    const Json before = object.json;
    std::vector<std::string> warnings;
    EXPECT_THAT(Problems(resource, object, &warnings), IsEmpty());
    EXPECT_THAT(warnings, IsEmpty());
    EXPECT_EQ(object.json, before);
  };
  check(kEtcdClusters,
        EtcdClusterSpec{.runtime = RuntimeKind::kExternal,
                        .endpoints = {"https://a:2379"},
                        .tls_secret = "t",
                        .auth_secret = "a",
                        .paused = true,
                        .pause_reason = "r"},
        EtcdClusterStatus{.phase = ClusterPhase::kDegraded,
                          .message = "m",
                          .ready = "1/3",
                          .version = "3.5.1",
                          .members = {{.name = "a",
                                       .id = "1",
                                       .endpoint = "e",
                                       .version = "v",
                                       .phase = "Running",
                                       .message = "m",
                                       .alarms = {"NOSPACE"}}},
                          .active_restore = "r",
                          .etcd_cluster_id = "1",
                          .last_backup_time = WallTime{},
                          .conditions = conditions});
  check(kEtcdClusters, EtcdClusterSpec{.version = "3.6", .extra_args = {"--snapshot-count=5"}},
        EtcdClusterStatus{});
  check(kEtcdBackupConfigs,
        EtcdBackupConfigSpec{.cluster = "c",
                             .schedule = "@daily",
                             .destination = "d",
                             .deletion_policy = DeletionPolicy::kDelete},
        EtcdBackupConfigStatus{.next_schedule_time = WallTime{},
                               .last_schedule_time = WallTime{},
                               .last_success_time = WallTime{},
                               .last_skipped_time = WallTime{},
                               .last_skipped_reason = "Paused",
                               .active_backup = "a",
                               .last_backup = "b",
                               .conditions = conditions});
  check(kEtcdBackups, EtcdBackupSpec{.cluster = "c", .destination = "d"},
        EtcdBackupStatus{
            .phase = BackupPhase::kVerifying,
            .message = "m",
            .progress = MakeProgress(1, 2),
            .scheduled_time = WallTime{},
            .start_time = WallTime{},
            .completion_time = WallTime{},
            .destination = "d",
            .repository = "r",
            .id = "i",
            .cluster_uid = "u",
            .snapshot = SnapshotFacts{.sha256 = "a", .etcd_version = "3.5", .member_id = "1"},
            .stored = StoredFacts{},
            .evidence = {{.check = "hashKV",
                          .result = EvidenceResult::kPassed,
                          .detail = "d",
                          .time = WallTime{}}},
            .conditions = conditions});
  check(kEtcdRestores, EtcdRestoreSpec{.cluster = "c", .backup = "b"},
        EtcdRestoreStatus{.phase = RestorePhase::kRollingBack,
                          .message = "m",
                          .progress = MakeProgress(1, 2),
                          .steps = {{.name = "Preflight",
                                     .start_time = WallTime{},
                                     .completion_time = WallTime{},
                                     .message = "m"}},
                          .safety_backup = "s",
                          .destination = "d",
                          .repository = "r",
                          .backup_id = "i",
                          .start_time = WallTime{},
                          .completion_time = WallTime{},
                          .conditions = conditions});
  check(kBackupDestinations,
        BackupDestinationSpec{.s3 = S3Destination{.endpoint = "https://s3",
                                                  .bucket = "bucket",
                                                  .prefix = "p",
                                                  .region = "r",
                                                  .ca_bundle = "c",
                                                  .credentials = {.name = "c"}},
                              .encryption_key = {.name = "k"},
                              .allowed_projects = {"p"}},
        BackupDestinationStatus{
            .location = "s3://b/p", .last_probe_time = WallTime{}, .conditions = conditions});
}

// Each phase of a view is one that the CRD allows, and the other way round.
TEST(KindsTest, PhasesAreTheSchemas) {
  const auto allowed = [](const ResourceName& resource) {
    return KindOf(resource)
        .schema.json()["properties"]["status"]["properties"]["phase"]["enum"]
        .get<std::vector<std::string>>();
  };
  const auto check = [&](const ResourceName& resource, auto last) {
    std::vector<std::string> texts;
    for (int i = 0; i <= static_cast<int>(last); ++i) {
      texts.emplace_back(ToString(static_cast<decltype(last)>(i)));
    }
    EXPECT_EQ(texts, allowed(resource));
  };
  check(kEtcdClusters, ClusterPhase::kDeleting);
  check(kEtcdBackups, BackupPhase::kDeleting);
  check(kEtcdRestores, RestorePhase::kCancelled);
}

TEST(ConformTest, WordsErrorsAsKubernetesDoes) {
  Object object = FromYaml(
      "{metadata: {name: Bad_Name, namespace: p, labels: {a: '-'}}, spec: {keep: 0, schedule: 7, "
      "deletionPolicy: Shred}}");
  EXPECT_THAT(
      Problems(kEtcdBackupConfigs, object),
      ElementsAre(
          HasSubstr("metadata.name: Invalid value: \"Bad_Name\": a lowercase RFC 1123 subdomain"),
          HasSubstr("metadata.labels: Invalid value: \"-\": a valid label must be"),
          HasSubstr(
              "metadata.name: Invalid value: \"Bad_Name\": metadata.name in body should match"),
          "spec.cluster: Required value",
          "spec.deletionPolicy: Unsupported value: \"Shred\": supported values: \"Retain\", "
          "\"Delete\"",
          "spec.keep: Invalid value: 0: spec.keep in body should be greater than or equal to 1",
          "spec.schedule: Invalid value: \"integer\": spec.schedule in body must be of type "
          "string: \"integer\""));
}

TEST(ConformTest, WarnsOfUnknownFieldsAndDropsThem) {
  Object object = FromYaml(
      "{apiVersion: tresor.dev/v1, kind: EtcdCluster, metadata: {name: c, namespace: p, foo: 1}, "
      "spec: {replica: 3}, extra: 1}");
  std::vector<std::string> warnings;
  EXPECT_THAT(Problems(kEtcdClusters, object, &warnings), IsEmpty());
  EXPECT_THAT(warnings, ElementsAre("unknown field \"metadata.foo\"", "unknown field \"extra\"",
                                    "unknown field \"spec.replica\""));
  EXPECT_FALSE(object.json.contains("extra"));
  EXPECT_FALSE(object.json["spec"].contains("replica"));
  EXPECT_FALSE(object.json["metadata"].contains("foo"));
}

TEST(ConformTest, MetadataHasTypes) {
  Object object =
      FromYaml("{metadata: {name: c, namespace: p, labels: {a: 1}, finalizers: x}, spec: {}}");
  EXPECT_THAT(Problems(kEtcdClusters, object),
              ElementsAre("metadata.finalizers: Invalid value: \"string\": metadata.finalizers in "
                          "body must be of type array: \"string\"",
                          "metadata.labels.a: Invalid value: \"integer\": metadata.labels.a in "
                          "body must be of type string: \"integer\""));
  for (const char* text : {"{}", "{metadata: 1}", "{metadata: null, spec: {}}", "[]", "1"}) {
    Object odd = FromYaml(text);
    EXPECT_THAT(Problems(kEtcdClusters, odd), ::testing::Not(IsEmpty())) << text;
  }
}

TEST(ConformTest, SecretsTakeTexts) {
  Object secret = FromYaml(
      "{metadata: {name: s, namespace: p}, data: {a: YQ==, b: YQ==}, stringData: {b: xyz}}");
  EXPECT_THAT(Problems(kSecrets, secret), IsEmpty());
  EXPECT_FALSE(secret.json.contains("stringData"));
  EXPECT_EQ(secret.Text("type"), "Opaque");
  ASSERT_OK_AND_ASSIGN(const SecretValues values, SecretData(secret));
  EXPECT_EQ(values, (SecretValues{{"a", "a"}, {"b", "xyz"}}));
  EXPECT_EQ(*SecretData(MakeSecret("p", "s", values)), values);

  Object bad = FromYaml("{metadata: {name: s, namespace: p}, data: {a: '?', 'b c': YQ==}}");
  EXPECT_THAT(Problems(kSecrets, bad), ElementsAre(HasSubstr("data.a: Invalid value: \"?\"")));
  EXPECT_THAT(SecretData(bad), StatusIs(Code::kInvalidArgument, HasSubstr("value a")));
  Object odd = FromYaml("{metadata: {name: s, namespace: p}, data: [1], stringData: {a: b}}");
  EXPECT_THAT(Problems(kSecrets, odd), ElementsAre(HasSubstr("data: Invalid value: \"array\"")));
}

TEST(ConformTest, ANamespaceIsActive) {
  Object object = FromYaml("{metadata: {name: demo}}");
  EXPECT_THAT(Problems(kNamespaces, object), IsEmpty());
  EXPECT_EQ(object.Text("status.phase"), "Active");
  Object dotted = FromYaml("{metadata: {name: a.b}}");
  EXPECT_THAT(Problems(kNamespaces, dotted), ElementsAre(HasSubstr("RFC 1123 label")));
}

TEST(TableTest, CellsFollowTheColumns) {
  const Kind& kind = KindOf(kEtcdBackupConfigs);
  const Object object = FromYaml(
      "{metadata: {name: daily, creationTimestamp: '2026-01-01T00:00:00Z'}, spec: {cluster: {name: "
      "prod}, schedule: '@daily', keep: 7, suspend: false}, status: {completed: 3, "
      "lastSuccessTime: '2026-01-02T00:00:00Z', conditions: [{type: Healthy, status: 'True'}]}}");

  const Json cells = TableCells(kind, object, *ParseTime("2026-01-02T00:05:00Z"));

  EXPECT_EQ(cells, Json::parse(R"(["daily","prod","@daily",7,3,"5m","True",false,"24h",
                                   null,null,null,null])"));
  const Json columns = TableColumns(kind);
  ASSERT_EQ(columns.size(), cells.size());
  EXPECT_EQ(columns[0]["name"], "Name");
  EXPECT_EQ(columns[0]["format"], "name");
  EXPECT_EQ(columns[1]["name"], "Cluster");
  EXPECT_EQ(columns[9]["priority"], 1);
}

// As `kubectl get events` prints them, whoever serves them.
TEST(TableTest, EventsHaveKubernetesColumns) {
  const Kind& kind = KindOf(kEvents);
  std::string names;
  for (const Json& column : TableColumns(kind)) {
    names += column["name"].get<std::string>() + (column["priority"] == 0 ? ", " : " (wide), ");
  }
  EXPECT_EQ(names,
            "Last Seen, Type, Reason, Object, Subobject (wide), Source (wide), Message, "
            "First Seen (wide), Count (wide), Name (wide), ");
  const Object event = FromYaml(
      "{metadata: {name: prod.1}, involvedObject: {kind: EtcdCluster, name: prod}, type: Normal, "
      "reason: Running, message: it runs, source: {component: tresor, host: a}, count: 3, "
      "firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:04:00Z'}");
  EXPECT_EQ(TableCells(kind, event, *ParseTime("2026-01-01T00:05:00Z")),
            Json::parse(R"(["60s", "Normal", "Running", "etcdcluster/prod", null, "tresor, a",
                            "it runs", "5m", 3, "prod.1"])"));
}

TEST(TableTest, ValuesOfOtherTypesLeaveTheirCellEmpty) {
  const Kind& kind = KindOf(kEtcdBackupConfigs);
  const Object object = FromYaml(
      "{metadata: {name: x, creationTimestamp: soon}, spec: {keep: many, cluster: {name: {a: "
      "1}}}}");
  const Json cells = TableCells(kind, object, WallTime{});
  EXPECT_EQ(cells[1], R"({"a":1})");
  EXPECT_EQ(cells[3], nullptr);
  EXPECT_EQ(cells[8], "<invalid>");
}

TEST(TableTest, AgesReadAsKubectlPrintsThem) {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  const std::vector<std::pair<seconds, std::string>> cases = {{seconds{-5}, "<invalid>"},
                                                              {seconds{-1}, "0s"},
                                                              {seconds{8}, "8s"},
                                                              {seconds{119}, "119s"},
                                                              {minutes{2}, "2m"},
                                                              {minutes{5} + seconds{3}, "5m3s"},
                                                              {minutes{10} + seconds{3}, "10m"},
                                                              {minutes{179}, "179m"},
                                                              {minutes{180}, "3h"},
                                                              {hours{3} + minutes{5}, "3h5m"},
                                                              {hours{47}, "47h"},
                                                              {hours{48}, "2d"},
                                                              {hours{51}, "2d3h"},
                                                              {hours{24 * 400}, "400d"},
                                                              {hours{24 * 735}, "2y5d"},
                                                              {hours{24 * 365 * 9}, "9y"}};
  for (const auto& [duration, text] : cases) {
    EXPECT_EQ(HumanDuration(duration), text);
  }
}

TEST(KindFromCrdTest, RejectsWhatIsNoCrd) {
  EXPECT_THAT(KindFromCrd(Json::array()), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(KindFromCrd(Json::object()), StatusIs(Code::kInvalidArgument));
  ASSERT_OK_AND_ASSIGN(Json crd, ParseYaml(CrdYaml("etcdclusters")));
  crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["oneOf"] = 1;
  EXPECT_THAT(KindFromCrd(crd), StatusIs(Code::kInvalidArgument, HasSubstr("oneOf")));
}

}  // namespace
}  // namespace tresor::objects
