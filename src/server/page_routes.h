// SPDX-License-Identifier: Apache-2.0
// What the web page asks that only the whole server can answer, below /page: its settings, and
// whether an etcd can be reached before a cluster is made of it. docs/api.md describes both.
#pragma once

#include "api/server.h"
#include "base/clock.h"
#include "base/context.h"
#include "net/http_server.h"
#include "server/server.h"

namespace tresor::server {

/// GET /page/settings
[[nodiscard]] net::Response AnswerSettings(const ServerOptions& options, WallTime started,
                                           const net::Request& request);
/// POST /page/etcd {"endpoints": […], "ca", "certificate", "key", "user", "password"}: who
/// answers, or why nobody does.
[[nodiscard]] net::Response AnswerEtcd(const Context& context, const net::Request& request);

}  // namespace tresor::server
