// SPDX-License-Identifier: Apache-2.0
// EtcdBackup's spec and status as values. deploy/crds/etcdbackups.yaml explains the fields,
// objects/etcd_cluster.h how views read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "objects/condition.h"
#include "objects/object.h"
#include "objects/progress.h"

namespace tresor::objects {

enum class BackupPhase { kPending, kRunning, kVerifying, kCompleted, kFailed, kDeleting };
[[nodiscard]] std::string_view ToString(BackupPhase phase);
/// Completed or Failed: nothing more happens by itself.
[[nodiscard]] bool IsOver(BackupPhase phase);

struct EtcdBackupSpec {
  std::string cluster;      // name, in the same project
  std::string destination;  // empty: the default one
  bool pinned = false;

  [[nodiscard]] static EtcdBackupSpec FromObject(const Object& object);
  void WriteTo(Object& object) const;  // replaces spec
  friend bool operator==(const EtcdBackupSpec&, const EtcdBackupSpec&) = default;
};

struct SnapshotFacts {
  std::int64_t revision = 0;
  std::int64_t compact_revision = 0;
  std::int64_t total_keys = 0;
  std::int64_t db_size = 0;
  std::string sha256;        // hexadecimal
  std::int64_t hash_kv = 0;  // etcd's HashKV at `revision`
  std::string etcd_version;
  std::string member_id;  // hexadecimal: who it was read from
  friend bool operator==(const SnapshotFacts&, const SnapshotFacts&) = default;
};

/// What this backup added to the repository.
struct StoredFacts {
  std::int64_t new_records = 0;
  std::int64_t new_bytes = 0;
  friend bool operator==(const StoredFacts&, const StoredFacts&) = default;
};

enum class EvidenceResult { kPassed, kSkipped, kFailed };
[[nodiscard]] std::string_view ToString(EvidenceResult result);

struct EvidenceItem {
  std::string check;  // "trailer", "structure", "hashKV", "readBack"
  EvidenceResult result = EvidenceResult::kSkipped;
  std::string detail;
  std::optional<WallTime> time;
  friend bool operator==(const EvidenceItem&, const EvidenceItem&) = default;
};

struct EtcdBackupStatus {
  std::optional<BackupPhase> phase;
  std::string message;
  std::optional<Progress> progress;
  std::optional<WallTime> scheduled_time;
  std::optional<WallTime> start_time;
  std::optional<WallTime> completion_time;
  std::int32_t attempts = 0;
  // Where it lies; set before anything is written there.
  std::string destination;
  std::string repository;   // below the destination: "<project>/<cluster uid>"
  std::string id;           // in the repository
  std::string cluster_uid;  // of the cluster it was taken from
  std::optional<SnapshotFacts> snapshot;
  std::optional<StoredFacts> stored;
  std::vector<EvidenceItem> evidence;
  std::int64_t observed_generation = 0;
  std::vector<Condition> conditions;  // Completed, Failed

  [[nodiscard]] static EtcdBackupStatus FromObject(const Object& object);
  void WriteTo(Object& object) const;  // replaces status
  friend bool operator==(const EtcdBackupStatus&, const EtcdBackupStatus&) = default;
};

}  // namespace tresor::objects
