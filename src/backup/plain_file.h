// SPDX-License-Identifier: Apache-2.0
// Inside of backup: a file that gets its name only when it is whole.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "io/file_system.h"

namespace tresor::backup {

/// Written as `path`.part. Destroyed without Commit: removed.
class PlainFile {
 public:
  /// kAlreadyExists: there is something at `path`. A `path`.part that is left of an earlier attempt
  /// is overwritten.
  [[nodiscard]] static Result<std::unique_ptr<PlainFile>> Create(io::FileSystem& fs,
                                                                 const std::string& path);
  ~PlainFile();
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;

  [[nodiscard]] io::File& file() { return *file_; }
  /// Syncs, renames, syncs the folder.
  [[nodiscard]] Status Commit();

 private:
  PlainFile(io::FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}

  io::FileSystem& fs_;
  std::string path_;
  std::unique_ptr<io::File> file_;
  bool committed_ = false;
};

}  // namespace tresor::backup
