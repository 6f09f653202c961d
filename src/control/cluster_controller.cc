// SPDX-License-Identifier: Apache-2.0
#include "control/cluster_controller.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "control/backup_view.h"
#include "control/cluster_spec.h"
#include "control/names.h"
#include "control/restore_plan.h"
#include "objects/etcd_backup_config.h"

namespace tresor::control {
namespace {

using objects::ClusterPhase;
using objects::EtcdClusterSpec;
using objects::EtcdClusterStatus;
using runtime::RestoreStep;

constexpr std::string_view kController = "cluster";
constexpr std::chrono::milliseconds kBusy{200};
constexpr std::chrono::seconds kWhileDeleting{1};

// Of a configuration's name, deploy/crds/etcdbackupconfigs.yaml.
constexpr std::size_t kLongestConfigName = 52;
constexpr std::size_t kTellingUidChars = 8;

objects::ObjectKey ObjectKeyOf(const Object& cluster) {
  return {objects::kEtcdClusters, cluster.name_space(), cluster.name()};
}

/// The first cluster of a project has the plain name, others "default-backups-prod", or, if that is
/// taken or too long, "default-backups-pro-5f0c1e2d".
std::string DefaultConfigName(const Object& cluster, const std::set<std::string>& taken) {
  std::string name(kDefaultConfigName);
  if (!taken.contains(name)) {
    return name;
  }
  name += "-" + cluster.name();
  if (name.size() <= kLongestConfigName && !taken.contains(name)) {
    return name;
  }
  return TrimmedName(name, kLongestConfigName - kTellingUidChars - 1) + "-" +
         cluster.uid().substr(0, kTellingUidChars);
}

}  // namespace

Result<Next> ClusterController::Reconcile(const Context& context, const Key& key) {
  Result<Object> found = services_.store.Get(context, ObjectOf(objects::kEtcdClusters, key));
  if (!found.ok()) {
    if (found.status().code() != Code::kNotFound) {
      return found.status();
    }
    services_.metrics.ClusterGone(key);
    return Next::WhenChanged();
  }
  const Result<runtime::ClusterRuntime*> runtime =
      services_.runtimes.Of(EtcdClusterSpec::FromObject(*found).runtime);
  if (found->deletion_time().has_value()) {
    return Delete(context, *found, runtime.ok() ? *runtime : nullptr);
  }
  if (!HasFinalizer(*found, objects::kClusterFinalizer)) {
    ASSIGN_OR_RETURN(
        *found, store::Modify(context, services_.store, ObjectKeyOf(*found), WriteAs(kController),
                              [](Object& object) -> Result<bool> {
                                object.AddFinalizer(objects::kClusterFinalizer);
                                return true;
                              }));
  }
  RETURN_IF_ERROR(MakeDefaultBackups(context, *found));
  if (!runtime.ok()) {
    RETURN_IF_ERROR(WriteStatus(context, *found, runtime.status(), runtime.status()));
    return Next::After(options_.observe_every);
  }

  if (const std::string restore = EtcdClusterStatus::FromObject(*found).active_restore;
      !restore.empty()) {
    const Status there =
        services_.store.Get(context, {objects::kEtcdRestores, key.name_space, restore}).status();
    if (there.code() != Code::kNotFound) {
      // It looks at the members itself, and must not wait for us to have done so.
      services_.metrics.ClusterSeen(key, objects::ToString(ClusterPhase::kRestoring));
      return there.ok() ? Result<Next>(Next::After(options_.observe_every)) : there;
    }
  }

  const auto lock = services_.locks.TryLock(found->uid());
  if (!lock.has_value()) {
    return Next::After(kBusy);
  }
  // Under the lock, as it is now: a restore may have taken the cluster since.
  ASSIGN_OR_RETURN(const Object cluster,
                   services_.store.Get(context, ObjectOf(objects::kEtcdClusters, key)));
  const auto spec = EtcdClusterSpec::FromObject(cluster);
  const auto status = EtcdClusterStatus::FromObject(cluster);
  const bool ours = status.active_restore.empty() && !spec.paused;
  Status applied = OkStatus();
  if (ours || !status.phase.has_value()) {
    const auto apply = [&]() -> Status {
      ASSIGN_OR_RETURN(runtime::ClusterSpec wanted,
                       MakeClusterSpec(context, services_.store, cluster));
      wanted.may_defragment = !services_.locks.IsRead(cluster.uid());
      return (*runtime)->Apply(context.WithTimeout(options_.call_timeout), wanted);
    };
    applied = apply();
    if (applied.code() == Code::kCancelled) {
      return applied;
    }
  }
  const Result<runtime::ClusterObservation> seen =
      (*runtime)->Observe(context.WithTimeout(options_.call_timeout), ClusterIdOf(cluster));
  if (!status.active_restore.empty() && seen.ok()) {
    ASSIGN_OR_RETURN(const bool ended, EndOrphanedRestore(context, cluster, **runtime, *seen));
    if (ended) {
      return Next::AtOnce();
    }
  }
  RETURN_IF_ERROR(WriteStatus(context, cluster, applied, seen));
  ASSIGN_OR_RETURN(const Object now,
                   services_.store.Get(context, ObjectOf(objects::kEtcdClusters, key)));
  const auto phase = EtcdClusterStatus::FromObject(now).phase;
  return Next::After(applied.ok() && phase == ClusterPhase::kRunning ? options_.observe_every
                                                                     : options_.observe_soon);
}

Status ClusterController::WriteStatus(const Context& context, const Object& cluster,
                                      const Status& applied,
                                      const Result<runtime::ClusterObservation>& seen) {
  const MonotonicTime monotonic = services_.clock.Monotonic();
  bool numbers = false;
  {
    auto written = numbers_written_.Lock();
    const auto place = written->find(cluster.uid());
    numbers = place == written->end() || monotonic - place->second >= options_.numbers_every;
  }
  std::optional<ClusterPhase> before;
  EtcdClusterStatus after;
  ASSIGN_OR_RETURN(const Object stored,
                   store::ModifyStatus(context, services_.store, ObjectKeyOf(cluster),
                                       WriteAs(kController), [&](Object& object) -> Result<bool> {
                                         ClusterFacts facts;
                                         facts.spec = EtcdClusterSpec::FromObject(object);
                                         facts.before = EtcdClusterStatus::FromObject(object);
                                         facts.generation = object.generation();
                                         facts.deleting = object.deletion_time().has_value();
                                         facts.applied = applied;
                                         facts.observed = seen;
                                         facts.now = services_.clock.Now();
                                         before = facts.before.phase;
                                         after = PlanClusterStatus(facts);
                                         if (numbers ? after == facts.before
                                                     : !DiffersInSubstance(after, facts.before)) {
                                           return false;
                                         }
                                         after.WriteTo(object);
                                         return true;
                                       }));
  if (numbers) {
    numbers_written_.Lock()->insert_or_assign(cluster.uid(), monotonic);
  }
  const std::string phase(objects::ToString(after.phase.value_or(ClusterPhase::kCreating)));
  services_.metrics.ClusterSeen({cluster.name_space(), cluster.name()}, phase);
  if (before != after.phase) {
    const bool bad =
        after.phase == ClusterPhase::kDegraded || after.phase == ClusterPhase::kUnreachable;
    services_.events.Record(context, stored, bad ? EventType::kWarning : EventType::kNormal, phase,
                            after.message.empty() ? "the cluster is " + phase : after.message);
  }
  return OkStatus();
}

Status ClusterController::MakeDefaultBackups(const Context& context, const Object& cluster) {
  if (options_.default_schedule.empty() ||
      !AnnotationOf(cluster, objects::kDefaultBackupsAnnotation).empty()) {
    return OkStatus();
  }
  store::ListOptions list;
  list.name_space = cluster.name_space();
  ASSIGN_OR_RETURN(const store::ListResult configs,
                   services_.store.List(context, objects::kEtcdBackupConfigs, list));
  bool made = false;
  std::set<std::string> taken;
  for (const Object& config : configs.items) {
    const auto labels = config.labels();
    const auto label = labels.find(std::string(kDefaultOfLabel));
    made = made || (label != labels.end() && label->second == cluster.uid());
    taken.insert(config.name());
  }
  if (!made) {
    const std::string name = DefaultConfigName(cluster, taken);
    Object config;
    config.json = {{"apiVersion", objects::kApiVersion},
                   {"kind", "EtcdBackupConfig"},
                   {"metadata", {{"name", name}, {"namespace", cluster.name_space()}}}};
    objects::EtcdBackupConfigSpec spec;
    spec.cluster = cluster.name();
    spec.schedule = options_.default_schedule;
    spec.keep = options_.default_keep;
    spec.WriteTo(config);
    config.SetLabel(kDefaultOfLabel, cluster.uid());
    SetLabelIfShort(config, objects::kClusterLabel, cluster.name());
    const Status created =
        services_.store.Create(context, objects::kEtcdBackupConfigs, config, WriteAs(kController))
            .status();
    if (!created.ok()) {
      // Somebody else's of that name came in between: the next look finds another name.
      return Annotate(created, "making the default backup configuration");
    }
    services_.events.Record(
        context, cluster, EventType::kNormal, "DefaultBackups",
        fmt::format("backup configuration \"{}\": {}, keeps {}", name, spec.schedule, spec.keep));
  }
  // Only now: whatever people do to it from here on stays.
  return store::Modify(context, services_.store, ObjectKeyOf(cluster), WriteAs(kController),
                       [](Object& object) -> Result<bool> {
                         object.SetAnnotation(objects::kDefaultBackupsAnnotation, "made");
                         return true;
                       })
      .status();
}

Result<bool> ClusterController::EndOrphanedRestore(const Context& context, const Object& cluster,
                                                   runtime::ClusterRuntime& runtime,
                                                   const runtime::ClusterObservation& seen) {
  const std::string name = EtcdClusterStatus::FromObject(cluster).active_restore;
  const Result<Object> restore =
      services_.store.Get(context, {objects::kEtcdRestores, cluster.name_space(), name});
  if (restore.ok()) {
    return false;
  }
  if (restore.status().code() != Code::kNotFound) {
    return restore.status();
  }
  // As the restore itself would: back if there is a way back, else to its end, at once without who
  // does not come along: there is nobody any more who knows since when.
  std::string id;
  RestoreStep furthest = RestoreStep::kStop;
  for (const runtime::MemberObservation& member : seen.members) {
    if (member.restore.has_value() && !member.restore->rolled_back &&
        member.restore->done != RestoreStep::kForget) {
      id = member.restore->id;
      furthest = std::max(furthest, member.restore->done.value_or(RestoreStep::kStop));
    }
  }
  if (!id.empty()) {
    ASSIGN_OR_RETURN(runtime::ClusterSpec spec, MakeClusterSpec(context, services_.store, cluster));
    spec.restore = {.id = id, .until = RestoreStep::kStop, .roll_back = true};
    const auto apply = [&] {
      return runtime.Apply(context.WithTimeout(options_.call_timeout), spec);
    };
    if (furthest < RestoreStep::kOpen) {
      const Status applied = apply();
      // They may have been told to open, and not have come to it.
      if (applied.code() != Code::kFailedPrecondition || furthest < RestoreStep::kStartClosed) {
        RETURN_IF_ERROR(applied);
        return false;  // looked at again soon
      }
    }
    const OpenMembers open = OpenMembersOf(seen, id, seen.members.size());
    spec.restore->roll_back = false;
    spec.restore->until = open.quorum ? RestoreStep::kForget : RestoreStep::kOpen;
    spec.restore->without = open.unopened;
    RETURN_IF_ERROR(apply());
    return false;
  }
  services_.events.Record(context, cluster, EventType::kWarning, "RestoreLost",
                          fmt::format("restore \"{}\" is gone; the cluster is free again", name));
  return store::ModifyStatus(context, services_.store, ObjectKeyOf(cluster), WriteAs(kController),
                             [&](Object& object) -> Result<bool> {
                               auto status = EtcdClusterStatus::FromObject(object);
                               if (status.active_restore != name) {
                                 return false;
                               }
                               status.active_restore.clear();
                               status.WriteTo(object);
                               return true;
                             })
      .ok();
}

Result<bool> ClusterController::DeleteConfigs(const Context& context, const Object& cluster) {
  store::ListOptions list;
  list.name_space = cluster.name_space();
  ASSIGN_OR_RETURN(const store::ListResult configs,
                   services_.store.List(context, objects::kEtcdBackupConfigs, list));
  bool left = false;
  for (const Object& config : configs.items) {
    if (objects::EtcdBackupConfigSpec::FromObject(config).cluster != cluster.name()) {
      continue;
    }
    left = true;
    if (config.deletion_time().has_value()) {
      continue;
    }
    const Status deleted =
        services_.store
            .Delete(context, {objects::kEtcdBackupConfigs, config.name_space(), config.name()},
                    DeleteAs(kController, config))
            .status();
    if (!deleted.ok() && deleted.code() != Code::kNotFound) {
      return deleted;
    }
  }
  return left;
}

Result<Next> ClusterController::Delete(const Context& context, const Object& cluster,
                                       runtime::ClusterRuntime* runtime) {
  if (!HasFinalizer(cluster, objects::kClusterFinalizer)) {
    return Next::WhenChanged();
  }
  const auto status = EtcdClusterStatus::FromObject(cluster);
  if (status.phase != ClusterPhase::kDeleting) {
    RETURN_IF_ERROR(store::ModifyStatus(context, services_.store, ObjectKeyOf(cluster),
                                        WriteAs(kController),
                                        [](Object& object) -> Result<bool> {
                                          auto now = EtcdClusterStatus::FromObject(object);
                                          now.phase = ClusterPhase::kDeleting;
                                          now.message.clear();
                                          now.WriteTo(object);
                                          return true;
                                        })
                        .status());
  }
  // First what would go on working on it; what is stored stays, unless a configuration says else.
  ASSIGN_OR_RETURN(const bool configs_left, DeleteConfigs(context, cluster));
  if (configs_left) {
    return Next::After(kWhileDeleting);
  }
  if (runtime != nullptr) {
    const auto lock = services_.locks.TryLock(cluster.uid());
    if (!lock.has_value()) {
      return Next::After(kBusy);
    }
    RETURN_IF_ERROR(
        runtime->Remove(context.WithTimeout(options_.call_timeout), ClusterIdOf(cluster)));
  }
  numbers_written_.Lock()->erase(cluster.uid());
  const Status released =
      store::Modify(context, services_.store, ObjectKeyOf(cluster), WriteAs(kController),
                    [](Object& object) -> Result<bool> {
                      object.RemoveFinalizer(objects::kClusterFinalizer);
                      return true;
                    })
          .status();
  if (!released.ok() && released.code() != Code::kNotFound) {
    return released;
  }
  return Next::WhenChanged();
}

}  // namespace tresor::control
