// SPDX-License-Identifier: Apache-2.0
// The OpenAPI documents that an API server publishes: what kubectl validates, explains and applies
// by.
//
// https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition
#pragma once

#include <string>
#include <string_view>

#include "objects/kinds.h"
#include "objects/object.h"

namespace tresor::objects {

/// /openapi/v2: Swagger 2.0, all kinds in one document.
[[nodiscard]] Json OpenApiV2(const KindRegistry& kinds, std::string_view server_version);
/// The same for `Accept: application/com.github.proto-openapi.spec.v2@v1.0+protobuf`, gnostic's
/// openapi.v2.Document. kubectl up to 1.26 takes no other form.
[[nodiscard]] std::string OpenApiV2Protobuf(const Json& document);

/// /openapi/v3: which documents there are. Their URLs change when they do.
[[nodiscard]] Json OpenApiV3Index(const KindRegistry& kinds, std::string_view server_version);
/// /openapi/v3/<path>, one group and version; `path` as in the index: "api/v1",
/// "apis/tresor.dev/v1". null: there is none.
[[nodiscard]] Json OpenApiV3(const KindRegistry& kinds, std::string_view path,
                             std::string_view server_version);

}  // namespace tresor::objects
