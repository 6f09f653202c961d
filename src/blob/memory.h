// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "blob/blob.h"

namespace tresor::blob {

/// Blobs that live as long as the store.
[[nodiscard]] std::unique_ptr<BlobStore> MakeMemoryStore();

}  // namespace tresor::blob
