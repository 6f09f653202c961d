// SPDX-License-Identifier: Apache-2.0
#include "backup/restore_target.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "backup/restore.h"
#include "base/hex.h"
#include "etcd/format/wal.h"

namespace tresor::backup {
namespace {

constexpr std::string_view kMember = "member";
constexpr std::string_view kStagingPrefix = "member.restoring-";
constexpr std::string_view kTemporary = ".tmp";
constexpr std::string_view kRemoved =
    ".restoring-removed";  // begins as kStagingPrefix, after "member"

// True at every moment at which it can be found.
constexpr std::string_view kMarkerText =
    "A restore makes a member of etcd here, and has not taken this file away yet: it runs, or was "
    "interrupted.\n"
    "While the data directory holds no `member`, there is nothing here that etcd may start from.\n"
    "When the data directories of all members that the restore makes hold `member`, all of them "
    "are complete, and files of this name may be removed.\n"
    "To run the same restore again is right in either case: it begins anew, and refuses where an "
    "etcd has run meanwhile.\n";

std::string MarkerPath(const std::string& dir) { return io::JoinPath(dir, kUnfinishedMarker); }

// etcd passes over names that end in .tmp.
bool IsTemporaryWal(std::string_view name) {
  return name.find(".wal.restoring-") != std::string_view::npos && name.ends_with(kTemporary);
}

/// Names that a restore makes in such a directory, besides the marker.
bool IsOurs(std::string_view name, bool is_wal_dir) {
  if (is_wal_dir) {
    return etcd::ParseWalFileName(name).has_value() || IsTemporaryWal(name);
  }
  return name == kMember || name.starts_with(kStagingPrefix);
}

}  // namespace

RestoreTarget::RestoreTarget(io::FileSystem& fs, std::string data_dir, std::string wal_dir,
                             RestoredWal wal)
    : fs_(fs), data_dir_(std::move(data_dir)), wal_dir_(std::move(wal_dir)), wal_(std::move(wal)) {}

RestoreTarget::~RestoreTarget() {
  if (begun_ && !finished_) {
    if (db_ != nullptr) {
      (void)db_->Close();
    }
    if (!CheckNeverStarted().ok()) {
      return;  // somebody was quick: it is theirs now
    }
    // `member` before its log: without one it would look as if an etcd had run.
    RemoveOurs(data_dir_, false, created_data_dir_);
    if (!wal_dir_.empty()) {
      RemoveOurs(wal_dir_, true, created_wal_dir_);
    }
  }
}

Result<RestoreTarget::State> RestoreTarget::Look(const std::string& dir, bool is_wal_dir) const {
  ASSIGN_OR_RETURN(const bool exists, io::Exists(fs_, dir));
  if (!exists) {
    return State::kMissing;
  }
  ASSIGN_OR_RETURN(const std::vector<io::DirEntry> entries, fs_.List(dir));
  bool marked = false;
  std::string_view foreign;
  for (const io::DirEntry& entry : entries) {
    if (entry.name == kUnfinishedMarker) {
      marked = true;
    } else if (!IsOurs(entry.name, is_wal_dir)) {
      foreign = entry.name;
    }
  }
  if (entries.empty()) {
    return State::kEmpty;
  }
  if (!marked || !foreign.empty()) {
    return Error(Code::kFailedPrecondition, "{} is not empty: it holds {}", dir,
                 foreign.empty() ? entries.front().name : foreign);
  }
  return State::kUnfinished;
}

// Whether the folder's log is the one that this restore writes, byte by byte. An etcd that starts
// makes the next log's file (0.tmp) first, and appends to the log before it answers anybody.
Result<RestoreTarget::Log> RestoreTarget::LookAtLog(const std::string& dir) const {
  ASSIGN_OR_RETURN(const bool exists, io::Exists(fs_, dir));
  if (!exists) {
    return Log::kNone;
  }
  ASSIGN_OR_RETURN(const std::vector<io::DirEntry> entries, fs_.List(dir));
  Log log = Log::kNone;
  for (const io::DirEntry& entry : entries) {
    if (entry.name == etcd::WalFileName(0, 0)) {
      ASSIGN_OR_RETURN(const auto file,
                       fs_.Open(io::JoinPath(dir, entry.name), io::OpenMode::kRead, 0));
      if (file->size() != std::max<std::uint64_t>(wal_.used.size(), wal_.file_bytes)) {
        return Log::kOther;
      }
      Bytes expected = wal_.used;
      expected.resize(std::min<std::uint64_t>(file->size(), expected.size() + 512));  // + a record
      Bytes found(expected.size());
      RETURN_IF_ERROR(file->ReadAt(0, found));
      if (found != expected) {
        return Log::kOther;
      }
      log = Log::kOurs;
    } else if (entry.name != kUnfinishedMarker && !IsTemporaryWal(entry.name)) {
      return Log::kOther;
    }
  }
  return log;
}

// What a restore left may be removed only as long as no etcd has run on it: between the rename that
// makes `member` and the end of the marker a server can start, and then what is there may be the
// only copy of its writes.
Status RestoreTarget::CheckNeverStarted() const {
  const std::string member = io::JoinPath(data_dir_, kMember);
  ASSIGN_OR_RETURN(const bool has_member, io::Exists(fs_, member));
  ASSIGN_OR_RETURN(const Log log,
                   LookAtLog(wal_dir_.empty() ? io::JoinPath(member, "wal") : wal_dir_));
  if (log == Log::kOther || (has_member && log == Log::kNone)) {
    return Error(Code::kFailedPrecondition,
                 "{} is not empty: a restore made a member there and was interrupted, and an etcd "
                 "may have run on it since",
                 has_member ? data_dir_ : wal_dir_);
  }
  return OkStatus();
}

Status RestoreTarget::Inspect() const {
  RETURN_IF_ERROR(Look(data_dir_, false).status());
  if (!wal_dir_.empty()) {
    RETURN_IF_ERROR(Look(wal_dir_, true).status());
  }
  return CheckNeverStarted();
}

// `member` loses its name first: a part of one must not look like one.
Status RestoreTarget::RemoveEntry(const std::string& dir, const std::string& name) {
  std::string path = io::JoinPath(dir, name);
  if (name == kMember) {
    const std::string old = path + std::string(kRemoved);
    RETURN_IF_ERROR(io::RemoveTree(fs_, old));
    RETURN_IF_ERROR(fs_.Rename(path, old));
    RETURN_IF_ERROR(fs_.SyncDir(dir));
    path = old;
  }
  return io::RemoveTree(fs_, path);
}

// Makes `dir` exist and hold the marker and nothing else, durably.
Status RestoreTarget::Prepare(const std::string& dir, bool is_wal_dir, bool& created) {
  ASSIGN_OR_RETURN(const State state, Look(dir, is_wal_dir));
  if (state == State::kUnfinished) {
    ASSIGN_OR_RETURN(const std::vector<io::DirEntry> entries, fs_.List(dir));
    for (const io::DirEntry& entry : entries) {
      if (entry.name != kUnfinishedMarker) {
        RETURN_IF_ERROR(RemoveEntry(dir, entry.name));
      }
    }
    // Not synced: it may be a marker whose name never got durable.
    return fs_.SyncDir(dir);
  }
  if (state == State::kMissing) {
    created = true;
    RETURN_IF_ERROR(io::CreateDirs(fs_, dir, 0700));
  }
  ASSIGN_OR_RETURN(const auto marker, fs_.Open(MarkerPath(dir), io::OpenMode::kCreateNew, 0600));
  RETURN_IF_ERROR(marker->WriteAt(0, AsBytes(kMarkerText)));
  RETURN_IF_ERROR(marker->Sync());
  RETURN_IF_ERROR(marker->Close());
  return fs_.SyncDir(dir);
}

Status RestoreTarget::Begin(Random& random) {
  std::array<std::byte, 8> number{};
  random.Fill(number);
  suffix_ = ToHex(number);
  staging_ = io::JoinPath(data_dir_, std::string(kStagingPrefix) + suffix_);

  begun_ = true;
  RETURN_IF_ERROR(Prepare(data_dir_, false, created_data_dir_));
  if (!wal_dir_.empty()) {
    RETURN_IF_ERROR(Prepare(wal_dir_, true, created_wal_dir_));
  }
  RETURN_IF_ERROR(fs_.CreateDir(staging_, 0700));
  RETURN_IF_ERROR(fs_.CreateDir(io::JoinPath(staging_, "snap"), 0700));
  if (wal_dir_.empty()) {
    RETURN_IF_ERROR(fs_.CreateDir(io::JoinPath(staging_, "wal"), 0700));
  }
  ASSIGN_OR_RETURN(db_, fs_.Open(io::JoinPath(io::JoinPath(staging_, "snap"), "db"),
                                 io::OpenMode::kCreateNew, 0600));
  return OkStatus();
}

std::string RestoreTarget::WalDir() const {
  return wal_dir_.empty() ? io::JoinPath(staging_, "wal") : wal_dir_;
}

Status RestoreTarget::WriteSmallFiles(const std::string& snap_name, ByteView snap,
                                      std::uint32_t snap_mode) {
  const auto write = [&](const std::string& path, std::uint32_t mode, ByteView bytes,
                         std::uint64_t size) -> Status {
    ASSIGN_OR_RETURN(const auto file, fs_.Open(path, io::OpenMode::kCreateNew, mode));
    if (size > bytes.size()) {
      RETURN_IF_ERROR(file->Allocate(size));
    }
    RETURN_IF_ERROR(file->WriteAt(0, bytes));
    RETURN_IF_ERROR(file->Sync());
    return file->Close();
  };
  const std::string snap_dir = io::JoinPath(staging_, "snap");
  RETURN_IF_ERROR(write(io::JoinPath(snap_dir, snap_name), snap_mode, snap, 0));
  std::string wal_name = etcd::WalFileName(0, 0);
  if (!wal_dir_.empty()) {
    wal_name += ".restoring-" + suffix_ + std::string(kTemporary);
  }
  RETURN_IF_ERROR(write(io::JoinPath(WalDir(), wal_name), 0600, wal_.used, wal_.file_bytes));
  RETURN_IF_ERROR(fs_.SyncDir(snap_dir));
  RETURN_IF_ERROR(fs_.SyncDir(WalDir()));
  return fs_.SyncDir(staging_);
}

Status RestoreTarget::Publish() {
  RETURN_IF_ERROR(db_->Close());
  if (!wal_dir_.empty()) {
    const std::string path = io::JoinPath(wal_dir_, etcd::WalFileName(0, 0));
    RETURN_IF_ERROR(fs_.Rename(path + ".restoring-" + suffix_ + std::string(kTemporary), path));
    RETURN_IF_ERROR(fs_.SyncDir(wal_dir_));
  }
  RETURN_IF_ERROR(fs_.Rename(staging_, io::JoinPath(data_dir_, kMember)));
  RETURN_IF_ERROR(fs_.SyncDir(data_dir_));
  return fs_.SyncDir(io::ParentPath(data_dir_));
}

Status RestoreTarget::RemoveDataMarker() {
  // From here on the member is complete, whatever becomes of the markers.
  finished_ = true;
  RETURN_IF_ERROR(fs_.RemoveFile(MarkerPath(data_dir_)));
  return fs_.SyncDir(data_dir_);
}

Status RestoreTarget::RemoveWalMarker() {
  if (wal_dir_.empty()) {
    return OkStatus();
  }
  RETURN_IF_ERROR(fs_.RemoveFile(MarkerPath(wal_dir_)));
  return fs_.SyncDir(wal_dir_);
}

// After an error: what can't be removed stays, with the marker, for the next attempt.
void RestoreTarget::RemoveOurs(const std::string& dir, bool is_wal_dir, bool created) {
  const auto entries = fs_.List(dir);
  if (!entries.ok()) {
    return;
  }
  for (const io::DirEntry& entry : *entries) {
    if (IsOurs(entry.name, is_wal_dir) && !RemoveEntry(dir, entry.name).ok()) {
      return;
    }
  }
  if (!fs_.SyncDir(dir).ok() || !fs_.RemoveFile(MarkerPath(dir)).ok()) {
    return;
  }
  (void)fs_.SyncDir(dir);
  if (created && fs_.RemoveDir(dir).ok()) {
    (void)fs_.SyncDir(io::ParentPath(dir));
  }
}

}  // namespace tresor::backup
