// SPDX-License-Identifier: Apache-2.0
// Inside of runtime: RestoreOrder and RebuiltData as the files have them. Pure.
#pragma once

#include <optional>
#include <string>

#include "runtime/member/document.h"
#include "runtime/runtime.h"

namespace tresor::runtime {

[[nodiscard]] Json ToJson(const RestoreOrder& restore);
/// As ReadRebuilt.
[[nodiscard]] std::optional<RestoreOrder> ReadRestore(ObjectReader& reader,
                                                      const std::string& field);

[[nodiscard]] Json ToJson(const RebuiltData& rebuilt);
/// None: there is no such field. What is wrong, `reader` tells.
[[nodiscard]] std::optional<RebuiltData> ReadRebuilt(ObjectReader& reader,
                                                     const std::string& field);

}  // namespace tresor::runtime
