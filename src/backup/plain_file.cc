// SPDX-License-Identifier: Apache-2.0
#include "backup/plain_file.h"

namespace tresor::backup {
namespace {

Status CheckFree(io::FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const bool exists, io::Exists(fs, path));
  return exists ? Error(Code::kAlreadyExists, "{}: there is something of that name", path)
                : OkStatus();
}

}  // namespace

Result<std::unique_ptr<PlainFile>> PlainFile::Create(io::FileSystem& fs, const std::string& path) {
  RETURN_IF_ERROR(CheckFree(fs, path));
  std::unique_ptr<PlainFile> result(new PlainFile(fs, path));
  ASSIGN_OR_RETURN(result->file_, fs.Open(path + ".part", io::OpenMode::kTruncate, 0600));
  return result;
}

PlainFile::~PlainFile() {
  if (file_ != nullptr && !committed_) {
    // Nothing can be done about an error; the next attempt overwrites it.
    (void)file_->Close();
    (void)fs_.RemoveFile(path_ + ".part");
  }
}

Status PlainFile::Commit() {
  RETURN_IF_ERROR(file_->Sync());
  RETURN_IF_ERROR(file_->Close());
  RETURN_IF_ERROR(CheckFree(fs_, path_));
  RETURN_IF_ERROR(fs_.Rename(path_ + ".part", path_));
  committed_ = true;
  return fs_.SyncDir(io::ParentPath(path_));
}

}  // namespace tresor::backup
