// SPDX-License-Identifier: Apache-2.0
// Everything outside that commands may touch, handed in: main.cc gives the real things, tests give
// fakes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "base/clock.h"
#include "base/context.h"
#include "base/random.h"
#include "cli/parser.h"
#include "cli/terminal.h"
#include "etcd/client.h"
#include "io/file_system.h"

namespace tresor::cli {

struct BuildInfo {
  std::string version = "0.0.0";
  std::string commit = {};  // empty: not built from a git checkout
};

/// All references outlive the Host.
struct Host {
  io::FileSystem& file_system;
  const Clock& clock;
  Random& random;
  Terminal& terminal;
  std::ostream& out;    // results only
  std::ostream& error;  // messages and progress
  EnvironmentLookup environment;
  std::function<Result<std::unique_ptr<etcd::Client>>(const etcd::ClientOptions&)> connect;
  BuildInfo build;
  std::uint32_t file_creation_mask = 022;
};

}  // namespace tresor::cli
