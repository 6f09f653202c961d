// SPDX-License-Identifier: Apache-2.0
#include "api/representation.h"

#include <utility>

#include "api/errors.h"
#include "objects/json_text.h"
#include "objects/yaml.h"

namespace tresor::api {
namespace {

// None: not a form that we have.
std::optional<Representation> Offer(const net::MediaType& media) {
  Representation offer;
  offer.yaml = media.type == "application/yaml";
  if (media.type != "application/json" && media.type != "*/*" && media.type != "application/*" &&
      !offer.yaml) {
    return std::nullopt;
  }
  const std::string_view as = media.Parameter("as");
  if (as.empty()) {
    return offer;
  }
  const std::string_view version = media.Parameter("v");
  if (media.Parameter("g") != "meta.k8s.io" || (version != "v1" && version != "v1beta1")) {
    return std::nullopt;
  }
  offer.meta_version = version;
  if (as == "Table") {
    offer.form = Representation::Form::kTable;
  } else if (as == "PartialObjectMetadata" || as == "PartialObjectMetadataList") {
    offer.form = Representation::Form::kMetadata;
  } else {
    return std::nullopt;
  }
  return offer;
}

Json ListMeta(const Presenter::ListMetadata& metadata) {
  Json json = {{"resourceVersion", std::to_string(metadata.resource_version)}};
  if (!metadata.continue_token.empty()) {
    json["continue"] = metadata.continue_token;
  }
  if (metadata.remaining > 0) {
    json["remainingItemCount"] = metadata.remaining;
  }
  return json;
}

}  // namespace

Result<Representation> ChooseRepresentation(const net::Request& request) {
  const std::string accept = request.headers.Joined("Accept");
  Representation chosen;
  if (!accept.empty()) {
    bool found = false;
    for (const auto& media : net::ParseAccept(accept)) {
      if (auto offer = Offer(media)) {
        chosen = *std::move(offer);
        found = true;
        break;
      }
    }
    if (!found) {
      return NotAcceptable(
          "only the following media types are accepted: application/json, application/yaml, "
          "application/json;as=Table;v=v1;g=meta.k8s.io, "
          "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io");
    }
  }
  const std::string_view include = request.target.query.Find("includeObject").value_or("Metadata");
  if (include == "None") {
    chosen.include = Representation::Include::kNone;
  } else if (include == "Object") {
    chosen.include = Representation::Include::kObject;
  } else if (include != "Metadata" && !include.empty()) {
    return BadRequest("includeObject must be None, Metadata or Object");
  }
  return chosen;
}

net::Response Encode(int status, const Json& json, const Representation& form) {
  if (!form.yaml) {
    return JsonResponse(status, json);
  }
  return {.status = status,
          .headers = {{"Content-Type", "application/yaml"}},
          .body = objects::ToYaml(json),
          .stream = nullptr};
}

std::string Presenter::meta_api_version() const {
  return "meta.k8s.io/" + representation_.meta_version;
}

Json Presenter::Metadata(const objects::Object& object) const {
  const Json* metadata = object.Find("metadata");
  return {{"kind", "PartialObjectMetadata"},
          {"apiVersion", meta_api_version()},
          {"metadata", metadata != nullptr ? *metadata : Json::object()}};
}

Json Presenter::Row(const objects::Object& object) const {
  Json row = {{"cells", objects::TableCells(kind_, object, now_)}};
  switch (representation_.include) {
    case Representation::Include::kNone:
      break;
    case Representation::Include::kMetadata:
      row["object"] = Metadata(object);
      break;
    case Representation::Include::kObject:
      row["object"] = object.json;
      break;
  }
  return row;
}

net::Response Presenter::Body(int status, std::string json) const {
  if (representation_.yaml) {
    // Rare, and for people: they can wait for it to be parsed again.
    return Encode(status, Json::parse(json, nullptr, false), representation_);
  }
  json += '\n';
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = std::move(json),
          .stream = nullptr};
}

net::Response Presenter::One(int status, const objects::Object& object) const {
  return Body(status, ForWatch(object, true));
}

std::string Presenter::ForWatch(const objects::Object& object, bool first) const {
  switch (representation_.form) {
    case Representation::Form::kTable:
      return objects::JsonText(
          {{"kind", "Table"},
           {"apiVersion", meta_api_version()},
           {"metadata", {{"resourceVersion", std::to_string(object.resource_version())}}},
           {"columnDefinitions", first ? objects::TableColumns(kind_) : Json(nullptr)},
           {"rows", Json::array({Row(object)})}});
    case Representation::Form::kMetadata:
      return objects::JsonText(Metadata(object));
    case Representation::Form::kObject:
      break;
  }
  return objects::JsonText(object.json);
}

net::Response Presenter::List(const store::ObjectList& objects,
                              const ListMetadata& metadata) const {
  const bool table = representation_.form == Representation::Form::kTable;
  const bool partial = representation_.form == Representation::Form::kMetadata;
  // By hand: copying ten thousand objects into one JSON value would cost more than all else.
  Json head = {{"kind", table     ? "Table"
                        : partial ? "PartialObjectMetadataList"
                                  : kind_.list_kind},
               {"apiVersion", table || partial ? meta_api_version() : kind_.api_version()},
               {"metadata", ListMeta(metadata)}};
  if (table) {
    head["columnDefinitions"] = objects::TableColumns(kind_);
  }
  std::string text = objects::JsonText(head);
  text.pop_back();
  text += table ? ",\"rows\":[" : ",\"items\":[";
  bool first = true;
  for (const objects::Object& object : objects) {
    text += first ? "" : ",";
    const std::size_t begin = text.size();
    if (table) {
      objects::AppendJson(Row(object), text);
    } else if (partial) {
      objects::AppendJson(Metadata(object), text);
    } else {
      objects::AppendJson(object.json, text);
    }
    if (first) {
      text.reserve(begin + objects.size() * (text.size() - begin + 16));  // they are much alike
      first = false;
    }
  }
  text += "]}";
  return Body(200, std::move(text));
}

}  // namespace tresor::api
