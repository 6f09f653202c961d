// SPDX-License-Identifier: Apache-2.0
// Label and field selectors, as kubectl writes them.
//
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "objects/object.h"

namespace tresor::objects {

/// `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2`; an object without the label matches `!=` and
/// `notin`. Default: everything.
class LabelSelector {
 public:
  /// kInvalidArgument names the place.
  [[nodiscard]] static Result<LabelSelector> Parse(std::string_view text);
  [[nodiscard]] bool Matches(const Object& object) const;
  [[nodiscard]] bool empty() const { return requirements_.empty(); }

 private:
  class Parser;
  enum class Operator { kIn, kNotIn, kExists, kDoesNotExist, kGreater, kLess };
  struct Requirement {
    std::string label;
    Operator op = Operator::kExists;
    std::vector<std::string> values;
    [[nodiscard]] bool Matches(const std::string* value) const;  // nullptr: has no such label
  };
  std::vector<Requirement> requirements_;
};

/// `metadata.name=x,spec.cluster.name!=y`: any path of the object to a string, number or boolean;
/// what is missing equals the empty text. `\,`, `\=` and `\\` stand for themselves in values.
/// Default: everything.
class FieldSelector {
 public:
  [[nodiscard]] static Result<FieldSelector> Parse(std::string_view text);
  [[nodiscard]] bool Matches(const Object& object) const;
  [[nodiscard]] bool empty() const { return requirements_.empty(); }

 private:
  struct Requirement {
    std::string path;
    bool equal = true;
    std::string value;
  };
  std::vector<Requirement> requirements_;
};

}  // namespace tresor::objects
