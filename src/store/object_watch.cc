// SPDX-License-Identifier: Apache-2.0
#include "store/object_watch.h"

#include <algorithm>
#include <utility>

#include "store/errors.h"

namespace tresor::store {

ObjectWatch::ObjectWatch(ChangeSource source, ResourceName resource, WatchOptions options,
                         ObjectCache::State initial, std::function<void()> on_ready)
    : source_(std::move(source)),
      resource_(std::move(resource)),
      options_(std::move(options)),
      watcher_(std::make_shared<Watcher>(options_.name_space, std::move(on_ready))),
      initial_(std::move_iterator(initial.objects.begin()),
               std::move_iterator(initial.objects.end())),
      start_(options_.resource_version == 0 ? initial.revision : options_.resource_version) {
  if (initial_.empty()) {
    position_ = start_;  // also before the first Poll: what came before is the caller's already
  }
  source_.cache->Add(resource_, watcher_);
}

ObjectWatch::~ObjectWatch() {
  source_.cache->Remove(resource_, watcher_);
  watcher_->Silence();
}

bool ObjectWatch::Matches(const SharedObject& object) const {
  return object != nullptr && options_.labels.Matches(*object) && options_.fields.Matches(*object);
}

void ObjectWatch::Deliver(const PublishedChange& change, std::vector<WatchEvent>& events) const {
  const bool before = Matches(change->before);
  const bool after = Matches(change->after);
  if (after) {
    events.push_back(
        {before ? WatchEvent::Type::kModified : WatchEvent::Type::kAdded, change->after});
  } else if (before) {
    events.push_back({WatchEvent::Type::kDeleted, change.Last()});
  }
}

Result<std::vector<WatchEvent>> ObjectWatch::Poll(std::size_t max) {
  std::vector<WatchEvent> events;
  while (!initial_.empty() && events.size() < max) {
    if (Matches(initial_.front())) {
      events.push_back({WatchEvent::Type::kAdded, std::move(initial_.front())});
    }
    initial_.pop_front();
  }
  if (!initial_.empty()) {
    return events;
  }
  position_ = std::max(position_, start_);
  while (events.size() < max) {
    const ObjectCache::Window window =
        source_.cache->ChangesAfter(resource_, *watcher_, position_, max - events.size());
    if (window.closed) {
      return Error(Code::kUnavailable, "the store is closing: watch again later");
    }
    if (window.behind) {
      RETURN_IF_ERROR(ReadHistory(window.position, max - events.size(), events));
      continue;
    }
    for (const std::shared_ptr<const PublishedChange>& change : window.changes) {
      Deliver(*change, events);
    }
    position_ = window.position;
    if (window.changes.empty()) {
      break;
    }
  }
  return events;
}

Status ObjectWatch::ReadHistory(std::uint64_t window_begin, std::size_t max,
                                std::vector<WatchEvent>& events) {
  Result<std::vector<LogChange>> changes =
      source_.log->Changes(ToString(resource_), position_, max);
  if (!changes.ok()) {
    return changes.status().code() == Code::kOutOfRange
               ? Expired(fmt::format("too old resource version: {}", position_))
               : changes.status();
  }
  for (const LogChange& change : *changes) {
    if (change.row.revision > window_begin) {
      break;  // from here on the window has it
    }
    position_ = change.row.revision;
    if (!options_.name_space.empty() && change.row.key.name_space != options_.name_space) {
      continue;
    }
    Change decoded{.revision = change.row.revision,
                   .key = ToObjectKey(change.row.key),
                   .before = nullptr,
                   .after = nullptr};
    if (!change.row.deleted) {
      ASSIGN_OR_RETURN(decoded.after, source_.codec->Decode(change.row.key, change.row.revision,
                                                            change.row.value));
    }
    if (change.row.previous != 0) {
      ASSIGN_OR_RETURN(decoded.before,
                       source_.codec->Decode(change.row.key, change.row.previous, change.before));
    }
    Deliver(PublishedChange(std::move(decoded)), events);
  }
  if (changes->size() < max || changes->back().row.revision > window_begin) {
    position_ = window_begin;
  }
  return OkStatus();
}

}  // namespace tresor::store
