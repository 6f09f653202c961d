// SPDX-License-Identifier: Apache-2.0
// SQLite on an io::FileSystem, so that power cuts, full and failing disks of io/faults.h happen to
// databases too. Tests only.
//
// https://www.sqlite.org/vfs.html
#pragma once

#include <memory>
#include <string>

#include "io/file_system.h"

namespace tresor::store {

/// Registered with SQLite as long as it lives; longer than every database opened with its name.
/// Shared memory lives in here: a new one after a power cut has none, as after a reboot.
///
/// Threads: any.
class FileSystemVfs {
 public:
  explicit FileSystemVfs(io::FileSystem& fs);
  ~FileSystemVfs();
  FileSystemVfs(const FileSystemVfs&) = delete;
  FileSystemVfs& operator=(const FileSystemVfs&) = delete;

  [[nodiscard]] const std::string& name() const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace tresor::store
