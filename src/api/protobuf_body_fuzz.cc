// SPDX-License-Identifier: Apache-2.0
// Protobuf bodies: what is decoded is an object with its kind, and can be written as JSON.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/protobuf_body.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto json = tresor::api::DecodeProtobufBody(body);
  if (json.ok()) {
    TRESOR_CHECK(json->is_object() && json->contains("kind"));
    (void)json->dump(-1, ' ', false, tresor::objects::Json::error_handler_t::replace);
  }
  return 0;
}
