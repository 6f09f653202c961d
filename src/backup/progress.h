// SPDX-License-Identifier: Apache-2.0
// How far a use case has come.
#pragma once

#include <cstdint>
#include <functional>

namespace tresor::backup {

enum class Phase {
  kReceive,  // the snapshot's stream, into the spool or the file
  kCheck,    // structure, HashKV, what is new
  kStore,    // new records, into the repository
  kRead,     // a backup or a file is read: restore, export, verify
  kSync,     // what was written is made durable
};

/// "receiving", "checking", …
[[nodiscard]] const char* PhaseName(Phase phase);

struct Progress {
  Phase phase = Phase::kReceive;
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;  // 0: not known
};

/// Called from any thread, one call at a time, at most once per MiB done. Must be quick. May be
/// empty.
using ProgressCallback = std::function<void(const Progress&)>;

}  // namespace tresor::backup
