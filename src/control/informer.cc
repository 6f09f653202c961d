// SPDX-License-Identifier: Apache-2.0
#include "control/informer.h"

#include <utility>

namespace tresor::control {
namespace {

constexpr std::size_t kEventsAtOnce = 256;
constexpr std::uint64_t kPageSize = 500;

Key KeyOf(const Object& object) { return {object.name_space(), object.name()}; }

}  // namespace

Informer::Informer(store::ObjectStore& store, objects::ResourceName resource,
                   std::function<void()> on_ready)
    : store_(store), resource_(std::move(resource)), on_ready_(std::move(on_ready)) {}

void Informer::AddIndex(std::string name, Indexer indexer) {
  indexers_.emplace(std::move(name), std::move(indexer));
}

void Informer::AddHandler(ChangeHandler handler) { handlers_.push_back(std::move(handler)); }

void Informer::Unindex(State& state, const Key& key, const Object& object) const {
  for (const auto& [name, indexer] : indexers_) {
    auto& index = state.indexes[name];
    for (const std::string& word : indexer(object)) {
      const auto place = index.find(word);
      if (place != index.end() && place->second.erase(key) == 1 && place->second.empty()) {
        index.erase(place);
      }
    }
  }
}

void Informer::Replace(const Key& key, const ObjectPointer& after) {
  ObjectPointer before;
  {
    auto state = state_.Lock();
    const auto place = state->objects.find(key);
    if (place != state->objects.end()) {
      before = place->second;
      Unindex(*state, key, *before);
      state->objects.erase(place);
    }
    if (after != nullptr) {
      state->objects.emplace(key, after);
      for (const auto& [name, indexer] : indexers_) {
        for (const std::string& word : indexer(*after)) {
          state->indexes[name][word].insert(key);
        }
      }
    }
  }
  if (before == nullptr && after == nullptr) {
    return;
  }
  for (const ChangeHandler& handler : handlers_) {
    handler(before, after);
  }
}

Status Informer::Relist(const Context& context) {
  watch_.reset();
  store::ListOptions options;
  options.limit = kPageSize;
  std::map<Key, ObjectPointer> listed;
  std::uint64_t version = 0;
  do {
    ASSIGN_OR_RETURN(const store::ListResult page, store_.List(context, resource_, options));
    for (const ObjectPointer& object : page.items.shared()) {
      listed.emplace(KeyOf(*object), object);
    }
    version = page.resource_version;
    options.continue_token = page.continue_token;
  } while (!options.continue_token.empty());

  store::WatchOptions watch_options;
  watch_options.resource_version = version;
  ASSIGN_OR_RETURN(watch_, store_.StartWatch(context, resource_, watch_options, on_ready_));
  for (const ObjectPointer& known : List()) {
    if (!listed.contains(KeyOf(*known))) {
      Replace(KeyOf(*known), nullptr);
    }
  }
  for (const auto& [key, object] : listed) {
    const ObjectPointer known = Get(key);
    if (known == nullptr || known->resource_version() != object->resource_version() ||
        known->uid() != object->uid()) {
      Replace(key, object);
    }
  }
  state_.Lock()->synced = true;
  return OkStatus();
}

Result<bool> Informer::Update(const Context& context) {
  if (watch_ == nullptr) {
    RETURN_IF_ERROR(Relist(context));
  }
  const Result<std::vector<store::WatchEvent>> events = watch_->Poll(kEventsAtOnce);
  if (!events.ok()) {
    watch_.reset();
    if (events.status().code() == Code::kOutOfRange) {
      return true;  // it fell behind: list again
    }
    return events.status();
  }
  for (const store::WatchEvent& event : *events) {
    Replace(KeyOf(*event.object),
            event.type == store::WatchEvent::Type::kDeleted ? nullptr : event.object);
  }
  return events->size() == kEventsAtOnce;
}

void Informer::Resync() {
  for (const ObjectPointer& object : List()) {
    for (const ChangeHandler& handler : handlers_) {
      handler(object, object);
    }
  }
}

bool Informer::synced() const { return state_.Lock()->synced; }

ObjectPointer Informer::Get(const Key& key) const {
  auto state = state_.Lock();
  const auto place = state->objects.find(key);
  return place == state->objects.end() ? nullptr : place->second;
}

std::vector<ObjectPointer> Informer::List(const std::string& name_space) const {
  auto state = state_.Lock();
  std::vector<ObjectPointer> found;
  auto place =
      name_space.empty() ? state->objects.begin() : state->objects.lower_bound({name_space, ""});
  for (; place != state->objects.end(); ++place) {
    if (!name_space.empty() && place->first.name_space != name_space) {
      break;
    }
    found.push_back(place->second);
  }
  return found;
}

std::vector<ObjectPointer> Informer::ByIndex(const std::string& index,
                                             const std::string& word) const {
  auto state = state_.Lock();
  std::vector<ObjectPointer> found;
  const auto words = state->indexes.find(index);
  if (words == state->indexes.end()) {
    return found;
  }
  const auto keys = words->second.find(word);
  if (keys == words->second.end()) {
    return found;
  }
  for (const Key& key : keys->second) {
    found.push_back(state->objects.at(key));
  }
  return found;
}

}  // namespace tresor::control
