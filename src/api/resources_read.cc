// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <utility>

#include "api/errors.h"
#include "api/representation.h"
#include "api/resources.h"
#include "api/watch_stream.h"

namespace tresor::api {
namespace {

std::string_view InQuery(const net::Request& request, std::string_view name) {
  return request.target.query.Find(name).value_or("");
}

Result<store::ListOptions> ListOptionsOf(const ResourceCall& call) {
  const net::Request& request = call.request;
  store::ListOptions options{.name_space = call.info.name_space};
  ASSIGN_OR_RETURN(Selectors selectors, SelectorsOf(request));
  options.labels = std::move(selectors.labels);
  options.fields = std::move(selectors.fields);
  ASSIGN_OR_RETURN(options.limit, NumberInQuery(request, "limit", 0));
  options.continue_token = InQuery(request, "continue");
  ASSIGN_OR_RETURN(options.resource_version, NumberInQuery(request, "resourceVersion", 0));
  const std::string_view match = InQuery(request, "resourceVersionMatch");
  const bool has_version = !InQuery(request, "resourceVersion").empty();
  if (!match.empty() && !has_version) {
    return BadRequest("resourceVersionMatch is forbidden unless resourceVersion is provided");
  }
  if (!match.empty() && match != "Exact" && match != "NotOlderThan") {
    return BadRequest("resourceVersionMatch must be Exact or NotOlderThan");
  }
  if (match == "Exact" && options.resource_version == 0) {
    return BadRequest("resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
  }
  if (!options.continue_token.empty() && options.resource_version != 0) {
    return BadRequest("specifying resource version is not allowed when using continue");
  }
  options.exact = match == "Exact";
  return options;
}

}  // namespace

Result<std::uint64_t> NumberOf(std::string_view name, std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return BadRequest(fmt::format("{}: Invalid value: \"{}\": not a number", name, text));
  }
  return number;
}

Result<std::uint64_t> NumberInQuery(const net::Request& request, std::string_view name,
                                    std::uint64_t otherwise) {
  const std::string_view text = InQuery(request, name);
  return text.empty() ? Result<std::uint64_t>(otherwise) : NumberOf(name, text);
}

Result<Selectors> SelectorsOf(const net::Request& request) {
  auto labels = objects::LabelSelector::Parse(InQuery(request, "labelSelector"));
  if (!labels.ok()) {
    return BadRequest(fmt::format("unable to parse labelSelector: {}", Message(labels.status())));
  }
  auto fields = objects::FieldSelector::Parse(InQuery(request, "fieldSelector"));
  if (!fields.ok()) {
    return BadRequest(fmt::format("unable to parse fieldSelector: {}", Message(fields.status())));
  }
  return Selectors{.labels = *std::move(labels), .fields = *std::move(fields)};
}

Result<net::Response> GetObject(const ResourceCall& call) {
  ASSIGN_OR_RETURN(const Representation form, ChooseRepresentation(call.request));
  ASSIGN_OR_RETURN(const objects::Object object, call.store.Get(call.context, call.key()));
  return Presenter(call.kind, form, call.clock.Now()).One(200, object);
}

Result<net::Response> ListObjects(const ResourceCall& call) {
  ASSIGN_OR_RETURN(const Representation form, ChooseRepresentation(call.request));
  ASSIGN_OR_RETURN(const store::ListOptions options, ListOptionsOf(call));
  ASSIGN_OR_RETURN(const store::ListResult list,
                   call.store.List(call.context, call.kind.resource, options));
  return Presenter(call.kind, form, call.clock.Now())
      .List(list.items, {.resource_version = list.resource_version,
                         .continue_token = list.continue_token,
                         .remaining = list.remaining});
}

Result<net::Response> WatchObjects(const ResourceCall& call) {
  const net::Request& request = call.request;
  ASSIGN_OR_RETURN(const Representation form, ChooseRepresentation(request));
  if (form.yaml) {
    return NotAcceptable("a watch is sent as JSON");
  }
  ASSIGN_OR_RETURN(const Selectors selectors, SelectorsOf(request));
  std::string fields(InQuery(request, "fieldSelector"));
  if (!call.info.name.empty()) {
    fields += (fields.empty() ? "metadata.name=" : ",metadata.name=") + call.info.name;
  }
  auto field_selector = objects::FieldSelector::Parse(fields);
  if (!field_selector.ok()) {
    return BadRequest(Message(field_selector.status()));
  }
  store::WatchOptions options{.name_space = call.info.name_space,
                              .labels = selectors.labels,
                              .fields = *std::move(field_selector)};
  ASSIGN_OR_RETURN(options.resource_version, NumberInQuery(request, "resourceVersion", 0));
  ASSIGN_OR_RETURN(const std::uint64_t timeout_seconds,
                   NumberInQuery(request, "timeoutSeconds", 0));

  WatchStreamOptions stream{.timeout = {},
                            .bookmark_interval = call.watch_limits.bookmark_interval,
                            .bookmarks = IsTrue(InQuery(request, "allowWatchBookmarks")),
                            .initial = {}};
  // Up to twice the default, so that watches that began together do not end together.
  const auto base = call.watch_limits.default_timeout;
  stream.timeout =
      timeout_seconds > 0
          ? std::chrono::seconds{std::min<std::uint64_t>(timeout_seconds, 365ULL * 86400)}
          : base + std::chrono::nanoseconds{static_cast<std::int64_t>(
                       call.random.Below(static_cast<std::uint64_t>(base.count()) + 1))};

  if (IsTrue(InQuery(request, "sendInitialEvents"))) {
    if (InQuery(request, "resourceVersionMatch") != "NotOlderThan" || !stream.bookmarks) {
      return BadRequest(
          "sendInitialEvents requires resourceVersionMatch=NotOlderThan and "
          "allowWatchBookmarks=true");
    }
    ASSIGN_OR_RETURN(store::ListResult list,
                     call.store.List(call.context, call.kind.resource,
                                     {.name_space = options.name_space,
                                      .labels = options.labels,
                                      .fields = options.fields,
                                      .resource_version = options.resource_version}));
    options.resource_version = list.resource_version;
    stream.initial = std::move(list.items);
  }
  ASSIGN_OR_RETURN(auto watch,
                   call.store.StartWatch(call.context, call.kind.resource, options, request.wake));
  return net::Response{.status = 200,
                       .headers = {{"Content-Type", "application/json"}},
                       .body = {},
                       .stream = std::make_unique<WatchStream>(std::move(watch), call.kind, form,
                                                               call.clock, std::move(stream))};
}

}  // namespace tresor::api
