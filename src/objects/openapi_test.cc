// SPDX-License-Identifier: Apache-2.0
#include "objects/openapi.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"

namespace tresor::objects {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

const KindRegistry& Kinds() { return KindRegistry::BuiltIn(); }

// Every "$ref" leads to something of the document.
void CheckReferences(const Json& document, const Json& json, const std::string& at) {
  if (json.is_object() && json.contains("$ref")) {
    const std::string reference = json["$ref"].get<std::string>();
    ASSERT_THAT(reference, StartsWith("#/")) << at;
    // Names hold no slash, so the text is a JSON pointer.
    EXPECT_TRUE(document.contains(Json::json_pointer(reference.substr(1)))) << at << reference;
  }
  if (json.is_structured()) {
    for (const auto& [name, child] : json.items()) {
      CheckReferences(document, child, at + "/" + name);
    }
  }
}

TEST(OpenApiTest, ReferencesLeadSomewhere) {
  const Json v2 = OpenApiV2(Kinds(), "v1.31.0");
  CheckReferences(v2, v2, "");
  for (const char* path : {"api/v1", "apis/tresor.dev/v1"}) {
    const Json v3 = OpenApiV3(Kinds(), path, "v1.31.0");
    CheckReferences(v3, v3, path);
  }
}

TEST(OpenApiTest, DefinitionsAreNamedAsKubernetesNamesThem) {
  const Json v2 = OpenApiV2(Kinds(), "v1.31.0");
  for (const char* name :
       {"dev.tresor.v1.EtcdCluster", "dev.tresor.v1.EtcdClusterList", "io.k8s.api.core.v1.Secret",
        "io.k8s.api.core.v1.NamespaceList", "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
        "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
        "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"}) {
    EXPECT_TRUE(v2["definitions"].contains(name)) << name;
  }
  EXPECT_EQ(v2["definitions"]["dev.tresor.v1.EtcdCluster"]["x-kubernetes-group-version-kind"],
            Json::parse(R"([{"group":"tresor.dev","version":"v1","kind":"EtcdCluster"}])"));
  EXPECT_EQ(v2["definitions"]["dev.tresor.v1.EtcdCluster"]["properties"]["metadata"]["$ref"],
            "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
}

// kubectl's reader of v2 (kube-openapi pkg/util/proto) takes no other shapes.
TEST(OpenApiTest, V2IsWhatKubectlCanRead) {
  const std::function<void(const Json&, const std::string&)> check = [&](const Json& schema,
                                                                         const std::string& at) {
    EXPECT_FALSE(schema.contains("nullable")) << at;
    EXPECT_FALSE(schema.contains("allOf")) << at;
    if (schema.value("type", "") == "array") {
      ASSERT_TRUE(schema.contains("items")) << at;
      check(schema["items"], at + "[]");
    }
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [name, property] : properties.items()) {
      check(property, at + "." + name);
    }
  };
  const Json v2 = OpenApiV2(Kinds(), "v1.31.0");
  for (const auto& [name, definition] : v2["definitions"].items()) {
    EXPECT_EQ(definition["type"], "object") << name;
    check(definition, name);
  }
}

// `--dry-run=server` and server-side field validation: kubectl looks for these on the patch.
TEST(OpenApiTest, PatchesTakeDryRunAndFieldValidation) {
  const auto names = [](const Json& operation) {
    std::vector<std::string> all;
    for (const Json& parameter : operation["parameters"]) {
      all.push_back(parameter["name"].get<std::string>());
    }
    return all;
  };
  const std::string path = "/apis/tresor.dev/v1/namespaces/{namespace}/etcdclusters/{name}";
  const Json v2 = OpenApiV2(Kinds(), "v1.31.0")["paths"][path]["patch"];
  const Json v3 = OpenApiV3(Kinds(), "apis/tresor.dev/v1", "v1.31.0")["paths"][path]["patch"];
  for (const Json& patch : {v2, v3}) {
    EXPECT_THAT(names(patch), Contains("dryRun"));
    EXPECT_THAT(names(patch), Contains("fieldValidation"));
    EXPECT_EQ(patch["x-kubernetes-group-version-kind"]["kind"], "EtcdCluster");
  }
  EXPECT_TRUE(v3.contains("requestBody"));
}

TEST(OpenApiTest, OperationIdsAreUnique) {
  std::map<std::string, int> ids;
  const Json v2 = OpenApiV2(Kinds(), "v1.31.0");
  for (const auto& [path, item] : v2["paths"].items()) {
    for (const auto& [verb, operation] : item.items()) {
      if (operation.is_object()) {
        EXPECT_EQ(++ids[operation["operationId"].get<std::string>()], 1) << path << " " << verb;
      }
    }
  }
  EXPECT_THAT(ids, Contains(Key("patchTresorDevv1NamespacedStatusEtcdBackup")));
}

TEST(OpenApiTest, V3HasOneDocumentPerGroupAndVersion) {
  const Json index = OpenApiV3Index(Kinds(), "v1.31.0");
  const auto paths = index["paths"].get<std::map<std::string, Json>>();
  EXPECT_THAT(paths, UnorderedElementsAre(Key("api/v1"), Key("apis/tresor.dev/v1")));
  EXPECT_THAT(index["paths"]["api/v1"]["serverRelativeURL"].get<std::string>(),
              StartsWith("/openapi/v3/api/v1?hash="));
  EXPECT_NE(index, OpenApiV3Index(Kinds(), "v1.32.0"));
  EXPECT_TRUE(OpenApiV3(Kinds(), "apis/none/v1", "v1.31.0").is_null());
  const Json core = OpenApiV3(Kinds(), "api/v1", "v1.31.0");
  EXPECT_TRUE(core["components"]["schemas"].contains("io.k8s.api.core.v1.Event"));
  EXPECT_FALSE(core["components"]["schemas"].contains("dev.tresor.v1.EtcdCluster"));
}

// Reads what of a protobuf message lies at a path of field numbers.
std::vector<std::string> At(std::string_view message, std::vector<std::uint64_t> path) {
  std::vector<std::string> found;
  const std::uint64_t wanted = path.front();
  path.erase(path.begin());
  ByteReader in(AsBytes(message));
  while (in.ok() && in.remaining() > 0) {
    const std::uint64_t tag = in.Varint();
    if ((tag & 7) == 0) {
      (void)in.Varint();
    } else if ((tag & 7) == 1) {
      in.Skip(8);
    } else if ((tag & 7) == 2) {
      const std::string_view part = AsText(in.LengthPrefixed());
      if (tag >> 3 != wanted) {
        continue;
      }
      if (path.empty()) {
        found.emplace_back(part);
      } else {
        const auto deeper = At(part, path);
        found.insert(found.end(), deeper.begin(), deeper.end());
      }
    } else {
      ADD_FAILURE() << "wire type " << (tag & 7);
      return found;
    }
  }
  EXPECT_TRUE(in.done());
  return found;
}

TEST(OpenApiProtobufTest, HoldsTheSameAsTheDocument) {
  const Json document = OpenApiV2(Kinds(), "v1.31.0");

  const std::string message = OpenApiV2Protobuf(document);

  EXPECT_THAT(At(message, {1}), ElementsAre("2.0"));
  EXPECT_THAT(At(message, {2, 2}), ElementsAre("v1.31.0"));
  std::vector<std::string> names;
  for (const auto& [name, definition] : document["definitions"].items()) {
    names.push_back(name);
  }
  EXPECT_EQ(At(message, {9, 1, 1}), names);
  EXPECT_EQ(At(message, {8, 2, 1}).size(), document["paths"].size());
  // definitions / value / properties / value / type
  EXPECT_THAT(At(message, {9, 1, 2, 25, 1, 2, 22, 1}), Contains("object"));
  // A group-version-kind is in vendor_extension / value / yaml.
  EXPECT_THAT(At(message, {9, 1, 2, 31, 2, 2}),
              Contains(R"([{"group":"tresor.dev","kind":"EtcdCluster","version":"v1"}])"));
  // paths / value / patch / parameters / parameter / non_body / query / name
  EXPECT_THAT(At(message, {8, 2, 2, 8, 8, 1, 2, 3, 4}), Contains("dryRun"));
}

}  // namespace
}  // namespace tresor::objects
