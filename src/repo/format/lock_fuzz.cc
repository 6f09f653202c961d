// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>

#include "repo/format/lock.h"
#include "repo/format/names.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor;
  using namespace tresor::repo;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  if (const auto lock = DecodeLock(bytes); lock.ok()) {
    const auto again = DecodeLock(EncodeLock(*lock));
    if (!again.ok() || *again != *lock) {
      std::abort();
    }
  }
  (void)ParseName(AsText(bytes));
  return 0;
}
