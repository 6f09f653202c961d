// SPDX-License-Identifier: Apache-2.0
// Object: one API object, as JSON in Kubernetes' shape, with what all kinds have in common.
//
// Conventions:
// https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/status.h"

namespace tresor::objects {

using Json = nlohmann::json;

/// Group and plural: what names a collection. {"", "secrets"}, {"tresor.dev", "etcdclusters"}.
struct ResourceName {
  std::string group;
  std::string plural;
  friend auto operator<=>(const ResourceName&, const ResourceName&) = default;
};
/// "etcdclusters.tresor.dev", "secrets"
[[nodiscard]] std::string ToString(const ResourceName& resource);

/// One object's address. `name_space` is empty for cluster-scoped kinds.
struct ObjectKey {
  ResourceName resource;
  std::string name_space;
  std::string name;
  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
};
/// `etcdclusters.tresor.dev "demo/prod"`, for messages.
[[nodiscard]] std::string ToString(const ObjectKey& key);

struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool block_owner_deletion = false;
};

/// A value. `json` is always an object; the accessors read and write json["metadata"] and never
/// throw: what is missing or has another type reads as empty or 0.
struct Object {
  Json json = Json::object();

  [[nodiscard]] std::string api_version() const;
  [[nodiscard]] std::string kind() const;
  [[nodiscard]] std::string name() const;
  [[nodiscard]] std::string name_space() const;
  [[nodiscard]] std::string uid() const;
  /// 0: none.
  [[nodiscard]] std::uint64_t resource_version() const;
  [[nodiscard]] std::int64_t generation() const;
  [[nodiscard]] std::optional<WallTime> creation_time() const;
  [[nodiscard]] std::optional<WallTime> deletion_time() const;
  [[nodiscard]] std::map<std::string, std::string> labels() const;
  [[nodiscard]] std::map<std::string, std::string> annotations() const;
  [[nodiscard]] std::vector<std::string> finalizers() const;
  [[nodiscard]] std::vector<OwnerReference> owner_references() const;

  void SetResourceVersion(std::uint64_t version);
  void SetLabel(std::string_view name, std::string_view value);
  void SetAnnotation(std::string_view name, std::string_view value);
  void AddFinalizer(std::string_view finalizer);     // once
  void RemoveFinalizer(std::string_view finalizer);  // if it is there
  void AddOwner(const OwnerReference& owner);        // once per uid

  /// The value at a path, "spec.cluster.name"; nullptr: there is none.
  [[nodiscard]] const Json* Find(std::string_view path) const;
  /// The text at a path; empty: there is none, or it is no string.
  [[nodiscard]] std::string Text(std::string_view path) const;

  friend bool operator==(const Object&, const Object&) = default;
};

/// RFC 3339 as Kubernetes reads it, also with fraction and offset. kInvalidArgument.
[[nodiscard]] Result<WallTime> ParseTime(std::string_view text);

/// One complaint about one field, as in Status.details.causes.
struct FieldError {
  std::string reason;   // "FieldValueInvalid", "FieldValueRequired", "FieldValueNotSupported", …
  std::string field;    // "spec.keep"
  std::string message;  // `Invalid value: 0: must be between 1 and 1000`
};

/// What a Kubernetes Status says besides its code; carried by Status as a payload.
struct ErrorDetails {
  std::string reason;  // "Invalid", "ClusterRestoring", …; empty: by the code
  std::string group;
  std::string kind;  // of the object or, for NotFound and the like, its plural
  std::string name;
  std::string uid;
  std::vector<FieldError> causes;
  std::int32_t retry_after_seconds = 0;
};
[[nodiscard]] Status WithDetails(Status status, const ErrorDetails& details);
[[nodiscard]] std::optional<ErrorDetails> DetailsOf(const Status& status);

}  // namespace tresor::objects
