// SPDX-License-Identifier: Apache-2.0
// Informer: a copy of all objects of one kind, kept up to date by list and watch.
//
// As client-go's informer (tools/cache at v0.31): a list, a watch from its version, and again from
// the list when the watch has fallen behind what the store keeps (410). Whoever asks sees the past,
// as a rule by milliseconds: writes must carry a resourceVersion, or be such that it does not
// matter.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/guarded.h"
#include "base/status.h"
#include "control/key.h"
#include "store/object_store.h"

namespace tresor::control {

using objects::Object;
using ObjectPointer = std::shared_ptr<const Object>;

/// Called for every change, one call at a time, after the copy has it. `before` is null for a new
/// object, `after` for one that is gone. Must be quick: it puts keys into queues.
using ChangeHandler = std::function<void(const ObjectPointer& before, const ObjectPointer& after)>;

/// Puts an object under some words, by which ByIndex finds it.
using Indexer = std::function<std::vector<std::string>(const Object&)>;

/// Threads: reading methods, from any thread; Update by one thread at a time; AddIndex and
/// AddHandler before the first Update. `store` outlives it.
class Informer {
 public:
  /// `on_ready`: there is something for Update to do; from any thread.
  Informer(store::ObjectStore& store, objects::ResourceName resource,
           std::function<void()> on_ready);

  void AddIndex(std::string name, Indexer indexer);
  void AddHandler(ChangeHandler handler);

  /// Takes what has changed; lists first when it has to. An error: try again after a while. True:
  /// there may be more.
  [[nodiscard]] Result<bool> Update(const Context& context);
  /// Tells the handlers of every object, as if it had changed.
  void Resync();

  [[nodiscard]] const objects::ResourceName& resource() const { return resource_; }
  /// A first list has come.
  [[nodiscard]] bool synced() const;
  /// Null: there is none, as far as is known.
  [[nodiscard]] ObjectPointer Get(const Key& key) const;
  /// Ascending by namespace and name. An empty namespace: all.
  [[nodiscard]] std::vector<ObjectPointer> List(const std::string& name_space = {}) const;
  [[nodiscard]] std::vector<ObjectPointer> ByIndex(const std::string& index,
                                                   const std::string& word) const;

 private:
  struct State {
    bool synced = false;
    std::map<Key, ObjectPointer> objects;
    std::map<std::string, std::map<std::string, std::set<Key>>> indexes;  // name → word → keys
  };

  [[nodiscard]] Status Relist(const Context& context);
  /// Puts `after` in place of what is there, and tells the handlers. Null: it is gone.
  void Replace(const Key& key, const ObjectPointer& after);
  void Unindex(State& state, const Key& key, const Object& object) const;

  store::ObjectStore& store_;
  const objects::ResourceName resource_;
  const std::function<void()> on_ready_;
  std::map<std::string, Indexer> indexers_;  // constant after the first Update
  std::vector<ChangeHandler> handlers_;      // likewise
  std::unique_ptr<store::Watch> watch_;      // Update's
  mutable Guarded<State> state_;
};

}  // namespace tresor::control
