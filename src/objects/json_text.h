// SPDX-License-Identifier: Apache-2.0
// JSON values as compact text: what nlohmann's dump() writes, several times as fast. Lists of ten
// thousand objects are mostly this.
#pragma once

#include <string>

#include "objects/object.h"

namespace tresor::objects {

/// Appends `json`, without any white space. What is no UTF-8 becomes U+FFFD.
void AppendJson(const Json& json, std::string& text);
[[nodiscard]] std::string JsonText(const Json& json);

}  // namespace tresor::objects
