// SPDX-License-Identifier: Apache-2.0
// What somebody asks about themselves: `kubectl auth can-i`, `kubectl auth whoami`.
//
// kubernetes/api authorization/v1 and authentication/v1 types.go
#pragma once

#include <string_view>

#include "api/authorizer.h"
#include "base/context.h"
#include "base/status.h"
#include "objects/kinds.h"
#include "objects/object.h"

namespace tresor::api {

/// Whether `plural` of `group` is one of them.
[[nodiscard]] bool IsSelfReview(std::string_view group, std::string_view plural);

/// The review with its status. `body` is what was posted.
[[nodiscard]] Result<objects::Json> AnswerSelfReview(const Context& context, Authorizer& authorizer,
                                                     const objects::KindRegistry& kinds,
                                                     const User& user, std::string_view plural,
                                                     objects::Json body);

}  // namespace tresor::api
