// SPDX-License-Identifier: Apache-2.0
#include "api/page_calls.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "api/errors.h"
#include "api/watch_stream.h"
#include "base/time_zone.h"
#include "objects/schedule.h"

namespace tresor::api {
namespace {

constexpr std::size_t kMaxWatches = 32;
constexpr std::uint64_t kMaxRuns = 50;
/// Often enough that a page notices within half a minute that its connection is dead.
constexpr std::chrono::seconds kBookmarkInterval{10};
constexpr std::size_t kPartBytes = std::size_t{64} << 10;

/// Several watches, one after the other in each part; it ends with the first that ends.
class ManyWatches final : public net::BodyStream {
 public:
  explicit ManyWatches(std::vector<std::unique_ptr<WatchStream>> watches)
      : watches_(std::move(watches)) {}

  Part Next() override {
    Part part;
    for (std::size_t i = 0; i < watches_.size() && part.bytes.size() < kPartBytes; ++i) {
      Part one = watches_[turn_]->Next();
      turn_ = (turn_ + 1) % watches_.size();
      part.bytes += one.bytes;
      if (one.last) {
        part.last = true;
        return part;
      }
      if (one.ask_again_after) {
        part.ask_again_after =
            std::min(part.ask_again_after.value_or(*one.ask_again_after), *one.ask_again_after);
      }
    }
    return part;
  }

 private:
  const std::vector<std::unique_ptr<WatchStream>> watches_;
  std::size_t turn_ = 0;  // whose turn it is: a busy one does not silence the others
};

struct Wish {
  std::string resource;  // "etcdclusters.tresor.dev", "events"
  std::string name_space;
  std::string fields;
  std::string field_selector;
  std::uint64_t resource_version = 0;
};

Result<std::vector<Wish>> ReadWishes(const net::Request& request) {
  std::vector<Wish> wishes;
  for (const auto& [name, value] : request.target.query.items()) {
    if (name == "watch") {
      wishes.push_back({.resource = value});
      continue;
    }
    if (wishes.empty()) {
      return BadRequest(fmt::format("{}: it follows a watch", name));
    }
    Wish& wish = wishes.back();
    if (name == "namespace") {
      wish.name_space = value;
    } else if (name == "fields") {
      wish.fields = value;
    } else if (name == "fieldSelector") {
      wish.field_selector = value;
    } else if (name == "resourceVersion") {
      ASSIGN_OR_RETURN(wish.resource_version, NumberOf(name, value));
    } else {
      return BadRequest(fmt::format("{}: there is no such parameter", name));
    }
  }
  if (wishes.empty() || wishes.size() > kMaxWatches) {
    return BadRequest(fmt::format("watch: between 1 and {} of them", kMaxWatches));
  }
  return wishes;
}

Result<std::unique_ptr<WatchStream>> Begin(const PageCall& call, const Wish& wish,
                                           std::size_t number, std::chrono::nanoseconds timeout) {
  const std::size_t dot = wish.resource.find('.');
  const objects::ResourceName resource{
      dot == std::string::npos ? std::string() : wish.resource.substr(dot + 1),
      wish.resource.substr(0, dot)};
  RETURN_IF_ERROR(call.authorize({.user = call.user,
                                  .verb = "watch",
                                  .group = resource.group,
                                  .resource = resource.plural,
                                  .name_space = wish.name_space}));
  const objects::Kind* kind = call.kinds.Find(resource);
  if (kind == nullptr || kind->sealed || (!kind->namespaced && !wish.name_space.empty())) {
    return BadRequest(fmt::format("watch: \"{}\" is nothing that can be watched", wish.resource));
  }
  auto fields = objects::FieldSelector::Parse(wish.field_selector);
  if (!fields.ok()) {
    return BadRequest(Message(fields.status()));
  }
  WatchStreamOptions stream{.timeout = timeout,
                            .bookmark_interval = std::min<std::chrono::nanoseconds>(
                                call.watch_limits.bookmark_interval, kBookmarkInterval),
                            .bookmarks = true,
                            .initial = {},
                            .number = number};
  if (!wish.fields.empty()) {
    auto projection = Projection::Parse(wish.fields);
    if (!projection.ok()) {
      return BadRequest(Message(projection.status()));
    }
    stream.projection = *std::move(projection);
  }
  store::WatchOptions options{.name_space = wish.name_space,
                              .labels = {},
                              .fields = *std::move(fields),
                              .resource_version = wish.resource_version};
  if (wish.resource_version == 0) {
    ASSIGN_OR_RETURN(store::ListResult list,
                     call.store.List(call.context, resource,
                                     {.name_space = options.name_space, .fields = options.fields}));
    options.resource_version = list.resource_version;
    stream.initial = std::move(list.items);
  }
  ASSIGN_OR_RETURN(auto watch,
                   call.store.StartWatch(call.context, resource, options, call.request.wake));
  return std::make_unique<WatchStream>(std::move(watch), *kind, Representation{}, call.clock,
                                       std::move(stream));
}

}  // namespace

Result<net::Response> WatchMany(const PageCall& call) {
  ASSIGN_OR_RETURN(const std::vector<Wish> wishes, ReadWishes(call.request));
  const auto base = call.watch_limits.default_timeout;
  const auto timeout = base + std::chrono::nanoseconds{static_cast<std::int64_t>(
                                  call.random.Below(static_cast<std::uint64_t>(base.count()) + 1))};
  std::vector<std::unique_ptr<WatchStream>> watches;
  for (const Wish& wish : wishes) {
    ASSIGN_OR_RETURN(auto watch, Begin(call, wish, watches.size(), timeout));
    watches.push_back(std::move(watch));
  }
  return net::Response{.status = 200,
                       .headers = {{"Content-Type", "application/json"}},
                       .body = {},
                       .stream = std::make_unique<ManyWatches>(std::move(watches))};
}

Result<net::Response> PreviewSchedule(const PageCall& call) {
  const net::Query& query = call.request.target.query;
  const std::string text(query.Find("schedule").value_or(""));
  const std::string zone_name(query.Find("timeZone").value_or("UTC"));
  ASSIGN_OR_RETURN(const std::uint64_t count, NumberInQuery(call.request, "count", 5));
  const auto schedule = objects::Schedule::Parse(text);
  if (!schedule.ok()) {
    return BadRequest(Message(schedule.status()));
  }
  const auto zone = TimeZone::Load(zone_name);
  if (!zone.ok()) {
    return BadRequest(Message(zone.status()));
  }
  Json runs = Json::array();
  WallTime anchor = call.clock.Now();
  while (runs.size() < std::min(count, kMaxRuns)) {
    const std::optional<WallTime> next = schedule->Next(*zone, anchor);
    if (!next) {
      break;
    }
    runs.push_back(FormatTime(*next));
    anchor = *next;
  }
  if (runs.empty() && count > 0) {
    return BadRequest("there is no such day: it would never run");
  }
  return JsonResponse(200, {{"runs", std::move(runs)}});
}

}  // namespace tresor::api
