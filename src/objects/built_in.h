// SPDX-License-Identifier: Apache-2.0
// The kinds of Kubernetes that Tresor serves beside its own, and the shape of every object's
// metadata, as structural schemas. Internal to objects.
//
// kubernetes/api core/v1/types.go, kubernetes/apimachinery meta/v1/types.go
#pragma once

#include <vector>

#include "objects/kinds.h"

namespace tresor::objects {

/// v1 Namespace, Secret, Event.
[[nodiscard]] std::vector<Kind> BuiltInKinds();
/// metav1.ObjectMeta, as JSON. Without what only a real cluster has.
[[nodiscard]] const Json& ObjectMetaSchema();

}  // namespace tresor::objects
