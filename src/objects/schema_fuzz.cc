// SPDX-License-Identifier: Apache-2.0
// A schema and a value, {"schema": …, "value": …}: pruning and defaulting end, and are done when
// they are done.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "objects/schema.h"
#include "objects/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor::objects;
  const auto json = ParseJson({reinterpret_cast<const char*>(data), size});
  if (!json.ok() || !json->is_object() || !json->contains("schema") || !json->contains("value")) {
    return 0;
  }
  const auto schema = Schema::Compile((*json)["schema"]);
  if (!schema.ok()) {
    return 0;
  }
  Json value = (*json)["value"];
  (void)schema->Validate(value);
  (void)schema->Prune(value);
  TRESOR_CHECK(schema->Prune(value).empty());
  // A default may itself hold what defaults inside it would change: once more may add, never
  // remove, and it ends.
  schema->Default(value);
  (void)schema->Validate(value);
  return 0;
}
