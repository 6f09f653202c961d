// SPDX-License-Identifier: Apache-2.0
// The controller of BackupDestinations: tries them, makes a missing key, measures what lies there,
// and gives backups that lie there without an object their objects back.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/random.h"
#include "control/reconciler.h"
#include "control/services.h"
#include "control/work_queue.h"

namespace tresor::control {

struct DestinationControllerOptions {
  std::chrono::nanoseconds probe_every = std::chrono::minutes(5);
  std::chrono::nanoseconds probe_failed_every = std::chrono::seconds(30);
  /// How often repositories are measured, and searched for backups without an object.
  std::chrono::nanoseconds search_every = std::chrono::minutes(30);
  Random* random = &SystemRandom();
};

class DestinationController final : public Reconciler {
 public:
  explicit DestinationController(const Services& services,
                                 const DestinationControllerOptions& options = {})
      : services_(services), options_(options) {}

  /// Before the first Reconcile: that of PruneController.
  void SetPruneQueue(WorkQueue& queue) { prune_queue_ = &queue; }

  [[nodiscard]] std::string_view name() const override { return "destination"; }
  [[nodiscard]] Result<Next> Reconcile(const Context& context, const Key& key) override;

 private:
  [[nodiscard]] Status MakeKey(const Context& context, const Object& destination);
  /// Looks through all repositories, now and then: what they take, and what has no object.
  [[nodiscard]] Status Search(const Context& context, const Object& destination,
                              const std::vector<RepositoryAddress>& repositories);
  [[nodiscard]] Status AdoptFrom(const Context& context, const RepositoryAddress& address);

  const Services services_;
  const DestinationControllerOptions options_;
  WorkQueue* prune_queue_ = nullptr;                        // constant after SetPruneQueue
  Guarded<std::map<std::string, MonotonicTime>> searched_;  // when last, by name
};

}  // namespace tresor::control
