// SPDX-License-Identifier: Apache-2.0
// Fakes for tests: a file system in memory that can lose power, and a decorator whose n-th call
// fails.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "io/file_system.h"

namespace tresor::io {

/// A file system in memory that follows file_system.h's durability rule to the letter: it keeps
/// what is durable apart from what is only written. A rename between two folders is durable half by
/// half: sync the new one first, or a cut may leave the file in neither.
///
/// Relative paths start at the root; ".." is refused; permissions are stored, not enforced.
///
/// Threads: all methods, from any thread.
class MemoryFs : public FileSystem {
 public:
  MemoryFs();
  ~MemoryFs() override;
  // FileSystem …
  [[nodiscard]] Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode open_mode,
                                                   std::uint32_t mode) override;
  [[nodiscard]] Result<std::unique_ptr<File>> OpenUnnamed(const std::string& dir) override;
  [[nodiscard]] Result<FileInfo> Stat(const std::string& path) override;
  [[nodiscard]] Result<std::vector<DirEntry>> List(const std::string& path) override;
  [[nodiscard]] Status CreateDir(const std::string& path, std::uint32_t mode) override;
  [[nodiscard]] Status Rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Status Link(const std::string& from, const std::string& to) override;
  [[nodiscard]] Status RemoveFile(const std::string& path) override;
  [[nodiscard]] Status RemoveDir(const std::string& path) override;
  [[nodiscard]] Status SyncDir(const std::string& path) override;
  [[nodiscard]] Result<std::uint64_t> FreeBytes(const std::string& path) override;

  /// Every write beyond `bytes` in all fails with kResourceExhausted.
  void SetCapacity(std::uint64_t bytes);

  /// What a power cut leaves of what was not synced.
  enum class Unsynced {
    kLost,   // nothing: old content, old names
    kKept,   // everything: as if the kernel had just written it all
    kMixed,  // by `seed`: some names, some 4 KiB blocks, some sizes
  };
  /// The state after the cut, as a new file system; this one is left as it is. Open files stay with
  /// the old one.
  [[nodiscard]] std::unique_ptr<MemoryFs> AfterPowerCut(Unsynced unsynced,
                                                        std::uint64_t seed = 0) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Passes every call on to `base` until the plan says that it fails.
///
/// After a cut everything fails with kUnavailable. Counted are the calls that change something
/// (write, truncate, allocate, sync, create, rename, link, remove, sync dir), also those of open
/// files, from 1. Threads: all methods, from any thread.
class FaultyFs : public FileSystem {
 public:
  explicit FaultyFs(FileSystem& base);  // outlives this and its files
  ~FaultyFs() override;

  /// Call number `n` fails with `error`, once, and does nothing. A failed write may be made to
  /// write its first half.
  void FailCall(std::uint64_t n, Status error, bool half_write = false);
  /// From call number `n` on everything fails and does nothing: the machine is off. Reads fail too.
  void CutAtCall(std::uint64_t n);
  [[nodiscard]] std::uint64_t calls() const;
  [[nodiscard]] bool was_cut() const;

  [[nodiscard]] Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode open_mode,
                                                   std::uint32_t mode) override;
  [[nodiscard]] Result<std::unique_ptr<File>> OpenUnnamed(const std::string& dir) override;
  [[nodiscard]] Result<FileInfo> Stat(const std::string& path) override;
  [[nodiscard]] Result<std::vector<DirEntry>> List(const std::string& path) override;
  [[nodiscard]] Status CreateDir(const std::string& path, std::uint32_t mode) override;
  [[nodiscard]] Status Rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Status Link(const std::string& from, const std::string& to) override;
  [[nodiscard]] Status RemoveFile(const std::string& path) override;
  [[nodiscard]] Status RemoveDir(const std::string& path) override;
  [[nodiscard]] Status SyncDir(const std::string& path) override;
  [[nodiscard]] Result<std::uint64_t> FreeBytes(const std::string& path) override;

 private:
  struct Plan;
  FileSystem& base_;
  std::shared_ptr<Plan> plan_;
};

/// The crash-test loop's half: `PowerCutFs` is FaultyFs over MemoryFs. Run with CutAtCall(n), then
/// look at AfterPowerCut() of the memory.
class PowerCutFs final : public FaultyFs {
 public:
  PowerCutFs() : PowerCutFs(std::make_unique<MemoryFs>()) {}
  explicit PowerCutFs(std::unique_ptr<MemoryFs> memory)
      : FaultyFs(*memory), memory_(std::move(memory)) {}
  [[nodiscard]] std::unique_ptr<MemoryFs> AfterPowerCut(MemoryFs::Unsynced unsynced,
                                                        std::uint64_t seed = 0) const {
    return memory_->AfterPowerCut(unsynced, seed);
  }
  [[nodiscard]] MemoryFs& memory() { return *memory_; }

 private:
  std::unique_ptr<MemoryFs> memory_;
};

}  // namespace tresor::io
