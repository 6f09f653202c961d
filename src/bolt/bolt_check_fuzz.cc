// SPDX-License-Identifier: Apache-2.0
// As bolt_open, but with checksums made right, so that what lies behind the metas is reached as
// well.
#include "bolt/format/meta.h"
#include "bolt/fuzz_util.h"

namespace tresor::bolt {
namespace {

void MendMeta(MutableByteView page) {
  StoreU32(page.data() + 16, format::kMagic);
  StoreU32(page.data() + 20, format::kVersion);
  StoreU64(page.data() + 72, format::Fnv1a64(page.subspan(16, 56)));
}

}  // namespace
}  // namespace tresor::bolt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tresor::Bytes image = tresor::ToBytes(std::as_bytes(std::span(data, size)));
  if (image.size() < 1024 + tresor::bolt::format::kMetaPageSize) {
    return 0;
  }
  const tresor::MutableByteView bytes(image);
  tresor::StoreU32(image.data() + 24, 1024);
  tresor::bolt::MendMeta(bytes);
  tresor::bolt::MendMeta(bytes.subspan(1024));
  tresor::bolt::testing::ReadEveryWay(image, {.exact_size = false});
  return 0;
}
