// SPDX-License-Identifier: Apache-2.0
#include "objects/etcd_backup.h"

#include "objects/condition_fields.h"
#include "objects/fields.h"
#include "objects/progress_fields.h"

namespace tresor::objects {

template <>
inline constexpr auto kTexts<BackupPhase> = std::array<std::string_view, 6>{
    "Pending", "Running", "Verifying", "Completed", "Failed", "Deleting"};

template <>
inline constexpr auto kTexts<EvidenceResult> =
    std::array<std::string_view, 3>{"Passed", "Skipped", "Failed"};

template <>
struct FieldsOf<EtcdBackupSpec> {
  static void Visit(auto& visit, auto& value) {
    visit("cluster.name", value.cluster);
    visit("destination", value.destination);
    visit("pinned", value.pinned);
  }
};

template <>
struct FieldsOf<SnapshotFacts> {
  static void Visit(auto& visit, auto& value) {
    visit("revision", value.revision);
    visit("compactRevision", value.compact_revision);
    visit("totalKeys", value.total_keys);
    visit("dbSize", value.db_size);
    visit("sha256", value.sha256);
    visit("hashKV", value.hash_kv);
    visit("etcdVersion", value.etcd_version);
    visit("memberID", value.member_id);
  }
};

template <>
struct FieldsOf<StoredFacts> {
  static void Visit(auto& visit, auto& value) {
    visit("newRecords", value.new_records);
    visit("newBytes", value.new_bytes);
  }
};

template <>
struct FieldsOf<EvidenceItem> {
  static void Visit(auto& visit, auto& value) {
    visit("check", value.check);
    visit("result", value.result);
    visit("detail", value.detail);
    visit("time", value.time);
  }
};

template <>
struct FieldsOf<EtcdBackupStatus> {
  static void Visit(auto& visit, auto& value) {
    visit("phase", value.phase);
    visit("message", value.message);
    visit("progress", value.progress);
    visit("scheduledTime", value.scheduled_time);
    visit("startTime", value.start_time);
    visit("completionTime", value.completion_time);
    visit("attempts", value.attempts);
    visit("destination", value.destination);
    visit("repository", value.repository);
    visit("id", value.id);
    visit("clusterUID", value.cluster_uid);
    visit("snapshot", value.snapshot);
    visit("stored", value.stored);
    visit("evidence", value.evidence);
    visit("observedGeneration", value.observed_generation);
    visit("conditions", value.conditions);
  }
};

std::string_view ToString(BackupPhase phase) { return EnumText(phase); }
std::string_view ToString(EvidenceResult result) { return EnumText(result); }

bool IsOver(BackupPhase phase) {
  return phase == BackupPhase::kCompleted || phase == BackupPhase::kFailed;
}

EtcdBackupSpec EtcdBackupSpec::FromObject(const Object& object) {
  return ReadPart<EtcdBackupSpec>(object, "spec");
}
void EtcdBackupSpec::WriteTo(Object& object) const { WritePart(object, "spec", *this); }

EtcdBackupStatus EtcdBackupStatus::FromObject(const Object& object) {
  return ReadPart<EtcdBackupStatus>(object, "status");
}
void EtcdBackupStatus::WriteTo(Object& object) const { WritePart(object, "status", *this); }

}  // namespace tresor::objects
