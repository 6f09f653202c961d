// SPDX-License-Identifier: Apache-2.0
// Metrics: what controllers tell about themselves. Who publishes it, and how, is not their
// business.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "control/key.h"

namespace tresor::control {

/// One backup that ended.
struct BackupOutcome {
  Key cluster;
  std::string config;  // empty: made by hand
  std::string destination;
  bool completed = false;
  std::chrono::nanoseconds duration{0};     // from the start of the first attempt
  std::chrono::nanoseconds start_delay{0};  // from its slot, or its creation, to that start
  std::uint64_t bytes_read = 0;             // the snapshot
  std::uint64_t bytes_stored = 0;           // new in the repository
  int evidence_passed = 0;
  int evidence_unproven = 0;
  int evidence_failed = 0;
  int attempts = 1;
};

/// One restore that ended.
struct RestoreOutcome {
  Key cluster;
  std::string phase;  // Completed, Failed, Cancelled
  std::chrono::nanoseconds duration{0};
};

/// Every method is a hint and may be left as it is here: does nothing.
///
/// Threads: all methods, from any thread. Must be quick.
class Metrics {
 public:
  virtual ~Metrics() = default;

  virtual void BackupEnded(const BackupOutcome& /*outcome*/) {}
  /// Of a configuration, whenever it is looked at. `last_good`: epoch: none yet.
  virtual void ConfigSeen(const Key& /*config*/, const Key& /*cluster*/, WallTime /*last_good*/,
                          int /*consecutive_failures*/, std::size_t /*completed*/,
                          bool /*healthy*/) {}
  virtual void ConfigGone(const Key& /*config*/) {}
  virtual void SlotSkipped(const Key& /*config*/, std::string_view /*reason*/) {}

  virtual void RestoreEnded(const RestoreOutcome& /*outcome*/) {}
  virtual void ClusterSeen(const Key& /*cluster*/, std::string_view /*phase*/) {}
  virtual void ClusterGone(const Key& /*cluster*/) {}
  virtual void DestinationSeen(const std::string& /*destination*/, bool /*ready*/,
                               std::uint64_t /*repositories*/, std::uint64_t /*stored_bytes*/) {}
  virtual void DestinationGone(const std::string& /*destination*/) {}

  /// The backup queue, after every change.
  virtual void BackupQueue(std::size_t /*waiting*/, std::size_t /*running*/,
                           std::uint64_t /*memory_bytes*/) {}

  virtual void Reconciled(std::string_view /*controller*/, std::chrono::nanoseconds /*duration*/,
                          bool /*ok*/) {}
  virtual void QueueLength(std::string_view /*controller*/, std::size_t /*waiting*/) {}
};

}  // namespace tresor::control
