// SPDX-License-Identifier: Apache-2.0
// Kubernetes' protobuf bodies, into JSON: what current kubectl sends for built-in kinds (create
// namespace, create secret, auth can-i), whatever the server would like better. Only the kinds that
// are served, only their fields that have a meaning here; answers are JSON.
//
// https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
// Field numbers: kubernetes/api core/v1, authorization/v1, authentication/v1 and
// kubernetes/apimachinery pkg/apis/meta/v1, generated.proto
#pragma once

#include <string_view>

#include "base/status.h"
#include "objects/object.h"

namespace tresor::api {

inline constexpr std::string_view kProtobufMediaType = "application/vnd.kubernetes.protobuf";

/// kInvalidArgument: not such a body, or of a kind that is not known here. Fields that are not
/// known are left out, as every protobuf reader does.
[[nodiscard]] Result<objects::Json> DecodeProtobufBody(std::string_view body);

}  // namespace tresor::api
