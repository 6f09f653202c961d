// SPDX-License-Identifier: Apache-2.0
// Continue tokens: what decodes means the same when it is written again.
#include <cstdint>
#include <cstdlib>

#include "store/continue_token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor::store;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto token = DecodeContinueToken(text);
  if (token.ok() && DecodeContinueToken(EncodeContinueToken(*token)).value() != *token) {
    std::abort();
  }
  return 0;
}
