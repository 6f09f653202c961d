// SPDX-License-Identifier: Apache-2.0
#include "launcher/restore_data.h"

namespace tresor::launcher {

using runtime::MemberFiles;
using runtime::RestoreRecord;
using runtime::RestoreStep;

Result<bool> HasData(io::FileSystem& fs, const MemberFiles& files) {
  return io::Exists(fs, files.data() + "/member/wal");
}

Status SetAside(io::FileSystem& fs, const MemberFiles& files, const RestoreRecord& record) {
  const std::string aside = files.aside(record.id);
  ASSIGN_OR_RETURN(const bool is_data, io::Exists(fs, files.data()));
  ASSIGN_OR_RETURN(const bool is_aside, io::Exists(fs, aside));
  if (is_data && is_aside) {
    return Error(Code::kDataLoss, "{} and {} are both there, and only one can be the member's",
                 files.data(), aside);
  }
  if (!is_data && !is_aside && record.had_data) {
    return Error(Code::kDataLoss, "{} is gone, and not set aside", files.data());
  }
  if (is_data) {
    RETURN_IF_ERROR(fs.Rename(files.data(), aside));
  }
  return fs.SyncDir(files.dir);
}

Status ClearForRebuild(io::FileSystem& fs, const MemberFiles& files, const RestoreRecord& record) {
  if (record.had_data) {
    ASSIGN_OR_RETURN(const bool is_aside, io::Exists(fs, files.aside(record.id)));
    if (!is_aside) {
      return Error(Code::kDataLoss, "{} is gone: what lies in {} is not overwritten",
                   files.aside(record.id), files.data());
    }
  }
  RETURN_IF_ERROR(io::RemoveTree(fs, files.data()));
  return fs.SyncDir(files.dir);
}

Status BringBack(io::FileSystem& fs, const MemberFiles& files, const RestoreRecord& record) {
  if (!record.begun(RestoreStep::kSetAside)) {
    return OkStatus();  // nothing was touched
  }
  const std::string aside = files.aside(record.id);
  ASSIGN_OR_RETURN(const bool is_aside, io::Exists(fs, aside));
  if (is_aside) {
    // Whatever else is there was made by the restore.
    RETURN_IF_ERROR(io::RemoveTree(fs, files.data()));
    RETURN_IF_ERROR(fs.SyncDir(files.dir));
    RETURN_IF_ERROR(fs.Rename(aside, files.data()));
  } else if (!record.had_data) {
    RETURN_IF_ERROR(io::RemoveTree(fs, files.data()));
  } else {
    // Not moved yet, or moved back already.
    ASSIGN_OR_RETURN(const bool is_data, io::Exists(fs, files.data()));
    if (!is_data) {
      return Error(Code::kDataLoss, "neither {} nor {} is there", aside, files.data());
    }
  }
  return fs.SyncDir(files.dir);
}

Status Forget(io::FileSystem& fs, const MemberFiles& files, const RestoreRecord& record) {
  RETURN_IF_ERROR(io::RemoveTree(fs, files.aside(record.id)));
  return fs.SyncDir(files.dir);
}

}  // namespace tresor::launcher
