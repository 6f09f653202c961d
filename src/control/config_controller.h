// SPDX-License-Identifier: Apache-2.0
// The controller of EtcdBackupConfigs: makes backups by schedule, lets old ones go, and says how
// the configuration is.
//
// A backup's name is made from its configuration's and its slot's, so that a slot is never made
// twice, whatever is lost in between.
#pragma once

#include <string>
#include <vector>

#include "control/informer.h"
#include "control/reconciler.h"
#include "control/services.h"
#include "objects/etcd_backup_config.h"

namespace tresor::control {

/// Informers: of EtcdBackups (with kByConfig), EtcdRestores (kByBackup). They outlive it.
class ConfigController final : public Reconciler {
 public:
  ConfigController(const Services& services, const Informer& backups, const Informer& restores)
      : services_(services), backups_(backups), restores_(restores) {}

  [[nodiscard]] std::string_view name() const override { return "backup-config"; }
  [[nodiscard]] Result<Next> Reconcile(const Context& context, const Key& key) override;

 private:
  struct Run;

  [[nodiscard]] Result<Next> Delete(const Context& context, const Object& config);
  [[nodiscard]] Result<bool> IsProjectLeaving(const Context& context, const std::string& project);
  [[nodiscard]] Status Prepare(const Context& context, Run& run);
  [[nodiscard]] Status LookAtCluster(const Context& context, Run& run);
  [[nodiscard]] Status Act(const Context& context, Run& run);
  [[nodiscard]] Status Create(const Context& context, Run& run, WallTime slot);
  [[nodiscard]] Status Retain(const Context& context, Run& run);
  [[nodiscard]] Status WriteStatus(const Context& context, Run& run);

  const Services services_;
  const Informer& backups_;
  const Informer& restores_;
};

/// "nightly-20260102t030405"; one without a slot: "nightly-once".
[[nodiscard]] std::string BackupName(const std::string& config, bool scheduled, WallTime slot);

}  // namespace tresor::control
