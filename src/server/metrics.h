// SPDX-License-Identifier: Apache-2.0
// Metrics: what a server tells Prometheus. docs/operations.md lists the names.
//
// https://prometheus.io/docs/instrumenting/exposition_formats/ (text, 0.0.4)
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/server.h"
#include "control/metrics.h"
#include "store/api_store.h"

namespace tresor::server {

/// Threads: all methods, from any thread.
class Metrics final : public control::Metrics {
 public:
  Metrics();
  ~Metrics() override;

  void BackupEnded(const control::BackupOutcome& outcome) override;
  void ConfigSeen(const control::Key& config, const control::Key& cluster, WallTime last_good,
                  int consecutive_failures, std::size_t completed, bool healthy) override;
  void ConfigGone(const control::Key& config) override;
  void SlotSkipped(const control::Key& config, std::string_view reason) override;
  void RestoreEnded(const control::RestoreOutcome& outcome) override;
  void ClusterSeen(const control::Key& cluster, std::string_view phase) override;
  void ClusterGone(const control::Key& cluster) override;
  void DestinationSeen(const std::string& destination, bool ready, std::uint64_t repositories,
                       std::uint64_t stored_bytes) override;
  void DestinationGone(const std::string& destination) override;
  void BackupQueue(std::size_t waiting, std::size_t running, std::uint64_t memory_bytes) override;
  void Reconciled(std::string_view controller, std::chrono::nanoseconds duration, bool ok) override;
  void QueueLength(std::string_view controller, std::size_t waiting) override;

  /// All of it, and what store and API count themselves, as text for a scrape.
  [[nodiscard]] std::string Render(const api::ServerStats& api,
                                   const store::ApiStoreStats& store) const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace tresor::server
