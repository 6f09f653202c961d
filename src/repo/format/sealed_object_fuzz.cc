// SPDX-License-Identifier: Apache-2.0
// Sealed objects: the bytes as they are, and as what is inside a seal that is right.
#include <cstdint>
#include <cstdlib>

#include "repo/format/envelope.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor;
  using namespace tresor::repo;
  static const crypto::SecretKey key = crypto::SecretKey::FromBytes(Bytes(32)).value();
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  for (const ObjectKind kind : kObjectKinds) {
    if (const auto header = DecodeHeader(kind, bytes); header.ok()) {
      ObjectCipher cipher(key.Clone(), *header);
      (void)OpenOnePart(cipher, bytes).ok();
    }
  }
  ObjectCipher cipher(key.Clone(), EncodeHeader(ObjectKind::kBlob, Salt{}));
  Bytes object = ToBytes(ByteView(cipher.header()));
  cipher.Seal(0, bytes, object);
  const auto opened = OpenOnePart(cipher, object);
  if (opened.ok() && opened->size() > kMaxRawSize) {
    std::abort();
  }
  const auto round = OpenOnePart(cipher, SealOnePart(cipher, bytes, 1));
  if (!round.ok() || !Equal(*round, bytes)) {
    std::abort();
  }
  return 0;
}
