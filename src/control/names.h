// SPDX-License-Identifier: Apache-2.0
// Names that only controllers give. Those that others read too: objects/well_known.h.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "control/key.h"
#include "objects/object.h"
#include "objects/well_known.h"
#include "store/object_store.h"

namespace tresor::control {

[[nodiscard]] inline objects::ObjectKey ObjectOf(const objects::ResourceName& resource,
                                                 const Key& key) {
  return {.resource = resource, .name_space = key.name_space, .name = key.name};
}

inline constexpr std::string_view kDefaultConfigName = "default-backups";
/// Of any object's name, as Kubernetes has it.
inline constexpr std::size_t kLongestName = 253;

/// The beginning of a name, such that "-" or "." and more can follow.
[[nodiscard]] inline std::string TrimmedName(std::string_view name, std::size_t longest) {
  name = name.substr(0, longest);
  while (name.ends_with('-') || name.ends_with('.')) {
    name.remove_suffix(1);
  }
  return std::string(name);
}

// Labels.
/// On a safety backup: the restore that asked for it.
inline constexpr std::string_view kRestoreLabel = "tresor.dev/restore";
/// On the configuration that a new cluster got by itself: the cluster's uid.
inline constexpr std::string_view kDefaultOfLabel = "tresor.dev/default-backups-of";

// Condition types.
/// Of an EtcdRestore: only a person can help; its cluster may be deleted.
inline constexpr std::string_view kStuckCondition = "Stuck";

// Annotations.
/// On an EtcdBackup, RFC 3339: failed attempts are repeated until then.
inline constexpr std::string_view kTryUntilAnnotation = "tresor.dev/try-until";
/// On an EtcdBackupConfig: "<RFC 3339> <schedule>": since when this schedule holds.
inline constexpr std::string_view kAnchorAnnotation = "tresor.dev/schedule-since";
/// On an EtcdRestore: what members must answer after it, as JSON.
inline constexpr std::string_view kExpectedAnnotation = "tresor.dev/expected-data";

// Tags of backups in a repository: what brings their objects back.
inline constexpr std::string_view kUidTag = "tresor.dev/uid=";
inline constexpr std::string_view kNameTag = "tresor.dev/name=";
inline constexpr std::string_view kClusterTag = "tresor.dev/cluster=";
inline constexpr std::string_view kConfigTag = "tresor.dev/config=";
inline constexpr std::string_view kSlotTag = "tresor.dev/slot=";

/// What our own requesters are called: "system:tresor:restore".
inline constexpr std::string_view kSystemUserPrefix = "system:tresor:";

[[nodiscard]] inline store::WriteOptions WriteAs(std::string_view controller) {
  store::WriteOptions options;
  options.requester.user = fmt::format("{}{}", kSystemUserPrefix, controller);
  options.field_manager = fmt::format("tresor-{}", controller);
  return options;
}
[[nodiscard]] inline store::DeleteOptions DeleteAs(std::string_view controller,
                                                   const objects::Object& object) {
  store::DeleteOptions options;
  options.requester.user = fmt::format("{}{}", kSystemUserPrefix, controller);
  options.uid = object.uid();
  return options;
}
/// One of ours, not a person.
[[nodiscard]] inline bool IsSystem(const store::Requester& requester) {
  return requester.user.starts_with(kSystemUserPrefix);
}

}  // namespace tresor::control
