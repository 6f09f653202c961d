// SPDX-License-Identifier: Apache-2.0
// The verbs of the object API: get, list, watch, create, update, patch, delete, deletecollection.
#pragma once

#include <atomic>
#include <chrono>

#include "api/authorizer.h"
#include "api/request_info.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/random.h"
#include "base/status.h"
#include "net/http_server.h"
#include "objects/kinds.h"
#include "store/object_store.h"

namespace tresor::api {

struct WatchLimits {
  std::chrono::nanoseconds default_timeout;
  std::chrono::nanoseconds bookmark_interval;
};

/// One request for a resource that is served, by somebody who may.
struct ResourceCall {
  const Context& context;
  const net::Request& request;
  const RequestInfo& info;
  const User& user;
  const objects::Kind& kind;
  store::ObjectStore& store;
  const Clock& clock;
  Random& random;
  const WatchLimits& watch_limits;

  [[nodiscard]] objects::ObjectKey key() const {
    return {.resource = kind.resource, .name_space = info.name_space, .name = info.name};
  }
};

/// Errors are the caller's to turn into a response.
[[nodiscard]] Result<net::Response> GetObject(const ResourceCall& call);
[[nodiscard]] Result<net::Response> ListObjects(const ResourceCall& call);
[[nodiscard]] Result<net::Response> WatchObjects(const ResourceCall& call);
[[nodiscard]] Result<net::Response> CreateObject(const ResourceCall& call);
[[nodiscard]] Result<net::Response> UpdateObject(const ResourceCall& call);
[[nodiscard]] Result<net::Response> PatchObject(const ResourceCall& call);
[[nodiscard]] Result<net::Response> DeleteObject(const ResourceCall& call);
[[nodiscard]] Result<net::Response> DeleteCollection(const ResourceCall& call);

/// By `call.info.verb`. MethodNotAllowed: the kind does not have that verb.
[[nodiscard]] Result<net::Response> CallResource(const ResourceCall& call);

// Shared by reading and writing.

/// `text` as a number. BadRequest names `name`.
[[nodiscard]] Result<std::uint64_t> NumberOf(std::string_view name, std::string_view text);
/// A number in the query; `otherwise` when it is not there. BadRequest.
[[nodiscard]] Result<std::uint64_t> NumberInQuery(const net::Request& request,
                                                  std::string_view name, std::uint64_t otherwise);
/// labelSelector, fieldSelector. BadRequest.
struct Selectors {
  objects::LabelSelector labels;
  objects::FieldSelector fields;
};
[[nodiscard]] Result<Selectors> SelectorsOf(const net::Request& request);
/// JSON or YAML by Content-Type. BadRequest, UnsupportedMediaType.
[[nodiscard]] Result<objects::Json> DecodeBody(const net::Request& request);

}  // namespace tresor::api
