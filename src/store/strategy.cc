// SPDX-License-Identifier: Apache-2.0
#include "store/strategy.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "base/hex.h"
#include "store/errors.h"

namespace tresor::store {
namespace {

using objects::FieldError;
using objects::Json;
using objects::Object;
using objects::ObjectKey;

// What only the store sets, and what is accepted and forgotten.
constexpr auto kStoreFields =
    std::to_array<std::string_view>({"uid", "resourceVersion", "generation", "creationTimestamp",
                                     "deletionTimestamp", "deletionGracePeriodSeconds"});
constexpr auto kForgottenFields = std::to_array<std::string_view>({"managedFields", "selfLink"});
constexpr auto kTextFields =
    std::to_array<std::string_view>({"name", "generateName", "namespace", "uid", "resourceVersion",
                                     "creationTimestamp", "deletionTimestamp"});

bool Contains(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool IsDeeperThan(const Json& json, std::size_t limit) {
  if (!json.is_structured()) {
    return false;
  }
  return limit == 0 || std::ranges::any_of(
                           json, [&](const Json& child) { return IsDeeperThan(child, limit - 1); });
}

bool IsTextMap(const Json& json) {
  return json.is_object() &&
         std::ranges::all_of(json, [](const Json& value) { return value.is_string(); });
}
bool IsTextList(const Json& json) {
  return json.is_array() &&
         std::ranges::all_of(json, [](const Json& value) { return value.is_string(); });
}
bool IsObjectList(const Json& json) {
  return json.is_array() &&
         std::ranges::all_of(json, [](const Json& value) { return value.is_object(); });
}

// What is unknown is left to the schema.
bool HasItsType(std::string_view field, const Json& value) {
  if (field == "labels" || field == "annotations") {
    return IsTextMap(value);
  }
  if (field == "finalizers") {
    return IsTextList(value);
  }
  if (field == "ownerReferences") {
    return IsObjectList(value);
  }
  if (field == "generation" || field == "deletionGracePeriodSeconds") {
    return value.is_number_integer();
  }
  return value.is_string() || !Contains(kTextFields, field);
}

// Copies metadata[field], or its absence.
void TakeField(const Object& from, const char* field, Object& to) {
  const Json& metadata = from.json.at("metadata");
  if (const auto value = metadata.find(field); value != metadata.end()) {
    to.json["metadata"][field] = *value;
  } else {
    to.json["metadata"].erase(field);
  }
}

void TakeStatus(const Object& from, Object& to) {
  if (const auto status = from.json.find("status"); status != from.json.end()) {
    to.json["status"] = *status;
  } else {
    to.json.erase("status");
  }
}

}  // namespace

bool IsTerminating(const Object& object) {
  const auto metadata = object.json.find("metadata");
  return metadata != object.json.end() && metadata->contains("deletionTimestamp");
}

std::string GenerateName(std::string_view prefix, Random& random) {
  // kubernetes/apiserver pkg/storage/names/generate.go
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  constexpr std::size_t kMaxPrefix = 58;
  std::string name(prefix.substr(0, kMaxPrefix));
  for (int i = 0; i < 5; ++i) {
    name += kAlphabet[random.Below(kAlphabet.size())];
  }
  return name;
}

std::string GenerateUid(Random& random) {
  std::array<std::byte, 16> bytes{};
  random.Fill(bytes);
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  const std::string hex = ToHex(bytes);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

Status Strategy::CheckShape(const ObjectKey& key, Object& object) const {
  if (!object.json.is_object()) {
    return BadRequest("an object must be a JSON object");
  }
  if (IsDeeperThan(object.json, kMaxDepth)) {
    return BadRequest(fmt::format("the object is nested deeper than {} levels", kMaxDepth));
  }
  const std::string api_version = kind_.api_version();
  for (const auto& [field, wanted] :
       {std::pair("apiVersion", &api_version), std::pair("kind", &kind_.kind)}) {
    Json& value = object.json[field];
    if (value.is_null() || value == "") {
      value = *wanted;
    } else if (value != *wanted) {
      return BadRequest(fmt::format("the {} in the data ({}) does not match the expected one ({})",
                                    field, value.is_string() ? value.get<std::string>() : "?",
                                    *wanted));
    }
  }
  Json& metadata = object.json["metadata"];
  if (metadata.is_null()) {
    metadata = Json::object();
  }
  if (!metadata.is_object()) {
    return BadRequest("metadata must be an object");
  }
  Json clean = Json::object();
  for (auto& [field, value] : metadata.items()) {
    if (value.is_null() || (value.is_structured() && value.empty()) ||
        Contains(kForgottenFields, field)) {
      // Says nothing.
    } else if (!HasItsType(field, value)) {
      return BadRequest(fmt::format("metadata.{} is of the wrong type", field));
    } else {
      clean[field] = std::move(value);
    }
  }
  metadata = std::move(clean);
  for (const auto& [field, wanted] :
       {std::pair("name", &key.name), std::pair("namespace", &key.name_space)}) {
    const std::string given = metadata.value(field, std::string());
    if (!given.empty() && given != *wanted) {
      return BadRequest(
          fmt::format("the {} of the object ({}) does not match the one asked for "
                      "({})",
                      field, given, *wanted));
    }
    if (wanted->empty()) {
      metadata.erase(field);
    } else {
      metadata[field] = *wanted;
    }
  }
  return OkStatus();
}

Status Strategy::CheckContent(const ObjectKey& key, Object& object, const Object* before,
                              std::vector<std::string>& warnings) const {
  std::vector<FieldError> errors = objects::Conform(kind_, object, before, warnings);
  if (!errors.empty()) {
    return Invalid(key, kind_.kind, std::move(errors));
  }
  return OkStatus();
}

Result<Object> Strategy::Create(const ObjectKey& key, Object object, std::string uid, WallTime now,
                                std::vector<std::string>& warnings) const {
  RETURN_IF_ERROR(CheckShape(key, object));
  Json& metadata = object.json["metadata"];
  if (metadata.contains("resourceVersion")) {
    return BadRequest("resourceVersion should not be set on objects to be created");
  }
  for (const std::string_view field : kStoreFields) {
    metadata.erase(std::string(field));
  }
  metadata["uid"] = std::move(uid);
  metadata["creationTimestamp"] = FormatTime(now);
  if (kind_.counts_generation) {
    metadata["generation"] = 1;
  }
  if (kind_.has_status) {
    object.json.erase("status");
  }
  RETURN_IF_ERROR(CheckContent(key, object, nullptr, warnings));
  return object;
}

Status Strategy::CheckPreconditions(const ObjectKey& key, const Object& wanted,
                                    const Object& present) const {
  const Json& metadata = wanted.json.at("metadata");
  const std::string uid = metadata.value("uid", std::string());
  if (!uid.empty() && uid != present.uid()) {
    return Conflict(key, fmt::format("Precondition failed: UID in precondition: {}, UID in object "
                                     "meta: {}",
                                     uid, present.uid()));
  }
  const std::string version = metadata.value("resourceVersion", std::string());
  if (version.empty() || version == "0") {
    return OkStatus();
  }
  if (wanted.resource_version() == 0) {
    return Invalid(key, kind_.kind,
                   {{.reason = "FieldValueInvalid",
                     .field = "metadata.resourceVersion",
                     .message = fmt::format("Invalid value: \"{}\": must be a number", version)}});
  }
  return wanted.resource_version() == present.resource_version() ? OkStatus() : Modified(key);
}

// Whether anything but metadata and status differs.
bool Strategy::WantsOther(const Object& a, const Object& b) const {
  const auto counts = [this](const std::string& field) {
    return field != "metadata" && !(field == "status" && kind_.has_status);
  };
  const auto has_all = [&](const Object& of, const Object& in) {
    for (const auto& [field, value] : of.json.items()) {
      if (counts(field)) {
        const auto other = in.json.find(field);
        if (other == in.json.end() || *other != value) {
          return false;
        }
      }
    }
    return true;
  };
  return !has_all(a, b) || !has_all(b, a);
}

Result<Object> Strategy::Update(const ObjectKey& key, Object wanted, const Object& present,
                                std::vector<std::string>& warnings) const {
  RETURN_IF_ERROR(CheckShape(key, wanted));
  RETURN_IF_ERROR(CheckPreconditions(key, wanted, present));
  for (const std::string_view field : kStoreFields) {
    TakeField(present, std::string(field).c_str(), wanted);
  }
  TakeField(present, "generateName", wanted);
  if (kind_.has_status) {
    TakeStatus(present, wanted);
  }
  if (IsTerminating(present)) {
    const std::vector<std::string> before = present.finalizers();
    for (const std::string& finalizer : wanted.finalizers()) {
      if (!Contains(before, finalizer)) {
        return Invalid(key, kind_.kind,
                       {{.reason = "FieldValueForbidden",
                         .field = "metadata.finalizers",
                         .message = fmt::format("Forbidden: no new finalizers can be added if the "
                                                "object is being deleted, found new finalizers "
                                                "\"{}\"",
                                                finalizer)}});
      }
    }
  }
  RETURN_IF_ERROR(CheckContent(key, wanted, &present, warnings));
  if (kind_.counts_generation && WantsOther(wanted, present)) {
    wanted.json["metadata"]["generation"] = present.generation() + 1;
  }
  return wanted;
}

Result<Object> Strategy::UpdateStatus(const ObjectKey& key, const Object& wanted,
                                      const Object& present) const {
  if (!wanted.json.is_object() || IsDeeperThan(wanted.json, kMaxDepth)) {
    return BadRequest("an object must be a JSON object, not too deep");
  }
  Object checked;
  std::vector<std::string> unused;
  for (const char* field : {"apiVersion", "kind", "metadata", "status"}) {
    if (const auto value = wanted.json.find(field); value != wanted.json.end()) {
      checked.json[field] = *value;
    }
  }
  RETURN_IF_ERROR(CheckShape(key, checked));
  RETURN_IF_ERROR(CheckPreconditions(key, checked, present));
  Object object = present;
  TakeStatus(checked, object);
  RETURN_IF_ERROR(CheckContent(key, object, &present, unused));
  return object;
}

Object Strategy::MarkDeleted(const Object& present, WallTime now) const {
  Object object = present;
  if (IsTerminating(present)) {
    return object;
  }
  Json& metadata = object.json["metadata"];
  metadata["deletionTimestamp"] = FormatTime(now);
  metadata["deletionGracePeriodSeconds"] = 0;
  if (kind_.counts_generation) {
    metadata["generation"] = present.generation() + 1;
  }
  return object;
}

}  // namespace tresor::store
