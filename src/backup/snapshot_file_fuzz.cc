// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes are: unpacked within the spool's limit, or refused.
#include <cstddef>
#include <cstdint>

#include "backup/snapshot_file.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor;
  const io::BytesReader reader(std::as_bytes(std::span(data, size)));
  for (const bool skip : {false, true}) {
    backup::SnapshotFileOptions options;
    options.spool.memory_bytes = 1 << 20;
    options.spool.limit_bytes = 1 << 20;
    options.skip_hash_check = skip;
    const auto file = backup::SnapshotFile::FromReader(Context::Background(), reader, options);
    if (file.ok()) {
      TRESOR_CHECK(skip || (*file)->hash_checked());
      Bytes image((*file)->image().size());
      TRESOR_CHECK((*file)->image().ReadAt(0, image).ok());
    }
  }
  return 0;
}
