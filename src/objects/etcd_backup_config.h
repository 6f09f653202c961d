// SPDX-License-Identifier: Apache-2.0
// EtcdBackupConfig's spec and status as values. deploy/crds/etcdbackupconfigs.yaml explains the
// fields, objects/etcd_cluster.h how views read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "objects/condition.h"
#include "objects/object.h"

namespace tresor::objects {

enum class DeletionPolicy { kRetain, kDelete };
[[nodiscard]] std::string_view ToString(DeletionPolicy policy);

struct EtcdBackupConfigSpec {
  std::string cluster;   // name, in the same project
  std::string schedule;  // objects/schedule.h; empty: once, now
  std::string time_zone = "UTC";
  std::int32_t keep = 20;
  std::string destination;  // empty: the default one
  bool suspend = false;
  DeletionPolicy deletion_policy = DeletionPolicy::kRetain;

  [[nodiscard]] static EtcdBackupConfigSpec FromObject(const Object& object);
  void WriteTo(Object& object) const;  // replaces spec
  friend bool operator==(const EtcdBackupConfigSpec&, const EtcdBackupConfigSpec&) = default;
};

struct EtcdBackupConfigStatus {
  std::optional<WallTime> next_schedule_time;
  std::optional<WallTime> last_schedule_time;
  std::optional<WallTime> last_success_time;
  std::optional<WallTime> last_skipped_time;
  std::string last_skipped_reason;
  std::string active_backup;  // the EtcdBackup that runs or waits
  std::string last_backup;    // the newest Completed one
  std::int32_t consecutive_failures = 0;
  std::int32_t completed = 0;  // how many Completed backups there are
  std::int64_t observed_generation = 0;
  std::vector<Condition> conditions;  // Scheduled, Healthy

  [[nodiscard]] static EtcdBackupConfigStatus FromObject(const Object& object);
  void WriteTo(Object& object) const;  // replaces status
  friend bool operator==(const EtcdBackupConfigStatus&, const EtcdBackupConfigStatus&) = default;
};

}  // namespace tresor::objects
