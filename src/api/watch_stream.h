// SPDX-License-Identifier: Apache-2.0
// WatchStream: a store's watch as a response's body, one JSON line per event.
//
// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/projection.h"
#include "api/representation.h"
#include "base/clock.h"
#include "net/http_server.h"
#include "objects/kinds.h"
#include "store/object_store.h"

namespace tresor::api {

struct WatchStreamOptions {
  std::chrono::nanoseconds timeout;  // the stream ends then, in order
  std::chrono::nanoseconds bookmark_interval;
  bool bookmarks = false;
  /// Sent as ADDED before all else, then a bookmark that says that this was all ("initial-events").
  std::optional<store::ObjectList> initial;
  /// Told first in each event, for a reader of several watches; none: as Kubernetes has it.
  std::optional<std::size_t> number = {};
  /// Only these fields of the objects; none: whole, as the representation says.
  std::optional<Projection> projection = {};
};

/// Holds one part of some 64 KiB at most besides `initial`, which is shared with the store.
/// Threads: as net::BodyStream.
class WatchStream final : public net::BodyStream {
 public:
  WatchStream(std::unique_ptr<store::Watch> watch, const objects::Kind& kind,
              const Representation& representation, const Clock& clock, WatchStreamOptions options);
  [[nodiscard]] Part Next() override;

 private:
  void Append(std::string& out, std::string_view type, const objects::Object& object);
  [[nodiscard]] std::string Bookmark(bool initial_events_end);
  [[nodiscard]] std::string ErrorEvent(const Status& error) const;
  [[nodiscard]] std::string Begin(std::string_view type) const;

  const std::unique_ptr<store::Watch> watch_;
  const objects::Kind& kind_;
  const Representation representation_;
  const Clock& clock_;
  WatchStreamOptions options_;
  const MonotonicTime end_;
  MonotonicTime next_bookmark_;
  std::size_t initial_sent_ = 0;
  bool first_ = true;
};

}  // namespace tresor::api
