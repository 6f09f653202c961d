// SPDX-License-Identifier: Apache-2.0
// What the web page asks besides Kubernetes' API, below /page: several watches in one response
// (browsers open six connections to a host, and every tab has its own), and the next runs of a
// schedule. docs/api.md describes both.
#pragma once

#include <functional>

#include "api/authorizer.h"
#include "api/resources.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/random.h"
#include "base/status.h"
#include "net/http_server.h"
#include "objects/kinds.h"
#include "store/object_store.h"

namespace tresor::api {

struct PageCall {
  const Context& context;
  const net::Request& request;
  const User& user;
  const objects::KindRegistry& kinds;
  store::ObjectStore& store;
  const Clock& clock;
  Random& random;
  const WatchLimits& watch_limits;
  /// OK: the user may.
  std::function<Status(const Attributes&)> authorize;
};

/// GET /page/watch?watch=etcdclusters.tresor.dev&namespace=demo&…&watch=events&…: each `watch` is
/// followed by its own namespace, fieldSelector, fields and resourceVersion, and each event begins
/// with its number.
[[nodiscard]] Result<net::Response> WatchMany(const PageCall& call);

/// GET /page/schedule?schedule=@daily&timeZone=Europe/Berlin&count=5: {"runs": ["…Z"]}.
/// kInvalidArgument: the schedule or the zone, with words for people.
[[nodiscard]] Result<net::Response> PreviewSchedule(const PageCall& call);

}  // namespace tresor::api
