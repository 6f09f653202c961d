// SPDX-License-Identifier: Apache-2.0
#include "io/posix.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "io/errno.h"
#include "io/file_system.h"

namespace tresor::io {
namespace {

constexpr mode_t kPermissionBits = 07777;

// Calls until no signal interrupts; what `call` returned.
template <typename Call>
auto Uninterrupted(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

Status ToStatus(int result, std::string_view path, std::string_view call) {
  return result < 0 ? ErrnoError(errno, path, call) : OkStatus();
}

// Owns a descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { (void)Close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  [[nodiscard]] int number() const { return number_; }
  // close(2)'s result. Linux gives the number back in any case: a second try could hit a
  // stranger's.
  int Close() {
    const int number = std::exchange(number_, -1);
    return number < 0 || ::close(number) == 0 || errno == EINTR ? 0 : -1;
  }

 private:
  int number_;
};

FileType TypeOf(mode_t mode) {
  if (S_ISREG(mode)) {
    return FileType::kFile;
  }
  return S_ISDIR(mode) ? FileType::kDirectory : FileType::kOther;
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  // Asked each time: another File of the same file may have grown it.
  [[nodiscard]] std::uint64_t size() const override {
    struct stat info = {};
    return ::fstat(fd(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
  }

  [[nodiscard]] Status ReadAt(std::uint64_t offset, MutableByteView out) const override {
    RETURN_IF_ERROR(CheckRange(offset, out.size()));
    while (!out.empty()) {
      const ssize_t count = Uninterrupted(
          [&] { return ::pread(fd(), out.data(), out.size(), static_cast<off_t>(offset)); });
      if (count < 0) {
        return ErrnoError(errno, path_, "read");
      }
      if (count == 0) {
        return Error(Code::kOutOfRange, "{}: ends at {}, {} bytes too early", path_, offset,
                     out.size());
      }
      offset += static_cast<std::uint64_t>(count);
      out = out.subspan(static_cast<std::size_t>(count));
    }
    return OkStatus();
  }

  [[nodiscard]] Status WriteAt(std::uint64_t offset, ByteView bytes) override {
    RETURN_IF_ERROR(CheckRange(offset, bytes.size()));
    while (!bytes.empty()) {
      const bool direct = MayBypass(offset, bytes);
      const ssize_t count = Uninterrupted([&] {
        return ::pwrite(direct ? bypass_->number() : fd(), bytes.data(), bytes.size(),
                        static_cast<off_t>(offset));
      });
      if (count < 0 && direct && errno == EINVAL) {
        bypass_.reset();  // this file system has other rules
        continue;
      }
      if (count < 0) {
        return ErrnoError(errno, path_, "write");
      }
      offset += static_cast<std::uint64_t>(count);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return OkStatus();
  }

  [[nodiscard]] Status Truncate(std::uint64_t size) override {
    RETURN_IF_ERROR(CheckRange(size, 0));
    return ToStatus(Uninterrupted([&] { return ::ftruncate(fd(), static_cast<off_t>(size)); }),
                    path_, "truncate");
  }

  [[nodiscard]] Status Allocate(std::uint64_t new_size) override {
    RETURN_IF_ERROR(CheckRange(new_size, 0));
    if (new_size == 0) {
      return OkStatus();
    }
    const int result =
        Uninterrupted([&] { return ::fallocate(fd(), 0, 0, static_cast<off_t>(new_size)); });
    if (result < 0 && (errno == EOPNOTSUPP || errno == ENOSYS)) {
      return size() < new_size ? Truncate(new_size) : OkStatus();
    }
    return ToStatus(result, path_, "allocate");
  }

  void StartWriteback(std::uint64_t offset, std::uint64_t size) override {
    if (size > 0) {  // zero would mean: to the end
      (void)::sync_file_range(fd(), static_cast<off_t>(offset), static_cast<off_t>(size),
                              SYNC_FILE_RANGE_WRITE);
    }
  }

  void BypassCache() override {
    const std::string same = fmt::format("/proc/self/fd/{}", fd());
    const int opened =
        Uninterrupted([&] { return ::open(same.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC); });
    if (opened >= 0) {
      bypass_.emplace(opened);
    }
  }

  // After an error the kernel forgets the dirty pages and the next fsync would be OK without having
  // written them (https://lwn.net/Articles/752063/), so the first error stays.
  [[nodiscard]] Status Sync() override {
    if (sync_status_.ok()) {
      sync_status_ = ToStatus(Uninterrupted([&] { return ::fsync(fd()); }), path_, "sync");
    }
    return sync_status_;
  }

  [[nodiscard]] Status Close() override {
    bypass_.reset();
    return ToStatus(descriptor_.Close(), path_, "close");
  }

 private:
  [[nodiscard]] int fd() const { return descriptor_.number(); }

  [[nodiscard]] bool MayBypass(std::uint64_t offset, ByteView bytes) const {
    return bypass_ && (offset | bytes.size() | reinterpret_cast<std::uintptr_t>(bytes.data())) %
                              kBypassAlignment ==
                          0;
  }

  [[nodiscard]] Status CheckRange(std::uint64_t offset, std::uint64_t size) const {
    constexpr std::uint64_t kMax = std::uint64_t{1} << 62;
    return offset < kMax && size < kMax
               ? OkStatus()
               : Error(Code::kInvalidArgument, "{}: {} bytes at {}: no file is as large", path_,
                       size, offset);
  }

  Descriptor descriptor_;
  std::optional<Descriptor> bypass_;  // the same file
  const std::string path_;
  Status sync_status_;
};

// open(2); `mode` are the bits of a new file before the umask.
Result<Descriptor> OpenDescriptor(const std::string& path, int flags, mode_t mode = 0) {
  const int number =
      Uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode); });
  if (number < 0) {
    return ErrnoError(errno, path, "open");
  }
  return Descriptor(number);
}

Result<Descriptor> CreateDescriptor(const std::string& path, std::uint32_t mode) {
  ASSIGN_OR_RETURN(Descriptor descriptor, OpenDescriptor(path, O_RDWR | O_CREAT | O_EXCL, mode));
  RETURN_IF_ERROR(ToStatus(::fchmod(descriptor.number(), mode), path, "set the mode"));
  return descriptor;
}

// O_CREAT | O_TRUNC, but only a file that is new gets the mode.
Result<Descriptor> CreateOrTruncate(const std::string& path, std::uint32_t mode) {
  while (true) {
    Result<Descriptor> descriptor = CreateDescriptor(path, mode);
    if (descriptor.ok() || descriptor.status().code() != Code::kAlreadyExists) {
      return descriptor;
    }
    descriptor = OpenDescriptor(path, O_RDWR | O_TRUNC | O_NONBLOCK);
    if (descriptor.ok() || descriptor.status().code() != Code::kNotFound) {
      return descriptor;
    }
    // Removed in between, or a symbolic link to nowhere, which must not make this turn for ever.
    struct stat info = {};
    if (::lstat(path.c_str(), &info) == 0) {
      return descriptor;
    }
  }
}

Result<Descriptor> OpenAs(const std::string& path, OpenMode open_mode, std::uint32_t mode) {
  // O_NONBLOCK: a pipe must not hold us up before it is refused. It means nothing for files.
  switch (open_mode) {
    case OpenMode::kRead:
      return OpenDescriptor(path, O_RDONLY | O_NONBLOCK);
    case OpenMode::kReadWrite:
      return OpenDescriptor(path, O_RDWR | O_NONBLOCK);
    case OpenMode::kCreateNew:
      return CreateDescriptor(path, mode);
    case OpenMode::kTruncate:
      return CreateOrTruncate(path, mode);
  }
  return Error(Code::kInternal, "{}: open mode {}", path, static_cast<int>(open_mode));
}

struct DirCloser {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

// File systems may leave the type out of the folder.
FileType EntryType(const std::string& dir, const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG:
      return FileType::kFile;
    case DT_DIR:
      return FileType::kDirectory;
    case DT_UNKNOWN: {
      struct stat info = {};
      return ::lstat(JoinPath(dir, entry.d_name).c_str(), &info) == 0 ? TypeOf(info.st_mode)
                                                                      : FileType::kOther;
    }
    default:
      return FileType::kOther;
  }
}

class PosixFs final : public FileSystem {
 public:
  [[nodiscard]] Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode open_mode,
                                                   std::uint32_t mode) override {
    ASSIGN_OR_RETURN(Descriptor descriptor, OpenAs(path, open_mode, mode));
    struct stat info = {};
    RETURN_IF_ERROR(ToStatus(::fstat(descriptor.number(), &info), path, "stat"));
    if (!S_ISREG(info.st_mode)) {
      return Error(Code::kFailedPrecondition, "{}: open: not a regular file", path);
    }
    return std::make_unique<PosixFile>(std::move(descriptor), path);
  }

  [[nodiscard]] Result<std::unique_ptr<File>> OpenUnnamed(const std::string& dir) override {
    const int number =
        Uninterrupted([&] { return ::open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); });
    if (number >= 0) {
      return std::make_unique<PosixFile>(Descriptor(number), dir + " (unnamed file)");
    }
    // EISDIR: kernels that do not know O_TMPFILE; the others: file systems that do not.
    if (errno == EISDIR || errno == EOPNOTSUPP || errno == EINVAL) {
      return OpenByUnlinking(dir);
    }
    return ErrnoError(errno, dir, "open an unnamed file");
  }

  [[nodiscard]] Result<FileInfo> Stat(const std::string& path) override {
    struct stat info = {};
    RETURN_IF_ERROR(ToStatus(::stat(path.c_str(), &info), path, "stat"));
    return FileInfo{.type = TypeOf(info.st_mode),
                    .size_bytes = static_cast<std::uint64_t>(info.st_size),
                    .mode = info.st_mode & kPermissionBits};
  }

  [[nodiscard]] Result<std::vector<DirEntry>> List(const std::string& path) override {
    const std::unique_ptr<DIR, DirCloser> dir(::opendir(path.c_str()));
    if (dir == nullptr) {
      return ErrnoError(errno, path, "list");
    }
    std::vector<DirEntry> entries;
    while (true) {
      errno = 0;
      const dirent* const entry = ::readdir(dir.get());
      if (entry == nullptr) {
        if (errno != 0) {
          return ErrnoError(errno, path, "list");
        }
        break;
      }
      if (const std::string_view name = entry->d_name; name != "." && name != "..") {
        entries.push_back({.name = std::string(name), .type = EntryType(path, *entry)});
      }
    }
    std::ranges::sort(entries, {}, &DirEntry::name);
    return entries;
  }

  [[nodiscard]] Status CreateDir(const std::string& path, std::uint32_t mode) override {
    RETURN_IF_ERROR(ToStatus(::mkdir(path.c_str(), mode), path, "create the folder"));
    return ToStatus(::chmod(path.c_str(), mode), path, "set the mode");
  }

  [[nodiscard]] Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) {
      return OkStatus();
    }
    // POSIX lets a folder that is not empty be reported either way.
    return ErrnoError(errno == EEXIST ? ENOTEMPTY : errno, from, "rename to " + to);
  }

  [[nodiscard]] Status Link(const std::string& from, const std::string& to) override {
    return ToStatus(::link(from.c_str(), to.c_str()), from, "link as " + to);
  }

  [[nodiscard]] Status RemoveFile(const std::string& path) override {
    return ToStatus(::unlink(path.c_str()), path, "remove");
  }

  [[nodiscard]] Status RemoveDir(const std::string& path) override {
    if (::rmdir(path.c_str()) == 0) {
      return OkStatus();
    }
    return ErrnoError(errno == EEXIST ? ENOTEMPTY : errno, path, "remove the folder");
  }

  [[nodiscard]] Status SyncDir(const std::string& path) override {
    ASSIGN_OR_RETURN(Descriptor descriptor, OpenDescriptor(path, O_RDONLY | O_DIRECTORY));
    const int result = Uninterrupted([&] { return ::fsync(descriptor.number()); });
    if (result < 0 && errno == EINVAL) {
      return OkStatus();  // a file system that has no way to sync a folder
    }
    return ToStatus(result, path, "sync the folder");
  }

  [[nodiscard]] Result<std::uint64_t> FreeBytes(const std::string& path) override {
    struct statvfs info = {};
    RETURN_IF_ERROR(ToStatus(Uninterrupted([&] { return ::statvfs(path.c_str(), &info); }), path,
                             "ask for free space"));
    return std::uint64_t{info.f_bavail} * info.f_frsize;
  }
};

}  // namespace

Result<std::unique_ptr<File>> OpenByUnlinking(const std::string& dir) {
  std::string path = JoinPath(dir, ".unnamed-XXXXXX");
  const int number = Uninterrupted([&] { return ::mkostemp(path.data(), O_CLOEXEC); });  // 0600
  if (number < 0) {
    return ErrnoError(errno, dir, "open an unnamed file");
  }
  Descriptor descriptor(number);
  RETURN_IF_ERROR(ToStatus(::unlink(path.c_str()), path, "remove the name"));
  return std::make_unique<PosixFile>(std::move(descriptor), dir + " (unnamed file)");
}

FileSystem& PosixFileSystem() {
  static PosixFs file_system;
  return file_system;
}

}  // namespace tresor::io
