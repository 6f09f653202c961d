// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>

#include "repo/format/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor;
  using namespace tresor::repo;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  if (const auto config = DecodeConfig(bytes); config.ok()) {
    if (!Equal(EncodeConfig(*config), bytes)) {
      std::abort();
    }
  }
  return 0;
}
