// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "repo/key_slots.h"
#include "repo/lease.h"
#include "repo/repository_impl.h"

namespace tresor::repo {
namespace {

constexpr std::size_t kMinPrefix = 4;
constexpr std::string_view kLatest = "latest";

}  // namespace

Result<std::unique_ptr<Repository>> Repository::Open(const Context& context, blob::BlobStore& store,
                                                     const Credential& credential,
                                                     const OpenOptions& options) {
  ASSIGN_OR_RETURN(KeyRing keys, Unlock(context, store, credential));
  return std::make_unique<RepositoryImpl>(store, std::move(keys), options);
}

RepositoryImpl::RepositoryImpl(blob::BlobStore& store, KeyRing keys, const OpenOptions& options,
                               const SegmentWriterOptions& segment_options)
    : store_(store),
      options_(options),
      segment_options_(segment_options),
      keys_(std::move(keys)),
      random_(*options.random),
      objects_(store_, keys_, random_, options.compression_level) {
  segment_options_.compression_level = options.compression_level;
}

Result<std::vector<BackupInfo>> RepositoryImpl::List(const Context& context) {
  ASSIGN_OR_RETURN(const Catalog catalog, objects_.ReadCatalog(context));
  std::vector<BackupInfo> backups;
  backups.reserve(catalog.backups.size());
  for (const CatalogEntry& entry : catalog.backups) {
    backups.push_back(entry.info);
  }
  return backups;
}

Result<BackupInfo> RepositoryImpl::Find(const Context& context, std::string_view name) {
  ASSIGN_OR_RETURN(std::vector<BackupInfo> backups, List(context));
  if (name == kLatest) {
    if (backups.empty()) {
      return Error(Code::kNotFound, "the repository has no backups");
    }
    return std::move(backups.back());
  }
  if (name.size() < kMinPrefix) {
    return Error(Code::kInvalidArgument, "'{}': give at least {} digits of a backup's id", name,
                 kMinPrefix);
  }
  const BackupInfo* found = nullptr;
  for (const BackupInfo& backup : backups) {
    if (backup.id.ToString().starts_with(name)) {
      if (found != nullptr) {
        return Error(Code::kInvalidArgument, "'{}' is the beginning of several backups' ids", name);
      }
      found = &backup;
    }
  }
  if (found == nullptr) {
    return Error(Code::kNotFound, "no backup '{}'", name);
  }
  return *found;
}

Result<std::vector<KeySlot>> RepositoryImpl::ListKeys(const Context& context) {
  return ListKeySlots(context, store_, keys_);
}

Result<KeySlot> RepositoryImpl::AddKey(const Context& context, const Credential& credential,
                                       std::string_view label) {
  NewKeyOptions options;
  options.random = &random_;
  return AddKeySlot(context, store_, keys_, credential, label, options);
}

Status RepositoryImpl::RemoveKey(const Context& context, const Id& slot) {
  ASSIGN_OR_RETURN(const auto lease,
                   Lease::Take(context, store_, keys_,
                               {.operation = "remove a key", .wait = options_.lock_wait}));
  RETURN_IF_ERROR(RemoveKeySlot(context, store_, keys_, slot, *lease));
  return lease->Release();
}

}  // namespace tresor::repo
