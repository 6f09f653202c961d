// SPDX-License-Identifier: Apache-2.0
// The controller of projects (Namespaces): empties one that is to go, in an order in which nothing
// works against anything else: restores, backups, configurations, clusters, then the rest. What
// each of them owns is removed by its own finalizer.
#pragma once

#include <string>

#include "control/reconciler.h"
#include "control/services.h"

namespace tresor::control {

class ProjectController final : public Reconciler {
 public:
  explicit ProjectController(const Services& services) : services_(services) {}
  [[nodiscard]] std::string_view name() const override { return "project"; }
  [[nodiscard]] Result<Next> Reconcile(const Context& context, const Key& key) override;

 private:
  /// How many are left.
  [[nodiscard]] Result<std::size_t> Empty(const Context& context,
                                          const objects::ResourceName& resource,
                                          const std::string& project);

  const Services services_;
};

}  // namespace tresor::control
