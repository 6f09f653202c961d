// SPDX-License-Identifier: Apache-2.0
// Any value of an etcd can be shown: no input crashes or controls a terminal.
#include <cstddef>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "cli/kube.h"
#include "cli/text.h"
#include "cli/value.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor;
  const ByteView value = std::as_bytes(std::span(data, size));
  (void)cli::DecodeKubeEnvelope(value);
  const std::string shown = cli::RenderValue(value);
  TRESOR_CHECK(!shown.empty() && shown.back() == '\n');
  TRESOR_CHECK(cli::IsPrintable(AsBytes(shown)));
  nlohmann::ordered_json object;
  cli::AddKeyTo(object, AsText(value));
  cli::AddValueTo(object, value);
  // Printing must not throw: what is not UTF-8 went into Base64.
  (void)object.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return 0;
}
