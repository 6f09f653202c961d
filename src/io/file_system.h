// SPDX-License-Identifier: Apache-2.0
// Files and folders behind an interface, so that a full disk, a failing disk and a power cut can be
// tested.
//
// What is durable: a file's content after File::Sync(); that a name exists, is gone or was renamed
// after FileSystem::SyncDir() of the folder that holds the name. Nothing else. posix/ gives what
// POSIX and ext4/xfs give; memory/ models exactly this rule; faulty/ lets the n-th call fail;
// memory/'s PowerCut forgets what was not synced.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace tresor::io {

/// Bytes that can be read at any offset: a file, a spool, a buffer.
///
/// Threads: ReadAt from any thread, at once.
class RandomReader {
 public:
  virtual ~RandomReader() = default;
  /// Bytes from 0 to size() can be read. Does not change while it is read.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Fills all of `out` from `offset`. kOutOfRange: the end comes first. kDataLoss: the medium's
  /// error.
  [[nodiscard]] virtual Status ReadAt(std::uint64_t offset, MutableByteView out) const = 0;
};

/// A RandomReader over borrowed bytes.
class BytesReader final : public RandomReader {
 public:
  explicit BytesReader(ByteView bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] Status ReadAt(std::uint64_t offset, MutableByteView out) const override;

 private:
  ByteView bytes_;
};

/// What BypassCache wants; no device wants more.
inline constexpr std::size_t kBypassAlignment = 4096;

/// An open file. Closing loses what was not synced, should power fail; Close() reports late errors.
///
/// Threads: ReadAt and WriteAt of disjoint ranges from any thread; the rest from one thread.
/// Errors: kResourceExhausted (disk full, quota), kPermissionDenied, kDataLoss (EIO),
/// kFailedPrecondition (closed, or written but open for reading only), kUnavailable (others;
/// errno.cc has the table). Messages name the path.
class File : public RandomReader {
 public:
  /// Writes all of `bytes` at `offset`, growing the file if need be.
  [[nodiscard]] virtual Status WriteAt(std::uint64_t offset, ByteView bytes) = 0;
  /// Sets the size; new bytes are zero.
  [[nodiscard]] virtual Status Truncate(std::uint64_t size) = 0;
  /// Reserves blocks for [0, size) and grows the file to `size` with zeros (fallocate; Truncate
  /// where not offered).
  [[nodiscard]] virtual Status Allocate(std::uint64_t size) = 0;
  /// Asks that writing back [offset, offset + size) begins now, so that Sync() finds little left. A
  /// hint, never fails.
  virtual void StartWriteback(std::uint64_t offset, std::uint64_t size) = 0;
  /// Asks that what is written from now on does not stay in memory, as far as writes are whole
  /// blocks of kBypassAlignment at such offsets and addresses. A hint, never fails.
  virtual void BypassCache() {}
  /// On return content and size survive a power cut. After an error all later ones fail too: what
  /// was lost stays lost.
  [[nodiscard]] virtual Status Sync() = 0;
  /// Idempotent. The destructor closes too, but then errors are lost.
  [[nodiscard]] virtual Status Close() = 0;
};

enum class FileType { kFile, kDirectory, kOther };

struct FileInfo {
  FileType type = FileType::kOther;
  std::uint64_t size_bytes = 0;
  std::uint32_t mode = 0;  // permission bits, 07777
};

struct DirEntry {
  std::string name;
  FileType type = FileType::kOther;
};

enum class OpenMode {
  kRead,       // must exist
  kReadWrite,  // must exist
  kCreateNew,  // read and write; must not exist (kAlreadyExists)
  kTruncate,   // read and write; created or emptied
};

/// Threads: all methods, from any thread.
/// Errors besides each method's own: as File's, kNotFound (no such file or folder),
/// kFailedPrecondition (a file where a folder must be, or the other way round).
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// `mode` are the permission bits of a new file, exactly (the umask does not apply).
  [[nodiscard]] virtual Result<std::unique_ptr<File>> Open(const std::string& path,
                                                           OpenMode open_mode,
                                                           std::uint32_t mode = 0600) = 0;
  /// A file without a name in folder `dir`: gone when closed, also by a crash. (O_TMPFILE, or made
  /// and unlinked.)
  [[nodiscard]] virtual Result<std::unique_ptr<File>> OpenUnnamed(const std::string& dir) = 0;
  [[nodiscard]] virtual Result<FileInfo> Stat(const std::string& path) = 0;
  /// Sorted by name, without "." and "..".
  [[nodiscard]] virtual Result<std::vector<DirEntry>> List(const std::string& path) = 0;
  /// kAlreadyExists: something has that name. The parent must exist.
  [[nodiscard]] virtual Status CreateDir(const std::string& path, std::uint32_t mode = 0700) = 0;
  /// Replaces a file `to`. A folder `to` must be empty. kNotFound: no `from`.
  [[nodiscard]] virtual Status Rename(const std::string& from, const std::string& to) = 0;
  /// Gives file `from` the second name `to`. kAlreadyExists: `to` is there and stays as it is. The
  /// one atomic "create whole, or not at all".
  [[nodiscard]] virtual Status Link(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual Status RemoveFile(const std::string& path) = 0;
  /// kFailedPrecondition: not empty.
  [[nodiscard]] virtual Status RemoveDir(const std::string& path) = 0;
  /// On return the names in this folder survive a power cut.
  [[nodiscard]] virtual Status SyncDir(const std::string& path) = 0;
  /// Bytes that can still be written to the file system that holds `path`.
  [[nodiscard]] virtual Result<std::uint64_t> FreeBytes(const std::string& path) = 0;
};

/// The real one. Lives for ever.
[[nodiscard]] FileSystem& PosixFileSystem();

// Conveniences, for every FileSystem.

[[nodiscard]] Result<bool> Exists(FileSystem& fs, const std::string& path);
/// kResourceExhausted: larger than `limit_bytes`.
[[nodiscard]] Result<Bytes> ReadFile(FileSystem& fs, const std::string& path,
                                     std::uint64_t limit_bytes = std::uint64_t{1} << 30);
/// Writes `path`.tmp, syncs it, renames it over `path`, syncs the folder. After a cut: the old
/// content or the new.
[[nodiscard]] Status WriteFileAtomically(FileSystem& fs, const std::string& path, ByteView bytes,
                                         std::uint32_t mode = 0600);
/// Creates what is missing of `path`, each with `mode`, and syncs each parent that got a new name.
[[nodiscard]] Status CreateDirs(FileSystem& fs, const std::string& path, std::uint32_t mode = 0700);
/// Removes `path` and all in it; symbolic links are not followed. OK when there is nothing.
[[nodiscard]] Status RemoveTree(FileSystem& fs, const std::string& path);
/// Syncs every file and folder under `path`, and `path`'s parent.
[[nodiscard]] Status SyncTree(FileSystem& fs, const std::string& path);

[[nodiscard]] std::string JoinPath(std::string_view dir, std::string_view name);
/// "/a/b" of "/a/b/c"; "." of "c"; "/" of "/c".
[[nodiscard]] std::string ParentPath(std::string_view path);
[[nodiscard]] std::string BaseName(std::string_view path);

}  // namespace tresor::io
