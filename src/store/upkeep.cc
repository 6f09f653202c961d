// SPDX-License-Identifier: Apache-2.0
// What the store does at intervals: forget old history and old Events, try failed errands again.
#include <algorithm>
#include <utility>

#include "objects/well_known.h"
#include "store/api_store.h"

namespace tresor::store {
namespace {

using objects::kEvents;

// When an Event was seen last.
WallTime LastSeen(const Object& event) {
  WallTime last = event.creation_time().value_or(WallTime{});
  for (const std::string_view path :
       {"lastTimestamp", "eventTime", "series.lastObservedTime", "deprecatedLastTimestamp"}) {
    if (const Result<WallTime> time = objects::ParseTime(event.Text(path)); time.ok()) {
      last = std::max(last, *time);
    }
  }
  return last;
}

}  // namespace

Status ApiStore::Upkeep(const Context& context) {
  {
    auto errands = errands_.Lock();
    errands->waiting.merge(errands->failed);
    errands->failed.clear();
  }
  errand_came_.notify_one();
  RETURN_IF_ERROR(ExpireEvents(context));
  return CompactHistory(context);
}

Status ApiStore::CompactHistory(const Context& context) {
  const std::uint64_t revision = cache_->revision();
  std::uint64_t target =
      revision > options_.history_changes ? revision - options_.history_changes : 0;
  {
    // Each look leaves a mark: what was there then is as old as the mark.
    auto marks = marks_.Lock();
    const MonotonicTime now = options_.clock->Monotonic();
    marks->push_back({.time = now, .revision = revision});
    while (!marks->empty() && now - marks->front().time >= options_.history_age) {
      target = std::max(target, marks->front().revision);
      marks->pop_front();
    }
  }
  if (target <= compacted_) {
    return OkStatus();
  }
  compacted_ = target;  // before anything is gone, nobody begins to read it any more
  return log_->Compact(context, target);
}

Status ApiStore::ExpireEvents(const Context& context) {
  struct Aged {
    WallTime seen;
    SharedObject event;
  };
  std::vector<Aged> events;
  for (SharedObject& event : cache_->List(kEvents, "", std::nullopt).objects) {
    const WallTime seen = LastSeen(*event);
    events.push_back({.seen = seen, .event = std::move(event)});
  }
  std::ranges::sort(events, {}, &Aged::seen);
  const WallTime oldest = options_.clock->Now() - options_.event_age;
  const std::size_t surplus =
      events.size() > options_.max_events ? events.size() - options_.max_events : 0;
  std::vector<PendingWrite> writes;
  for (std::size_t i = 0; i < events.size() && (i < surplus || events[i].seen <= oldest); ++i) {
    const Object& event = *events[i].event;
    const ObjectKey key{kEvents, event.name_space(), event.name()};
    writes.push_back({.key = key,
                      .write = {.key = ToLogKey(key),
                                .expected = event.resource_version(),
                                .deleted = true,
                                .value = {},
                                .guard = std::nullopt},
                      .object = nullptr});
  }
  RETURN_IF_ERROR(context.Check());
  return writes.empty() ? OkStatus() : committer_.Write(writes);
}

}  // namespace tresor::store
