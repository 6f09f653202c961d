// SPDX-License-Identifier: Apache-2.0
// Names that libraries share: the API group, kinds' collections, labels, annotations, finalizers,
// condition types.
#pragma once

#include <string_view>

#include "objects/object.h"

namespace tresor::objects {

inline constexpr std::string_view kGroup = "tresor.dev";
inline constexpr std::string_view kApiVersion = "tresor.dev/v1";
/// Where Tresor keeps what is its own: keys of destinations, the admin's token.
inline constexpr std::string_view kSystemNamespace = "tresor-system";

inline const ResourceName kEtcdClusters{"tresor.dev", "etcdclusters"};
inline const ResourceName kEtcdBackupConfigs{"tresor.dev", "etcdbackupconfigs"};
inline const ResourceName kEtcdBackups{"tresor.dev", "etcdbackups"};
inline const ResourceName kEtcdRestores{"tresor.dev", "etcdrestores"};
inline const ResourceName kBackupDestinations{"tresor.dev", "backupdestinations"};
inline const ResourceName kNamespaces{"", "namespaces"};
inline const ResourceName kSecrets{"", "secrets"};
inline const ResourceName kEvents{"", "events"};

// Labels, for selectors.
inline constexpr std::string_view kClusterLabel = "tresor.dev/cluster";  // a cluster's name
inline constexpr std::string_view kConfigLabel = "tresor.dev/config";    // a configuration's name

// Annotations.
/// On an EtcdBackup, RFC 3339: the slot that it was made for. None: by hand.
inline constexpr std::string_view kScheduledTimeAnnotation = "tresor.dev/scheduled-time";
/// On an EtcdBackup, "<repository>#<id>": it was found in a repository; nothing is to be taken.
inline constexpr std::string_view kAdoptedAnnotation = "tresor.dev/adopted-from";
/// On an EtcdCluster: it got its default-backups once, and does not get them again.
inline constexpr std::string_view kDefaultBackupsAnnotation = "tresor.dev/default-backups";

// Finalizers.
inline constexpr std::string_view kClusterFinalizer = "tresor.dev/cluster";
inline constexpr std::string_view kConfigFinalizer = "tresor.dev/backup-config";
inline constexpr std::string_view kBackupFinalizer = "tresor.dev/backup";
inline constexpr std::string_view kRestoreFinalizer = "tresor.dev/restore";

// Condition types.
inline constexpr std::string_view kReadyCondition = "Ready";  // EtcdCluster, BackupDestination
inline constexpr std::string_view kScheduledCondition = "Scheduled";  // EtcdBackupConfig
inline constexpr std::string_view kHealthyCondition = "Healthy";      // EtcdBackupConfig
inline constexpr std::string_view kCompletedCondition = "Completed";  // EtcdBackup, EtcdRestore
inline constexpr std::string_view kFailedCondition = "Failed";        // EtcdBackup, EtcdRestore

}  // namespace tresor::objects
