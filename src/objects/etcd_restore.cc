// SPDX-License-Identifier: Apache-2.0
#include "objects/etcd_restore.h"

#include "objects/condition_fields.h"
#include "objects/fields.h"
#include "objects/progress_fields.h"

namespace tresor::objects {

template <>
inline constexpr auto kTexts<RestorePhase> = std::array<std::string_view, 12>{
    "Pending",         "Preflight", "SafetyBackup", "Pausing",     "StoppingMembers", "Rebuilding",
    "StartingMembers", "Verifying", "Completed",    "RollingBack", "Failed",          "Cancelled"};

template <>
struct FieldsOf<EtcdRestoreSpec> {
  static void Visit(auto& visit, auto& value) {
    visit("cluster.name", value.cluster);
    visit("backup.name", value.backup);
    visit("revisionBump", value.revision_bump);
    visit("markCompacted", value.mark_compacted);
    visit("safetyBackup", value.safety_backup);
    visit("timeout", value.timeout);
    visit("cancel", value.cancel);
  }
};

template <>
struct FieldsOf<RestoreStepRecord> {
  static void Visit(auto& visit, auto& value) {
    visit("name", value.name);
    visit("startTime", value.start_time);
    visit("completionTime", value.completion_time);
    visit("message", value.message);
  }
};

template <>
struct FieldsOf<EtcdRestoreStatus> {
  static void Visit(auto& visit, auto& value) {
    visit("phase", value.phase);
    visit("message", value.message);
    visit("progress", value.progress);
    visit("steps", value.steps);
    visit("safetyBackup", value.safety_backup);
    visit("missingMembers", value.missing_members);
    visit("destination", value.destination);
    visit("repository", value.repository);
    visit("backupID", value.backup_id);
    visit("startTime", value.start_time);
    visit("completionTime", value.completion_time);
    visit("observedGeneration", value.observed_generation);
    visit("conditions", value.conditions);
  }
};

std::string_view ToString(RestorePhase phase) { return EnumText(phase); }

bool IsOver(RestorePhase phase) {
  return phase == RestorePhase::kCompleted || phase == RestorePhase::kFailed ||
         phase == RestorePhase::kCancelled;
}

EtcdRestoreSpec EtcdRestoreSpec::FromObject(const Object& object) {
  return ReadPart<EtcdRestoreSpec>(object, "spec");
}
void EtcdRestoreSpec::WriteTo(Object& object) const { WritePart(object, "spec", *this); }

EtcdRestoreStatus EtcdRestoreStatus::FromObject(const Object& object) {
  return ReadPart<EtcdRestoreStatus>(object, "status");
}
void EtcdRestoreStatus::WriteTo(Object& object) const { WritePart(object, "status", *this); }

}  // namespace tresor::objects
