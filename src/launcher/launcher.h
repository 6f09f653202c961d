// SPDX-License-Identifier: Apache-2.0
// The launcher: runs, supervises and restores one etcd member, as its folder's order.json says, and
// writes what is into status.json. One process per member; it outlives the server that started it.
//
// The folder, and what is true after a cut: runtime/FORMAT.md. How it decides: launcher/move.h.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/context.h"
#include "base/random.h"
#include "base/status.h"
#include "io/file_system.h"

namespace tresor::launcher {

struct LauncherOptions {
  io::FileSystem* fs = &io::PosixFileSystem();
  const Clock* clock = &SystemClock();
  Random* random = &SystemRandom();
  std::string member_dir;
  /// In place of the order's etcd program; empty: none.
  std::string etcd = {};
  /// How often the order is looked at.
  std::chrono::milliseconds interval{100};
  /// Told before and after each write of the journal ("begin rebuild", "begun rebuild", "end …",
  /// "ended …"): tests end the process there.
  std::function<void(std::string_view point)> at_journal_write = {};
};

/// Runs until `context` ends (etcd is stopped then), or the folder is gone: OK. kNotFound: there is
/// no order. kFailedPrecondition: another launcher has this member.
[[nodiscard]] Status RunLauncher(const Context& context, const LauncherOptions& options);

}  // namespace tresor::launcher
