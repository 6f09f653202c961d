// SPDX-License-Identifier: Apache-2.0
// Objects and helpers for tests of whatever stands on an ObjectStore. Tests only.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/status.h"
#include "objects/well_known.h"
#include "store/object_store.h"

namespace tresor::store {

using objects::kEvents;
using objects::kNamespaces;
using objects::kSecrets;
inline const ResourceName& kClusters = objects::kEtcdClusters;
inline const ResourceName& kConfigs = objects::kEtcdBackupConfigs;

[[nodiscard]] inline Object NewNamespace(const std::string& name) {
  return {.json = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}}};
}
[[nodiscard]] inline Object NewCluster(const std::string& name_space, const std::string& name) {
  return {.json = {{"apiVersion", "tresor.dev/v1"},
                   {"kind", "EtcdCluster"},
                   {"metadata", {{"name", name}, {"namespace", name_space}}},
                   {"spec", {{"runtime", "local"}, {"replicas", 3}}}}};
}
[[nodiscard]] inline Object NewConfig(const std::string& name_space, const std::string& name) {
  return {.json = {{"apiVersion", "tresor.dev/v1"},
                   {"kind", "EtcdBackupConfig"},
                   {"metadata", {{"name", name}, {"namespace", name_space}}},
                   {"spec", {{"cluster", {{"name", "prod"}}}, {"keep", 20}}}}};
}
[[nodiscard]] inline Object NewSecret(const std::string& name_space, const std::string& name) {
  return {.json = {{"apiVersion", "v1"},
                   {"kind", "Secret"},
                   {"metadata", {{"name", name}, {"namespace", name_space}}},
                   {"type", "Opaque"},
                   {"data", {{"password", "c3dvcmRmaXNo"}}}}};
}
[[nodiscard]] inline Object NewEvent(const std::string& name_space, const std::string& name) {
  return {.json = {{"apiVersion", "v1"},
                   {"kind", "Event"},
                   {"metadata", {{"name", name}, {"namespace", name_space}}},
                   {"involvedObject",
                    {{"apiVersion", "tresor.dev/v1"},
                     {"kind", "EtcdCluster"},
                     {"namespace", name_space},
                     {"name", "prod"}}},
                   {"reason", "Tested"},
                   {"message", "an event"},
                   {"type", "Normal"}}};
}
[[nodiscard]] inline objects::OwnerReference OwnerOf(const Object& owner, bool blocks = false) {
  return {.api_version = owner.api_version(),
          .kind = owner.kind(),
          .name = owner.name(),
          .uid = owner.uid(),
          .controller = false,
          .block_owner_deletion = blocks};
}

/// Waits on a watch, as a client would.
class EventWaiter {
 public:
  static constexpr std::chrono::seconds kPatience{20};

  /// What StartWatch is given.
  [[nodiscard]] std::function<void()> on_ready() {
    return [this] {
      *ready_.Lock() = true;
      changed_.notify_one();
    };
  }
  /// The next `count` events; fewer when they don't come.
  [[nodiscard]] Result<std::vector<WatchEvent>> Next(Watch& watch, std::size_t count) {
    std::vector<WatchEvent> events;
    for (;;) {
      ASSIGN_OR_RETURN(std::vector<WatchEvent> more, watch.Poll(count - events.size()));
      std::move(more.begin(), more.end(), std::back_inserter(events));
      if (events.size() == count) {
        return events;
      }
      auto ready = ready_.Lock();
      if (!ready.WaitFor(changed_, kPatience, [&] { return *ready; })) {
        return events;
      }
      *ready = false;
    }
  }

 private:
  Guarded<bool> ready_{false};
  std::condition_variable changed_;
};

/// "ADDED a", "MODIFIED a", "DELETED a".
[[nodiscard]] inline std::string ToText(const WatchEvent& event) {
  const char* type = event.type == WatchEvent::Type::kAdded      ? "ADDED"
                     : event.type == WatchEvent::Type::kModified ? "MODIFIED"
                                                                 : "DELETED";
  return fmt::format("{} {}", type, event.object->name());
}
[[nodiscard]] inline std::vector<std::string> ToTexts(const std::vector<WatchEvent>& events) {
  std::vector<std::string> texts;
  for (const WatchEvent& event : events) {
    texts.push_back(ToText(event));
  }
  return texts;
}
[[nodiscard]] inline std::vector<std::string> NamesOf(const ObjectList& items) {
  std::vector<std::string> names;
  for (const Object& item : items) {
    names.push_back(item.name());
  }
  return names;
}

}  // namespace tresor::store
