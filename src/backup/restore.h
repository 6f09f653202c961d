// SPDX-License-Identifier: Apache-2.0
// Restore: member data directories that etcd 3.4 to 3.7 start from, in one sequential read of the
// source.
//
// What is written: etcd/format/FORMAT.md. How, per member, and what a power cut leaves:
//   1 data_dir is made (0700) with the file kUnfinishedMarker in it; wal_dir, if there is one,
//   likewise 2 everything is written into data_dir/member.restoring-<random> (wal_dir: under a .tmp
//   name), and synced 3 the WAL in wal_dir gets its name; then member.restoring-… is renamed to
//   member 4 when that is done for all members, the markers go
// Until 3 there is no `member` in data_dir, so etcd takes it for empty. Whoever finds the marker
// knows that the restore did not come to its end; the next one to the same place removes what is
// there and begins anew. A directory with `member` and without the marker is complete. With both,
// the member is complete too, but its fellows may not be: it is removed only when its WAL is, byte
// by byte, the one that the restore wrote, which shows that no etcd has run on it; else the next
// restore refuses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backup/progress.h"
#include "backup/source.h"
#include "base/context.h"
#include "base/random.h"
#include "base/status.h"
#include "etcd/format/ids.h"
#include "etcd/format/wal.h"
#include "io/file_system.h"

namespace tresor::backup {

inline constexpr std::string_view kUnfinishedMarker = "restore-unfinished.tmp";

/// One member to write.
struct RestoreMember {
  std::string name;  // must be in initial_cluster
  std::string
      peer_urls;  // comma list, as --initial-advertise-peer-urls; empty: as initial_cluster says
  std::string data_dir;
  std::string wal_dir;  // empty: data_dir/member/wal
};

struct RestoreOptions {
  io::FileSystem* fs = &io::PosixFileSystem();
  std::vector<RestoreMember> members;  // at least one
  std::string initial_cluster = std::string(etcd::kDefaultInitialCluster);
  std::string initial_cluster_token = std::string(etcd::kDefaultInitialClusterToken);
  std::int64_t bump_revision = 0;  // > 0 only with mark_compacted
  bool mark_compacted = false;
  /// Leaves out what ties the database to the source's etcd version, so that 3.4 to 3.7 start from
  /// it.
  bool portable = true;
  bool clear_alarms = false;
  /// How full leaf pages are made: bolt::BuilderOptions::leaf_bytes.
  std::uint32_t leaf_bytes = 16384;
  std::uint32_t page_size_bytes = 4096;
  /// As etcd preallocates. Less is filled up by etcd.
  std::uint64_t wal_file_bytes = etcd::kWalFileSize;
  /// Permissions of the .snap file. etcd's own are 0666 without the umask's bits; those of all else
  /// are fixed: 0600 and 0700.
  std::uint32_t snap_mode = 0600;
  Random* random = &SystemRandom();
  ProgressCallback progress;
};

struct RestoreResult {
  etcd::ClusterId cluster_id{};
  std::vector<etcd::MemberId> member_ids;  // as RestoreOptions::members
  std::int64_t revision = 0;               // that the cluster starts with
  std::int64_t compact_revision = -1;      // likewise
  std::uint64_t db_bytes =
      0;  // of each member/snap/db: --quota-backend-bytes (default 2 GiB) must be above it
  std::uint64_t records = 0;
  /// Of the source's records, as they were written: without the bump.
  repo::HashKv hash_kv;
  bool hash_kv_compared = false;  // with what the source says of itself (a plain file says nothing)
  std::vector<std::string> warnings;
};

/// Writes all members. On return they are durable.
///
/// The source is proven on the way: a repository's by authentication, CRC, count and HashKV, an
/// image's by its structure (its SHA-256 before: SnapshotFile). Nothing gets its final name before
/// that. kInvalidArgument: options. kFailedPrecondition: a target is not empty (names it).
/// kResourceExhausted: no room. kDataLoss: the source. On an error the targets are as before, as
/// far as the file system allows. Memory: some 64 MiB, whatever the size.
[[nodiscard]] Result<RestoreResult> Restore(const Context& context, const Source& source,
                                            const RestoreOptions& options);

}  // namespace tresor::backup
