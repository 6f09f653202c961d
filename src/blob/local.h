// SPDX-License-Identifier: Apache-2.0
// Blobs as files of a folder: blob "a/b" is the file `<root>/a/b`, mode 0600, in folders of mode
// 0700.
//
// Put writes `<root>/.tmp/<random>-<number>`, syncs it, links it to the blob's name, which fails
// when there is one, removes the first name, and syncs the blob's folder. A crash or power cut
// leaves, after each step: nothing or a part in .tmp | a whole file in .tmp | the blob, and its
// first name in .tmp | the blob. Nothing in .tmp is a blob. The first Put of each opened store
// empties .tmp (of another process's Put, too, which then starts over) and syncs every folder: what
// List showed before stays, also when the process that wrote it ended before its own sync.
//
// The folder's file system must know hard links.
#pragma once

#include <memory>
#include <string>

#include "blob/blob.h"
#include "io/file_system.h"

namespace tresor::blob {

/// Opens the store in folder `root`, which it neither creates nor changes: a store that is only
/// read may be read-only. Several processes may have the same store open. `fs` outlives it.
/// kNotFound: no such folder; kFailedPrecondition: not a folder.
[[nodiscard]] Result<std::unique_ptr<BlobStore>> OpenLocalStore(io::FileSystem& fs,
                                                                const std::string& root);

/// As OpenLocalStore, but creates `root` and the folders above it where they are missing.
[[nodiscard]] Result<std::unique_ptr<BlobStore>> CreateLocalStore(io::FileSystem& fs,
                                                                  const std::string& root);

}  // namespace tresor::blob
