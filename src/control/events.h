// SPDX-License-Identifier: Apache-2.0
// EventRecorder: what happened, told to people, as v1 Events: `kubectl describe` shows them.
//
// As client-go's recorder (tools/record at v0.31): the same thing said again about the same object
// raises the count of the Event that is there. That old ones go is the store's doing.
// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/context.h"
#include "base/guarded.h"
#include "objects/object.h"
#include "store/object_store.h"

namespace tresor::control {

enum class EventType { kNormal, kWarning };

/// Threads: all methods, from any thread. Store and clock outlive it.
class EventRecorder {
 public:
  EventRecorder(store::ObjectStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  /// `reason`: one CamelCase word. Best effort: what can't be written is dropped, an event must
  /// never hold up what it tells of.
  void Record(const Context& context, const objects::Object& about, EventType type,
              std::string_view reason, std::string_view message);

 private:
  struct Known {
    std::string name_space;
    std::string name;
    std::list<std::string>::iterator used;
  };
  struct State {
    std::map<std::string, Known> by_text;
    std::list<std::string> recent;  // keys of by_text, the latest used first
    std::uint64_t next = 0;
  };

  store::ObjectStore& store_;
  const Clock& clock_;
  Guarded<State> state_;
};

}  // namespace tresor::control
