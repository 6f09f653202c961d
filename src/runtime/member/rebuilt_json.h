// SPDX-License-Identifier: Apache-2.0
// Inside of runtime: RebuiltData as status.json and restore-journal.json have it. Pure.
#pragma once

#include <optional>
#include <string>

#include "runtime/member/document.h"
#include "runtime/runtime.h"

namespace tresor::runtime {

[[nodiscard]] Json ToJson(const RebuiltData& rebuilt);
/// None: there is no such field. What is wrong, `reader` tells.
[[nodiscard]] std::optional<RebuiltData> ReadRebuilt(ObjectReader& reader,
                                                     const std::string& field);

}  // namespace tresor::runtime
