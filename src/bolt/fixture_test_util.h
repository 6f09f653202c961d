// SPDX-License-Identifier: Apache-2.0
// Loads the files of testdata/, which the real bbolt made (test/gotools/boltfixture).
#pragma once

#include <string>

#include <zstd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "io/file_system.h"

namespace tresor::bolt::testing {

inline const std::string kFixtureFolder = TRESOR_SOURCE_DIR "/src/bolt/testdata/";

[[nodiscard]] inline Bytes LoadFixture(const std::string& name) {
  const Result<Bytes> packed =
      io::ReadFile(io::PosixFileSystem(), kFixtureFolder + name + ".db.zst");
  TRESOR_CHECK(packed.ok());
  Bytes image(ZSTD_getFrameContentSize(packed->data(), packed->size()));
  const std::size_t size =
      ZSTD_decompress(image.data(), image.size(), packed->data(), packed->size());
  TRESOR_CHECK(size == image.size());
  return image;
}

}  // namespace tresor::bolt::testing
