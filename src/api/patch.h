// SPDX-License-Identifier: Apache-2.0
// Patches: how a small document changes an object.
//
// RFC 7386 (JSON Merge Patch), RFC 6902 (JSON Patch), and Kubernetes' strategic merge patch as far
// as it can be had without each field's Go tags:
// https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
#pragma once

#include <string_view>

#include "base/status.h"
#include "net/url.h"
#include "objects/object.h"

namespace tresor::api {

using objects::Json;

enum class PatchType { kMerge, kJson, kStrategic };

/// By Content-Type. kInvalidArgument with reason UnsupportedMediaType; for server-side apply it
/// says what to do instead.
[[nodiscard]] Result<PatchType> PatchTypeOf(std::string_view content_type);

/// `target` changed by `patch`. Strategic: maps merge; lists are replaced, but for those of plain
/// texts that `$deleteFromPrimitiveList` or `$setElementOrder` names; `$patch: delete|replace` is
/// obeyed on maps. kInvalidArgument: the patch is none, too large in its effect, or does not fit.
[[nodiscard]] Result<Json> ApplyPatch(PatchType type, const Json& target, const Json& patch);

}  // namespace tresor::api
