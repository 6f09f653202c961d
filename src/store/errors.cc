// SPDX-License-Identifier: Apache-2.0
#include "store/errors.h"

#include <string>
#include <utility>

#include "objects/object.h"

namespace tresor::store {
namespace {

using objects::ErrorDetails;
using objects::ObjectKey;
using objects::ToString;
using objects::WithDetails;

// `etcdclusters.tresor.dev "prod"`: messages of Kubernetes leave the namespace out.
std::string Named(const ObjectKey& key) {
  return fmt::format("{} \"{}\"", ToString(key.resource), key.name);
}

ErrorDetails DetailsFor(const ObjectKey& key, std::string reason) {
  return {.reason = std::move(reason),
          .group = key.resource.group,
          .kind = key.resource.plural,
          .name = key.name};
}

}  // namespace

Status NotFound(const ObjectKey& key) {
  return WithDetails(Error(Code::kNotFound, "{} not found", Named(key)),
                     DetailsFor(key, "NotFound"));
}

Status UnknownResource(const objects::ResourceName& resource) {
  return WithDetails(Error(Code::kNotFound, "the server could not find the requested resource ({})",
                           ToString(resource)),
                     {.reason = "NotFound", .group = resource.group, .kind = resource.plural});
}

Status AlreadyExists(const ObjectKey& key) {
  return WithDetails(Error(Code::kAlreadyExists, "{} already exists", Named(key)),
                     DetailsFor(key, "AlreadyExists"));
}

Status Conflict(const ObjectKey& key, std::string_view why) {
  return WithDetails(
      Error(Code::kAborted, "Operation cannot be fulfilled on {}: {}", Named(key), why),
      DetailsFor(key, "Conflict"));
}

Status Modified(const ObjectKey& key) {
  return Conflict(key,
                  "the object has been modified; please apply your changes to the latest version "
                  "and try again");
}

Status Forbidden(const ObjectKey& key, std::string_view why) {
  return WithDetails(Error(Code::kPermissionDenied, "{} is forbidden: {}", Named(key), why),
                     DetailsFor(key, "Forbidden"));
}

Status BadRequest(std::string_view why) {
  return WithDetails(Error(Code::kInvalidArgument, "{}", why), {.reason = "BadRequest"});
}

Status Invalid(const ObjectKey& key, std::string_view kind,
               std::vector<objects::FieldError> causes) {
  std::string text;
  for (const objects::FieldError& cause : causes) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", cause.field, cause.message);
  }
  if (causes.size() > 1) {
    text = "[" + text + "]";
  }
  const std::string full_kind = key.resource.group.empty()
                                    ? std::string(kind)
                                    : fmt::format("{}.{}", kind, key.resource.group);
  return WithDetails(
      Error(Code::kInvalidArgument, "{} \"{}\" is invalid: {}", full_kind, key.name, text),
      {.reason = "Invalid",
       .group = key.resource.group,
       .kind = std::string(kind),
       .name = key.name,
       .causes = std::move(causes)});
}

Status Expired(std::string_view why) {
  return WithDetails(Error(Code::kOutOfRange, "{}", why), {.reason = "Expired"});
}

}  // namespace tresor::store
