// SPDX-License-Identifier: Apache-2.0
// Label and field selectors, and JSONPath: whatever is parsed can be asked.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "objects/json_path.h"
#include "objects/selector.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor::objects;
  static const Object object{Json::parse(
      R"({"metadata":{"name":"x","labels":{"a":"b","n":"10"}},"spec":{"a":[{"b":"c"}],"k":3}})")};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto labels = LabelSelector::Parse(text); labels.ok()) {
    (void)labels->Matches(object);
  }
  if (const auto fields = FieldSelector::Parse(text); fields.ok()) {
    (void)fields->Matches(object);
  }
  if (const auto path = JsonPath::Parse(text); path.ok()) {
    (void)path->Evaluate(object.json);
  }
  return 0;
}
