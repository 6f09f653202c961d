// SPDX-License-Identifier: Apache-2.0
#include "control/backup_controller.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "control/backup_plan.h"
#include "control/backup_view.h"
#include "control/cluster_spec.h"
#include "control/default_destination.h"
#include "control/names.h"
#include "objects/etcd_cluster.h"

namespace tresor::control {
namespace {

using objects::BackupPhase;
using objects::ConditionStatus;
using objects::EtcdBackupSpec;
using objects::EtcdBackupStatus;

constexpr std::string_view kController = "backup";
constexpr std::chrono::seconds kLookAgain{5};
constexpr std::chrono::seconds kBusy{2};
constexpr std::chrono::milliseconds kOrdersEnd{20};

std::string IdentityTag(const Object& backup) { return std::string(kUidTag) + backup.uid(); }

std::vector<std::string> TagsOf(const Object& backup) {
  const EtcdBackupSpec spec = EtcdBackupSpec::FromObject(backup);
  std::vector<std::string> tags{IdentityTag(backup), std::string(kNameTag) + backup.name(),
                                std::string(kClusterTag) + spec.cluster};
  for (const objects::OwnerReference& owner : backup.owner_references()) {
    tags.push_back(std::string(kConfigTag) + owner.name);
  }
  if (std::string slot = AnnotationOf(backup, objects::kScheduledTimeAnnotation); !slot.empty()) {
    tags.push_back(std::string(kSlotTag) + slot);
  }
  return tags;
}

Key KeyOf(const Object& object) { return {object.name_space(), object.name()}; }

void SetOutcome(EtcdBackupStatus& status, const Object& object, WallTime now) {
  const bool completed = status.phase == BackupPhase::kCompleted;
  for (const auto& [type, holds] : {std::pair{objects::kCompletedCondition, completed},
                                    std::pair{objects::kFailedCondition, !completed}}) {
    objects::SetCondition(status.conditions,
                          {.type = std::string(type),
                           .status = holds ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                           .reason = completed ? "Completed" : "Failed",
                           .message = status.message,
                           .last_transition = {},
                           .observed_generation = object.generation()},
                          now);
  }
}

}  // namespace

WallTime BackupController::TryUntilOf(const Object& backup) const {
  const Result<WallTime> until = objects::ParseTime(AnnotationOf(backup, kTryUntilAnnotation));
  return until.ok() ? *until
                    : backup.creation_time().value_or(services_.clock.Now()) + options_.try_for;
}

void BackupController::Drop(const Key& key) {
  {
    auto state = state_.Lock();
    if (const auto active = state->active.find(key); active != state->active.end()) {
      active->second.stop.request_stop();
    } else {
      state->queue.Remove(key);
    }
    state->outcomes.erase(key);
    state->attempts.erase(key);
    ReportQueue(*state);
  }
  StartWaiting();
}

Result<Next> BackupController::Reconcile(const Context& context, const Key& key) {
  Result<Object> backup = services_.store.Get(context, ObjectOf(objects::kEtcdBackups, key));
  if (!backup.ok()) {
    if (backup.status().code() != Code::kNotFound) {
      return backup.status();
    }
    Drop(key);
    return Next::WhenChanged();
  }
  if (backup->deletion_time().has_value()) {
    return Delete(context, *backup);
  }
  if (objects::IsOver(PhaseOf(EtcdBackupStatus::FromObject(*backup)))) {
    Drop(key);
    return Next::WhenChanged();
  }
  ASSIGN_OR_RETURN(const Object prepared, Prepare(context, *backup));
  if (!AnnotationOf(prepared, objects::kAdoptedAnnotation).empty()) {
    return Adopt(context, prepared);
  }
  std::optional<Outcome> outcome;
  {
    auto state = state_.Lock();
    if (state->active.contains(key)) {
      return Next::WhenChanged();  // who runs it tells
    }
    if (const auto place = state->outcomes.find(key); place != state->outcomes.end()) {
      outcome = place->second;
    }
  }
  if (outcome.has_value()) {
    ASSIGN_OR_RETURN(const Next next, Finish(context, prepared, *outcome));
    state_.Lock()->outcomes.erase(key);
    return next;
  }
  return Pursue(context, prepared);
}

/// Finalizer and labels; where it is going to lie.
Result<Object> BackupController::Prepare(const Context& context, const Object& backup) {
  const objects::ObjectKey key = ObjectOf(objects::kEtcdBackups, KeyOf(backup));
  const EtcdBackupSpec spec = EtcdBackupSpec::FromObject(backup);
  Object prepared = backup;
  if (!HasFinalizer(backup, objects::kBackupFinalizer)) {
    ASSIGN_OR_RETURN(prepared, store::Modify(context, services_.store, key, WriteAs(kController),
                                             [&](Object& object) -> Result<bool> {
                                               object.AddFinalizer(objects::kBackupFinalizer);
                                               SetLabelIfShort(object, objects::kClusterLabel,
                                                               spec.cluster);
                                               return true;
                                             }));
  }
  const EtcdBackupStatus status = EtcdBackupStatus::FromObject(prepared);
  if (!status.repository.empty() || !AnnotationOf(prepared, objects::kAdoptedAnnotation).empty()) {
    return prepared;
  }
  // What can't be settled yet is an attempt that fails: Pursue says why.
  std::string destination = spec.destination;
  if (destination.empty()) {
    ASSIGN_OR_RETURN(destination, FindDefaultDestination(context, services_.store));
  }
  const Result<Object> cluster =
      services_.store.Get(context, {objects::kEtcdClusters, backup.name_space(), spec.cluster});
  if (!cluster.ok() && cluster.status().code() != Code::kNotFound) {
    return cluster.status();
  }
  return store::ModifyStatus(
      context, services_.store, key, WriteAs(kController), [&](Object& object) -> Result<bool> {
        EtcdBackupStatus now = EtcdBackupStatus::FromObject(object);
        const EtcdBackupStatus before = now;
        now.phase = now.phase.value_or(BackupPhase::kPending);
        now.observed_generation = object.generation();
        if (const auto slot =
                objects::ParseTime(AnnotationOf(object, objects::kScheduledTimeAnnotation));
            slot.ok()) {
          now.scheduled_time = *slot;
        }
        if (cluster.ok() && !destination.empty()) {
          now.destination = destination;
          now.cluster_uid = cluster->uid();
          now.repository = object.name_space() + "/" + cluster->uid();
        }
        now.WriteTo(object);
        return now != before;
      });
}

/// It was found in its repository, and only its object is to be made whole.
Result<Next> BackupController::Adopt(const Context& context, const Object& backup) {
  const std::string from = AnnotationOf(backup, objects::kAdoptedAnnotation);
  const std::size_t hash = from.rfind('#');
  const std::size_t slash = from.find('/');
  if (hash == std::string::npos || slash == std::string::npos || slash > hash) {
    return Fail(context, backup, fmt::format("\"{}\" names no backup in a repository", from));
  }
  EtcdBackupStatus where;
  where.destination = EtcdBackupSpec::FromObject(backup).destination;
  where.repository = from.substr(0, hash);
  ASSIGN_OR_RETURN(const RepositoryAddress address, AddressOf(where));
  const Result<StoredBackup> stored = services_.vault.Read(context, address, from.substr(hash + 1));
  if (!stored.ok()) {
    return stored.status().code() == Code::kNotFound
               ? Fail(context, backup, std::string(Message(stored.status())))
               : stored.status();
  }
  ASSIGN_OR_RETURN(
      const Object adopted,
      store::ModifyStatus(context, services_.store, ObjectOf(objects::kEtcdBackups, KeyOf(backup)),
                          WriteAs(kController), [&](Object& object) -> Result<bool> {
                            EtcdBackupStatus status = EtcdBackupStatus::FromObject(object);
                            status.destination = address.destination;
                            status.repository = RepositoryText(address);
                            status.cluster_uid = address.cluster_uid;
                            if (const auto slot = objects::ParseTime(
                                    AnnotationOf(object, objects::kScheduledTimeAnnotation));
                                slot.ok()) {
                              status.scheduled_time = *slot;
                            }
                            FillCompleted(status, *stored);
                            SetOutcome(status, object, services_.clock.Now());
                            status.WriteTo(object);
                            return true;
                          }));
  services_.events.Record(context, adopted, EventType::kNormal, "Adopted",
                          fmt::format("found in repository {}", ToString(address)));
  return Next::WhenChanged();
}

/// Waits for its turn, for its next attempt, or for the cluster.
Result<Next> BackupController::Pursue(const Context& context, const Object& backup) {
  const Key key = KeyOf(backup);
  const EtcdBackupStatus status = EtcdBackupStatus::FromObject(backup);
  const EtcdBackupSpec spec = EtcdBackupSpec::FromObject(backup);
  const WallTime now = services_.clock.Now();
  const WallTime until = TryUntilOf(backup);
  const bool interrupted = PhaseOf(status) != BackupPhase::kPending;

  const Result<RepositoryAddress> address = AddressOf(status);
  if (interrupted && address.ok() && now >= until) {
    // The server ended while it was taken. Perhaps it was stored.
    ASSIGN_OR_RETURN(const std::optional<StoredBackup> stored,
                     services_.vault.FindByTag(context, *address, IdentityTag(backup)));
    return stored.has_value() ? Finish(context, backup, {.stored = *stored})
                              : Fail(context, backup, "interrupted: the server was stopped");
  }

  std::string obstacle;
  std::uint64_t database_bytes = 0;
  const Result<Object> cluster =
      services_.store.Get(context, {objects::kEtcdClusters, key.name_space, spec.cluster});
  if (!cluster.ok()) {
    if (cluster.status().code() != Code::kNotFound) {
      return cluster.status();
    }
    obstacle = fmt::format("cluster \"{}\" does not exist", spec.cluster);
  } else {
    const auto cluster_status = objects::EtcdClusterStatus::FromObject(*cluster);
    for (const objects::ClusterMember& member : cluster_status.members) {
      database_bytes = std::max(database_bytes, static_cast<std::uint64_t>(member.db_size));
    }
    if (!cluster_status.active_restore.empty()) {
      obstacle = fmt::format("cluster \"{}\" is being restored by \"{}\"", spec.cluster,
                             cluster_status.active_restore);
    } else if (cluster->deletion_time().has_value()) {
      obstacle = fmt::format("cluster \"{}\" is being deleted", spec.cluster);
    }
  }
  if (obstacle.empty() && !address.ok()) {
    obstacle = spec.destination.empty() ? "there is no default destination"
                                        : std::string(Message(address.status()));
  }
  std::optional<WallTime> not_before;
  {
    auto state = state_.Lock();
    if (const auto place = state->attempts.find(key); place != state->attempts.end()) {
      not_before = place->second.next;
    }
    if (!obstacle.empty()) {
      state->queue.Remove(key);
      ReportQueue(*state);
    }
  }
  if (now >= until) {
    const std::string last = status.message;
    return Fail(context, backup,
                !obstacle.empty() ? obstacle
                : last.empty()    ? "its turn did not come in time: too many backups wait"
                                  : last);
  }
  if (!obstacle.empty()) {
    RETURN_IF_ERROR(Note(context, key, obstacle));
    return Next::After(kLookAgain);
  }
  if (not_before.has_value() && now < *not_before) {
    return Next::After(*not_before - now);
  }
  {
    auto state = state_.Lock();
    state->queue.Add({.backup = key,
                      .cluster = cluster->uid(),
                      .destination = address->destination,
                      .memory_bytes = BackupMemory(database_bytes)});
  }
  StartWaiting();
  if (!state_.Lock()->queue.Waits(key)) {
    return Next::WhenChanged();
  }
  RETURN_IF_ERROR(Note(context, key, "waits for its turn"));
  return Next::After(std::min<std::chrono::nanoseconds>(until - now, std::chrono::minutes(1)));
}

Status BackupController::Note(const Context& context, const Key& key, const std::string& message) {
  return store::ModifyStatus(
             context, services_.store, ObjectOf(objects::kEtcdBackups, key), WriteAs(kController),
             [&](Object& object) -> Result<bool> {
               EtcdBackupStatus status = EtcdBackupStatus::FromObject(object);
               if (objects::IsOver(PhaseOf(status)) ||
                   (status.message == message && status.phase == BackupPhase::kPending)) {
                 return false;
               }
               status.phase = BackupPhase::kPending;
               status.message = message;
               status.progress.reset();
               status.WriteTo(object);
               return true;
             })
      .status();
}

void BackupController::ReportQueue(const State& state) {
  services_.metrics.BackupQueue(state.queue.waiting(), state.queue.running(),
                                state.queue.memory_bytes());
}

// --- the run
// -----------------------------------------------------------------------------------------

void BackupController::StartWaiting() {
  std::vector<std::pair<Key, std::stop_token>> started;
  {
    auto state = state_.Lock();
    for (const Key& key : state->queue.Start()) {
      Active& active = state->active[key];
      active.told = services_.clock.Monotonic();  // short ones tell nothing
      started.emplace_back(key, active.stop.get_token());
    }
    ReportQueue(*state);
  }
  for (auto& [key, stop] : started) {
    executor_.Run(
        [this, key = key, stop = stop](const Context& context) { RunOne(context, key, stop); });
  }
}

void BackupController::RunOne(const Context& context, const Key& key, const std::stop_token& stop) {
  std::stop_source both;
  const std::stop_callback by_server(context.stop(), [&] { both.request_stop(); });
  const std::stop_callback by_object(stop, [&] { both.request_stop(); });
  Result<StoredBackup> stored = Take(context.WithStop(both.get_token()), key);
  {
    auto state = state_.Lock();
    state->active.erase(key);
    state->queue.Remove(key);
    ++state->attempts[key].count;
    // When the server ends, the next one finds the backup as it was left.
    if (!context.stop().stop_requested()) {
      state->outcomes.insert_or_assign(key, Outcome{.stored = std::move(stored)});
    }
    ReportQueue(*state);
  }
  own_queue_->Add(key);
  if (!context.stop().stop_requested()) {
    StartWaiting();
  }
}

Result<StoredBackup> BackupController::Take(const Context& context, const Key& key) {
  const objects::ObjectKey object_key = ObjectOf(objects::kEtcdBackups, key);
  const WallTime now = services_.clock.Now();
  {
    auto state = state_.Lock();
    std::optional<WallTime>& begun = state->attempts[key].begun;
    begun = begun.value_or(now);
  }
  ASSIGN_OR_RETURN(const Object backup,
                   store::ModifyStatus(context, services_.store, object_key, WriteAs(kController),
                                       [&](Object& object) -> Result<bool> {
                                         auto status = EtcdBackupStatus::FromObject(object);
                                         if (object.deletion_time().has_value() ||
                                             objects::IsOver(PhaseOf(status))) {
                                           return Error(Code::kCancelled, "it is over");
                                         }
                                         status.phase = BackupPhase::kRunning;
                                         status.message.clear();
                                         status.start_time = status.start_time.value_or(now);
                                         ++status.attempts;
                                         status.WriteTo(object);
                                         return true;
                                       }));
  const EtcdBackupStatus status = EtcdBackupStatus::FromObject(backup);
  ASSIGN_OR_RETURN(const RepositoryAddress address, AddressOf(status));
  ASSIGN_OR_RETURN(const Object cluster,
                   services_.store.Get(context, {objects::kEtcdClusters, key.name_space,
                                                 EtcdBackupSpec::FromObject(backup).cluster}));
  const ClusterLocks::Reading reading(services_.locks, cluster.uid());
  while (!services_.locks.TryLock(cluster.uid()).has_value()) {
    RETURN_IF_ERROR(context.Sleep(kOrdersEnd));  // a defragmentation under way, say
  }
  if (const auto cluster_status = objects::EtcdClusterStatus::FromObject(cluster);
      !cluster_status.active_restore.empty()) {
    return Error(Code::kUnavailable, "the cluster is being restored by \"{}\"",
                 cluster_status.active_restore);
  }
  ASSIGN_OR_RETURN(runtime::ClusterRuntime* const runtime,
                   services_.runtimes.Of(objects::EtcdClusterSpec::FromObject(cluster).runtime));
  ASSIGN_OR_RETURN(const etcd::ClientOptions access, runtime->Access(ClusterIdOf(cluster)));
  return services_.vault.Take(
      context, address,
      {.identity_tag = IdentityTag(backup),
       .tags = TagsOf(backup),
       .source = access,
       .progress = [this, &context, &key](const backup::Progress& progress) {
         TellProgress(context, key, progress);
       }});
}

void BackupController::TellProgress(const Context& context, const Key& key,
                                    const backup::Progress& progress) {
  {
    auto state = state_.Lock();
    const auto place = state->active.find(key);
    const MonotonicTime now = services_.clock.Monotonic();
    if (place == state->active.end() || now - place->second.told < options_.progress_every) {
      return;
    }
    place->second.told = now;
  }
  const Status told =
      store::ModifyStatus(
          context, services_.store, ObjectOf(objects::kEtcdBackups, key), WriteAs(kController),
          [&](Object& object) -> Result<bool> {
            EtcdBackupStatus status = EtcdBackupStatus::FromObject(object);
            const BackupPhase phase = PhaseOf(status);
            if (phase != BackupPhase::kRunning && phase != BackupPhase::kVerifying) {
              return false;
            }
            status.phase = progress.phase == backup::Phase::kReceive ? BackupPhase::kRunning
                                                                     : BackupPhase::kVerifying;
            status.message = backup::PhaseName(progress.phase);
            status.progress = objects::MakeProgress(progress.done_bytes, progress.total_bytes);
            status.WriteTo(object);
            return true;
          })
          .status();
  static_cast<void>(told);  // for the eye only
}

// --- the end
// -----------------------------------------------------------------------------------------

Result<Next> BackupController::Finish(const Context& context, const Object& backup,
                                      const Outcome& outcome) {
  const Key key = KeyOf(backup);
  const WallTime now = services_.clock.Now();
  const EtcdBackupStatus before = EtcdBackupStatus::FromObject(backup);
  if (!outcome.stored.ok()) {
    int attempts = 1;
    {
      auto state = state_.Lock();
      attempts = std::max(state->attempts[key].count, 1);
    }
    const RetryPlan plan = PlanRetry({.error = outcome.stored.status(),
                                      .attempts = attempts,
                                      .now = now,
                                      .try_until = TryUntilOf(backup)});
    if (!plan.again) {
      return Fail(context, backup, plan.message);
    }
    state_.Lock()->attempts[key].next = plan.at;
    RETURN_IF_ERROR(Note(context, key, plan.message));
    services_.events.Record(context, backup, EventType::kWarning, "AttemptFailed",
                            Message(outcome.stored.status()));
    return Next::After(plan.at - now);
  }

  ASSIGN_OR_RETURN(
      const Object completed,
      store::ModifyStatus(context, services_.store, ObjectOf(objects::kEtcdBackups, key),
                          WriteAs(kController), [&](Object& object) -> Result<bool> {
                            auto status = EtcdBackupStatus::FromObject(object);
                            FillCompleted(status, *outcome.stored);
                            SetOutcome(status, object, now);
                            status.WriteTo(object);
                            return true;
                          }));
  const EtcdBackupStatus status = EtcdBackupStatus::FromObject(completed);
  services_.events.Record(
      context, completed, EventType::kNormal, "Completed",
      fmt::format("revision {}, {} bytes, {} new", outcome.stored->description.revision,
                  outcome.stored->description.source.image_bytes, outcome.stored->new_bytes));
  BackupOutcome told;
  told.cluster = {key.name_space, EtcdBackupSpec::FromObject(completed).cluster};
  for (const objects::OwnerReference& owner : completed.owner_references()) {
    told.config = owner.name;
  }
  told.destination = status.destination;
  told.completed = true;
  // One that the server before us began is known to the second.
  const WallTime start =
      state_.Lock()->attempts[key].begun.value_or(before.start_time.value_or(now));
  told.duration = now - start;
  told.start_delay = start - TimeOf(completed, status);
  told.bytes_read = outcome.stored->description.source.image_bytes;
  told.bytes_stored = outcome.stored->new_bytes;
  told.attempts = before.attempts;
  for (const objects::EvidenceItem& item : status.evidence) {
    told.evidence_passed += item.result == objects::EvidenceResult::kPassed ? 1 : 0;
    told.evidence_unproven += item.result == objects::EvidenceResult::kSkipped ? 1 : 0;
    told.evidence_failed += item.result == objects::EvidenceResult::kFailed ? 1 : 0;
  }
  services_.metrics.BackupEnded(told);

  // So that people see it where they look first.
  const Status noted =
      store::ModifyStatus(context, services_.store,
                          {objects::kEtcdClusters, key.name_space, told.cluster.name},
                          WriteAs(kController),
                          [&](Object& object) -> Result<bool> {
                            auto cluster = objects::EtcdClusterStatus::FromObject(object);
                            if (cluster.last_backup_time >= status.completion_time) {
                              return false;
                            }
                            cluster.last_backup_time = status.completion_time;
                            cluster.WriteTo(object);
                            return true;
                          })
          .status();
  if (!noted.ok() && noted.code() != Code::kNotFound) {
    Log(LogLevel::kDebug, "backup {}: {}", ToString(key), Message(noted));
  }
  return Next::AtOnce();
}

Result<Next> BackupController::Fail(const Context& context, const Object& backup,
                                    const std::string& message) {
  const Key key = KeyOf(backup);
  const WallTime now = services_.clock.Now();
  ASSIGN_OR_RETURN(
      const Object failed,
      store::ModifyStatus(context, services_.store, ObjectOf(objects::kEtcdBackups, key),
                          WriteAs(kController), [&](Object& object) -> Result<bool> {
                            auto status = EtcdBackupStatus::FromObject(object);
                            if (objects::IsOver(PhaseOf(status))) {
                              return false;
                            }
                            status.phase = BackupPhase::kFailed;
                            status.message = message;
                            status.progress.reset();
                            status.completion_time = now;
                            SetOutcome(status, object, now);
                            status.WriteTo(object);
                            return true;
                          }));
  services_.events.Record(context, failed, EventType::kWarning, "Failed", message);
  const EtcdBackupStatus status = EtcdBackupStatus::FromObject(failed);
  BackupOutcome told;
  told.cluster = {key.name_space, EtcdBackupSpec::FromObject(failed).cluster};
  for (const objects::OwnerReference& owner : failed.owner_references()) {
    told.config = owner.name;
  }
  told.destination = status.destination;
  told.duration = now - status.start_time.value_or(now);
  told.attempts = status.attempts;
  services_.metrics.BackupEnded(told);
  return Next::AtOnce();
}

/// Stops what runs, forgets what is stored, then lets the object go.
Result<Next> BackupController::Delete(const Context& context, const Object& backup) {
  const Key key = KeyOf(backup);
  Drop(key);
  if (!HasFinalizer(backup, objects::kBackupFinalizer)) {
    return Next::WhenChanged();
  }
  if (state_.Lock()->active.contains(key)) {
    return Next::After(kBusy);  // it is being stopped
  }
  if (IsInUse(restores_, backup)) {
    return Next::After(kLookAgain);
  }
  const objects::ObjectKey object_key = ObjectOf(objects::kEtcdBackups, key);
  const EtcdBackupStatus status = EtcdBackupStatus::FromObject(backup);
  if (status.phase != BackupPhase::kDeleting) {
    RETURN_IF_ERROR(store::ModifyStatus(context, services_.store, object_key, WriteAs(kController),
                                        [](Object& object) -> Result<bool> {
                                          auto now = EtcdBackupStatus::FromObject(object);
                                          now.phase = BackupPhase::kDeleting;
                                          now.message.clear();
                                          now.WriteTo(object);
                                          return true;
                                        })
                        .status());
  }
  const auto forget = [&]() -> Status {
    Result<RepositoryAddress> address = AddressOf(status);
    if (!address.ok()) {
      return OkStatus();  // it never got so far
    }
    std::string id = status.id;
    if (id.empty()) {
      ASSIGN_OR_RETURN(const std::optional<StoredBackup> stored,
                       services_.vault.FindByTag(context, *address, IdentityTag(backup)));
      if (!stored.has_value()) {
        return OkStatus();
      }
      id = stored->id;
    }
    RETURN_IF_ERROR(services_.vault.Forget(context, *address, {id}));
    if (prune_queue_ != nullptr) {
      prune_queue_->AddAfter({address->destination, RepositoryText(*address)}, kPruneDelay);
    }
    return OkStatus();
  };
  const Status forgotten = forget();
  if (forgotten.code() == Code::kNotFound) {
    // The destination was taken away. What lies there can't be removed by anybody here; an object
    // that never goes would help nobody.
    services_.events.Record(context, backup, EventType::kWarning, "StoredDataLeft",
                            Message(forgotten));
  } else if (!forgotten.ok()) {
    const Status told =
        store::ModifyStatus(context, services_.store, object_key, WriteAs(kController),
                            [&](Object& object) -> Result<bool> {
                              auto now = EtcdBackupStatus::FromObject(object);
                              if (now.message == Message(forgotten)) {
                                return false;
                              }
                              now.message = Message(forgotten);
                              now.WriteTo(object);
                              return true;
                            })
            .status();
    static_cast<void>(told);
    return forgotten;
  }
  const Status released = store::Modify(context, services_.store, object_key, WriteAs(kController),
                                        [](Object& object) -> Result<bool> {
                                          object.RemoveFinalizer(objects::kBackupFinalizer);
                                          return true;
                                        })
                              .status();
  if (!released.ok() && released.code() != Code::kNotFound) {
    return released;
  }
  return Next::WhenChanged();
}

Result<Next> PruneController::Reconcile(const Context& context, const Key& key) {
  EtcdBackupStatus where;
  where.destination = key.name_space;
  where.repository = key.name;
  ASSIGN_OR_RETURN(const RepositoryAddress address, AddressOf(where));
  const Status pruned = services_.vault.Prune(context, address);
  if (!pruned.ok() && pruned.code() != Code::kNotFound) {
    return pruned;
  }
  return Next::WhenChanged();
}

}  // namespace tresor::control
