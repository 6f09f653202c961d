// SPDX-License-Identifier: Apache-2.0
// Where Kubernetes keeps objects in etcd, and what their values say of themselves. Pure.
//
// Paths: kubernetes pkg/kubeapiserver/default_storage_factory_builder.go
// (SpecialDefaultResourcePrefixes) and
// staging/src/k8s.io/apiserver/pkg/server/storage/storage_factory.go (ResourcePrefix); custom
// resources and aggregated API services lie under their group:
// staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go. Values:
// staging/src/k8s.io/apimachinery/pkg/runtime/serializer/protobuf/protobuf.go (prefix "k8s\0",
// runtime.Unknown) and pkg/apis/meta/v1/generated.proto (ObjectMeta). Encrypted at rest:
// "k8s:enc:<provider>:v1:<key name>:".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace tresor::cli {

struct KubeSelector {
  std::string registry = "/registry";  // kube-apiserver's --etcd-prefix
  std::string kind;   // "pods", "pod", "Pod", "po", "certificates.cert-manager.io"; empty:
                      // everything under `registry`
  std::string space;  // --namespace; empty: all
  std::string name;   // empty: all
};

/// Which etcd keys are meant.
struct KubeKeys {
  std::string prefix = {};
  /// When set, the key's last part has to be this: a name in any namespace.
  std::string last_part = {};
  /// The prefix is the key itself.
  bool exact = false;
  [[nodiscard]] bool Matches(std::string_view key) const;
};

/// kInvalidArgument: an unknown kind (with the nearest one that is known), a namespace for a kind
/// that has none, or a name or namespace without a kind.
[[nodiscard]] Result<KubeKeys> ResolveKube(const KubeSelector& selector);

/// What a Kubernetes value says of itself.
struct KubeEnvelope {
  std::string api_version;
  std::string kind;
  std::string space;
  std::string name;
  std::string uid;
  std::optional<std::int64_t> created_unix_seconds;
  std::uint64_t object_bytes = 0;
};
/// `value` begins with "k8s\0".
[[nodiscard]] bool IsKubeProtobuf(ByteView value);
/// kDataLoss: not such an envelope.
[[nodiscard]] Result<KubeEnvelope> DecodeKubeEnvelope(ByteView value);

/// "aescbc, key key1" for a value that kube-apiserver encrypted; none for others.
[[nodiscard]] std::optional<std::string> KubeEncryption(ByteView value);

}  // namespace tresor::cli
