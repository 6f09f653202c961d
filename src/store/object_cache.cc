// SPDX-License-Identifier: Apache-2.0
#include "store/object_cache.h"

#include <algorithm>
#include <utility>

namespace tresor::store {
namespace {

using objects::Object;
using objects::ObjectKey;
using objects::ResourceName;

constexpr std::string_view kEverywhere;  // the namespace of those who watch all of them

// The part of an ordered map of positions that a list with these options covers.
template <typename Map>
auto RangeOf(const Map& map, const std::string& name_space,
             const std::optional<ObjectCache::Position>& after) {
  const ObjectCache::Position first{name_space, ""};
  auto begin = after && *after >= first ? map.upper_bound(*after) : map.lower_bound(first);
  // The next namespace in bytewise order begins right behind this one's name and a zero byte.
  auto end = name_space.empty() ? map.end()
                                : map.lower_bound(ObjectCache::Position{name_space + '\0', ""});
  // A position behind this namespace: nothing is left of it.
  if (after && !name_space.empty() && after->name_space > name_space) {
    begin = end;
  }
  return std::pair(begin, end);
}

}  // namespace

SharedObject PublishedChange::Last() const {
  auto last = last_.Lock();
  if (*last == nullptr) {
    auto copy = std::make_shared<Object>(*change_.before);
    copy->SetResourceVersion(change_.revision);
    *last = std::move(copy);
  }
  return *last;
}

void Watcher::Wake() {
  auto on_ready = on_ready_.Lock();
  if (*on_ready) {
    (*on_ready)();
  }
}

void Watcher::Silence() { *on_ready_.Lock() = nullptr; }

ObjectCache::Collection& ObjectCache::All::Of(const ResourceName& resource) {
  const auto [at, is_new] = collections.try_emplace(resource);
  if (is_new) {
    // Nothing of it was loaded or changed so far.
    at->second.window_begin = loaded;
  }
  return at->second;
}

const ObjectCache::Collection* ObjectCache::All::Find(const ResourceName& resource) const {
  const auto found = collections.find(resource);
  return found == collections.end() ? nullptr : &found->second;
}

void ObjectCache::All::Link(const ObjectKey& key, const Object& object) {
  uids[object.uid()] = key;
  for (const objects::OwnerReference& owner : object.owner_references()) {
    dependents[owner.uid].insert(key);
  }
}

void ObjectCache::All::Unlink(const ObjectKey& key, const Object& object) {
  uids.erase(object.uid());
  for (const objects::OwnerReference& owner : object.owner_references()) {
    const auto found = dependents.find(owner.uid);
    if (found != dependents.end() && found->second.erase(key) > 0 && found->second.empty()) {
      dependents.erase(found);
    }
  }
}

void ObjectCache::Load(const ObjectKey& key, SharedObject object) {
  auto all = all_.Lock();
  all->Link(key, *object);
  ++all->population[key.name_space];
  all->Of(key.resource).objects[{key.name_space, key.name}] = std::move(object);
}

void ObjectCache::SetLoaded(std::uint64_t revision) {
  auto all = all_.Lock();
  all->loaded = revision;
  all->revision = revision;
  for (auto& [resource, collection] : all->collections) {
    collection.window_begin = revision;
  }
}

std::vector<std::shared_ptr<const PublishedChange>> ObjectCache::Apply(
    std::vector<Change> changes) {
  std::vector<std::shared_ptr<const PublishedChange>> published;
  std::vector<std::shared_ptr<Watcher>> to_wake;
  {
    auto all = all_.Lock();
    for (Change& change : changes) {
      Collection& collection = all->Of(change.key.resource);
      SharedObject& present = collection.objects[{change.key.name_space, change.key.name}];
      if (present != nullptr) {
        all->Unlink(change.key, *present);
        --all->population[change.key.name_space];
      }
      change.before = std::exchange(present, change.after);
      if (present != nullptr) {
        all->Link(change.key, *present);
        ++all->population[change.key.name_space];
      } else {
        collection.objects.erase({change.key.name_space, change.key.name});
      }
      all->revision = change.revision;
      for (const std::string_view name_space :
           {kEverywhere, std::string_view(change.key.name_space)}) {
        const auto watchers = collection.watchers.find(name_space);
        if (watchers == collection.watchers.end()) {
          continue;
        }
        for (const std::shared_ptr<Watcher>& watcher : watchers->second) {
          if (std::exchange(watcher->armed_, false)) {
            to_wake.push_back(watcher);
          }
        }
      }
      published.push_back(std::make_shared<const PublishedChange>(std::move(change)));
      collection.window.push_back(published.back());
      if (collection.window.size() > window_) {
        collection.window_begin = collection.window.front()->revision();
        collection.window.pop_front();
      }
    }
  }
  for (const std::shared_ptr<Watcher>& watcher : to_wake) {
    watcher->Wake();
  }
  return published;
}

void ObjectCache::Close() {
  std::vector<std::shared_ptr<Watcher>> to_wake;
  {
    auto all = all_.Lock();
    all->closed = true;
    for (auto& [resource, collection] : all->collections) {
      for (const auto& [name_space, watchers] : collection.watchers) {
        to_wake.insert(to_wake.end(), watchers.begin(), watchers.end());
      }
    }
  }
  for (const std::shared_ptr<Watcher>& watcher : to_wake) {
    watcher->Wake();
  }
}

std::uint64_t ObjectCache::revision() const { return all_.Lock()->revision; }

SharedObject ObjectCache::Get(const ObjectKey& key) const {
  auto all = all_.Lock();
  const Collection* collection = all->Find(key.resource);
  if (collection == nullptr) {
    return nullptr;
  }
  const auto found = collection->objects.find({key.name_space, key.name});
  return found == collection->objects.end() ? nullptr : found->second;
}

ObjectCache::State ObjectCache::List(const ResourceName& resource, const std::string& name_space,
                                     const std::optional<Position>& after) const {
  auto all = all_.Lock();
  State state{.objects = {}, .revision = all->revision};
  if (const Collection* collection = all->Find(resource); collection != nullptr) {
    auto [at, end] = RangeOf(collection->objects, name_space, after);
    if (name_space.empty() && !after) {
      state.objects.reserve(collection->objects.size());
    }
    for (; at != end; ++at) {
      state.objects.push_back(at->second);
    }
  }
  return state;
}

std::optional<ObjectCache::State> ObjectCache::ListAt(const ResourceName& resource,
                                                      const std::string& name_space,
                                                      const std::optional<Position>& after,
                                                      std::uint64_t revision) const {
  auto all = all_.Lock();
  State state{.objects = {}, .revision = revision};
  const Collection* collection = all->Find(resource);
  if (revision < (collection == nullptr ? all->loaded : collection->window_begin)) {
    return std::nullopt;
  }
  if (collection == nullptr) {
    return state;
  }
  // What has changed since looks as it did before its first change.
  std::map<Position, SharedObject> then;
  const auto first_later =
      std::ranges::upper_bound(collection->window, revision, {}, &PublishedChange::revision);
  for (auto at = first_later; at != collection->window.end(); ++at) {
    const Change& change = ***at;
    then.try_emplace({change.key.name_space, change.key.name}, change.before);
  }
  auto [now_at, now_end] = RangeOf(collection->objects, name_space, after);
  auto [then_at, then_end] = RangeOf(then, name_space, after);
  while (now_at != now_end || then_at != then_end) {
    const bool changed =
        now_at == now_end || (then_at != then_end && then_at->first <= now_at->first);
    if (!changed) {
      state.objects.push_back((now_at++)->second);
      continue;
    }
    if (now_at != now_end && now_at->first == then_at->first) {
      ++now_at;
    }
    if (then_at->second != nullptr) {
      state.objects.push_back(then_at->second);
    }
    ++then_at;
  }
  return state;
}

std::vector<ObjectKey> ObjectCache::DependentsOf(const std::string& uid) const {
  auto all = all_.Lock();
  const auto found = all->dependents.find(uid);
  return found == all->dependents.end()
             ? std::vector<ObjectKey>()
             : std::vector<ObjectKey>(found->second.begin(), found->second.end());
}

SharedObject ObjectCache::WithUid(const std::string& uid) const {
  auto all = all_.Lock();
  const auto found = all->uids.find(uid);
  if (found == all->uids.end()) {
    return nullptr;
  }
  const ObjectKey& key = found->second;
  return all->collections.at(key.resource).objects.at({key.name_space, key.name});
}

std::optional<ObjectKey> ObjectCache::KeyOf(const std::string& uid) const {
  auto all = all_.Lock();
  const auto found = all->uids.find(uid);
  return found == all->uids.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> ObjectCache::MissingOwners() const {
  auto all = all_.Lock();
  std::vector<std::string> missing;
  for (const auto& [uid, keys] : all->dependents) {
    if (!all->uids.contains(uid)) {
      missing.push_back(uid);
    }
  }
  return missing;
}

std::size_t ObjectCache::Population(const std::string& name_space) const {
  auto all = all_.Lock();
  const auto found = all->population.find(name_space);
  return found == all->population.end() ? 0 : found->second;
}

std::vector<ObjectKey> ObjectCache::Where(const std::function<bool(const Object&)>& matters) const {
  auto all = all_.Lock();
  std::vector<ObjectKey> keys;
  for (const auto& [resource, collection] : all->collections) {
    for (const auto& [position, object] : collection.objects) {
      if (matters(*object)) {
        keys.push_back({resource, position.name_space, position.name});
      }
    }
  }
  return keys;
}

void ObjectCache::Add(const ResourceName& resource, const std::shared_ptr<Watcher>& watcher) {
  all_.Lock()->Of(resource).watchers[watcher->name_space()].insert(watcher);
}

void ObjectCache::Remove(const ResourceName& resource, const std::shared_ptr<Watcher>& watcher) {
  auto all = all_.Lock();
  auto& watchers = all->Of(resource).watchers;
  const auto found = watchers.find(watcher->name_space());
  if (found != watchers.end() && found->second.erase(watcher) > 0 && found->second.empty()) {
    watchers.erase(found);
  }
}

ObjectCache::Window ObjectCache::ChangesAfter(const ResourceName& resource, Watcher& watcher,
                                              std::uint64_t after, std::size_t max) const {
  auto all = all_.Lock();
  Window result{.changes = {}, .position = after, .behind = false, .closed = all->closed};
  const Collection* collection = all->Find(resource);
  if (result.closed || collection == nullptr) {
    return result;
  }
  if (after < collection->window_begin) {
    result.behind = true;
    result.position = collection->window_begin;
    return result;
  }
  auto at = std::ranges::upper_bound(collection->window, after, {}, &PublishedChange::revision);
  for (; at != collection->window.end() && result.changes.size() < max; ++at) {
    result.position = (*at)->revision();
    if (watcher.name_space().empty() || (**at)->key.name_space == watcher.name_space()) {
      result.changes.push_back(*at);
    }
  }
  if (at == collection->window.end()) {
    result.position = all->revision;
    watcher.armed_ = true;
  }
  return result;
}

std::size_t ObjectCache::watchers() const {
  auto all = all_.Lock();
  std::size_t count = 0;
  for (const auto& [resource, collection] : all->collections) {
    for (const auto& [name_space, watchers] : collection.watchers) {
      count += watchers.size();
    }
  }
  return count;
}

}  // namespace tresor::store
