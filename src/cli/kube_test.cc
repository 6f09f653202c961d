// SPDX-License-Identifier: Apache-2.0
#include "cli/kube.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/hex.h"
#include "base/status_matchers.h"
#include "cli/text.h"
#include "cli/value.h"

namespace tresor::cli {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using ::testing::StartsWith;
using testing::StatusIs;

struct PathCase {
  std::string kind;
  std::string space;
  std::string name;
  std::string prefix;
};

TEST(ResolveKubeTest, KnowsWhereKindsLie) {
  const PathCase cases[] = {
      {"pods", "kube-system", "", "/registry/pods/kube-system/"},
      {"Pod", "kube-system", "a", "/registry/pods/kube-system/a"},
      {"po", "", "", "/registry/pods/"},
      {"deploy", "ns", "d", "/registry/deployments/ns/d"},
      {"deployments.apps", "ns", "d", "/registry/deployments/ns/d"},
      {"svc", "default", "kubernetes", "/registry/services/specs/default/kubernetes"},
      {"endpoints", "default", "", "/registry/services/endpoints/default/"},
      {"no", "", "worker-1", "/registry/minions/worker-1"},
      {"ns", "", "", "/registry/namespaces/"},
      {"rc", "ns", "", "/registry/controllers/ns/"},
      {"ing", "ns", "", "/registry/ingress/ns/"},
      {"ingresses.networking.k8s.io", "ns", "", "/registry/ingress/ns/"},
      {"crd", "", "", "/registry/apiextensions.k8s.io/customresourcedefinitions/"},
      {"apiservices", "", "", "/registry/apiregistration.k8s.io/apiservices/"},
      {"certificates.cert-manager.io", "ns", "c", "/registry/cert-manager.io/certificates/ns/c"},
      {"pods.example.com", "ns", "", "/registry/example.com/pods/ns/"},
      {"", "", "", "/registry/"},
  };
  for (const PathCase& c : cases) {
    ASSERT_OK_AND_ASSIGN(const KubeKeys keys,
                         ResolveKube({.kind = c.kind, .space = c.space, .name = c.name}));
    EXPECT_EQ(keys.prefix, c.prefix);
  }
}

TEST(ResolveKubeTest, TakesAnotherRegistry) {
  ASSERT_OK_AND_ASSIGN(const KubeKeys keys,
                       ResolveKube({.registry = "/kubernetes.io/", .kind = "secrets"}));
  EXPECT_EQ(keys.prefix, "/kubernetes.io/secrets/");
}

TEST(ResolveKubeTest, ANameWithoutNamespaceIsLookedForInAll) {
  ASSERT_OK_AND_ASSIGN(const KubeKeys keys, ResolveKube({.kind = "pods", .name = "web"}));

  EXPECT_TRUE(keys.Matches("/registry/pods/a/web"));
  EXPECT_TRUE(keys.Matches("/registry/pods/b/web"));
  EXPECT_FALSE(keys.Matches("/registry/pods/a/other-web"));
  EXPECT_FALSE(keys.Matches("/registry/secrets/a/web"));
}

TEST(ResolveKubeTest, AWholeNameDoesNotMatchLongerOnes) {
  ASSERT_OK_AND_ASSIGN(const KubeKeys keys,
                       ResolveKube({.kind = "pods", .space = "a", .name = "web"}));

  EXPECT_TRUE(keys.Matches("/registry/pods/a/web"));
  EXPECT_FALSE(keys.Matches("/registry/pods/a/web-2"));
}

TEST(ResolveKubeTest, RefusesWhatCannotBeMeant) {
  EXPECT_THAT(ResolveKube({.kind = "deploymnt"}),
              StatusIs(Code::kInvalidArgument, HasSubstr("did you mean deployment")));
  EXPECT_THAT(ResolveKube({.kind = "widgets"}),
              StatusIs(Code::kInvalidArgument, HasSubstr("<plural>.<group>")));
  EXPECT_THAT(ResolveKube({.kind = "nodes", .space = "x"}),
              StatusIs(Code::kInvalidArgument, HasSubstr("not in a namespace")));
  EXPECT_THAT(ResolveKube({.space = "x"}),
              StatusIs(Code::kInvalidArgument, HasSubstr("need --kind")));
}

Bytes Field(std::uint64_t number, ByteView bytes) {
  ByteWriter writer;
  writer.Varint(number << 3 | 2);
  writer.LengthPrefixed(bytes);
  return writer.Take();
}

Bytes Join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

/// As kube-apiserver writes a pod: generated.proto's ObjectMeta and runtime.Unknown.
Bytes PodValue(std::uint64_t created_unix_seconds = 1'700'000'000) {
  ByteWriter time;
  time.U8(0x08);
  time.Varint(created_unix_seconds);
  const Bytes meta = Join({Field(1, AsBytes("web")), Field(3, AsBytes("prod")),
                           Field(5, AsBytes("uid-1")), Field(8, time.view())});
  const Bytes object = Join({Field(1, meta), Field(2, AsBytes("spec"))});
  const Bytes type = Join({Field(1, AsBytes("v1")), Field(2, AsBytes("Pod"))});
  return Join({ToBytes(std::string_view("k8s\0", 4)), Field(1, type), Field(2, object),
               Field(3, {}), Field(4, {})});
}

TEST(DecodeKubeEnvelopeTest, ReadsTypeAndMetadata) {
  ASSERT_OK_AND_ASSIGN(const KubeEnvelope envelope, DecodeKubeEnvelope(PodValue()));

  EXPECT_EQ(envelope.api_version, "v1");
  EXPECT_EQ(envelope.kind, "Pod");
  EXPECT_EQ(envelope.space, "prod");
  EXPECT_EQ(envelope.name, "web");
  EXPECT_EQ(envelope.uid, "uid-1");
  EXPECT_EQ(envelope.created_unix_seconds, 1'700'000'000);
}

TEST(DecodeKubeEnvelopeTest, NoPrefixOfAValueCrashesOrPasses) {
  const Bytes value = PodValue();
  for (std::size_t size = 0; size < value.size(); ++size) {
    const auto decoded = DecodeKubeEnvelope(ByteView(value).first(size));
    EXPECT_TRUE(decoded.ok() || decoded.status().code() == Code::kDataLoss) << size;
    EXPECT_FALSE(RenderValue(ByteView(value).first(size)).empty());
  }
}

TEST(DecodeKubeEnvelopeTest, RefusesOtherValues) {
  EXPECT_THAT(DecodeKubeEnvelope(AsBytes("{}")), StatusIs(Code::kDataLoss));
  EXPECT_THAT(DecodeKubeEnvelope(AsBytes(std::string_view("k8s\0\xff\xff", 6))),
              StatusIs(Code::kDataLoss));
}

TEST(KubeEncryptionTest, NamesProviderAndKey) {
  EXPECT_EQ(KubeEncryption(AsBytes("k8s:enc:aescbc:v1:key1:\x01\x02")), "aescbc, key key1");
  EXPECT_EQ(KubeEncryption(AsBytes("k8s:enc:aescbc")), std::nullopt);
  EXPECT_EQ(KubeEncryption(AsBytes("{}")), std::nullopt);
}

TEST(RenderValueTest, ShowsEachKindAsItIsReadBest) {
  EXPECT_EQ(RenderValue({}), "(empty)\n");
  EXPECT_EQ(RenderValue(AsBytes("plain\ntext")), "plain\ntext\n");
  EXPECT_EQ(RenderValue(AsBytes(R"({"b":1,"a":[2]})")),
            "{\n  \"b\": 1,\n  \"a\": [\n    2\n  ]\n}\n");
  EXPECT_EQ(RenderValue(AsBytes("{not json")), "{not json\n");
  EXPECT_THAT(RenderValue(PodValue()), HasSubstr("kind: Pod\nnamespace: prod\nname: web\n"));
  EXPECT_THAT(RenderValue(AsBytes("k8s:enc:secretbox:v1:k:xx")),
              HasSubstr("encrypted by Kubernetes: secretbox, key k"));
  EXPECT_THAT(RenderValue(AsBytes(std::string_view("\0\1abc", 5))),
              StartsWith("(binary, 5 B)\n  00000000  00 01 61 62 63"));
}

TEST(RenderValueTest, ShowsNoTimeBeyondWhatAClockHolds) {
  EXPECT_THAT(RenderValue(PodValue()), HasSubstr("created: 2023-11-14T22:13:20Z\n"));
  EXPECT_THAT(RenderValue(PodValue(9'223'372'036)), HasSubstr("created: 2262-04-11T23:47:16Z\n"));
  EXPECT_THAT(RenderValue(PodValue(9'223'372'037)), Not(HasSubstr("created")));
  EXPECT_THAT(RenderValue(PodValue(~std::uint64_t{0})), Not(HasSubstr("created")));
}

TEST(RenderValueTest, DeepNestingIsNotParsed) {
  const std::string deep(100'000, '[');
  EXPECT_EQ(RenderValue(AsBytes(deep)), deep + "\n");
}

TEST(RenderValueTest, JsonStringsCannotControlTheTerminal) {
  EXPECT_THAT(RenderValue(AsBytes("{\"a\":\"\xc2\x9b"
                                  "31m\"}")),
              Not(HasSubstr("\xc2\x9b")));
}

TEST(AddValueToTest, WhatIsNotUtf8IsBase64) {
  nlohmann::ordered_json json;
  AddKeyTo(json, "a\xff");
  AddValueTo(json, AsBytes("text"));
  EXPECT_EQ(json.dump(), R"({"keyBase64":"Yf8=","value":"text"})");

  nlohmann::ordered_json pod;
  AddKeyTo(pod, "k");
  AddValueTo(pod, PodValue());
  EXPECT_EQ(pod["kubernetes"]["kind"], "Pod");
}

}  // namespace
}  // namespace tresor::cli
