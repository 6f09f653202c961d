// SPDX-License-Identifier: Apache-2.0
// The restore controller: carries out what restore_plan.h decides, one recorded stage after the
// other.
//
// It holds nothing that a crash could lose: where a restore stands is in its status, what members
// do is with their launchers, what is stored is in the repository. Every action may be repeated.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/guarded.h"
#include "control/reconciler.h"
#include "control/restore_plan.h"
#include "control/services.h"
#include "objects/etcd_restore.h"

namespace tresor::control {

struct RestoreControllerOptions {
  /// How often members are looked at.
  std::chrono::nanoseconds poll = std::chrono::milliseconds(500);
  /// Of one Apply, Observe or HashKV.
  std::chrono::nanoseconds call_timeout = std::chrono::seconds(20);
  /// kOpenInTurn, kOpenPatience.
  std::chrono::nanoseconds open_in_turn = kOpenInTurn;
  std::chrono::nanoseconds open_patience = kOpenPatience;
  /// Told before and after each write that a restore depends on ("before enter Rebuilding", "after
  /// claim"): tests end the process there.
  std::function<void(std::string_view point)> at_record = {};
};

class RestoreController final : public Reconciler {
 public:
  explicit RestoreController(const Services& services, const RestoreControllerOptions& options = {})
      : services_(services), options_(options) {}

  [[nodiscard]] std::string_view name() const override { return "restore"; }
  [[nodiscard]] Result<Next> Reconcile(const Context& context, const Key& key) override;
  /// A restore has changed: one that is to be cancelled is interrupted at what it is doing.
  void OnChange(const objects::Object& restore);

 private:
  struct Run;  // one call of Reconcile

  /// Does `write`, and tells at_record of it.
  template <typename Write>
  auto Recorded(std::string_view what, Write write);

  [[nodiscard]] Result<Next> Step(const Context& context, Run& run);
  [[nodiscard]] Status GatherFacts(const Context& context, Run& run, RestoreFacts& facts);
  [[nodiscard]] Status GatherSafety(const Context& context, Run& run, RestoreFacts& facts);
  [[nodiscard]] Status GatherPausing(const Context& context, Run& run, RestoreFacts& facts);

  [[nodiscard]] Status Enter(const Context& context, Run& run, const RestoreAction& action);
  void Announce(const Context& context, Run& run, RestoreStage stage, const std::string& message);
  /// A warning, of the restore and of its cluster.
  void Tell(const Context& context, const Run& run, std::string_view reason,
            const std::string& message);
  [[nodiscard]] Status NoteWait(const Context& context, Run& run, const RestoreAction& action);
  [[nodiscard]] Status Prove(const Context& context, Run& run);
  [[nodiscard]] Status BackUp(const Context& context, Run& run);
  [[nodiscard]] Status Claim(const Context& context, Run& run);
  /// False: somebody else is giving orders just now.
  [[nodiscard]] Result<bool> Order(const Context& context, Run& run);
  [[nodiscard]] Status Verify(const Context& context, Run& run);
  [[nodiscard]] Status Release(const Context& context, Run& run);

  const Services services_;
  const RestoreControllerOptions options_;
  Guarded<std::map<std::string, std::stop_source>> proving_;  // by uid
};

/// Where a restore stands, as its status says.
[[nodiscard]] RestoreStage StageOf(const objects::EtcdRestoreStatus& status);

}  // namespace tresor::control
