// SPDX-License-Identifier: Apache-2.0
// status.json: what one member is. Written by the launcher, read by runtime/local; the launcher
// itself reads back only what outlives it. Fields: runtime/FORMAT.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "io/file_system.h"
#include "runtime/runtime.h"

namespace tresor::runtime {

/// A process of this machine, told from later ones of the same number, also after a reboot.
struct ProcessIdentity {
  std::int64_t pid = 0;  // 0: none
  std::uint64_t start_ticks = 0;
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

struct StatusFile {
  std::string boot_id;  // without it, or another: the processes are gone
  ProcessIdentity launcher;
  ProcessIdentity etcd;
  /// The order that is carried out: etcd runs as it says, or rests as it says.
  std::uint64_t order_generation = 0;
  MemberPhase phase = MemberPhase::kStarting;
  std::string message;
  std::uint32_t restarts = 0;  // of etcd, by itself, since the launcher began
  std::string client_url;      // where etcd listens now; empty: it does not run
  bool closed = false;         // only Tresor is let in there
  bool answered = false;       // since it was started
  /// etcd could not get one of its ports.
  bool port_taken = false;
  // These outlive the launcher. 0: none yet.
  /// Whose data directory it is: of the last order with which etcd was started.
  std::uint32_t started_incarnation = 0;
  /// The last one that has served clients with data.
  std::uint32_t data_incarnation = 0;
  std::optional<RestoreObservation> restore;
};

[[nodiscard]] std::string EncodeStatus(const StatusFile& status);
[[nodiscard]] Result<StatusFile> DecodeStatus(ByteView bytes, const std::string& name);
/// kNotFound: no launcher has run yet.
[[nodiscard]] Result<StatusFile> ReadStatus(io::FileSystem& fs, const std::string& path);
[[nodiscard]] Status WriteStatus(io::FileSystem& fs, const std::string& path,
                                 const StatusFile& status);

}  // namespace tresor::runtime
