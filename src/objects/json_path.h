// SPDX-License-Identifier: Apache-2.0
// JSONPath as printer columns use it: `.status.conditions[?(@.type=="Ready")].status`, `.a[0].b`,
// `.a[*].b`, `.metadata.labels.tresor\.dev/config`. Internal to objects.
//
// https://kubernetes.io/docs/reference/kubectl/jsonpath/
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "objects/object.h"

namespace tresor::objects {

class JsonPath {
 public:
  /// kInvalidArgument: not a path, or a form that we do not evaluate.
  [[nodiscard]] static Result<JsonPath> Parse(std::string_view text);
  /// Every value that the path leads to, borrowed from `json`.
  [[nodiscard]] std::vector<const Json*> Evaluate(const Json& json) const;

 private:
  struct Step {
    enum class Kind { kMember, kIndex, kAll, kFilter };
    Kind kind = Kind::kMember;
    std::string name;              // kMember
    std::size_t index = 0;         // kIndex
    std::vector<std::string> key;  // kFilter: members below `@`
    std::string value;             // kFilter: is this text
  };
  class Parser;
  std::vector<Step> steps_;
};

}  // namespace tresor::objects
