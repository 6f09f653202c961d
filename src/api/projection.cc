// SPDX-License-Identifier: Apache-2.0
#include "api/projection.h"

#include <utility>

namespace tresor::api {
namespace {

// A page asks for some dozens; the parser is not to be a way to make the server busy.
constexpr std::size_t kMaxNames = 500;

/// What is before `separator`; `text` keeps what comes after it.
std::string_view Cut(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view head = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return head;
}

}  // namespace

Result<Projection> Projection::Parse(std::string_view paths) {
  Projection projection;
  std::size_t names = 0;
  while (!paths.empty()) {
    std::string_view path = Cut(paths, ',');
    Projection* place = &projection;
    bool whole = false;
    do {
      const std::string_view name = Cut(path, '.');
      if (name.empty() || ++names > kMaxNames) {
        return Error(Code::kInvalidArgument, "fields: {}",
                     name.empty() ? "an empty name" : "too many names");
      }
      const auto [child, made] = place->fields_.try_emplace(std::string(name));
      // `spec` and `spec.cluster`: the wider one holds.
      whole = whole || (!made && child->second.fields_.empty());
      place = &child->second;
    } while (!path.empty() && !whole);
    place->fields_.clear();
  }
  return projection;
}

objects::Json Projection::Of(const objects::Json& object) const {
  if (fields_.empty()) {
    return object;
  }
  if (object.is_array()) {
    objects::Json list = objects::Json::array();
    for (const objects::Json& element : object) {
      list.push_back(Of(element));
    }
    return list;
  }
  if (!object.is_object()) {
    return object;
  }
  objects::Json chosen = objects::Json::object();
  for (const auto& [name, below] : fields_) {
    if (const auto found = object.find(name); found != object.end()) {
      chosen[name] = below.Of(*found);
    }
  }
  return chosen;
}

}  // namespace tresor::api
