// SPDX-License-Identifier: Apache-2.0
// A catalog, decrypted; what decodes must encode and decode to the same bytes again. And sealed.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "repo/format/catalog.h"
#include "repo/keys.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor::repo;
  const tresor::ByteView bytes = std::as_bytes(std::span(data, size));
  const auto decoded = DecodeCatalog(bytes);
  if (decoded.ok()) {
    const tresor::Bytes once = EncodeCatalog(*decoded);
    const auto again = DecodeCatalog(once);
    TRESOR_CHECK(again.ok() && tresor::Equal(EncodeCatalog(*again), once));
  }
  static const KeyRing& keys = *new KeyRing(
      *tresor::crypto::SecretKey::FromBytes(tresor::AsBytes("0123456789abcdef0123456789abcdef")),
      Id{});
  (void)keys.Open(ObjectKind::kCatalog, "catalog", bytes);
  return 0;
}
