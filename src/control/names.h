// SPDX-License-Identifier: Apache-2.0
// The names that controllers give: of kinds, finalizers, labels, annotations and tags.
#pragma once

#include <string>
#include <string_view>

#include "control/key.h"
#include "objects/object.h"

namespace tresor::control {

inline constexpr std::string_view kGroup = "tresor.dev";
inline constexpr std::string_view kApiVersion = "tresor.dev/v1";

inline const objects::ResourceName kClusters{"tresor.dev", "etcdclusters"};
inline const objects::ResourceName kConfigs{"tresor.dev", "etcdbackupconfigs"};
inline const objects::ResourceName kBackups{"tresor.dev", "etcdbackups"};
inline const objects::ResourceName kRestores{"tresor.dev", "etcdrestores"};
inline const objects::ResourceName kDestinations{"tresor.dev", "backupdestinations"};
inline const objects::ResourceName kNamespaces{"", "namespaces"};
inline const objects::ResourceName kSecrets{"", "secrets"};
inline const objects::ResourceName kEvents{"", "events"};

[[nodiscard]] inline objects::ObjectKey ObjectOf(const objects::ResourceName& resource,
                                                 const Key& key) {
  return {resource, key.name_space, key.name};
}

// --- finalizers: who still has something to do before the object may go
// ---------------------------
inline constexpr std::string_view kClusterFinalizer = "tresor.dev/members";
inline constexpr std::string_view kConfigFinalizer = "tresor.dev/backups";
inline constexpr std::string_view kBackupFinalizer = "tresor.dev/stored-backup";
inline constexpr std::string_view kRestoreFinalizer = "tresor.dev/restore";
inline constexpr std::string_view kProjectFinalizer = "tresor.dev/project";

// --- labels: for people who select, and for ourselves
// ---------------------------------------------
/// On configurations, backups and restores.
inline constexpr std::string_view kClusterLabel = "tresor.dev/cluster";
/// On backups: the configuration that asked for it.
inline constexpr std::string_view kConfigLabel = "tresor.dev/config";
/// On a safety backup: the restore that asked for it.
inline constexpr std::string_view kRestoreLabel = "tresor.dev/restore";
/// On the configuration that a new cluster got by itself: the cluster's uid.
inline constexpr std::string_view kDefaultOfLabel = "tresor.dev/default-backups-of";

// --- annotations
// -----------------------------------------------------------------------------------
/// On a cluster: the default configuration was made; whatever became of it is people's doing.
inline constexpr std::string_view kDefaultMadeAnnotation = "tresor.dev/default-backups-made";
/// On a backup, written before it is taken: where it lies. A cluster that is made anew under the
/// same name, or another default destination, changes nothing for backups that exist.
inline constexpr std::string_view kClusterUidAnnotation = "tresor.dev/cluster-uid";
inline constexpr std::string_view kDestinationAnnotation = "tresor.dev/destination";
/// On a backup: its id in the repository.
inline constexpr std::string_view kStoredIdAnnotation = "tresor.dev/stored-id";
/// On a backup that was found in a repository and has got its object back.
inline constexpr std::string_view kAdoptedAnnotation = "tresor.dev/adopted";
/// On a backup: the slot it was made for; it is tried until the next one.
inline constexpr std::string_view kScheduledAnnotation = "tresor.dev/scheduled-time";
inline constexpr std::string_view kTryUntilAnnotation = "tresor.dev/try-until";
/// On a configuration: which schedule holds since when. See schedule_plan.h.
inline constexpr std::string_view kAnchorAnnotation = "tresor.dev/schedule-anchor";
/// On a restore: what the members must answer after it. See restored_hash.h.
inline constexpr std::string_view kExpectedAnnotation = "tresor.dev/expected-hash";

// --- tags of backups in a repository: what brings their objects back
// -------------------------------
inline constexpr std::string_view kUidTag = "tresor.dev/uid=";
inline constexpr std::string_view kNameTag = "tresor.dev/name=";
inline constexpr std::string_view kClusterTag = "tresor.dev/cluster=";
inline constexpr std::string_view kConfigTag = "tresor.dev/config=";
inline constexpr std::string_view kSlotTag = "tresor.dev/slot=";

/// What our own requesters are called: "system:tresor:restore".
inline constexpr std::string_view kSystemUserPrefix = "system:tresor:";

}  // namespace tresor::control
