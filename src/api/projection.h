// SPDX-License-Identifier: Apache-2.0
// Projection: some fields of an object, for readers of many objects that need little of each.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "objects/object.h"

namespace tresor::api {

/// Paths such as `metadata.name,spec,status.evidence.result`: a path takes all that is below it,
/// and goes through the elements of lists. What an object does not have stays away.
class Projection {
 public:
  /// kInvalidArgument: an empty name, or too many names.
  [[nodiscard]] static Result<Projection> Parse(std::string_view paths);
  [[nodiscard]] objects::Json Of(const objects::Json& object) const;

 private:
  std::map<std::string, Projection, std::less<>> fields_;  // empty: everything
};

}  // namespace tresor::api
