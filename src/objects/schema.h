// SPDX-License-Identifier: Apache-2.0
// Schema: a structural OpenAPI v3 schema, as CustomResourceDefinitions carry it.
//
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
// Errors are worded as kube-openapi and apiextensions-apiserver word them, for people who know
// them and for programs that look for them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "objects/object.h"

namespace tresor::objects {

/// Immutable. Cheap to copy. Threads: const methods, from any thread.
///
/// Known: type (object, array, string, integer, number, boolean), nullable, properties, required,
/// additionalProperties, items, enum, minimum, maximum and their exclusive forms, multipleOf,
/// minLength, maxLength, pattern (RE2), minItems, maxItems, uniqueItems, minProperties,
/// maxProperties, format (date-time, int32, int64, byte, …), default,
/// x-kubernetes-preserve-unknown-fields, x-kubernetes-int-or-string,
/// x-kubernetes-embedded-resource, x-kubernetes-list-type set and map. At the root apiVersion, kind
/// and metadata are implied and not looked into: metadata.h does that.
class Schema {
 public:
  /// kInvalidArgument: not a structural schema, or a keyword that is not known (names the path).
  [[nodiscard]] static Result<Schema> Compile(const Json& schema);

  /// Everything that is wrong with `object`, in the order of its fields; at most 100.
  [[nodiscard]] std::vector<FieldError> Validate(const Json& object) const;
  /// Fills in what is missing and has a default; also inside of what was filled in. A null is
  /// missing where it is not allowed and there is a default.
  void Default(Json& object) const;
  /// Removes what the schema does not know; returns the paths: "spec.foo", "spec.list[2].bar".
  [[nodiscard]] std::vector<std::string> Prune(Json& object) const;

  [[nodiscard]] const Json& json() const;

 private:
  struct Node;
  std::shared_ptr<const Node> root_;
  std::shared_ptr<const Json> json_;
};

}  // namespace tresor::objects
