// SPDX-License-Identifier: Apache-2.0
#include "objects/secret.h"

#include <utility>

#include "base/base64.h"
#include "base/bytes.h"

namespace tresor::objects {

Result<SecretValues> SecretData(const Object& secret) {
  SecretValues values;
  const Json* data = secret.Find("data");
  if (data == nullptr || !data->is_object()) {
    return values;
  }
  for (const auto& [name, value] : data->items()) {
    Result<Bytes> bytes =
        FromBase64(value.is_string() ? value.get_ref<const std::string&>() : std::string("?"));
    if (!bytes.ok()) {
      return Error(Code::kInvalidArgument, "secret {}: value {} is not base64", secret.name(),
                   name);
    }
    values.emplace(name, tresor::ToString(*bytes));
  }
  return values;
}

Object MakeSecret(std::string_view name_space, std::string_view name, const SecretValues& values) {
  Json data = Json::object();
  for (const auto& [key, value] : values) {
    data[key] = ToBase64(AsBytes(value));
  }
  return Object{{{"apiVersion", "v1"},
                 {"kind", "Secret"},
                 {"metadata", {{"name", name}, {"namespace", name_space}}},
                 {"type", "Opaque"},
                 {"data", std::move(data)}}};
}

}  // namespace tresor::objects
