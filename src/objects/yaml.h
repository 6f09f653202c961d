// SPDX-License-Identifier: Apache-2.0
// JSON and YAML texts from outside, into Json.
//
// YAML is typed as Kubernetes types it (sigs.k8s.io/yaml: `yes`, `on`, `0x1f`, `017` and `1_000`
// are no texts; dates are). Anchors, aliases and merge keys are resolved; tags beyond YAML's core
// are refused. Whole numbers are integers however they are written (1.0, 1e3), as they come back
// from a Kubernetes API server.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "objects/object.h"

namespace tresor::objects {

/// What a text may ask for. Depth is that of nested objects and lists; nodes count an alias' target
/// as often as it is named.
struct ParseLimits {
  std::size_t bytes = std::size_t{3} << 20;
  std::size_t depth = 64;
  std::size_t nodes = 200'000;
};

/// One JSON value and nothing else. kInvalidArgument: says where it is wrong, or which limit it
/// exceeds.
[[nodiscard]] Result<Json> ParseJson(std::string_view text, const ParseLimits& limits = {});
/// One YAML document (JSON is YAML, too). An empty one is null. kInvalidArgument: as ParseJson; a
/// key twice in one mapping, and more than one document, are errors.
[[nodiscard]] Result<Json> ParseYaml(std::string_view text, const ParseLimits& limits = {});
/// All documents of a stream; empty ones are left out. The limits are for all together.
[[nodiscard]] Result<std::vector<Json>> ParseYamlStream(std::string_view text,
                                                        const ParseLimits& limits = {});

/// Block style, keys sorted; ParseYaml gives the same value back.
[[nodiscard]] std::string ToYaml(const Json& json);

}  // namespace tresor::objects
