// SPDX-License-Identifier: Apache-2.0
// Every object as it is now, decoded, and the last changes of each resource. Lists and watches are
// served from here; the log is read only for what is older.
//
// Objects are shared and never change: a reader takes pointers under the lock and looks at the
// objects without it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/guarded.h"
#include "objects/object.h"
#include "store/object_store.h"

namespace tresor::store {

using SharedObject = std::shared_ptr<const objects::Object>;

/// One write, as watchers see it.
struct Change {
  std::uint64_t revision = 0;
  objects::ObjectKey key;
  SharedObject before;  // null: the object is new
  SharedObject after;   // null: it is gone
};

/// A Change that many watchers share.
class PublishedChange {
 public:
  explicit PublishedChange(Change change) : change_(std::move(change)) {}
  [[nodiscard]] const Change& operator*() const { return change_; }
  [[nodiscard]] const Change* operator->() const { return &change_; }
  [[nodiscard]] std::uint64_t revision() const { return change_.revision; }
  /// `before` with this revision as its resourceVersion, as kDeleted events carry it.
  [[nodiscard]] SharedObject Last() const;

 private:
  const Change change_;
  mutable Guarded<SharedObject> last_;  // made when first asked for
};

/// Whom to wake when something of interest changed. Belongs to one Watch.
class Watcher {
 public:
  Watcher(std::string name_space, std::function<void()> on_ready)
      : name_space_(std::move(name_space)), on_ready_(std::move(on_ready)) {}
  [[nodiscard]] const std::string& name_space() const { return name_space_; }

  void Wake();
  /// On return on_ready has been called for the last time.
  void Silence();

 private:
  friend class ObjectCache;
  const std::string name_space_;  // empty: all
  Guarded<std::function<void()>> on_ready_;
  bool armed_ = true;  // guarded by the cache: it has seen everything and wants to be woken
};

/// Threads: reads from any thread, at any time. Load and Apply from one thread at a time.
class ObjectCache {
 public:
  /// Keeps the last `window` changes of each resource.
  explicit ObjectCache(std::size_t window) : window_(window) {}

  // --- filling

  /// Before anything else: what the log holds at `revision`.
  void Load(const objects::ObjectKey& key, SharedObject object);
  void SetLoaded(std::uint64_t revision);
  /// Makes `changes`, ascending, visible, all at once, and wakes whom they concern. Returns them
  /// with their `before`.
  std::vector<std::shared_ptr<const PublishedChange>> Apply(std::vector<Change> changes);
  /// Watches end with kUnavailable.
  void Close();

  // --- the present

  [[nodiscard]] std::uint64_t revision() const;
  [[nodiscard]] SharedObject Get(const objects::ObjectKey& key) const;
  struct Position {
    std::string name_space;
    std::string name;
    friend auto operator<=>(const Position&, const Position&) = default;
  };
  struct State {
    std::vector<SharedObject> objects;  // in order
    std::uint64_t revision = 0;
  };
  /// What of a resource lies behind `after`. `name_space` empty: all.
  [[nodiscard]] State List(const objects::ResourceName& resource, const std::string& name_space,
                           const std::optional<Position>& after) const;
  /// The same as it was at `revision`; none: the changes since are no longer all here.
  [[nodiscard]] std::optional<State> ListAt(const objects::ResourceName& resource,
                                            const std::string& name_space,
                                            const std::optional<Position>& after,
                                            std::uint64_t revision) const;

  // --- relations

  /// Who names `uid` among its owners.
  [[nodiscard]] std::vector<objects::ObjectKey> DependentsOf(const std::string& uid) const;
  /// null: nobody has that uid.
  [[nodiscard]] SharedObject WithUid(const std::string& uid) const;
  [[nodiscard]] std::optional<objects::ObjectKey> KeyOf(const std::string& uid) const;
  /// Owners named by somebody, but not there.
  [[nodiscard]] std::vector<std::string> MissingOwners() const;
  /// How many objects are in a namespace.
  [[nodiscard]] std::size_t Population(const std::string& name_space) const;
  /// Every object for which `matters` holds. Under the lock: be quick.
  [[nodiscard]] std::vector<objects::ObjectKey> Where(
      const std::function<bool(const objects::Object&)>& matters) const;

  // --- watching

  void Add(const objects::ResourceName& resource, const std::shared_ptr<Watcher>& watcher);
  void Remove(const objects::ResourceName& resource, const std::shared_ptr<Watcher>& watcher);
  struct Window {
    std::vector<std::shared_ptr<const PublishedChange>> changes;
    std::uint64_t position = 0;  // everything up to here has been seen with these
    bool behind = false;         // older changes are needed: `position` is where the window begins
    bool closed = false;
  };
  /// Up to `max` changes after `after` that are in the watcher's namespace. Nothing behind them:
  /// arms it.
  [[nodiscard]] Window ChangesAfter(const objects::ResourceName& resource, Watcher& watcher,
                                    std::uint64_t after, std::size_t max) const;
  [[nodiscard]] std::size_t watchers() const;

 private:
  using Objects = std::map<Position, SharedObject>;
  struct Collection {
    Objects objects;
    std::deque<std::shared_ptr<const PublishedChange>> window;
    std::uint64_t window_begin = 0;  // every change after this is in `window`
    std::map<std::string, std::unordered_set<std::shared_ptr<Watcher>>, std::less<>> watchers;
  };
  struct All {
    std::map<objects::ResourceName, Collection> collections;
    std::unordered_map<std::string, objects::ObjectKey> uids;
    std::map<std::string, std::set<objects::ObjectKey>> dependents;  // by the owner's uid
    std::unordered_map<std::string, std::size_t> population;         // by namespace
    std::uint64_t loaded = 0;
    std::uint64_t revision = 0;
    bool closed = false;

    Collection& Of(const objects::ResourceName& resource);
    [[nodiscard]] const Collection* Find(const objects::ResourceName& resource) const;
    void Link(const objects::ObjectKey& key, const objects::Object& object);
    void Unlink(const objects::ObjectKey& key, const objects::Object& object);
  };

  const std::size_t window_;
  mutable Guarded<All> all_;
};

}  // namespace tresor::store
