// SPDX-License-Identifier: Apache-2.0
#include "runtime/member/document.h"

namespace tresor::runtime {
namespace {

const Json kEmptyArray = Json::array();

}  // namespace

ObjectReader::ObjectReader(const Json& json, std::string where)
    : json_(json), where_(std::move(where)) {
  if (!json_.is_object()) {
    status_ = Error(Code::kDataLoss, "{}: not an object", where_);
  }
}

void ObjectReader::Fail(const Status& status) {
  if (status_.ok()) {
    status_ = status;
  }
}

void ObjectReader::Fail(const std::string& field, std::string_view text) {
  Fail(Error(Code::kDataLoss, "{}: {}: {}", where_, field, text));
}

const Json* ObjectReader::Optional(const std::string& field) {
  taken_.insert(field);
  if (!json_.is_object()) {
    return nullptr;
  }
  const auto found = json_.find(field);
  return found == json_.end() ? nullptr : &*found;
}

const Json* ObjectReader::Take(const std::string& field) {
  const Json* value = Optional(field);
  if (value == nullptr) {
    Fail(field, "missing");
  }
  return value;
}

std::string ObjectReader::Text(const std::string& field) {
  const Json* value = Take(field);
  if (value == nullptr || !value->is_string()) {
    Fail(field, "not a text");
    return {};
  }
  return value->get<std::string>();
}

bool ObjectReader::Bool(const std::string& field) {
  const Json* value = Take(field);
  if (value == nullptr || !value->is_boolean()) {
    Fail(field, "neither true nor false");
    return false;
  }
  return value->get<bool>();
}

std::uint64_t ObjectReader::Number(const std::string& field, std::uint64_t most) {
  const Json* value = Take(field);
  if (value == nullptr || !value->is_number_unsigned() || value->get<std::uint64_t>() > most) {
    Fail(field, fmt::format("not a number from 0 to {}", most));
    return 0;
  }
  return value->get<std::uint64_t>();
}

std::int64_t ObjectReader::Signed(const std::string& field) {
  const Json* value = Take(field);
  if (value == nullptr || !value->is_number_integer() ||
      (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX)) {
    Fail(field, "not a number");
    return 0;
  }
  return value->get<std::int64_t>();
}

const Json& ObjectReader::Array(const std::string& field) {
  const Json* value = Take(field);
  if (value == nullptr || !value->is_array()) {
    Fail(field, "not a list");
    return kEmptyArray;
  }
  return *value;
}

std::vector<std::string> ObjectReader::Texts(const std::string& field) {
  std::vector<std::string> texts;
  for (const Json& item : Array(field)) {
    if (!item.is_string()) {
      Fail(field, "not a list of texts");
      return {};
    }
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

Status ObjectReader::Finish() {
  if (status_.ok()) {
    for (const auto& [field, value] : json_.items()) {
      if (!taken_.contains(field)) {
        Fail(field, "unknown field");
        break;
      }
    }
  }
  return status_;
}

Result<Json> ParseDocument(ByteView bytes, const std::string& name, std::uint64_t version) {
  const std::string_view text = AsText(bytes);
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) {
    return Error(Code::kDataLoss, "{}: not a JSON object", name);
  }
  const auto found = json.find("version");
  if (found == json.end() || !found->is_number_unsigned()) {
    return Error(Code::kDataLoss, "{}: version: missing", name);
  }
  if (found->get<std::uint64_t>() != version) {
    return Error(Code::kUnimplemented, "{}: version {} of this file is not known here, only {}",
                 name, found->get<std::uint64_t>(), version);
  }
  json.erase(found);
  return json;
}

std::string PrintDocument(const Json& json) {
  // Bytes that are no UTF-8 (in a message of etcd's, say) must not throw.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tresor::runtime
