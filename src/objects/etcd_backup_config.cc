// SPDX-License-Identifier: Apache-2.0
#include "objects/etcd_backup_config.h"

#include "objects/condition_fields.h"
#include "objects/fields.h"

namespace tresor::objects {

template <>
inline constexpr auto kTexts<DeletionPolicy> = std::array<std::string_view, 2>{"Retain", "Delete"};

template <>
struct FieldsOf<EtcdBackupConfigSpec> {
  static void Visit(auto& visit, auto& value) {
    visit("cluster.name", value.cluster);
    visit("schedule", value.schedule);
    visit("timeZone", value.time_zone);
    visit("keep", value.keep);
    visit("destination", value.destination);
    visit("suspend", value.suspend);
    visit("deletionPolicy", value.deletion_policy);
  }
};

template <>
struct FieldsOf<EtcdBackupConfigStatus> {
  static void Visit(auto& visit, auto& value) {
    visit("nextScheduleTime", value.next_schedule_time);
    visit("lastScheduleTime", value.last_schedule_time);
    visit("lastSuccessTime", value.last_success_time);
    visit("lastSkippedTime", value.last_skipped_time);
    visit("lastSkippedReason", value.last_skipped_reason);
    visit("activeBackup", value.active_backup);
    visit("lastBackup", value.last_backup);
    visit("consecutiveFailures", value.consecutive_failures);
    visit("completed", value.completed);
    visit("observedGeneration", value.observed_generation);
    visit("conditions", value.conditions);
  }
};

std::string_view ToString(DeletionPolicy policy) { return EnumText(policy); }

EtcdBackupConfigSpec EtcdBackupConfigSpec::FromObject(const Object& object) {
  return ReadPart<EtcdBackupConfigSpec>(object, "spec");
}
void EtcdBackupConfigSpec::WriteTo(Object& object) const { WritePart(object, "spec", *this); }

EtcdBackupConfigStatus EtcdBackupConfigStatus::FromObject(const Object& object) {
  return ReadPart<EtcdBackupConfigStatus>(object, "status");
}
void EtcdBackupConfigStatus::WriteTo(Object& object) const { WritePart(object, "status", *this); }

}  // namespace tresor::objects
