// SPDX-License-Identifier: Apache-2.0
#include "api/watch_stream.h"

#include <algorithm>
#include <utility>

#include "api/errors.h"
#include "objects/json_text.h"

namespace tresor::api {
namespace {

constexpr std::size_t kPartBytes = std::size_t{64} << 10;
// Events per Poll: enough to fill a part with small objects, few enough not to overfill it much.
constexpr std::size_t kEventsPerPoll = 32;

MonotonicTime After(const Clock& clock, std::chrono::nanoseconds duration) {
  return clock.Monotonic() + std::chrono::duration_cast<MonotonicTime::duration>(duration);
}

std::string_view NameOf(store::WatchEvent::Type type) {
  switch (type) {
    case store::WatchEvent::Type::kAdded:
      return "ADDED";
    case store::WatchEvent::Type::kModified:
      return "MODIFIED";
    case store::WatchEvent::Type::kDeleted:
      return "DELETED";
  }
  return "";
}

}  // namespace

WatchStream::WatchStream(std::unique_ptr<store::Watch> watch, const objects::Kind& kind,
                         const Representation& representation, const Clock& clock,
                         WatchStreamOptions options)
    : watch_(std::move(watch)),
      kind_(kind),
      representation_(representation),
      clock_(clock),
      options_(std::move(options)),
      end_(After(clock, options_.timeout)),
      next_bookmark_(After(clock, options_.bookmark_interval)) {}

net::BodyStream::Part WatchStream::Next() {
  Part part;
  if (options_.initial) {
    const auto& objects = *options_.initial;
    while (initial_sent_ < objects.size() && part.bytes.size() < kPartBytes) {
      Append(part.bytes, "ADDED", objects[initial_sent_++]);
    }
    if (initial_sent_ < objects.size()) {
      return part;
    }
    part.bytes += Bookmark(true);
    options_.initial.reset();
    return part;
  }
  while (part.bytes.size() < kPartBytes) {
    const auto events = watch_->Poll(kEventsPerPoll);
    if (!events.ok()) {
      // The store closes: the client comes again by itself.
      if (events.status().code() != Code::kUnavailable) {
        part.bytes += ErrorEvent(events.status());
      }
      part.last = true;
      return part;
    }
    if (events->empty()) {
      break;
    }
    for (const auto& event : *events) {
      Append(part.bytes, NameOf(event.type), *event.object);
    }
  }
  const MonotonicTime now = clock_.Monotonic();
  if (now >= end_) {
    // The next watch goes on from here, and not from its last event, which may be long compacted.
    part.bytes += options_.bookmarks ? Bookmark(false) : std::string();
    part.last = true;
    return part;
  }
  if (options_.bookmarks && now >= next_bookmark_) {
    part.bytes += Bookmark(false);
  }
  const MonotonicTime next = options_.bookmarks ? std::min(end_, next_bookmark_) : end_;
  part.ask_again_after = std::chrono::duration_cast<std::chrono::nanoseconds>(next - now);
  return part;
}

void WatchStream::Append(std::string& out, std::string_view type, const objects::Object& object) {
  out += Begin(type);
  if (options_.projection) {
    Json json = options_.projection->Of(object.json);
    json["kind"] = kind_.kind;
    json["apiVersion"] = kind_.api_version();
    out += objects::JsonText(json);
  } else {
    const Presenter presenter(kind_, representation_, clock_.Now());
    out += presenter.ForWatch(object, std::exchange(first_, false));
  }
  out += "}\n";
}

std::string WatchStream::Begin(std::string_view type) const {
  return options_.number
             ? fmt::format(R"({{"watch":{},"type":"{}","object":)", *options_.number, type)
             : fmt::format(R"({{"type":"{}","object":)", type);
}

std::string WatchStream::Bookmark(bool initial_events_end) {
  next_bookmark_ = After(clock_, options_.bookmark_interval);
  Json metadata = {{"resourceVersion", std::to_string(watch_->position())},
                   {"creationTimestamp", nullptr}};
  if (initial_events_end) {
    metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  }
  Json object = {{"kind", kind_.kind}, {"apiVersion", kind_.api_version()}};
  if (representation_.form == Representation::Form::kTable) {
    object = {{"kind", "Table"},
              {"apiVersion", "meta.k8s.io/" + representation_.meta_version},
              {"columnDefinitions", nullptr},
              {"rows", Json::array()}};
  } else if (representation_.form == Representation::Form::kMetadata) {
    object = {{"kind", "PartialObjectMetadata"},
              {"apiVersion", "meta.k8s.io/" + representation_.meta_version}};
  }
  object["metadata"] = std::move(metadata);
  return Begin("BOOKMARK") + objects::JsonText(object) + "}\n";
}

std::string WatchStream::ErrorEvent(const Status& error) const {
  return Begin("ERROR") + objects::JsonText(StatusObject(error)) + "}\n";
}

}  // namespace tresor::api
