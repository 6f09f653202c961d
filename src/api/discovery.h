// SPDX-License-Identifier: Apache-2.0
// What there is: the documents by which kubectl finds out which resources are served.
//
// kubernetes/apimachinery pkg/apis/meta/v1/types.go: APIVersions, APIGroupList, APIGroup,
// APIResourceList.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "objects/kinds.h"
#include "objects/object.h"

namespace tresor::api {

/// The document at `segments` of "/api…" or "/apis…"; none: there is none there.
[[nodiscard]] std::optional<objects::Json> DiscoveryDocument(
    const objects::KindRegistry& kinds, const std::vector<std::string>& segments);

/// "/version": which Kubernetes' API this is like, and which Tresor it is.
[[nodiscard]] objects::Json VersionDocument(std::string_view tresor_version);

}  // namespace tresor::api
