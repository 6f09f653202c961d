// SPDX-License-Identifier: Apache-2.0
// The store's errors, in Kubernetes' words and with its reasons.
//
// kubernetes/apimachinery pkg/api/errors/errors.go
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "objects/object.h"

namespace tresor::store {

/// kNotFound: `etcdclusters.tresor.dev "prod" not found`
[[nodiscard]] Status NotFound(const objects::ObjectKey& key);
/// kNotFound: nobody serves that resource.
[[nodiscard]] Status UnknownResource(const objects::ResourceName& resource);
/// kAlreadyExists
[[nodiscard]] Status AlreadyExists(const objects::ObjectKey& key);
/// kAborted, reason Conflict: `Operation cannot be fulfilled on …: why`
[[nodiscard]] Status Conflict(const objects::ObjectKey& key, std::string_view why);
/// kAborted, reason Conflict: somebody else wrote first.
[[nodiscard]] Status Modified(const objects::ObjectKey& key);
/// kPermissionDenied, reason Forbidden: `… is forbidden: why`
[[nodiscard]] Status Forbidden(const objects::ObjectKey& key, std::string_view why);
/// kInvalidArgument, reason BadRequest
[[nodiscard]] Status BadRequest(std::string_view why);
/// kInvalidArgument, reason Invalid: `EtcdCluster.tresor.dev "prod" is invalid: field: message`
[[nodiscard]] Status Invalid(const objects::ObjectKey& key, std::string_view kind,
                             std::vector<objects::FieldError> causes);
/// kOutOfRange, reason Expired
[[nodiscard]] Status Expired(std::string_view why);

}  // namespace tresor::store
