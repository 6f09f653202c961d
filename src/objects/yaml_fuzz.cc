// SPDX-License-Identifier: Apache-2.0
// Texts as YAML and as JSON: what is read can be written, and reads as the same again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "objects/json_text.h"
#include "objects/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor::objects;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto json = ParseYaml(text); json.ok()) {
    const auto again = ParseYaml(ToYaml(*json));
    TRESOR_CHECK(again.ok() && *again == *json);
  }
  if (const auto json = ParseJson(text); json.ok()) {
    const std::string written = JsonText(*json);
    TRESOR_CHECK(written == json->dump());
    const auto again = ParseJson(written);
    TRESOR_CHECK(again.ok() && *again == *json);
  }
  return 0;
}
