// SPDX-License-Identifier: Apache-2.0
#include "api/patch.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "api/errors.h"

namespace tresor::api {
namespace {

// A patch of a few copies, each of what the one before made, could fill any memory.
constexpr std::size_t kMaxJsonPatchOperations = 10'000;  // as kubernetes/apiserver
constexpr std::size_t kMaxJsonPatchCopies = 100;
constexpr std::size_t kMaxPatchedNodes = 100'000;

constexpr std::string_view kDeleteFrom = "$deleteFromPrimitiveList/";
constexpr std::string_view kSetOrder = "$setElementOrder/";

std::size_t CountNodes(const Json& json) {
  std::size_t count = 1;
  if (json.is_structured()) {
    for (const Json& child : json) {
      count += CountNodes(child);
    }
  }
  return count;
}

void MergeStrategically(Json& target, const Json& patch);

void MergeMember(Json& target, const std::string& name, const Json& value, const Json& patch) {
  if (value.is_null()) {
    target.erase(name);
    return;
  }
  if (value.is_object()) {
    if (value.value("$patch", Json()) == "delete") {
      target.erase(name);
      return;
    }
    Json& member = target[name];
    if (!member.is_object()) {
      member = Json::object();
    }
    MergeStrategically(member, value);
    return;
  }
  const bool merges = value.is_array() && patch.contains(std::string(kSetOrder) + name);
  const auto old = target.find(name);
  if (!merges || old == target.end() || !old->is_array() ||
      !std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); })) {
    target[name] = value;
    return;
  }
  for (const Json& item : value) {
    if (std::find(old->begin(), old->end(), item) == old->end()) {
      old->push_back(item);
    }
  }
}

void MergeStrategically(Json& target, const Json& patch) {
  if (patch.value("$patch", Json()) == "replace") {
    target = Json::object();
  }
  for (const auto& [name, value] : patch.items()) {
    const std::string_view view = name;
    if (view.starts_with(kDeleteFrom)) {
      const auto list = target.find(view.substr(kDeleteFrom.size()));
      if (list != target.end() && list->is_array() && value.is_array()) {
        for (const Json& item : value) {
          list->erase(std::remove(list->begin(), list->end(), item), list->end());
        }
      }
    } else if (!view.starts_with('$')) {
      MergeMember(target, name, value, patch);
    }
  }
}

Status ApplyOperations(const Json& operations, Json& target) {
  try {
    target = target.patch(operations);
    return OkStatus();
  } catch (const std::exception& error) {
    // nlohmann's texts begin with "[json.exception.…] ".
    std::string_view why = error.what();
    if (const auto end = why.find("] "); why.starts_with('[') && end != std::string_view::npos) {
      why.remove_prefix(end + 2);
    }
    return objects::WithDetails(
        Error(Code::kInvalidArgument, "the JSON patch does not fit: {}", why),
        {.reason = "Invalid"});
  }
}

Result<Json> ApplyJsonPatch(const Json& target, const Json& patch) {
  if (!patch.is_array()) {
    return BadRequest("a JSON patch is a list of operations");
  }
  if (patch.size() > kMaxJsonPatchOperations) {
    return BadRequest(fmt::format("the JSON patch has {} operations; at most {} are allowed",
                                  patch.size(), kMaxJsonPatchOperations));
  }
  Json result = target;
  Json batch = Json::array();
  std::size_t copies = 0;
  for (const Json& operation : patch) {
    batch.push_back(operation);
    if (operation.is_object() && operation.value("op", Json()) == "copy") {
      if (++copies > kMaxJsonPatchCopies) {
        return BadRequest("the JSON patch has too many copy operations");
      }
      RETURN_IF_ERROR(ApplyOperations(std::exchange(batch, Json::array()), result));
      if (CountNodes(result) > kMaxPatchedNodes) {
        return BadRequest("the JSON patch makes the object too large");
      }
    }
  }
  RETURN_IF_ERROR(ApplyOperations(batch, result));
  return result;
}

}  // namespace

Result<PatchType> PatchTypeOf(std::string_view content_type) {
  const auto media = net::ParseMediaType(content_type);
  const std::string type = media.ok() ? media->type : std::string();
  if (type == "application/merge-patch+json") {
    return PatchType::kMerge;
  }
  if (type == "application/json-patch+json") {
    return PatchType::kJson;
  }
  if (type == "application/strategic-merge-patch+json") {
    return PatchType::kStrategic;
  }
  if (type == "application/apply-patch+yaml" || type == "application/apply-patch+cbor") {
    return UnsupportedMediaType(
        "server-side apply is not supported by this server: use kubectl apply without "
        "--server-side, or a merge patch");
  }
  return UnsupportedMediaType(
      "the body of the request was in an unknown format - accepted media types include: "
      "application/json-patch+json, application/merge-patch+json, "
      "application/strategic-merge-patch+json");
}

Result<Json> ApplyPatch(PatchType type, const Json& target, const Json& patch) {
  if (type == PatchType::kJson) {
    return ApplyJsonPatch(target, patch);
  }
  if (!patch.is_object()) {
    return BadRequest("a merge patch is an object");
  }
  Json result = target;
  if (type == PatchType::kMerge) {
    result.merge_patch(patch);
  } else {
    MergeStrategically(result, patch);
  }
  return result;
}

}  // namespace tresor::api
