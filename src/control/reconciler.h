// SPDX-License-Identifier: Apache-2.0
// Reconciler: what every controller is. Given one object's key it looks at what shall be and what
// is, and does something about the difference. It is called again after every change, now and then
// without one, and after a crash: so it goes by what is, never by what it remembers.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/context.h"
#include "base/status.h"
#include "control/key.h"

namespace tresor::control {

/// When a reconciler wants to be called again, if nothing changes before.
struct Next {
  std::optional<std::chrono::nanoseconds> after;

  [[nodiscard]] static Next WhenChanged() { return {}; }
  [[nodiscard]] static Next AtOnce() { return {.after = std::chrono::nanoseconds::zero()}; }
  [[nodiscard]] static Next After(std::chrono::nanoseconds delay) { return {.after = delay}; }
};

/// Threads: Reconcile from any thread; one call per key at a time (WorkQueue sees to it).
class Reconciler {
 public:
  virtual ~Reconciler() = default;
  /// One word: "restore". Names its queue, its log lines and, as "system:tresor:<name>", who
  /// writes.
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// An error means: again, with backoff. What a person must know stands in the object's status.
  [[nodiscard]] virtual Result<Next> Reconcile(const Context& context, const Key& key) = 0;
};

}  // namespace tresor::control
