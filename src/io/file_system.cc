// SPDX-License-Identifier: Apache-2.0
#include "io/file_system.h"

#include <algorithm>
#include <cstring>

namespace tresor::io {
namespace {

// Without the slashes at its end; "/" stays.
std::string_view Trim(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') {
    path.remove_suffix(1);
  }
  return path;
}

Status WriteAndSync(FileSystem& fs, const std::string& path, ByteView bytes, std::uint32_t mode) {
  ASSIGN_OR_RETURN(const std::unique_ptr<File> file, fs.Open(path, OpenMode::kCreateNew, mode));
  RETURN_IF_ERROR(file->WriteAt(0, bytes));
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

Status RemoveFolder(FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, fs.List(path));
  for (const DirEntry& entry : entries) {
    const std::string child = JoinPath(path, entry.name);
    RETURN_IF_ERROR(entry.type == FileType::kDirectory ? RemoveFolder(fs, child)
                                                       : fs.RemoveFile(child));
  }
  return fs.RemoveDir(path);
}

Status SyncFile(FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<File> file, fs.Open(path, OpenMode::kRead));
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

Status SyncFolder(FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, fs.List(path));
  for (const DirEntry& entry : entries) {
    const std::string child = JoinPath(path, entry.name);
    if (entry.type == FileType::kDirectory) {
      RETURN_IF_ERROR(SyncFolder(fs, child));
    } else if (entry.type == FileType::kFile) {
      RETURN_IF_ERROR(SyncFile(fs, child));
    }
  }
  return fs.SyncDir(path);
}

}  // namespace

Status BytesReader::ReadAt(std::uint64_t offset, MutableByteView out) const {
  if (offset > bytes_.size() || out.size() > bytes_.size() - offset) {
    return Error(Code::kOutOfRange, "{} bytes at {} of a buffer of {}", out.size(), offset,
                 bytes_.size());
  }
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  return OkStatus();
}

Result<bool> Exists(FileSystem& fs, const std::string& path) {
  const Result<FileInfo> info = fs.Stat(path);
  if (info.ok()) {
    return true;
  }
  if (info.status().code() == Code::kNotFound) {
    return false;
  }
  return info.status();
}

Result<Bytes> ReadFile(FileSystem& fs, const std::string& path, std::uint64_t limit_bytes) {
  ASSIGN_OR_RETURN(const std::unique_ptr<File> file, fs.Open(path, OpenMode::kRead));
  const std::uint64_t size = file->size();
  if (size > limit_bytes) {
    return Error(Code::kResourceExhausted, "{}: has {} bytes, more than {}", path, size,
                 limit_bytes);
  }
  Bytes bytes(size);
  RETURN_IF_ERROR(file->ReadAt(0, bytes));
  return bytes;
}

Status WriteFileAtomically(FileSystem& fs, const std::string& path, ByteView bytes,
                           std::uint32_t mode) {
  const std::string temporary = path + ".tmp";
  // What a crash left is removed, not emptied: its mode may be another.
  if (Status status = fs.RemoveFile(temporary); !status.ok() && status.code() != Code::kNotFound) {
    return status;
  }
  Status status = WriteAndSync(fs, temporary, bytes, mode);
  if (status.ok()) {
    status = fs.Rename(temporary, path);
  }
  if (!status.ok()) {
    (void)fs.RemoveFile(temporary);  // the first error is the one to tell
    return status;
  }
  return fs.SyncDir(ParentPath(path));
}

Status CreateDirs(FileSystem& fs, const std::string& path, std::uint32_t mode) {
  const Result<FileInfo> info = fs.Stat(path);
  if (info.ok()) {
    return info->type == FileType::kDirectory
               ? OkStatus()
               : Error(Code::kAlreadyExists, "{}: is there and not a folder", path);
  }
  if (info.status().code() != Code::kNotFound) {
    return info.status();
  }
  const std::string parent = ParentPath(path);
  if (parent == Trim(path)) {
    return info.status();  // not even "/" or "." is there
  }
  RETURN_IF_ERROR(CreateDirs(fs, parent, mode));
  const Status status = fs.CreateDir(path, mode);
  if (status.code() == Code::kAlreadyExists) {
    // Somebody else was quicker and may not have synced yet; or it is a symbolic link to nowhere.
    RETURN_IF_ERROR(fs.Stat(path).status());
  } else {
    RETURN_IF_ERROR(status);
  }
  return fs.SyncDir(parent);
}

Status RemoveTree(FileSystem& fs, const std::string& path) {
  // Whatever is not a folder goes like this, so a symbolic link is not followed.
  const Status status = fs.RemoveFile(path);
  if (status.ok() || status.code() == Code::kNotFound) {
    return OkStatus();
  }
  return status.code() == Code::kFailedPrecondition ? RemoveFolder(fs, path) : status;
}

Status SyncTree(FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const FileInfo info, fs.Stat(path));
  RETURN_IF_ERROR(info.type == FileType::kDirectory ? SyncFolder(fs, path) : SyncFile(fs, path));
  return fs.SyncDir(ParentPath(path));
}

std::string JoinPath(std::string_view dir, std::string_view name) {
  if (dir.empty() || name.empty()) {
    return std::string(dir.empty() ? name : dir);
  }
  std::string path(dir);
  if (path.back() != '/') {
    path.push_back('/');
  }
  path.append(name);
  return path;
}

std::string ParentPath(std::string_view path) {
  path = Trim(path);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) {
    return ".";
  }
  return std::string(Trim(path.substr(0, slash + 1)));
}

std::string BaseName(std::string_view path) {
  path = Trim(path);
  return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace tresor::io
