// SPDX-License-Identifier: Apache-2.0
#include "launcher/rebuild.h"

#include <memory>

#include "backup/restore.h"
#include "backup/source.h"
#include "backup/verify.h"
#include "blob/blob.h"
#include "blob/decorators.h"
#include "blob/local.h"
#include "repo/repository.h"

namespace tresor::launcher {
namespace {

using runtime::MemberFiles;
using runtime::MemberOrder;
using runtime::RestoreOrder;

constexpr std::uint64_t kKeyFileLimitBytes = 1 << 20;
/// etcd's default --quota-backend-bytes.
constexpr std::uint64_t kDefaultQuotaBytes = std::uint64_t{2} << 30;
/// WAL (64 MB), .snap and what etcd writes at first.
constexpr std::uint64_t kRoomBesidesBytes = std::uint64_t{96} << 20;
/// Of each record, in a leaf page and in the branches above.
constexpr std::uint64_t kRoomPerRecordBytes = 48;

Status CheckRoom(io::FileSystem& fs, const std::string& dir, const backup::SourceFacts& facts) {
  const std::uint64_t pages = facts.record_bytes + facts.records.value_or(0) * kRoomPerRecordBytes;
  const std::uint64_t needed = pages + pages / 8 + kRoomBesidesBytes;
  ASSIGN_OR_RETURN(const std::uint64_t free, fs.FreeBytes(dir));
  if (free < needed) {
    return Error(Code::kResourceExhausted,
                 "{}: some {} MiB are needed to rebuild the member, and {} MiB are free", dir,
                 needed >> 20, free >> 20);
  }
  return OkStatus();
}

/// Reads the database as it lies on disk now: what etcd will answer to HashKV.
Result<repo::HashKv> ReadBack(const Context& context, io::FileSystem& fs,
                              const std::string& db_path) {
  ASSIGN_OR_RETURN(const auto db, fs.Open(db_path, io::OpenMode::kRead));
  ASSIGN_OR_RETURN(const auto source, backup::MakeSource(*db, db_path));
  ASSIGN_OR_RETURN(const backup::VerifyResult result, backup::Verify(context, *source));
  return result.hash_kv;
}

backup::RestoreOptions Options(io::FileSystem& fs, Random& random, const MemberOrder& order,
                               const MemberFiles& files, const backup::ProgressCallback& progress) {
  backup::RestoreOptions options;
  options.fs = &fs;
  options.random = &random;
  options.members = {
      {.name = order.name, .peer_urls = {}, .data_dir = files.data(), .wal_dir = {}}};
  options.initial_cluster.clear();
  for (const runtime::Fellow& fellow : order.members) {
    options.initial_cluster += fmt::format("{}{}={}", options.initial_cluster.empty() ? "" : ",",
                                           fellow.name, fellow.peer_url);
  }
  options.initial_cluster_token = RestoredToken(order.restore->id);
  options.bump_revision = order.restore->bump_revision;
  options.mark_compacted = order.restore->mark_compacted;
  // An alarm of the old members would keep the new ones from being written to, and it may be the
  // very reason for the restore.
  options.clear_alarms = true;
  options.progress = progress;
  return options;
}

}  // namespace

std::string RestoredToken(const std::string& restore_id) { return "tresor-restore-" + restore_id; }

Result<runtime::RebuiltData> Rebuild(const Context& context, io::FileSystem& fs, Random& random,
                                     const MemberOrder& order, const MemberFiles& files,
                                     const backup::ProgressCallback& progress) {
  const RestoreOrder& restore = *order.restore;
  ASSIGN_OR_RETURN(const repo::Id backup_id, repo::ParseId(restore.backup));
  Result<Bytes> key = io::ReadFile(fs, restore.key_file, kKeyFileLimitBytes);
  RETURN_IF_ERROR(Annotate(key.status(), "reading the repository's key"));
  ASSIGN_OR_RETURN(auto local, blob::OpenLocalStore(fs, restore.repository));
  const auto store = blob::MakeReadOnlyStore(std::move(local));
  const std::string tried = "opening repository " + restore.repository;
  Result<std::unique_ptr<repo::Repository>> repository =
      repo::Repository::Open(context, *store, repo::KeyFile{*std::move(key)});
  RETURN_IF_ERROR(Annotate(repository.status(), tried));
  ASSIGN_OR_RETURN(const auto backup, (*repository)->OpenBackup(context, backup_id));
  const auto source = backup::MakeSource(*backup);
  RETURN_IF_ERROR(CheckRoom(fs, files.dir, source->facts()));
  Result<backup::RestoreResult> result =
      backup::Restore(context, *source, Options(fs, random, order, files, progress));
  RETURN_IF_ERROR(Annotate(result.status(), "restoring " + source->facts().name));
  const std::uint64_t quota =
      order.quota_backend_bytes == 0 ? kDefaultQuotaBytes : order.quota_backend_bytes;
  if (result->db_bytes >= quota) {
    return Error(Code::kFailedPrecondition,
                 "the restored database has {} bytes, and etcd's quota is {}: raise "
                 "quotaBackendBytes and restore again",
                 result->db_bytes, quota);
  }
  ASSIGN_OR_RETURN(const repo::HashKv hash,
                   ReadBack(context, fs, files.data() + "/member/snap/db"));
  if (hash.revision != result->revision) {
    return Error(Code::kDataLoss, "the restored database ends at revision {}, and should at {}",
                 hash.revision, result->revision);
  }
  return runtime::RebuiltData{.revision = hash.revision,
                              .compact_revision = hash.compact_revision,
                              .hash = hash.hash,
                              .db_bytes = result->db_bytes};
}

}  // namespace tresor::launcher
