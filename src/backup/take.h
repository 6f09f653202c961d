// SPDX-License-Identifier: Apache-2.0
// Takes a snapshot of a running etcd, proves it, and stores it: into a repository, or as a plain
// file.
//
// Order: choose a member; its stream goes into the spool while it is hashed; the digest must match;
// one walk checks the structure, computes HashKV and finds out which records the repository lacks,
// while the members are asked for their HashKV at the snapshot's revision; only when all that is
// content are the new records stored and the backup committed. Before that nothing is in the
// repository.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backup/check.h"
#include "backup/progress.h"
#include "backup/spool.h"
#include "base/context.h"
#include "base/status.h"
#include "repo/repository.h"

namespace tresor::etcd {
class Client;
}

namespace tresor::backup {

struct TakeOptions {
  /// The member to read from: its name, id in hex, or one of its client URLs. Empty: chosen by
  /// health.
  std::string member;
  SpoolOptions spool;
  /// Stores the snapshot also when members disagree with the one that was read; the evidence says
  /// so.
  bool allow_disagreement = false;
  /// How long members may take to answer HashKV. One that does not is "unproven".
  std::chrono::nanoseconds hash_kv_timeout = std::chrono::seconds(60);
  std::string host;  // recorded
  std::vector<std::string> tags;
  ProgressCallback progress;
};

/// How long each part took.
struct TakeTimes {
  std::chrono::nanoseconds receive{0}, check{0}, members{0}, store{0};
};

struct TakeResult {
  repo::BackupInfo info;  // SaveSnapshotFile leaves it empty
  repo::Source source;
  repo::Lineage lineage;  // likewise
  SnapshotFacts facts;
  std::vector<repo::Evidence> evidence;
  std::vector<std::string> warnings;  // for people: a corrupt member, a revision that went back, …
  TakeTimes times;
};

/// kUnavailable: source gone in mid-stream, or no member reachable; names the endpoint; try again.
/// kDataLoss: the snapshot is damaged, or other members have another content (names member, hash,
/// revision). kResourceExhausted: the spool. kFailedPrecondition: another writer has the
/// repository. On any error the repository lists what it listed before.
[[nodiscard]] Result<TakeResult> TakeBackup(const Context& context, const TakeOptions& options,
                                            etcd::Client& client, repo::Repository& repository);

/// The same checks, but what is stored is the plain file at `path` (0600): image and SHA-256, as
/// etcdutl reads it. Written as `path`.part, synced, renamed. kAlreadyExists: there is something at
/// `path`.
[[nodiscard]] Result<TakeResult> SaveSnapshotFile(const Context& context,
                                                  const TakeOptions& options, etcd::Client& client,
                                                  io::FileSystem& fs, const std::string& path);

}  // namespace tresor::backup
