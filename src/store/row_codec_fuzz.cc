// SPDX-License-Identifier: Apache-2.0
// Values of log rows: what decodes comes back the same, open and sealed. The input is a value as it
// lies in the log, or what is inside of a sealed one.
#include <cstdint>
#include <cstdlib>

#include "store/row_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor;
  using namespace tresor::store;
  static SeededRandom random(1);
  static const RowCodec codec(crypto::SecretKey::FromBytes(Bytes(32)).value(), random);
  const LogKey key{"secrets", "demo", "s"};
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  const auto object = codec.Decode(key, 42, value);
  if (!object.ok()) {
    return 0;
  }
  for (const bool sealed : {false, true}) {
    objects::Object copy = **object;
    const auto again = codec.Decode(key, 42, codec.Encode(key, copy, sealed));
    if (!again.ok() || **again != **object) {
      std::abort();
    }
  }
  return 0;
}
