// SPDX-License-Identifier: Apache-2.0
// Rules about objects that a schema cannot say: those that look at several fields, at a text's
// meaning, or at what the object was before. One place, for both modes.
#pragma once

#include <vector>

#include "objects/kinds.h"
#include "objects/object.h"

namespace tresor::objects {

/// Name, namespace, labels, annotations, finalizers and owner references; names that are to be
/// generated count as well. `before`: what must not change (name, namespace, uid, …); may be null.
[[nodiscard]] std::vector<FieldError> CheckMetadata(const Kind& kind, const Object& now,
                                                    const Object* before);
/// `now` satisfies its schema and has its defaults. `before` is null for a new object.
[[nodiscard]] std::vector<FieldError> CheckObject(const Kind& kind, const Object& now,
                                                  const Object* before);

}  // namespace tresor::objects
