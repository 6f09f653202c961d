// SPDX-License-Identifier: Apache-2.0
// What `tresor serve` and `tresor demo` have in common: flags, log, and serving until told to stop.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "cli/command.h"
#include "cli/invocation.h"
#include "server/server.h"

namespace tresor::cli {

[[nodiscard]] std::vector<Flag> ServeFlags();
/// From ServeFlags'.
[[nodiscard]] Result<server::ServerOptions> ReadServerOptions(const Invocation& invocation);
/// Starts a server, with the log on standard error.
[[nodiscard]] Result<std::unique_ptr<server::Server>> StartServer(
    Invocation& invocation, const server::ServerOptions& options);
/// Says where it serves, and, at its first start, how to log in.
void Announce(Invocation& invocation, const server::Server& server);
/// Until the invocation is told to stop; then gracefully.
void ServeUntilStopped(const Invocation& invocation, server::Server& server);

}  // namespace tresor::cli
