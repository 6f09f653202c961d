// SPDX-License-Identifier: Apache-2.0
// FileLock: one process at a time. The kernel lets go of it when its holder ends, however that
// happens; the file stays. Only on the real file system.
//
// Open file description locks: fcntl(2), F_OFD_SETLK.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tresor::io {

/// Held as long as it lives. Not inherited by programs that this process starts.
///
/// Threads: one.
class FileLock {
 public:
  /// Makes the file (0600) if it is missing. kFailedPrecondition: somebody holds it, this process
  /// included. Else as FileSystem::Open.
  [[nodiscard]] static Result<std::unique_ptr<FileLock>> TryAcquire(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  /// Replaces the file's content, for people and for whoever wants to signal the holder. Not made
  /// durable.
  [[nodiscard]] Status Write(std::string_view text);

 private:
  FileLock(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  const int fd_;
  const std::string path_;
};

/// Whether somebody holds it, this process included. False when there is no such file.
[[nodiscard]] Result<bool> IsLocked(const std::string& path);

}  // namespace tresor::io
