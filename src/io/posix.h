// SPDX-License-Identifier: Apache-2.0
// What of posix.cc is tested apart, because not every file system comes that way.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "io/file_system.h"

namespace tresor::io {

/// FileSystem::OpenUnnamed where O_TMPFILE is not offered: a file is made and its name removed at
/// once.
[[nodiscard]] Result<std::unique_ptr<File>> OpenByUnlinking(const std::string& dir);

}  // namespace tresor::io
