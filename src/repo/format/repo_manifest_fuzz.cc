// SPDX-License-Identifier: Apache-2.0
// A manifest, decrypted; what decodes must encode and decode to the same bytes again. And sealed.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "repo/format/manifest.h"
#include "repo/keys.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor::repo;
  const tresor::ByteView bytes = std::as_bytes(std::span(data, size));
  const auto decoded = DecodeManifest(bytes);
  if (decoded.ok()) {
    const tresor::Bytes once = EncodeManifest(*decoded);
    const auto again = DecodeManifest(once);
    TRESOR_CHECK(again.ok() && tresor::Equal(EncodeManifest(*again), once));
  }
  static const KeyRing& keys = *new KeyRing(
      *tresor::crypto::SecretKey::FromBytes(tresor::AsBytes("0123456789abcdef0123456789abcdef")),
      Id{});
  (void)keys.Open(ObjectKind::kManifest, "manifest", bytes);
  return 0;
}
