// SPDX-License-Identifier: Apache-2.0
#include "blob/local.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <utility>

#include "base/guarded.h"
#include "base/hex.h"
#include "base/random.h"

namespace tresor::blob {
namespace {

constexpr std::string_view kTemporaryFolder = ".tmp";
constexpr std::uint32_t kFileMode = 0600;
constexpr std::uint32_t kFolderMode = 0700;
// How often another process may empty .tmp while we write there. Each does so once.
constexpr int kMaxPutAttempts = 5;

Status NoSuch(std::string_view name) { return Error(Code::kNotFound, "blob {}: not found", name); }
Status MixesBlobAndFolder(std::string_view name) {
  return Error(Code::kFailedPrecondition, "blob {}: is a folder, or is in a blob", name);
}

class LocalStore final : public BlobStore {
 public:
  LocalStore(io::FileSystem& fs, std::string root) : fs_(fs), root_(std::move(root)) {}

  [[nodiscard]] Result<Bytes> Get(const Context& context, std::string_view name,
                                  ByteRange range) override {
    ASSIGN_OR_RETURN(const std::unique_ptr<io::File> file, Open(context, name));
    const std::uint64_t size = file->size();
    if (range.offset > size || range.size > size - range.offset) {
      return Error(Code::kOutOfRange, "blob {}: {} bytes at {} of {}", name, range.size,
                   range.offset, size);
    }
    return Read(*file, range);
  }

  [[nodiscard]] Result<Bytes> GetAll(const Context& context, std::string_view name,
                                     std::uint64_t limit_bytes) override {
    ASSIGN_OR_RETURN(const std::unique_ptr<io::File> file, Open(context, name));
    const std::uint64_t size = file->size();
    if (size > limit_bytes) {
      return Error(Code::kResourceExhausted, "blob {}: has {} bytes, more than {}", name, size,
                   limit_bytes);
    }
    return Read(*file, {.offset = 0, .size = size});
  }

  [[nodiscard]] Result<BlobInfo> Stat(const Context& context, std::string_view name) override {
    RETURN_IF_ERROR(context.Check());
    RETURN_IF_ERROR(CheckName(name));
    const Result<io::FileInfo> info = fs_.Stat(Path(name));
    if (info.ok() ? info->type != io::FileType::kFile : IsAbsent(info.status())) {
      return NoSuch(name);
    }
    RETURN_IF_ERROR(info.status());
    return BlobInfo{.name = std::string(name), .size_bytes = info->size_bytes};
  }

  [[nodiscard]] Result<std::vector<BlobInfo>> List(const Context& context,
                                                   std::string_view prefix) override {
    std::vector<BlobInfo> blobs;
    RETURN_IF_ERROR(ListFolder(context, "", prefix, blobs));
    std::ranges::sort(blobs, {}, &BlobInfo::name);
    return blobs;
  }

  [[nodiscard]] Status Put(const Context& context, std::string_view name, ByteView bytes) override {
    RETURN_IF_ERROR(context.Check());
    RETURN_IF_ERROR(CheckName(name));
    RETURN_IF_ERROR(Prepare(name));
    RETURN_IF_ERROR(CheckFree(name));  // before the bytes are written for nothing
    Status status;
    for (int attempt = 0; attempt < kMaxPutAttempts; ++attempt) {
      status = WriteAndLink(Path(name), bytes);
      if (status.ok()) {
        status = fs_.SyncDir(io::ParentPath(Path(name)));
        if (!status.ok()) {
          settled_.Lock()->store = false;  // List shows the blob: the next Put syncs it
        }
        return status;
      }
      if (status.code() == Code::kAlreadyExists) {
        RETURN_IF_ERROR(CheckFree(name));
        continue;  // it was there and is deleted
      }
      if (status.code() != Code::kNotFound) {
        break;
      }
      RETURN_IF_ERROR(MakeTemporaryFolder());
    }
    if (status.code() == Code::kNotFound) {
      return Error(Code::kUnavailable, "blob {}: its folder or {} vanishes again and again", name,
                   Path(kTemporaryFolder));
    }
    return Annotate(status, fmt::format("blob {}", name));
  }

  [[nodiscard]] Status Delete(const Context& context, std::string_view name) override {
    RETURN_IF_ERROR(context.Check());
    RETURN_IF_ERROR(CheckName(name));
    if (Status status = fs_.RemoveFile(Path(name)); !status.ok() && !IsAbsent(status)) {
      return status;
    }
    // Also when nothing was there: an earlier Delete may have failed just before this.
    const Status status = fs_.SyncDir(io::ParentPath(Path(name)));
    return IsAbsent(status) ? OkStatus() : status;
  }

 private:
  // What this process knows to be durable.
  struct Settled {
    bool store = false;
    std::set<std::string, std::less<>> folders;
  };

  [[nodiscard]] std::string Path(std::string_view name) const { return io::JoinPath(root_, name); }

  // Nothing of that name, or a folder, or a blob where a folder would be.
  [[nodiscard]] static bool IsAbsent(const Status& status) {
    return status.code() == Code::kNotFound || status.code() == Code::kFailedPrecondition;
  }

  Result<std::unique_ptr<io::File>> Open(const Context& context, std::string_view name) {
    RETURN_IF_ERROR(context.Check());
    RETURN_IF_ERROR(CheckName(name));
    Result<std::unique_ptr<io::File>> file = fs_.Open(Path(name), io::OpenMode::kRead);
    if (IsAbsent(file.status())) {
      return NoSuch(name);
    }
    return file;
  }

  static Result<Bytes> Read(const io::File& file, ByteRange range) {
    Bytes bytes(range.size);
    RETURN_IF_ERROR(file.ReadAt(range.offset, bytes));
    return bytes;
  }

  // `folder` is "" or ends with '/'. What is not a blob's name is not ours.
  Status ListFolder(const Context& context, const std::string& folder, std::string_view prefix,
                    std::vector<BlobInfo>& blobs) {
    RETURN_IF_ERROR(context.Check());
    const Result<std::vector<io::DirEntry>> entries = fs_.List(Path(folder));
    if (!folder.empty() && entries.status().code() == Code::kNotFound) {
      return OkStatus();  // removed meanwhile
    }
    RETURN_IF_ERROR(entries.status());
    for (const io::DirEntry& entry : *entries) {
      const std::string name = folder + entry.name;
      if (!CheckName(name).ok()) {
        continue;
      }
      if (entry.type == io::FileType::kDirectory) {
        const std::string below = name + "/";
        if (below.starts_with(prefix) || prefix.starts_with(below)) {
          RETURN_IF_ERROR(ListFolder(context, below, prefix, blobs));
        }
      } else if (name.starts_with(prefix)) {
        Result<BlobInfo> info = Stat(context, name);
        if (info.ok()) {
          blobs.push_back(*std::move(info));
        } else if (info.status().code() != Code::kNotFound) {
          return info.status();
        }
      }
    }
    return OkStatus();
  }

  // The folder of blob `name` is there and durable, and so is what others have written.
  Status Prepare(std::string_view name) {
    const std::size_t slash = name.rfind('/');
    const std::string_view folder = slash == std::string_view::npos ? "" : name.substr(0, slash);
    const auto settled = settled_.Lock();
    if (!settled->store) {
      RETURN_IF_ERROR(EmptyTemporaryFolder());
      RETURN_IF_ERROR(SettleFolder("", settled->folders));
      settled->store = true;
    }
    if (settled->folders.contains(folder)) {
      return OkStatus();
    }
    Status status = io::CreateDirs(fs_, Path(folder), kFolderMode);
    if (status.code() == Code::kAlreadyExists || status.code() == Code::kFailedPrecondition) {
      return MixesBlobAndFolder(name);
    }
    RETURN_IF_ERROR(status);
    // Those that were there may be of a Put that failed before it had synced them.
    for (std::string path = Path(folder); path.size() > root_.size(); path = io::ParentPath(path)) {
      RETURN_IF_ERROR(fs_.SyncDir(io::ParentPath(path)));
    }
    settled->folders.emplace(folder);
    return OkStatus();
  }

  // Syncs `folder` ("" for the root) and those in it.
  Status SettleFolder(const std::string& folder, std::set<std::string, std::less<>>& folders) {
    ASSIGN_OR_RETURN(const std::vector<io::DirEntry> entries, fs_.List(Path(folder)));
    for (const io::DirEntry& entry : entries) {
      const std::string name = io::JoinPath(folder, entry.name);
      if (entry.type == io::FileType::kDirectory && CheckName(name).ok()) {
        RETURN_IF_ERROR(SettleFolder(name, folders));
      }
    }
    RETURN_IF_ERROR(fs_.SyncDir(Path(folder)));
    folders.insert(folder);
    return OkStatus();
  }

  Status MakeTemporaryFolder() {
    Status status = fs_.CreateDir(Path(kTemporaryFolder), kFolderMode);
    return status.code() == Code::kAlreadyExists ? OkStatus() : status;
  }

  Status EmptyTemporaryFolder() {
    RETURN_IF_ERROR(MakeTemporaryFolder());
    ASSIGN_OR_RETURN(const std::vector<io::DirEntry> entries, fs_.List(Path(kTemporaryFolder)));
    for (const io::DirEntry& entry : entries) {
      RETURN_IF_ERROR(io::RemoveTree(fs_, io::JoinPath(Path(kTemporaryFolder), entry.name)));
    }
    return OkStatus();
  }

  // kAlreadyExists: the blob is there, and will be. kFailedPrecondition: a folder is.
  Status CheckFree(std::string_view name) {
    const Result<io::FileInfo> info = fs_.Stat(Path(name));
    if (info.status().code() == Code::kNotFound) {
      return OkStatus();
    }
    RETURN_IF_ERROR(info.status());
    if (info->type == io::FileType::kDirectory) {
      return MixesBlobAndFolder(name);
    }
    RETURN_IF_ERROR(fs_.SyncDir(io::ParentPath(Path(name))));
    return Error(Code::kAlreadyExists, "blob {}: already exists", name);
  }

  // kNotFound: somebody emptied .tmp, or the blob's folder is gone.
  Status WriteAndLink(const std::string& path, ByteView bytes) {
    const std::string temporary =
        io::JoinPath(Path(kTemporaryFolder), fmt::format("{}-{}", token_, next_temporary_++));
    Status status = WriteTemporary(temporary, bytes);
    if (status.ok()) {
      status = fs_.Link(temporary, path);
    }
    (void)fs_.RemoveFile(temporary);  // if it stays, the next store's first Put removes it
    return status;
  }

  Status WriteTemporary(const std::string& path, ByteView bytes) {
    ASSIGN_OR_RETURN(const std::unique_ptr<io::File> file,
                     fs_.Open(path, io::OpenMode::kCreateNew, kFileMode));
    RETURN_IF_ERROR(file->WriteAt(0, bytes));
    RETURN_IF_ERROR(file->Sync());
    return file->Close();
  }

  io::FileSystem& fs_;
  const std::string root_;
  const std::string token_ = ToHex(SystemRandom().Next());
  std::atomic<std::uint64_t> next_temporary_ = 0;
  Guarded<Settled> settled_;
};

}  // namespace

Result<std::unique_ptr<BlobStore>> OpenLocalStore(io::FileSystem& fs, const std::string& root) {
  ASSIGN_OR_RETURN(const io::FileInfo info, fs.Stat(root));
  if (info.type != io::FileType::kDirectory) {
    return Error(Code::kFailedPrecondition, "{}: not a folder", root);
  }
  return std::make_unique<LocalStore>(fs, root);
}

Result<std::unique_ptr<BlobStore>> CreateLocalStore(io::FileSystem& fs, const std::string& root) {
  RETURN_IF_ERROR(io::CreateDirs(fs, root, kFolderMode));
  return OpenLocalStore(fs, root);
}

}  // namespace tresor::blob
