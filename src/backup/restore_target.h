// SPDX-License-Identifier: Apache-2.0
// Inside of backup: the directories of one member that is being restored; steps and states:
// restore.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/random.h"
#include "base/status.h"
#include "io/file_system.h"

namespace tresor::backup {

/// The WAL that a member gets.
struct RestoredWal {
  Bytes used;                    // behind it come zeros
  std::uint64_t file_bytes = 0;  // at least that many
};

/// Calls in this order: Inspect, Begin, (the caller writes db()), WriteSmallFiles, Publish, Finish.
/// Destroyed before Finish: what was made is removed.
///
/// Threads: one.
class RestoreTarget {
 public:
  /// `wal_dir` empty: inside of data_dir.
  RestoreTarget(io::FileSystem& fs, std::string data_dir, std::string wal_dir, RestoredWal wal);
  ~RestoreTarget();
  RestoreTarget(const RestoreTarget&) = delete;
  RestoreTarget& operator=(const RestoreTarget&) = delete;

  /// Changes nothing. kFailedPrecondition: data_dir or wal_dir holds something that is no
  /// unfinished restore, or a `member` that an etcd may have run on.
  [[nodiscard]] Status Inspect() const;
  /// Removes an unfinished restore, makes the directories and an empty db.
  [[nodiscard]] Status Begin(Random& random);
  /// member/snap/db. After Begin, until Publish.
  [[nodiscard]] io::File& db() { return *db_; }
  /// Writes the .snap file and the WAL, syncs them and all directories.
  [[nodiscard]] Status WriteSmallFiles(const std::string& snap_name, ByteView snap,
                                       std::uint32_t snap_mode);
  /// Closes db, gives everything its final name.
  [[nodiscard]] Status Publish();
  /// Takes the marker away: the member is complete.
  [[nodiscard]] Status RemoveDataMarker();
  [[nodiscard]] Status RemoveWalMarker();

 private:
  enum class State { kMissing, kEmpty, kUnfinished };
  [[nodiscard]] Result<State> Look(const std::string& dir, bool is_wal_dir) const;
  enum class Log { kNone, kOurs, kOther };
  [[nodiscard]] Result<Log> LookAtLog(const std::string& dir) const;
  /// kFailedPrecondition: an etcd may have run here.
  [[nodiscard]] Status CheckNeverStarted() const;
  [[nodiscard]] Status RemoveEntry(const std::string& dir, const std::string& name);
  [[nodiscard]] Status Prepare(const std::string& dir, bool is_wal_dir, bool& created);
  void RemoveOurs(const std::string& dir, bool is_wal_dir, bool created);
  [[nodiscard]] std::string WalDir() const;

  io::FileSystem& fs_;
  const std::string data_dir_;
  const std::string wal_dir_;  // empty: inside of data_dir
  const RestoredWal wal_;

  std::string suffix_;   // of this attempt
  std::string staging_;  // data_dir/member.restoring-…
  std::unique_ptr<io::File> db_;
  bool created_data_dir_ = false;
  bool created_wal_dir_ = false;
  bool begun_ = false;
  bool finished_ = false;
};

}  // namespace tresor::backup
