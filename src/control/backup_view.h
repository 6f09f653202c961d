// SPDX-License-Identifier: Apache-2.0
// How controllers find backups: indexes, and what an EtcdBackup says in few words.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "control/informer.h"
#include "control/names.h"
#include "control/retention_plan.h"
#include "control/vault.h"
#include "objects/etcd_backup.h"
#include "objects/etcd_backup_config.h"
#include "objects/etcd_restore.h"

namespace tresor::control {

/// Of the informer of EtcdBackups: by the uid of the configuration that owns it.
inline constexpr const char* kByConfig = "config";
/// Of the informer of EtcdRestores: by "<namespace>/<backup name>".
inline constexpr const char* kByBackup = "backup";

[[nodiscard]] std::vector<std::string> OwnerUids(const Object& object);
[[nodiscard]] std::vector<std::string> BackupWord(const Object& restore);

/// Some restore that is not over uses this backup.
[[nodiscard]] bool IsInUse(const Informer& restores, const Object& backup);

[[nodiscard]] objects::BackupPhase PhaseOf(const objects::EtcdBackupStatus& status);
/// Completed, and nothing that was looked at was wrong.
[[nodiscard]] bool IsGood(const objects::EtcdBackupStatus& status);
/// Its slot; when it was made, for one without.
[[nodiscard]] WallTime TimeOf(const Object& backup, const objects::EtcdBackupStatus& status);
[[nodiscard]] RetainedBackup ForRetention(const Object& backup, bool in_use);

/// Where it lies; kFailedPrecondition: it is not on record yet.
[[nodiscard]] Result<RepositoryAddress> AddressOf(const objects::EtcdBackupStatus& status);
/// "<project>/<cluster uid>", as status.repository has it.
[[nodiscard]] std::string RepositoryText(const RepositoryAddress& address);

/// Fills the status from what the repository says: Completed.
void FillCompleted(objects::EtcdBackupStatus& status, const StoredBackup& stored);

/// Sets a label, unless the value can't be one (names may be longer).
inline void SetLabelIfShort(Object& object, std::string_view label, std::string_view value) {
  if (value.size() <= 63) {
    object.SetLabel(label, value);
  }
}
[[nodiscard]] inline bool HasFinalizer(const Object& object, std::string_view finalizer) {
  const std::vector<std::string> all = object.finalizers();
  return std::find(all.begin(), all.end(), finalizer) != all.end();
}
/// The value of an annotation; empty: there is none.
[[nodiscard]] inline std::string AnnotationOf(const Object& object, std::string_view name) {
  const auto annotations = object.annotations();
  const auto place = annotations.find(std::string(name));
  return place == annotations.end() ? std::string() : place->second;
}

}  // namespace tresor::control
