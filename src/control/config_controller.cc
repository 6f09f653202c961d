// SPDX-License-Identifier: Apache-2.0
#include "control/config_controller.h"

#include <algorithm>
#include <utility>

#include "control/backup_view.h"
#include "control/names.h"
#include "control/retention_plan.h"
#include "control/schedule_plan.h"
#include "objects/etcd_cluster.h"

namespace tresor::control {
namespace {

using objects::BackupPhase;
using objects::ConditionStatus;
using objects::EtcdBackupConfigSpec;
using objects::EtcdBackupConfigStatus;
using objects::EtcdBackupStatus;

constexpr std::string_view kController = "backup-config";
// The wall clock may be set: nobody sleeps longer than that.
constexpr std::chrono::minutes kLongestSleep{1};
constexpr std::chrono::seconds kWhileDeleting{1};

/// "<RFC 3339> <schedule>, <zone>": what kAnchorAnnotation says.
std::string ScheduleText(const EtcdBackupConfigSpec& spec) {
  return spec.schedule + ", " + spec.time_zone;
}

}  // namespace

std::string BackupName(const std::string& config, bool scheduled, WallTime slot) {
  if (!scheduled) {
    return config + "-once";
  }
  std::string time = FormatTime(slot);  // 2026-01-02T03:04:05Z
  std::string name = config + "-";
  for (const char c : time) {
    if (c >= '0' && c <= '9') {
      name.push_back(c);
    } else if (c == 'T') {
      name.push_back('t');
    }
  }
  return name;
}

/// What one call of Reconcile knows.
struct ConfigController::Run {
  Object config;
  EtcdBackupConfigSpec spec;
  EtcdBackupConfigStatus status;
  std::optional<objects::Schedule> schedule;
  TimeZone zone;
  std::string invalid;  // why the schedule can't be read; empty: it can
  WallTime now;
  WallTime since;   // the present schedule holds
  WallTime anchor;  // slots are counted from here
  std::string obstacle;
  std::string obstacle_message;
  std::vector<ObjectPointer> backups;
  std::optional<WallTime> next;
  WallTime next_retention = WallTime::max();

  [[nodiscard]] const objects::Schedule* schedule_pointer() const {
    return schedule.has_value() ? &*schedule : nullptr;
  }
  [[nodiscard]] Key key() const { return {config.name_space(), config.name()}; }
  [[nodiscard]] objects::ObjectKey object_key() const {
    return ObjectOf(objects::kEtcdBackupConfigs, key());
  }
};

Result<Next> ConfigController::Reconcile(const Context& context, const Key& key) {
  Result<Object> config = services_.store.Get(context, ObjectOf(objects::kEtcdBackupConfigs, key));
  if (!config.ok()) {
    if (config.status().code() != Code::kNotFound) {
      return config.status();
    }
    services_.metrics.ConfigGone(key);
    return Next::WhenChanged();
  }
  if (config->deletion_time().has_value()) {
    return Delete(context, *config);
  }
  ASSIGN_OR_RETURN(const bool leaving, IsProjectLeaving(context, key.name_space));
  if (leaving) {
    return Next::WhenChanged();  // it is deleted in its turn, and must not make more until then
  }
  Run run;
  run.config = *std::move(config);
  run.spec = EtcdBackupConfigSpec::FromObject(run.config);
  run.status = EtcdBackupConfigStatus::FromObject(run.config);
  run.now = services_.clock.Now();
  RETURN_IF_ERROR(Prepare(context, run));
  RETURN_IF_ERROR(LookAtCluster(context, run));
  if (run.invalid.empty()) {
    RETURN_IF_ERROR(Act(context, run));
  }
  RETURN_IF_ERROR(Retain(context, run));
  RETURN_IF_ERROR(WriteStatus(context, run));

  std::chrono::nanoseconds sleep = kLongestSleep;
  for (const WallTime when : {run.next.value_or(WallTime::max()), run.next_retention}) {
    if (when != WallTime::max()) {
      sleep =
          std::clamp<std::chrono::nanoseconds>(when - run.now, std::chrono::milliseconds(1), sleep);
    }
  }
  return Next::After(sleep);
}

Result<bool> ConfigController::IsProjectLeaving(const Context& context,
                                                const std::string& project) {
  const Result<Object> found = services_.store.Get(context, {objects::kNamespaces, "", project});
  if (!found.ok()) {
    return found.status().code() == Code::kNotFound ? Result<bool>(false) : found.status();
  }
  return found->deletion_time().has_value();
}

/// Finalizer, label and the schedule's anchor; all in one write, and only when they are missing.
Status ConfigController::Prepare(const Context& context, Run& run) {
  if (!run.spec.schedule.empty()) {
    Result<objects::Schedule> schedule = objects::Schedule::Parse(run.spec.schedule);
    Result<TimeZone> zone = TimeZone::Load(run.spec.time_zone);
    if (schedule.ok() && zone.ok()) {
      run.schedule = *std::move(schedule);
      run.zone = *std::move(zone);
    } else {
      run.invalid = Message(schedule.ok() ? zone.status() : schedule.status());
    }
  }

  // A schedule that was changed counts from its change: what the new one would have done before is
  // no missed slot.
  const std::string text = AnnotationOf(run.config, kAnchorAnnotation);
  const std::size_t space = text.find(' ');
  const Result<WallTime> recorded = objects::ParseTime(text.substr(0, space));
  const bool same = recorded.ok() && space != std::string::npos &&
                    text.substr(space + 1) == ScheduleText(run.spec);
  const WallTime created = run.config.creation_time().value_or(run.now);
  run.since = same ? *recorded : text.empty() ? created : run.now;
  run.anchor = std::max(run.since, run.status.last_schedule_time.value_or(run.since));

  if (same && HasFinalizer(run.config, objects::kConfigFinalizer)) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(
      run.config,
      store::Modify(context, services_.store, run.object_key(), WriteAs(kController),
                    [&](Object& object) -> Result<bool> {
                      if (object.generation() != run.config.generation()) {
                        return Error(Code::kAborted, "the configuration was changed meanwhile");
                      }
                      object.AddFinalizer(objects::kConfigFinalizer);
                      SetLabelIfShort(object, objects::kClusterLabel, run.spec.cluster);
                      object.SetAnnotation(kAnchorAnnotation,
                                           FormatTime(run.since) + " " + ScheduleText(run.spec));
                      return true;
                    }));
  return OkStatus();
}

Status ConfigController::LookAtCluster(const Context& context, Run& run) {
  const auto blocked = [&](std::string reason, std::string message) {
    run.obstacle = std::move(reason);
    run.obstacle_message = std::move(message);
  };
  const Result<Object> cluster = services_.store.Get(
      context, {objects::kEtcdClusters, run.config.name_space(), run.spec.cluster});
  if (!cluster.ok()) {
    if (cluster.status().code() != Code::kNotFound) {
      return cluster.status();
    }
    blocked("ClusterMissing", fmt::format("cluster \"{}\" does not exist", run.spec.cluster));
    return OkStatus();
  }
  const auto status = objects::EtcdClusterStatus::FromObject(*cluster);
  if (run.spec.suspend) {
    blocked("Suspended", "the configuration is suspended");
  } else if (cluster->deletion_time().has_value()) {
    blocked("ClusterDeleting", fmt::format("cluster \"{}\" is being deleted", run.spec.cluster));
  } else if (!status.active_restore.empty()) {
    blocked("ClusterRestoring", fmt::format("cluster \"{}\" is being restored by \"{}\"",
                                            run.spec.cluster, status.active_restore));
  } else if (objects::EtcdClusterSpec::FromObject(*cluster).paused) {
    blocked("ClusterPaused", fmt::format("cluster \"{}\" is paused", run.spec.cluster));
  }
  return OkStatus();
}

Status ConfigController::Act(const Context& context, Run& run) {
  run.backups = backups_.ByIndex(kByConfig, run.config.uid());
  ScheduleFacts facts;
  facts.schedule = run.schedule_pointer();
  facts.zone = run.zone;
  facts.now = run.now;
  facts.anchor = run.anchor;
  facts.once_done = run.status.last_schedule_time.has_value();
  facts.obstacle = run.obstacle;
  facts.obstacle_message = run.obstacle_message;
  if (facts.obstacle.empty() && facts.schedule != nullptr) {
    // One run at a time; one that waits for its next attempt gives way by itself.
    for (const ObjectPointer& backup : run.backups) {
      const BackupPhase phase = PhaseOf(EtcdBackupStatus::FromObject(*backup));
      if (phase == BackupPhase::kRunning || phase == BackupPhase::kVerifying) {
        facts.obstacle = "StillRunning";
        facts.obstacle_message = fmt::format("backup \"{}\" still runs", backup->name());
      }
    }
  }
  const SchedulePlan plan = PlanSchedule(facts);
  run.next = plan.next;
  if (plan.kind == SchedulePlan::Kind::kNothing) {
    return OkStatus();
  }
  if (plan.kind == SchedulePlan::Kind::kBackUp) {
    RETURN_IF_ERROR(Create(context, run, plan.slot));
  } else {
    run.status.last_skipped_time = plan.slot;
    run.status.last_skipped_reason = facts.obstacle;
    services_.metrics.SlotSkipped(run.key(), facts.obstacle);
    if (!run.spec.suspend) {
      services_.events.Record(
          context, run.config, EventType::kWarning, "BackupSkipped",
          fmt::format("no backup for {}: {}", FormatTime(plan.slot), facts.obstacle_message));
    }
  }
  run.status.last_schedule_time = plan.slot;
  return OkStatus();
}

Status ConfigController::Create(const Context& context, Run& run, WallTime slot) {
  Object backup;
  backup.json = {{"apiVersion", objects::kApiVersion},
                 {"kind", "EtcdBackup"},
                 {"metadata",
                  {{"name", BackupName(run.config.name(), run.schedule.has_value(), slot)},
                   {"namespace", run.config.name_space()}}}};
  objects::EtcdBackupSpec{.cluster = run.spec.cluster, .destination = run.spec.destination}.WriteTo(
      backup);
  // What its controller would add to one that is made by hand.
  backup.AddFinalizer(objects::kBackupFinalizer);
  SetLabelIfShort(backup, objects::kClusterLabel, run.spec.cluster);
  SetLabelIfShort(backup, objects::kConfigLabel, run.config.name());
  backup.SetAnnotation(objects::kScheduledTimeAnnotation, FormatTime(slot));
  backup.SetAnnotation(kTryUntilAnnotation,
                       FormatTime(TryUntil(run.schedule_pointer(), run.zone, slot)));
  backup.AddOwner({.api_version = std::string(objects::kApiVersion),
                   .kind = "EtcdBackupConfig",
                   .name = run.config.name(),
                   .uid = run.config.uid(),
                   .controller = true,
                   .block_owner_deletion = false});
  const Status created =
      services_.store.Create(context, objects::kEtcdBackups, backup, WriteAs(kController)).status();
  // It is there: the record of it was lost.
  if (!created.ok() && created.code() != Code::kAlreadyExists) {
    return Annotate(created, fmt::format("making backup \"{}\"", backup.name()));
  }
  if (created.ok()) {
    services_.events.Record(context, run.config, EventType::kNormal, "BackupStarted",
                            fmt::format("backup \"{}\"", backup.name()));
    run.status.active_backup = backup.name();
  }
  return OkStatus();
}

Status ConfigController::Retain(const Context& context, Run& run) {
  run.backups = backups_.ByIndex(kByConfig, run.config.uid());
  std::vector<RetainedBackup> retained;
  for (const ObjectPointer& backup : run.backups) {
    retained.push_back(ForRetention(*backup, IsInUse(restores_, *backup)));
  }
  const RetentionPlan plan = PlanRetention(static_cast<std::size_t>(std::max(run.spec.keep, 1)),
                                           run.now, std::move(retained));
  run.next_retention = plan.next;
  for (const std::string& name : plan.remove) {
    for (const ObjectPointer& backup : run.backups) {
      if (backup->name() != name) {
        continue;
      }
      // Not if it was pinned a moment ago.
      store::DeleteOptions options = DeleteAs(kController, *backup);
      options.resource_version = backup->resource_version();
      const Status deleted =
          services_.store
              .Delete(context, {objects::kEtcdBackups, run.config.name_space(), name}, options)
              .status();
      if (!deleted.ok() && deleted.code() != Code::kNotFound && deleted.code() != Code::kAborted &&
          deleted.code() != Code::kFailedPrecondition) {
        return Annotate(deleted, fmt::format("removing backup \"{}\"", name));
      }
    }
  }
  return OkStatus();
}

Status ConfigController::WriteStatus(const Context& context, Run& run) {
  EtcdBackupConfigStatus& status = run.status;
  struct Seen {
    WallTime time;
    std::string name;
    EtcdBackupStatus status;
  };
  std::vector<Seen> seen;
  for (const ObjectPointer& backup : run.backups) {
    EtcdBackupStatus one = EtcdBackupStatus::FromObject(*backup);
    seen.push_back({TimeOf(*backup, one), backup->name(), std::move(one)});
  }
  std::sort(seen.begin(), seen.end(), [](const Seen& a, const Seen& b) { return a.time > b.time; });

  status.next_schedule_time = run.spec.suspend ? std::nullopt : run.next;
  status.completed = 0;
  status.consecutive_failures = 0;
  std::string active;
  const Seen* last_good = nullptr;
  const Seen* last_over = nullptr;
  for (const Seen& one : seen) {
    const BackupPhase phase = PhaseOf(one.status);
    if (phase == BackupPhase::kCompleted) {
      ++status.completed;
      if (last_good == nullptr && IsGood(one.status)) {
        last_good = &one;
      }
    } else if (phase == BackupPhase::kFailed && last_good == nullptr && status.completed == 0) {
      ++status.consecutive_failures;
    }
    if (last_over == nullptr && objects::IsOver(phase)) {
      last_over = &one;
    }
    if (!objects::IsOver(phase) && phase != BackupPhase::kDeleting && active.empty()) {
      active = one.name;
    }
  }
  // The informer may not have it yet.
  const bool known = std::any_of(seen.begin(), seen.end(),
                                 [&](const Seen& one) { return one.name == status.active_backup; });
  if (known || status.active_backup.empty() || !active.empty()) {
    status.active_backup = active;
  }
  if (last_good != nullptr) {
    status.last_backup = last_good->name;
    status.last_success_time = last_good->status.completion_time;
  }
  status.observed_generation = run.config.generation();

  HealthFacts facts;
  facts.schedule = run.schedule_pointer();
  facts.zone = run.zone;
  facts.now = run.now;
  facts.since = run.since;
  if (last_good != nullptr) {
    facts.last_good = last_good->time;
  }
  facts.last_run_failed =
      last_over != nullptr && PhaseOf(last_over->status) == BackupPhase::kFailed;
  if (facts.last_run_failed) {
    facts.last_failure =
        fmt::format("backup \"{}\": {}", last_over->name, last_over->status.message);
  }
  facts.suspended = run.spec.suspend;
  const Health health =
      run.invalid.empty() ? JudgeHealth(facts) : Health{false, "InvalidSchedule", run.invalid};
  const bool was_healthy = objects::IsTrue(status.conditions, objects::kHealthyCondition);
  objects::SetCondition(
      status.conditions,
      {.type = std::string(objects::kHealthyCondition),
       .status = health.healthy ? ConditionStatus::kTrue : ConditionStatus::kFalse,
       .reason = health.reason,
       .message = health.message,
       .last_transition = {},
       .observed_generation = run.config.generation()},
      run.now);

  const bool scheduled = run.invalid.empty() && run.obstacle.empty();
  objects::SetCondition(status.conditions,
                        {.type = std::string(objects::kScheduledCondition),
                         .status = scheduled ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                         .reason = !run.invalid.empty() ? "InvalidSchedule"
                                   : scheduled ? run.schedule.has_value() ? "Scheduled" : "Once"
                                               : run.obstacle,
                         .message = !run.invalid.empty() ? run.invalid : run.obstacle_message,
                         .last_transition = {},
                         .observed_generation = run.config.generation()},
                        run.now);

  services_.metrics.ConfigSeen(
      run.key(), {run.config.name_space(), run.spec.cluster},
      last_good == nullptr ? WallTime{}
                           : last_good->status.completion_time.value_or(last_good->time),
      status.consecutive_failures, static_cast<std::size_t>(status.completed), health.healthy);

  ASSIGN_OR_RETURN(const Object written,
                   store::ModifyStatus(context, services_.store, run.object_key(),
                                       WriteAs(kController), [&](Object& object) -> Result<bool> {
                                         if (EtcdBackupConfigStatus::FromObject(object) == status) {
                                           return false;
                                         }
                                         status.WriteTo(object);
                                         return true;
                                       }));
  if (was_healthy && !health.healthy) {
    services_.events.Record(context, written, EventType::kWarning, health.reason, health.message);
  } else if (!was_healthy && health.healthy && last_good != nullptr) {
    services_.events.Record(context, written, EventType::kNormal, "Healthy",
                            fmt::format("backup \"{}\" completed", last_good->name));
  }
  return OkStatus();
}

/// What becomes of its backups: kept without an owner, or removed before it goes.
Result<Next> ConfigController::Delete(const Context& context, const Object& config) {
  if (!HasFinalizer(config, objects::kConfigFinalizer)) {
    return Next::WhenChanged();
  }
  const bool keep =
      EtcdBackupConfigSpec::FromObject(config).deletion_policy == objects::DeletionPolicy::kRetain;
  // From the store itself: one that the informer does not know yet must not be lost.
  store::ListOptions options;
  options.name_space = config.name_space();
  ASSIGN_OR_RETURN(const store::ListResult backups,
                   services_.store.List(context, objects::kEtcdBackups, options));
  bool left = false;
  for (const Object& backup : backups.items) {
    const std::vector<std::string> owners = OwnerUids(backup);
    if (std::find(owners.begin(), owners.end(), config.uid()) == owners.end()) {
      continue;
    }
    const objects::ObjectKey key{objects::kEtcdBackups, backup.name_space(), backup.name()};
    if (!keep) {
      left = true;
      if (!backup.deletion_time().has_value()) {
        const Status deleted =
            services_.store.Delete(context, key, DeleteAs(kController, backup)).status();
        if (!deleted.ok() && deleted.code() != Code::kNotFound &&
            deleted.code() != Code::kFailedPrecondition) {
          return deleted;
        }
      }
      continue;
    }
    const Status freed = store::Modify(context, services_.store, key, WriteAs(kController),
                                       [&](Object& object) -> Result<bool> {
                                         objects::Json& references =
                                             object.json["metadata"]["ownerReferences"];
                                         objects::Json others = objects::Json::array();
                                         for (const objects::Json& reference : references) {
                                           if (reference.value("uid", "") != config.uid()) {
                                             others.push_back(reference);
                                           }
                                         }
                                         references = std::move(others);
                                         return true;
                                       })
                             .status();
    if (!freed.ok() && freed.code() != Code::kNotFound) {
      return freed;
    }
  }
  if (left) {
    return Next::After(kWhileDeleting);
  }
  const Status released =
      store::Modify(context, services_.store,
                    {objects::kEtcdBackupConfigs, config.name_space(), config.name()},
                    WriteAs(kController),
                    [](Object& object) -> Result<bool> {
                      object.RemoveFinalizer(objects::kConfigFinalizer);
                      return true;
                    })
          .status();
  if (!released.ok() && released.code() != Code::kNotFound) {
    return released;
  }
  return Next::WhenChanged();
}

}  // namespace tresor::control
