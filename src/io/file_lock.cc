// SPDX-License-Identifier: Apache-2.0
#include "io/file_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "io/errno.h"

namespace tresor::io {
namespace {

struct flock WholeFile() {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

Result<std::unique_ptr<FileLock>> FileLock::TryAcquire(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return ErrnoError(errno, path, "open");
  }
  std::unique_ptr<FileLock> held(new FileLock(fd, path));
  struct flock lock = WholeFile();
  if (::fcntl(fd, F_OFD_SETLK, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) {
      return Error(Code::kFailedPrecondition, "{}: another process holds this lock", path);
    }
    return ErrnoError(errno, path, "lock");
  }
  return held;
}

FileLock::~FileLock() { ::close(fd_); }

Status FileLock::Write(std::string_view text) {
  if (::ftruncate(fd_, 0) != 0) {
    return ErrnoError(errno, path_, "truncate");
  }
  if (::pwrite(fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return ErrnoError(errno, path_, "write");
  }
  return OkStatus();
}

Result<bool> IsLocked(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return false;
    }
    return ErrnoError(errno, path, "open");
  }
  struct flock lock = WholeFile();
  const int result = ::fcntl(fd, F_OFD_GETLK, &lock);
  const int error = errno;
  ::close(fd);
  if (result != 0) {
    return ErrnoError(error, path, "lock");
  }
  return lock.l_type != F_UNLCK;
}

}  // namespace tresor::io
