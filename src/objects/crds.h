// SPDX-License-Identifier: Apache-2.0
// The texts of deploy/crds/*.yaml, compiled in. The source is made by cmake/EmbedTexts.cmake.
#pragma once

#include <string_view>

namespace tresor::objects {

/// By plural; empty: there is none.
[[nodiscard]] std::string_view CrdYaml(std::string_view plural);

}  // namespace tresor::objects
