// SPDX-License-Identifier: Apache-2.0
// EtcdRestore's spec and status as values. deploy/crds/etcdrestores.yaml explains the fields,
// objects/etcd_cluster.h how views read.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "objects/condition.h"
#include "objects/object.h"
#include "objects/progress.h"

namespace tresor::objects {

enum class RestorePhase {
  kPending,
  kPreflight,
  kSafetyBackup,
  kPausing,
  kStoppingMembers,
  kRebuilding,
  kStartingMembers,
  kVerifying,
  kCompleted,
  kRollingBack,
  kFailed,
  kCancelled,
};
[[nodiscard]] std::string_view ToString(RestorePhase phase);
/// Completed, Failed or Cancelled: nothing more happens.
[[nodiscard]] bool IsOver(RestorePhase phase);

struct EtcdRestoreSpec {
  std::string cluster;  // the target's name, in the same project
  std::string backup;   // name, in the same project
  std::int64_t revision_bump = 1'000'000'000;
  bool mark_compacted = true;
  bool safety_backup = true;
  std::chrono::nanoseconds timeout = std::chrono::minutes{30};
  bool cancel = false;

  [[nodiscard]] static EtcdRestoreSpec FromObject(const Object& object);
  void WriteTo(Object& object) const;  // replaces spec
  friend bool operator==(const EtcdRestoreSpec&, const EtcdRestoreSpec&) = default;
};

/// One step that was begun. `name` is a phase's.
struct RestoreStepRecord {
  std::string name;
  std::optional<WallTime> start_time;
  std::optional<WallTime> completion_time;
  std::string message;
  friend bool operator==(const RestoreStepRecord&, const RestoreStepRecord&) = default;
};

struct EtcdRestoreStatus {
  std::optional<RestorePhase> phase;
  std::string message;
  std::optional<Progress> progress;
  std::vector<RestoreStepRecord> steps;      // in the order they were begun
  std::string safety_backup;                 // name of the EtcdBackup
  std::vector<std::string> missing_members;  // that it went on without
  // The backup, as Preflight found it: it may be in another cluster's repository.
  std::string destination;
  std::string repository;
  std::string backup_id;
  std::optional<WallTime> start_time;
  std::optional<WallTime> completion_time;
  std::int64_t observed_generation = 0;
  std::vector<Condition> conditions;  // Completed, Failed, Stuck

  [[nodiscard]] static EtcdRestoreStatus FromObject(const Object& object);
  void WriteTo(Object& object) const;  // replaces status
  friend bool operator==(const EtcdRestoreStatus&, const EtcdRestoreStatus&) = default;
};

}  // namespace tresor::objects
