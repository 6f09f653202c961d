// SPDX-License-Identifier: Apache-2.0
// runtime/local: clusters whose members are launchers on this machine, on ports of 127.0.0.1, with
// mutual TLS by an authority of their own.
//
// What lies in the data directory: runtime/FORMAT.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/status.h"
#include "io/file_system.h"
#include "runtime/runtime.h"

namespace tresor::runtime {

struct LocalOptions {
  io::FileSystem* fs = &io::PosixFileSystem();
  std::string data_dir;  // clusters lie in data_dir/clusters; made if missing
  /// What starts a launcher: program and first arguments; "--member DIR" is added.
  /// {"/usr/bin/tresor", "launch"}
  std::vector<std::string> launcher;
  /// The etcd of clusters that name no version: a path, or looked for in PATH. "etcd-3.5" for those
  /// that name "3.5" is looked for beside it, then in PATH.
  std::string etcd = "etcd";
  /// Members get ports from here; below those that Linux gives to outgoing connections.
  std::uint16_t first_port = 22000;
  std::uint16_t end_port = 32000;
  /// A member is defragmented when its database is at least this large, and at most this share of
  /// it is in use.
  std::uint64_t defragment_from_bytes = std::uint64_t{128} << 20;
  double defragment_below_use = 0.5;
  Random* random = &SystemRandom();
  const Clock* clock = &SystemClock();
  /// Told before and after each write that carries a restore further ("before record
  /// start-closed", "after order m0 roll-back"): tests end the process there.
  std::function<void(std::string_view point)> at_record = {};
};

/// Launchers that run are taken over as they are. kDataLoss: a cluster's record is damaged (names
/// it).
[[nodiscard]] Result<std::unique_ptr<ClusterRuntime>> OpenLocalRuntime(const LocalOptions& options);

}  // namespace tresor::runtime
