// SPDX-License-Identifier: Apache-2.0
// Any bytes as a file.
#include "bolt/fuzz_util.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const tresor::ByteView image = std::as_bytes(std::span(data, size));
  tresor::bolt::testing::ReadEveryWay(image, {.exact_size = true});
  tresor::bolt::testing::ReadEveryWay(image, {.exact_size = false});
  return 0;
}
