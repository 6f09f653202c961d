// SPDX-License-Identifier: Apache-2.0
// Key slots: what decodes, encodes to the same bytes, and opens with nothing we know.
#include <cstdint>
#include <cstdlib>

#include "repo/format/key_slot.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor;
  using namespace tresor::repo;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto head = DecodeKeySlotHead(bytes);
  if (!head.ok()) {
    return 0;
  }
  const Bytes again = EncodeKeySlotHead(*head);
  // A varint may be written in more bytes than it needs; then the slot is longer.
  if (again.size() + kWrappedKeySize == size && !Equal(again, bytes.first(again.size()))) {
    std::abort();
  }
  static const crypto::SecretKey key = crypto::SecretKey::FromBytes(Bytes(32)).value();
  (void)UnwrapMasterKey(bytes, Id{}, key).ok();
  return 0;
}
