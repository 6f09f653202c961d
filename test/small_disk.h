// SPDX-License-Identifier: Apache-2.0
// A file system of few bytes: a tmpfs of its own. Only root may have one; who is not gets none.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

namespace tresor::testing {

class SmallDisk {
 public:
  /// At `path`, which is made. `size` as tmpfs wants it: "6m".
  SmallDisk(std::string path, const std::string& size) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    mounted_ =
        ::mount("tresor-test", path_.c_str(), "tmpfs", 0, ("mode=0777,size=" + size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) {
      (void)::umount2(path_.c_str(), MNT_DETACH);
    }
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool Grow(const std::string& size) const {
    return ::mount("tresor-test", path_.c_str(), "tmpfs", MS_REMOUNT,
                   ("mode=0777,size=" + size).c_str()) == 0;
  }
  [[nodiscard]] bool SetReadOnly(bool read_only) const {
    const unsigned long flags = MS_REMOUNT;
    return ::mount("tresor-test", path_.c_str(), "tmpfs",
                   read_only ? flags | static_cast<unsigned long>(MS_RDONLY) : flags, nullptr) == 0;
  }

 private:
  const std::string path_;
  bool mounted_ = false;
};

/// Takes all but `bytes` of a file system, as long as it is there.
class Filler {
 public:
  Filler(const std::string& dir, std::uint64_t bytes) : path_(dir + "/filler") {
    const std::uintmax_t free = std::filesystem::space(dir).available;
    if (free > bytes) {
      const int fd = ::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
      (void)::posix_fallocate(fd, 0, static_cast<off_t>(free - bytes));
      ::close(fd);
    }
  }
  ~Filler() { std::filesystem::remove(path_); }
  Filler(const Filler&) = delete;
  Filler& operator=(const Filler&) = delete;

 private:
  const std::string path_;
};

}  // namespace tresor::testing
