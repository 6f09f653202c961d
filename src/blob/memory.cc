// SPDX-License-Identifier: Apache-2.0
#include "blob/memory.h"

#include <map>

#include "base/guarded.h"

namespace tresor::blob {
namespace {

using Blobs = std::map<std::string, std::shared_ptr<const Bytes>, std::less<>>;

Status NoSuch(std::string_view name) { return Error(Code::kNotFound, "blob {}: not found", name); }

// Whether `name` is a folder of blobs, or a folder in it is a blob.
bool MixesBlobAndFolder(const Blobs& blobs, std::string_view name) {
  for (std::size_t slash = name.find('/'); slash != std::string_view::npos;
       slash = name.find('/', slash + 1)) {
    if (blobs.contains(name.substr(0, slash))) {
      return true;
    }
  }
  const std::string folder = std::string(name) + "/";
  const auto next = blobs.lower_bound(folder);
  return next != blobs.end() && next->first.starts_with(folder);
}

class MemoryStore final : public BlobStore {
 public:
  [[nodiscard]] Result<Bytes> Get(const Context& context, std::string_view name,
                                  ByteRange range) override {
    ASSIGN_OR_RETURN(const auto blob, Find(context, name));
    if (range.offset > blob->size() || range.size > blob->size() - range.offset) {
      return Error(Code::kOutOfRange, "blob {}: {} bytes at {} of {}", name, range.size,
                   range.offset, blob->size());
    }
    return ToBytes(ByteView(*blob).subspan(range.offset, range.size));
  }

  [[nodiscard]] Result<Bytes> GetAll(const Context& context, std::string_view name,
                                     std::uint64_t limit_bytes) override {
    ASSIGN_OR_RETURN(const auto blob, Find(context, name));
    if (blob->size() > limit_bytes) {
      return Error(Code::kResourceExhausted, "blob {}: has {} bytes, more than {}", name,
                   blob->size(), limit_bytes);
    }
    return *blob;
  }

  [[nodiscard]] Result<BlobInfo> Stat(const Context& context, std::string_view name) override {
    ASSIGN_OR_RETURN(const auto blob, Find(context, name));
    return BlobInfo{.name = std::string(name), .size_bytes = blob->size()};
  }

  [[nodiscard]] Result<std::vector<BlobInfo>> List(const Context& context,
                                                   std::string_view prefix) override {
    RETURN_IF_ERROR(context.Check());
    const auto blobs = blobs_.Lock();
    std::vector<BlobInfo> infos;
    for (auto blob = blobs->lower_bound(prefix);
         blob != blobs->end() && blob->first.starts_with(prefix); ++blob) {
      infos.push_back({.name = blob->first, .size_bytes = blob->second->size()});
    }
    return infos;
  }

  [[nodiscard]] Status Put(const Context& context, std::string_view name, ByteView bytes) override {
    RETURN_IF_ERROR(context.Check());
    RETURN_IF_ERROR(CheckName(name));
    auto blob = std::make_shared<const Bytes>(ToBytes(bytes));
    const auto blobs = blobs_.Lock();
    if (MixesBlobAndFolder(*blobs, name)) {
      return Error(Code::kFailedPrecondition, "blob {}: is a folder, or is in a blob", name);
    }
    if (!blobs->emplace(std::string(name), std::move(blob)).second) {
      return Error(Code::kAlreadyExists, "blob {}: already exists", name);
    }
    return OkStatus();
  }

  [[nodiscard]] Status Delete(const Context& context, std::string_view name) override {
    RETURN_IF_ERROR(context.Check());
    RETURN_IF_ERROR(CheckName(name));
    const auto blobs = blobs_.Lock();
    if (const auto blob = blobs->find(name); blob != blobs->end()) {
      blobs->erase(blob);
    }
    return OkStatus();
  }

 private:
  // Shared with the store, so that it is read without the lock.
  Result<std::shared_ptr<const Bytes>> Find(const Context& context, std::string_view name) {
    RETURN_IF_ERROR(context.Check());
    RETURN_IF_ERROR(CheckName(name));
    const auto blobs = blobs_.Lock();
    const auto blob = blobs->find(name);
    if (blob == blobs->end()) {
      return NoSuch(name);
    }
    return blob->second;
  }

  Guarded<Blobs> blobs_;
};

}  // namespace

std::unique_ptr<BlobStore> MakeMemoryStore() { return std::make_unique<MemoryStore>(); }

}  // namespace tresor::blob
