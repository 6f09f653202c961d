// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/file_system_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <new>
#include <vector>

#include "base/check.h"
#include "base/guarded.h"
#include "base/random.h"
#include "io/faults.h"

namespace tresor::store {
namespace {

constexpr int kMaxPath = 512;

struct OpenFile;

// What the connections to one file share.
struct Node {
  // Locks of the database file: SQLITE_LOCK_* of each holder.
  std::map<OpenFile*, int> locks;
  // Shared memory of WAL mode.
  std::vector<std::unique_ptr<std::byte[]>> regions;
  std::array<int, SQLITE_SHM_NLOCK> shared{};
  std::array<OpenFile*, SQLITE_SHM_NLOCK> exclusive{};
  int mapped = 0;
};

struct Nodes {
  std::map<std::string, Node> by_path;
};

}  // namespace

struct FileSystemVfs::State {
  explicit State(io::FileSystem& file_system) : fs(file_system) {}
  io::FileSystem& fs;
  io::MemoryFs temporary;
  Guarded<Nodes> nodes;
  std::string name;
  sqlite3_vfs vfs{};
};

namespace {

// SQLite allocates the memory; `base` must come first.
struct OpenFile {
  sqlite3_file base;
  FileSystemVfs::State* state;
  std::unique_ptr<io::File> file;
  std::string path;
  bool sync_folder = false;  // its name is not durable yet
  bool remove = false;       // when closed
  bool maps = false;
  std::array<bool, SQLITE_SHM_NLOCK> shares{};
};

OpenFile& Of(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }
FileSystemVfs::State& Of(sqlite3_vfs* vfs) {
  return *static_cast<FileSystemVfs::State*>(vfs->pAppData);
}

int CodeOr(const Status& status, int otherwise) {
  if (status.ok()) {
    return SQLITE_OK;
  }
  return status.code() == Code::kResourceExhausted ? SQLITE_FULL : otherwise;
}

int Close(sqlite3_file* base) {
  OpenFile& file = Of(base);
  const Status closed = file.file->Close();
  if (file.remove) {
    (void)file.state->fs.RemoveFile(file.path);
  }
  file.~OpenFile();
  return CodeOr(closed, SQLITE_IOERR_CLOSE);
}

int Read(sqlite3_file* base, void* out, int amount, sqlite3_int64 offset) {
  OpenFile& file = Of(base);
  const auto wanted = static_cast<std::uint64_t>(amount);
  const auto from = static_cast<std::uint64_t>(offset);
  const std::uint64_t size = file.file->size();
  const std::uint64_t there = from >= size ? 0 : std::min(wanted, size - from);
  auto* bytes = static_cast<std::byte*>(out);
  if (there > 0 && !file.file->ReadAt(from, {bytes, there}).ok()) {
    return SQLITE_IOERR_READ;
  }
  std::memset(bytes + there, 0, wanted - there);
  return there == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int Write(sqlite3_file* base, const void* from, int amount, sqlite3_int64 offset) {
  return CodeOr(Of(base).file->WriteAt(
                    static_cast<std::uint64_t>(offset),
                    {static_cast<const std::byte*>(from), static_cast<std::size_t>(amount)}),
                SQLITE_IOERR_WRITE);
}

int Truncate(sqlite3_file* base, sqlite3_int64 size) {
  return CodeOr(Of(base).file->Truncate(static_cast<std::uint64_t>(size)), SQLITE_IOERR_TRUNCATE);
}

int Sync(sqlite3_file* base, int) {
  OpenFile& file = Of(base);
  if (!file.file->Sync().ok()) {
    return SQLITE_IOERR_FSYNC;
  }
  if (file.sync_folder) {
    if (!file.state->fs.SyncDir(io::ParentPath(file.path)).ok()) {
      return SQLITE_IOERR_DIR_FSYNC;
    }
    file.sync_folder = false;
  }
  return SQLITE_OK;
}

int FileSize(sqlite3_file* base, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(Of(base).file->size());
  return SQLITE_OK;
}

int Lock(sqlite3_file* base, int level) {
  OpenFile& file = Of(base);
  auto nodes = file.state->nodes.Lock();
  std::map<OpenFile*, int>& locks = nodes->by_path[file.path].locks;
  const bool busy = std::ranges::any_of(locks, [&](const auto& lock) {
    const auto& [holder, held] = lock;
    return holder != &file && (level == SQLITE_LOCK_SHARED     ? held >= SQLITE_LOCK_PENDING
                               : level == SQLITE_LOCK_RESERVED ? held >= SQLITE_LOCK_RESERVED
                                                               : held >= SQLITE_LOCK_SHARED);
  });
  if (busy) {
    return SQLITE_BUSY;
  }
  locks[&file] = std::max(locks[&file], level);
  return SQLITE_OK;
}

int Unlock(sqlite3_file* base, int level) {
  OpenFile& file = Of(base);
  auto nodes = file.state->nodes.Lock();
  std::map<OpenFile*, int>& locks = nodes->by_path[file.path].locks;
  if (level == SQLITE_LOCK_NONE) {
    locks.erase(&file);
  } else {
    locks[&file] = level;
  }
  return SQLITE_OK;
}

int CheckReservedLock(sqlite3_file* base, int* reserved) {
  OpenFile& file = Of(base);
  auto nodes = file.state->nodes.Lock();
  *reserved = std::ranges::any_of(nodes->by_path[file.path].locks, [](const auto& lock) {
    return lock.second >= SQLITE_LOCK_RESERVED;
  });
  return SQLITE_OK;
}

int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int SectorSize(sqlite3_file*) { return 4096; }
int DeviceCharacteristics(sqlite3_file*) { return 0; }

int ShmMap(sqlite3_file* base, int region, int size, int extend, void volatile** out) {
  OpenFile& file = Of(base);
  auto nodes = file.state->nodes.Lock();
  Node& node = nodes->by_path[file.path];
  if (!file.maps) {
    file.maps = true;
    ++node.mapped;
  }
  const auto wanted = static_cast<std::size_t>(region);
  while (extend != 0 && node.regions.size() <= wanted) {
    node.regions.push_back(std::make_unique<std::byte[]>(static_cast<std::size_t>(size)));
  }
  *out = wanted < node.regions.size() ? node.regions[wanted].get() : nullptr;
  return SQLITE_OK;
}

int ShmLock(sqlite3_file* base, int offset, int count, int flags) {
  OpenFile& file = Of(base);
  auto nodes = file.state->nodes.Lock();
  Node& node = nodes->by_path[file.path];
  const auto begin = static_cast<std::size_t>(offset);
  const std::size_t end = begin + static_cast<std::size_t>(count);
  const bool shared = (flags & SQLITE_SHM_SHARED) != 0;
  if ((flags & SQLITE_SHM_LOCK) != 0) {
    for (std::size_t i = begin; i < end; ++i) {
      const bool by_other = node.exclusive[i] != nullptr && node.exclusive[i] != &file;
      const int others = node.shared[i] - (file.shares[i] ? 1 : 0);
      if (by_other || (!shared && others > 0)) {
        return SQLITE_BUSY;
      }
    }
  }
  for (std::size_t i = begin; i < end; ++i) {
    if ((flags & SQLITE_SHM_LOCK) == 0) {
      if (shared && file.shares[i]) {
        file.shares[i] = false;
        --node.shared[i];
      } else if (!shared && node.exclusive[i] == &file) {
        node.exclusive[i] = nullptr;
      }
    } else if (!shared) {
      node.exclusive[i] = &file;
    } else if (!file.shares[i]) {
      file.shares[i] = true;
      ++node.shared[i];
    }
  }
  return SQLITE_OK;
}

// Taking the lock orders memory as well as a fence, which ThreadSanitizer does not know.
void ShmBarrier(sqlite3_file* base) { (void)Of(base).state->nodes.Lock(); }

int ShmUnmap(sqlite3_file* base, int remove) {
  OpenFile& file = Of(base);
  auto nodes = file.state->nodes.Lock();
  Node& node = nodes->by_path[file.path];
  if (file.maps) {
    file.maps = false;
    if (--node.mapped == 0 && remove != 0) {
      node.regions.clear();
    }
  }
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Unlock,
    .xCheckReservedLock = CheckReservedLock,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = DeviceCharacteristics,
    .xShmMap = ShmMap,
    .xShmLock = ShmLock,
    .xShmBarrier = ShmBarrier,
    .xShmUnmap = ShmUnmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* base, int flags, int* out_flags) {
  FileSystemVfs::State& state = Of(vfs);
  base->pMethods = nullptr;
  Result<std::unique_ptr<io::File>> file = Error(Code::kInternal, "not opened");
  bool is_new = false;
  if (name == nullptr) {
    file = state.temporary.OpenUnnamed("/");
  } else {
    file = state.fs.Open(name, io::OpenMode::kReadWrite, 0600);
    if (file.status().code() == Code::kNotFound && (flags & SQLITE_OPEN_CREATE) != 0) {
      file = state.fs.Open(name, io::OpenMode::kCreateNew, 0600);
      is_new = file.ok();
    }
  }
  if (!file.ok()) {
    return CodeOr(file.status(), SQLITE_CANTOPEN);
  }
  auto* open = new (base) OpenFile{
      .base = {}, .state = &state, .file = *std::move(file), .path = name == nullptr ? "" : name};
  open->remove = name != nullptr && (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  open->sync_folder = is_new;
  open->base.pMethods = &kMethods;
  if (out_flags != nullptr) {
    *out_flags = flags;
  }
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  FileSystemVfs::State& state = Of(vfs);
  const Status removed = state.fs.RemoveFile(name);
  if (removed.code() == Code::kNotFound) {
    return SQLITE_IOERR_DELETE_NOENT;
  }
  if (!removed.ok()) {
    return SQLITE_IOERR_DELETE;
  }
  return sync_folder == 0 || state.fs.SyncDir(io::ParentPath(name)).ok() ? SQLITE_OK
                                                                         : SQLITE_IOERR_DIR_FSYNC;
}

int Access(sqlite3_vfs* vfs, const char* name, int, int* result) {
  const Result<bool> exists = io::Exists(Of(vfs).fs, name);
  *result = exists.ok() && *exists ? 1 : 0;
  return exists.ok() ? SQLITE_OK : SQLITE_IOERR_ACCESS;
}

int FullPathname(sqlite3_vfs*, const char* name, int size, char* out) {
  if (std::strlen(name) >= static_cast<std::size_t>(size)) {
    return SQLITE_CANTOPEN;
  }
  std::strcpy(out, name);
  return SQLITE_OK;
}

int Randomness(sqlite3_vfs*, int count, char* out) {
  SystemRandom().Fill({reinterpret_cast<std::byte*>(out), static_cast<std::size_t>(count)});
  return count;
}

int Sleep(sqlite3_vfs*, int microseconds) { return microseconds; }

int CurrentTimeInt64(sqlite3_vfs*, sqlite3_int64* now) {
  *now = 0;  // nobody asks SQLite for the time
  return SQLITE_OK;
}

int GetLastError(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

FileSystemVfs::FileSystemVfs(io::FileSystem& fs) : state_(std::make_unique<State>(fs)) {
  static std::atomic<int> count = 0;
  state_->name = fmt::format("file-system-{}", ++count);
  state_->vfs = {.iVersion = 2,
                 .szOsFile = sizeof(OpenFile),
                 .mxPathname = kMaxPath,
                 .pNext = nullptr,
                 .zName = state_->name.c_str(),
                 .pAppData = state_.get(),
                 .xOpen = Open,
                 .xDelete = Delete,
                 .xAccess = Access,
                 .xFullPathname = FullPathname,
                 .xDlOpen = nullptr,
                 .xDlError = nullptr,
                 .xDlSym = nullptr,
                 .xDlClose = nullptr,
                 .xRandomness = Randomness,
                 .xSleep = Sleep,
                 .xCurrentTime = nullptr,
                 .xGetLastError = GetLastError,
                 .xCurrentTimeInt64 = CurrentTimeInt64,
                 .xSetSystemCall = nullptr,
                 .xGetSystemCall = nullptr,
                 .xNextSystemCall = nullptr};
  TRESOR_CHECK(sqlite3_vfs_register(&state_->vfs, 0) == SQLITE_OK);
}

FileSystemVfs::~FileSystemVfs() { sqlite3_vfs_unregister(&state_->vfs); }

const std::string& FileSystemVfs::name() const { return state_->name; }

}  // namespace tresor::store
