// SPDX-License-Identifier: Apache-2.0
#include "control/control_plane.h"

#include <chrono>
#include <utility>

#include "control/backup_view.h"
#include "control/config_controller.h"
#include "control/names.h"
#include "control/project_controller.h"

namespace tresor::control {
namespace {

// A proof reads the whole backup; the restore's own timeout ends it.
constexpr std::chrono::hours kRestoreTimeout{24};
constexpr std::chrono::hours kPruneTimeout{6};
// Looking through all repositories of a destination takes its time, too.
constexpr std::chrono::minutes kDestinationTimeout{30};

/// The configuration that owns a backup.
std::vector<Key> OwningConfig(const Object& backup) {
  std::vector<Key> keys;
  for (const objects::OwnerReference& owner : backup.owner_references()) {
    if (owner.kind == "EtcdBackupConfig") {
      keys.push_back({backup.name_space(), owner.name});
    }
  }
  return keys;
}

/// The restore that asked for a safety backup.
std::vector<Key> AskingRestore(const Object& backup) {
  const auto labels = backup.labels();
  const auto label = labels.find(std::string(kRestoreLabel));
  return label == labels.end() ? std::vector<Key>{}
                               : std::vector<Key>{{backup.name_space(), label->second}};
}

}  // namespace

struct ControlPlane::Parts {
  Parts(const ControlPlaneParts& given, const ControlPlaneOptions& options)
      : own_executor(given.executor == nullptr ? std::make_unique<ThreadExecutor>(given.clock)
                                               : nullptr),
        executor(given.executor == nullptr ? *own_executor : *given.executor),
        metrics(given.metrics == nullptr ? silent : *given.metrics),
        events(given.store, given.clock),
        services{.store = given.store,
                 .clock = given.clock,
                 .events = events,
                 .metrics = metrics,
                 .vault = given.vault,
                 .runtimes = given.runtimes,
                 .locks = locks,
                 .connect = given.connect,
                 .free_bytes = given.free_bytes},
        manager(given.store, given.clock, metrics, options.manager),
        backups_seen(manager.InformerOf(objects::kEtcdBackups)),
        restores_seen(manager.InformerOf(objects::kEtcdRestores)),
        cluster(services, options.cluster),
        config(services, backups_seen, restores_seen),
        backup(services, restores_seen, executor, options.backup),
        prune(services),
        restore(services, options.restore),
        destination(services, options.destination),
        project(services) {
    backups_seen.AddIndex(kByConfig, OwnerUids);
    restores_seen.AddIndex(kByBackup, BackupWord);
    restores_seen.AddHandler([this](const ObjectPointer&, const ObjectPointer& after) {
      if (after != nullptr) {
        restore.OnChange(*after);
      }
    });

    manager.Add(cluster, {{.resource = objects::kEtcdClusters}}, {.workers = options.workers});
    manager.Add(config,
                {{.resource = objects::kEtcdBackupConfigs},
                 {.resource = objects::kEtcdBackups, .keys = OwningConfig}},
                {.workers = options.workers});
    WorkQueue& prune_queue = manager.Add(prune, {}, {.workers = 1, .timeout = kPruneTimeout});
    WorkQueue& backup_queue =
        manager.Add(backup, {{.resource = objects::kEtcdBackups}}, {.workers = options.workers});
    backup.SetQueues(backup_queue, &prune_queue);
    destination.SetPruneQueue(prune_queue);
    manager.Add(restore,
                {{.resource = objects::kEtcdRestores},
                 {.resource = objects::kEtcdBackups, .keys = AskingRestore}},
                {.workers = options.workers, .timeout = kRestoreTimeout});
    manager.Add(destination, {{.resource = objects::kBackupDestinations}},
                {.workers = 2, .timeout = kDestinationTimeout});
    manager.Add(project, {{.resource = objects::kNamespaces}}, {.workers = 1});
  }

  Metrics silent;
  std::unique_ptr<ThreadExecutor> own_executor;
  Executor& executor;
  Metrics& metrics;
  EventRecorder events;
  ClusterLocks locks;
  Services services;
  Manager manager;
  Informer& backups_seen;
  Informer& restores_seen;
  ClusterController cluster;
  ConfigController config;
  BackupController backup;
  PruneController prune;
  RestoreController restore;
  DestinationController destination;
  ProjectController project;
};

ControlPlane::ControlPlane(const ControlPlaneParts& parts, const ControlPlaneOptions& options)
    : parts_(std::make_unique<Parts>(parts, options)) {}

ControlPlane::~ControlPlane() { Stop(); }

Status ControlPlane::Start(const Context& context) { return parts_->manager.Start(context); }

void ControlPlane::Stop() {
  parts_->manager.Stop();
  // Running backups use the controller: they end before it does.
  parts_->own_executor.reset();
}

Manager& ControlPlane::manager() { return parts_->manager; }

}  // namespace tresor::control
