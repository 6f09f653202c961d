// SPDX-License-Identifier: Apache-2.0
#include "control/backup_view.h"

#include "base/hex.h"
#include "etcd/format/ids.h"

namespace tresor::control {

using objects::BackupPhase;
using objects::EtcdBackupStatus;

std::vector<std::string> OwnerUids(const Object& object) {
  std::vector<std::string> uids;
  for (const objects::OwnerReference& owner : object.owner_references()) {
    uids.push_back(owner.uid);
  }
  return uids;
}

std::vector<std::string> BackupWord(const Object& restore) {
  return {restore.name_space() + "/" + restore.Text("spec.backup.name")};
}

bool IsInUse(const Informer& restores, const Object& backup) {
  const auto users = restores.ByIndex(kByBackup, backup.name_space() + "/" + backup.name());
  return std::any_of(users.begin(), users.end(), [](const ObjectPointer& restore) {
    const auto phase = objects::EtcdRestoreStatus::FromObject(*restore).phase;
    return !phase.has_value() || !objects::IsOver(*phase);
  });
}

BackupPhase PhaseOf(const EtcdBackupStatus& status) {
  return status.phase.value_or(BackupPhase::kPending);
}

bool IsGood(const EtcdBackupStatus& status) {
  return PhaseOf(status) == BackupPhase::kCompleted &&
         std::none_of(status.evidence.begin(), status.evidence.end(), [](const auto& item) {
           return item.result == objects::EvidenceResult::kFailed;
         });
}

WallTime TimeOf(const Object& backup, const EtcdBackupStatus& status) {
  if (status.scheduled_time.has_value()) {
    return *status.scheduled_time;
  }
  if (const auto slot = objects::ParseTime(AnnotationOf(backup, objects::kScheduledTimeAnnotation));
      slot.ok()) {
    return *slot;
  }
  // One that was adopted is as old as what it stands for.
  if (status.start_time.has_value()) {
    return *status.start_time;
  }
  return backup.creation_time().value_or(WallTime{});
}

RetainedBackup ForRetention(const Object& backup, bool in_use) {
  const EtcdBackupStatus status = EtcdBackupStatus::FromObject(backup);
  RetainedBackup retained;
  retained.name = backup.name();
  retained.time = TimeOf(backup, status);
  retained.pinned = objects::EtcdBackupSpec::FromObject(backup).pinned;
  retained.in_use = in_use;
  retained.deleting = backup.deletion_time().has_value();
  using Kind = RetainedBackup::Kind;
  switch (PhaseOf(status)) {
    case BackupPhase::kCompleted:
      retained.kind = IsGood(status) ? Kind::kGood : Kind::kDoubtful;
      break;
    case BackupPhase::kFailed:
      retained.kind = Kind::kFailed;
      retained.ended = status.completion_time.value_or(retained.time);
      break;
    default:
      retained.kind = Kind::kUnderWay;
  }
  return retained;
}

Result<RepositoryAddress> AddressOf(const EtcdBackupStatus& status) {
  const std::size_t slash = status.repository.find('/');
  if (status.destination.empty() || slash == std::string::npos) {
    return Error(Code::kFailedPrecondition, "it is not on record where the backup lies");
  }
  return RepositoryAddress{.destination = status.destination,
                           .project = status.repository.substr(0, slash),
                           .cluster_uid = status.repository.substr(slash + 1)};
}

std::string RepositoryText(const RepositoryAddress& address) {
  return address.project + "/" + address.cluster_uid;
}

void FillCompleted(EtcdBackupStatus& status, const StoredBackup& stored) {
  const repo::BackupDescription& description = stored.description;
  status.phase = BackupPhase::kCompleted;
  status.message.clear();
  status.progress.reset();
  status.id = stored.id;
  status.start_time = FromUnixNanos(description.start_unix_nanos);
  status.completion_time = FromUnixNanos(description.completion_unix_nanos);
  status.snapshot = objects::SnapshotFacts{
      .revision = description.revision,
      .compact_revision = description.compact_revision,
      .total_keys = static_cast<std::int64_t>(description.live_keys),
      .db_size = static_cast<std::int64_t>(description.source.image_bytes),
      .sha256 = ToHex(description.source.sha256),
      .hash_kv = description.hash_kv.hash,
      .etcd_version = description.source.etcd_version,
      .member_id = etcd::ToString(etcd::MemberId{description.source.member_id})};
  status.stored = objects::StoredFacts{.new_records = static_cast<std::int64_t>(stored.new_records),
                                       .new_bytes = static_cast<std::int64_t>(stored.new_bytes)};
  status.evidence.clear();
  for (const repo::Evidence& evidence : description.evidence) {
    using repo::EvidenceResult;
    status.evidence.push_back(
        {.check = evidence.check,
         .result = evidence.result == EvidenceResult::kPassed   ? objects::EvidenceResult::kPassed
                   : evidence.result == EvidenceResult::kFailed ? objects::EvidenceResult::kFailed
                                                                : objects::EvidenceResult::kSkipped,
         .detail = evidence.detail,
         .time = FromUnixNanos(evidence.time_unix_nanos)});
  }
}

}  // namespace tresor::control
