// SPDX-License-Identifier: Apache-2.0
#include "control/admission.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "control/backup_view.h"
#include "control/cluster_spec.h"
#include "control/default_destination.h"
#include "control/names.h"
#include "control/restore_controller.h"
#include "objects/backup_destination.h"
#include "objects/etcd_backup.h"
#include "objects/etcd_backup_config.h"
#include "objects/etcd_cluster.h"
#include "objects/etcd_restore.h"

namespace tresor::control {
namespace {

using objects::Object;
using store::AdmissionRequest;
using store::ObjectStore;
using store::Operation;

/// Says no in Kubernetes' words: `etcdclusters.tresor.dev "prod" is forbidden: …` as a conflict.
Status Refuse(const AdmissionRequest& request, std::string_view reason, std::string_view why,
              std::int32_t retry_after_seconds = 0) {
  const Object& object = request.object != nullptr ? *request.object : *request.before;
  return objects::WithDetails(Error(Code::kFailedPrecondition, "{} \"{}\": {}",
                                    objects::ToString(request.resource), object.name(), why),
                              {.reason = std::string(reason),
                               .group = request.resource.group,
                               .kind = request.resource.plural,
                               .name = object.name(),
                               .uid = {},
                               .causes = {},
                               .retry_after_seconds = retry_after_seconds});
}

/// As a schema's complaint: 422 Invalid with the field.
Status Invalid(const AdmissionRequest& request, std::string field, std::string reason,
               std::string message) {
  Status status =
      Error(Code::kInvalidArgument, "{} \"{}\" is invalid: {}: {}",
            objects::ToString(request.resource), request.object->name(), field, message);
  return objects::WithDetails(std::move(status), {.reason = "Invalid",
                                                  .group = request.resource.group,
                                                  .kind = request.resource.plural,
                                                  .name = request.object->name(),
                                                  .uid = {},
                                                  .causes = {{.reason = std::move(reason),
                                                              .field = std::move(field),
                                                              .message = std::move(message)}},
                                                  .retry_after_seconds = 0});
}

Status NotThere(const AdmissionRequest& request, std::string field, const std::string& what,
                const std::string& name) {
  return Invalid(request, std::move(field), "FieldValueNotFound",
                 fmt::format("Not found: \"{}\": there is no such {}", name, what));
}

/// None: it is not there.
Result<std::optional<Object>> Find(const Context& context, ObjectStore& store,
                                   const objects::ObjectKey& key) {
  Result<Object> found = store.Get(context, key);
  if (found.ok()) {
    return std::optional<Object>(*std::move(found));
  }
  return found.status().code() == Code::kNotFound ? Result<std::optional<Object>>(std::nullopt)
                                                  : found.status();
}

bool SpecChanges(const AdmissionRequest& request) {
  static const objects::Json kNone;
  const auto spec = [](const Object& object) -> const objects::Json& {
    const objects::Json* found = object.Find("spec");
    return found == nullptr ? kNone : *found;
  };
  return request.before == nullptr || request.object == nullptr ||
         spec(*request.before) != spec(*request.object);
}

/// Which restore has the cluster; empty: none, or there is no such cluster.
Result<std::string> RestoreOf(const Context& context, ObjectStore& store,
                              const std::string& project, const std::string& cluster) {
  ASSIGN_OR_RETURN(const std::optional<Object> found,
                   Find(context, store, {objects::kEtcdClusters, project, cluster}));
  return found.has_value() ? objects::EtcdClusterStatus::FromObject(*found).active_restore
                           : std::string();
}

/// Of one that a restore has: nothing is left to protect when the restore is gone, or cannot go on.
Result<bool> MayBeDeleted(const Context& context, ObjectStore& store, const std::string& project,
                          const std::string& restore) {
  ASSIGN_OR_RETURN(const std::optional<Object> found,
                   Find(context, store, {objects::kEtcdRestores, project, restore}));
  return !found.has_value() ||
         objects::IsTrue(objects::EtcdRestoreStatus::FromObject(*found).conditions,
                         kStuckCondition);
}

Status CheckNotRestoring(const Context& context, ObjectStore& store,
                         const AdmissionRequest& request, const std::string& project,
                         const std::string& cluster) {
  ASSIGN_OR_RETURN(const std::string restore, RestoreOf(context, store, project, cluster));
  if (restore.empty()) {
    return OkStatus();
  }
  return Refuse(request, "ClusterRestoring",
                fmt::format("cluster \"{}\" is being restored by \"{}\"; nothing of it can be "
                            "changed until that is over",
                            cluster, restore),
                10);
}

/// The cluster a new or changed object refers to.
Status CheckCluster(const Context& context, ObjectStore& store, const AdmissionRequest& request,
                    const std::string& cluster) {
  const std::string project = request.object->name_space();
  ASSIGN_OR_RETURN(const std::optional<Object> found,
                   Find(context, store, {objects::kEtcdClusters, project, cluster}));
  if (!found.has_value()) {
    return NotThere(request, "spec.cluster.name", "cluster in this project", cluster);
  }
  if (found->deletion_time().has_value()) {
    return Refuse(request, "ClusterDeleting",
                  fmt::format("cluster \"{}\" is being deleted", cluster));
  }
  return OkStatus();
}

Status CheckDestination(const Context& context, ObjectStore& store, const AdmissionRequest& request,
                        std::string destination) {
  if (destination.empty()) {
    // The default one may come later: what needs it waits and says so.
    ASSIGN_OR_RETURN(destination, FindDefaultDestination(context, store));
    if (destination.empty()) {
      return OkStatus();
    }
  }
  ASSIGN_OR_RETURN(const std::optional<Object> found,
                   Find(context, store, {objects::kBackupDestinations, "", destination}));
  if (!found.has_value()) {
    return NotThere(request, "spec.destination", "destination", destination);
  }
  const std::string project = request.object->name_space();
  if (!objects::BackupDestinationSpec::FromObject(*found).Allows(project)) {
    return Invalid(request, "spec.destination", "FieldValueForbidden",
                   fmt::format("Forbidden: project \"{}\" may not use destination \"{}\"", project,
                               destination));
  }
  return OkStatus();
}

// --- per kind
// --------------------------------------------------------------------------------------

/// etcd goes up one line at a time, and not down: a member that runs with a newer line, or whose
/// data one has written, is not understood by the older one; and data is only migrated from the
/// line before.
Status CheckVersion(const AdmissionRequest& request) {
  const auto before = objects::EtcdClusterSpec::FromObject(*request.before);
  const auto after = objects::EtcdClusterSpec::FromObject(*request.object);
  if (after.runtime != objects::RuntimeKind::kLocal || after.version == before.version) {
    return OkStatus();
  }
  const auto refuse = [&](std::string_view why) {
    return Invalid(request, "spec.version", "FieldValueForbidden",
                   fmt::format("Forbidden: \"{}\": {}", after.version, why));
  };
  const auto status = objects::EtcdClusterStatus::FromObject(*request.before);
  // What runs counts: while members change one by one, the lowest.
  const std::string& version = status.version.empty() ? before.version : status.version;
  const std::optional<int> from = MinorOf(version);
  if (!from.has_value()) {
    return OkStatus();  // it has never run
  }
  const std::optional<int> to = MinorOf(after.version);
  if (!to.has_value()) {
    return refuse(
        fmt::format("members run 3.{0}, and the etcd that is installed may be of any "
                    "other line: name one, \"3.{0}\"",
                    *from));
  }
  if (*to < *from) {
    return refuse(
        fmt::format("members run 3.{0}, and etcd does not go back a line: make a cluster "
                    "of 3.{1}, and restore a backup of this one into it",
                    *from, *to));
  }
  if (*to > *from + 1) {
    return refuse(
        fmt::format("members run 3.{}, and etcd goes up one line at a time: set \"3.{}\" "
                    "first, and wait until all members run it (status.version)",
                    *from, *from + 1));
  }
  const auto sick = std::ranges::find_if(
      status.members, [](const objects::ClusterMember& member) { return !member.healthy; });
  if (*to > *from && sick != status.members.end()) {
    return refuse(fmt::format("member {} is not healthy: etcd goes up a line with all members well",
                              sick->name));
  }
  return OkStatus();
}

Status AdmitCluster(const Context& context, ObjectStore& store, const AdmissionRequest& request) {
  if (request.operation == Operation::kCreate ||
      (request.operation == Operation::kUpdate && !SpecChanges(request))) {
    return OkStatus();
  }
  const std::string project = request.before->name_space();
  const auto status = objects::EtcdClusterStatus::FromObject(*request.before);
  if (request.operation == Operation::kDelete && !status.active_restore.empty()) {
    ASSIGN_OR_RETURN(const bool may, MayBeDeleted(context, store, project, status.active_restore));
    if (may) {
      return OkStatus();
    }
  }
  RETURN_IF_ERROR(CheckNotRestoring(context, store, request, project, request.before->name()));
  return request.operation == Operation::kUpdate ? CheckVersion(request) : OkStatus();
}

Status AdmitConfig(const Context& context, ObjectStore& store, const AdmissionRequest& request) {
  if (request.operation == Operation::kUpdate && !SpecChanges(request)) {
    return OkStatus();
  }
  for (const auto& object : {request.before, request.object}) {
    if (object != nullptr) {
      RETURN_IF_ERROR(
          CheckNotRestoring(context, store, request, object->name_space(),
                            objects::EtcdBackupConfigSpec::FromObject(*object).cluster));
    }
  }
  if (request.operation == Operation::kDelete) {
    return OkStatus();
  }
  const auto spec = objects::EtcdBackupConfigSpec::FromObject(*request.object);
  RETURN_IF_ERROR(CheckCluster(context, store, request, spec.cluster));
  return CheckDestination(context, store, request, spec.destination);
}

Status AdmitBackup(const Context& context, ObjectStore& store, const AdmissionRequest& request) {
  if (request.operation == Operation::kDelete) {
    // Its cluster may be restored from another one: that is no reason to keep this one.
    store::ListOptions options;
    options.name_space = request.before->name_space();
    ASSIGN_OR_RETURN(const store::ListResult restores,
                     store.List(context, objects::kEtcdRestores, options));
    for (const Object& restore : restores.items) {
      const auto status = objects::EtcdRestoreStatus::FromObject(restore);
      const bool over = status.phase.has_value() && objects::IsOver(*status.phase);
      if (!over &&
          (objects::EtcdRestoreSpec::FromObject(restore).backup == request.before->name() ||
           status.safety_backup == request.before->name())) {
        return Refuse(request, "BackupInUse", fmt::format("restore \"{}\" uses it", restore.name()),
                      10);
      }
    }
    return OkStatus();
  }
  if (request.operation == Operation::kUpdate) {
    return OkStatus();  // only `pinned` can change
  }
  const auto spec = objects::EtcdBackupSpec::FromObject(*request.object);
  RETURN_IF_ERROR(
      CheckNotRestoring(context, store, request, request.object->name_space(), spec.cluster));
  RETURN_IF_ERROR(CheckCluster(context, store, request, spec.cluster));
  return CheckDestination(context, store, request, spec.destination);
}

Status AdmitRestore(const Context& context, ObjectStore& store, const AdmissionRequest& request) {
  // Changing one is cancelling it; deleting one is too, and then it goes when it is over.
  if (request.operation == Operation::kUpdate) {
    const RestoreStage stage = StageOf(objects::EtcdRestoreStatus::FromObject(*request.before));
    const bool cancels = objects::EtcdRestoreSpec::FromObject(*request.object).cancel &&
                         !objects::EtcdRestoreSpec::FromObject(*request.before).cancel;
    if (cancels && (IsPastReturn(stage) || IsOver(stage))) {
      return Refuse(request, "TooLateToCancel",
                    IsOver(stage) ? fmt::format("it is over: {}", ToString(stage))
                                  : "its data is open to clients; there is no way back");
    }
    return OkStatus();
  }
  if (request.operation != Operation::kCreate) {
    return OkStatus();
  }
  const auto spec = objects::EtcdRestoreSpec::FromObject(*request.object);
  const std::string project = request.object->name_space();
  RETURN_IF_ERROR(CheckNotRestoring(context, store, request, project, spec.cluster));
  RETURN_IF_ERROR(CheckCluster(context, store, request, spec.cluster));
  ASSIGN_OR_RETURN(const std::optional<Object> cluster,
                   Find(context, store, {objects::kEtcdClusters, project, spec.cluster}));
  if (cluster.has_value() &&
      objects::EtcdClusterSpec::FromObject(*cluster).runtime == objects::RuntimeKind::kExternal) {
    return Invalid(request, "spec.cluster.name", "FieldValueForbidden",
                   fmt::format("Forbidden: cluster \"{}\" is not run by Tresor: restore into a "
                               "local cluster, or stop its members and use `tresor snapshot "
                               "restore`",
                               spec.cluster));
  }
  ASSIGN_OR_RETURN(const std::optional<Object> backup,
                   Find(context, store, {objects::kEtcdBackups, project, spec.backup}));
  if (!backup.has_value()) {
    return NotThere(request, "spec.backup.name", "backup in this project", spec.backup);
  }
  const auto phase = PhaseOf(objects::EtcdBackupStatus::FromObject(*backup));
  if (phase != objects::BackupPhase::kCompleted || backup->deletion_time().has_value()) {
    return Invalid(
        request, "spec.backup.name", "FieldValueInvalid",
        fmt::format(
            "Invalid value: \"{}\": the backup is {}, not Completed", spec.backup,
            backup->deletion_time().has_value() ? "being deleted" : objects::ToString(phase)));
  }
  store::ListOptions options;
  options.name_space = project;
  ASSIGN_OR_RETURN(const store::ListResult restores,
                   store.List(context, objects::kEtcdRestores, options));
  for (const Object& other : restores.items) {
    const auto status = objects::EtcdRestoreStatus::FromObject(other);
    if (objects::EtcdRestoreSpec::FromObject(other).cluster == spec.cluster &&
        !(status.phase.has_value() && objects::IsOver(*status.phase))) {
      return Refuse(
          request, "RestoreActive",
          fmt::format("restore \"{}\" of cluster \"{}\" is not over", other.name(), spec.cluster),
          10);
    }
  }
  return OkStatus();
}

Status AdmitDestination(const Context& context, ObjectStore& store,
                        const AdmissionRequest& request) {
  if (request.operation == Operation::kDelete) {
    const std::string name = request.before->name();
    ASSIGN_OR_RETURN(const store::ListResult backups,
                     store.List(context, objects::kEtcdBackups, {}));
    for (const Object& backup : backups.items) {
      if (objects::EtcdBackupStatus::FromObject(backup).destination == name) {
        return Refuse(request, "DestinationInUse",
                      fmt::format("backup \"{}/{}\" lies there, and perhaps others",
                                  backup.name_space(), backup.name()));
      }
    }
    ASSIGN_OR_RETURN(const store::ListResult configs,
                     store.List(context, objects::kEtcdBackupConfigs, {}));
    for (const Object& config : configs.items) {
      if (objects::EtcdBackupConfigSpec::FromObject(config).destination == name) {
        return Refuse(request, "DestinationInUse",
                      fmt::format("backup configuration \"{}/{}\" names it", config.name_space(),
                                  config.name()));
      }
    }
    return OkStatus();
  }
  if (!objects::BackupDestinationSpec::FromObject(*request.object).is_default) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string present, FindDefaultDestination(context, store));
  if (!present.empty() && present != request.object->name()) {
    return Invalid(request, "spec.default", "FieldValueInvalid",
                   fmt::format("Invalid value: true: \"{}\" is the default destination; set its "
                               "spec.default to false first",
                               present));
  }
  return OkStatus();
}

}  // namespace

Status Admission::Admit(const Context& context, ObjectStore& store,
                        const AdmissionRequest& request) {
  // What we write ourselves, and status, which only we write (authorisation sees to it).
  if (IsSystem(request.requester) || !request.subresource.empty()) {
    return OkStatus();
  }
  if (request.resource == objects::kEtcdClusters) {
    return AdmitCluster(context, store, request);
  }
  if (request.resource == objects::kEtcdBackupConfigs) {
    return AdmitConfig(context, store, request);
  }
  if (request.resource == objects::kEtcdBackups) {
    return AdmitBackup(context, store, request);
  }
  if (request.resource == objects::kEtcdRestores) {
    return AdmitRestore(context, store, request);
  }
  if (request.resource == objects::kBackupDestinations) {
    return AdmitDestination(context, store, request);
  }
  if (request.resource == objects::kNamespaces && request.operation == Operation::kDelete) {
    if (request.before->name() == objects::kSystemNamespace) {
      return Refuse(request, "SystemNamespace", "it has the keys of all backups");
    }
    store::ListOptions options;
    options.name_space = request.before->name();
    ASSIGN_OR_RETURN(const store::ListResult clusters,
                     store.List(context, objects::kEtcdClusters, options));
    for (const Object& cluster : clusters.items) {
      if (const std::string restore =
              objects::EtcdClusterStatus::FromObject(cluster).active_restore;
          !restore.empty()) {
        return Refuse(request, "ClusterRestoring",
                      fmt::format("cluster \"{}\" in it is being restored by \"{}\"",
                                  cluster.name(), restore),
                      10);
      }
    }
  }
  return OkStatus();
}

}  // namespace tresor::control
