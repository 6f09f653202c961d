// SPDX-License-Identifier: Apache-2.0
#include "control/restore_controller.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "control/cluster_spec.h"
#include "control/names.h"
#include "objects/etcd_backup.h"
#include "objects/etcd_cluster.h"

namespace tresor::control {
namespace {

using objects::ConditionStatus;
using objects::EtcdBackupSpec;
using objects::EtcdBackupStatus;
using objects::EtcdClusterSpec;
using objects::EtcdClusterStatus;
using objects::EtcdRestoreSpec;
using objects::EtcdRestoreStatus;
using objects::Object;
using objects::RestorePhase;

constexpr std::string_view kController = "restore";
constexpr std::string_view kCancelledMessage = "cancelled";
// What one member needs besides its database: the WAL that etcd preallocates, twice.
constexpr std::uint64_t kRoomForLogs = std::uint64_t{128} << 20;
constexpr std::uint64_t kDefaultQuotaBytes = std::uint64_t{2} << 30;  // etcd's
constexpr std::size_t kTellingUidChars = 8;
constexpr std::chrono::seconds kProgressEvery{2};
// A cluster that does not answer for a moment is not one that can't be read.
constexpr std::chrono::seconds kReadPatience{15};
// Stages follow each other without a pause, but not for ever in one call.
constexpr int kActionsPerCall = 40;

RestorePhase ParsePhase(std::string_view text) {
  constexpr std::array kAll{
      RestorePhase::kPending,         RestorePhase::kPreflight,       RestorePhase::kSafetyBackup,
      RestorePhase::kPausing,         RestorePhase::kStoppingMembers, RestorePhase::kRebuilding,
      RestorePhase::kStartingMembers, RestorePhase::kVerifying,       RestorePhase::kCompleted,
      RestorePhase::kRollingBack,     RestorePhase::kFailed,          RestorePhase::kCancelled};
  for (const RestorePhase phase : kAll) {
    if (objects::ToString(phase) == text) {
      return phase;
    }
  }
  return RestorePhase::kPending;
}

bool IsToEnd(const Object& restore) {
  return EtcdRestoreSpec::FromObject(restore).cancel || restore.deletion_time().has_value();
}

std::optional<WallTime> DeadlineOf(const EtcdRestoreStatus& status, const EtcdRestoreSpec& spec) {
  return status.start_time.has_value() ? std::optional(*status.start_time + spec.timeout)
                                       : std::nullopt;
}

const objects::RestoreStepRecord* FindStep(const EtcdRestoreStatus& status, RestoreStage stage) {
  for (const objects::RestoreStepRecord& step : status.steps) {
    if (step.name == ToString(stage)) {
      return &step;
    }
  }
  return nullptr;
}

/// "<project>/<cluster uid>", as EtcdBackup's status.repository.
Result<RepositoryAddress> AddressOf(const std::string& destination, const std::string& repository) {
  const std::size_t slash = repository.find('/');
  if (destination.empty() || slash == std::string::npos) {
    return Error(Code::kFailedPrecondition, "it is not on record where the backup lies");
  }
  return RepositoryAddress{.destination = destination,
                           .project = repository.substr(0, slash),
                           .cluster_uid = repository.substr(slash + 1)};
}

/// Servers that a portable restore is known to start on.
Status CheckVersions(const EtcdClusterSpec& cluster, const std::string& backup_version) {
  for (const auto& [what, version] : {std::pair{"the backup was taken from", backup_version},
                                      std::pair{"the cluster is to run", cluster.version}}) {
    if (version.empty()) {
      continue;
    }
    const std::optional<int> minor = MinorOf(version);
    if (!minor.has_value() || *minor < 4 || *minor > 7) {
      return Error(Code::kFailedPrecondition,
                   "{} etcd {}; restores between 3.4 and 3.7 are known to work", what, version);
    }
  }
  return OkStatus();
}

/// The condition is there from the first time on that it was true.
void NoteStuck(const Object& object, EtcdRestoreStatus& status, bool stuck, WallTime now) {
  if (stuck || objects::IsTrue(status.conditions, kStuckCondition)) {
    objects::SetCondition(status.conditions,
                          {.type = std::string(kStuckCondition),
                           .status = stuck ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                           .reason = stuck ? "NeedsAPerson" : "GoesOn",
                           .message = stuck ? status.message : "",
                           .last_transition = {},
                           .observed_generation = object.generation()},
                          now);
  }
}

std::string ToText(const ExpectedData& expected) {
  return objects::Json{{"revision", expected.revision},
                       {"compactRevision", expected.compact_revision},
                       {"hash", expected.hash},
                       {"earlierCompactRevision", expected.earlier_compact_revision},
                       {"earlierHash", expected.earlier_hash}}
      .dump();
}

std::optional<ExpectedData> ExpectedOf(const Object& restore) {
  const auto annotations = restore.annotations();
  const auto place = annotations.find(std::string(kExpectedAnnotation));
  if (place == annotations.end()) {
    return std::nullopt;
  }
  const objects::Json json = objects::Json::parse(place->second, nullptr, false);
  for (const char* field :
       {"revision", "compactRevision", "hash", "earlierCompactRevision", "earlierHash"}) {
    if (!json.is_object() || !json.contains(field) || !json[field].is_number_integer()) {
      return std::nullopt;
    }
  }
  return ExpectedData{
      .revision = json["revision"].get<std::int64_t>(),
      .compact_revision = json["compactRevision"].get<std::int64_t>(),
      .hash = json["hash"].get<std::uint32_t>(),
      .earlier_compact_revision = json["earlierCompactRevision"].get<std::int64_t>(),
      .earlier_hash = json["earlierHash"].get<std::uint32_t>()};
}

}  // namespace

RestoreStage StageOf(const EtcdRestoreStatus& status) {
  if (status.phase.has_value() && objects::IsOver(*status.phase)) {
    return ParseRestoreStage(objects::ToString(*status.phase)).value_or(RestoreStage::kFailed);
  }
  if (status.steps.empty()) {
    return RestoreStage::kPending;
  }
  return ParseRestoreStage(status.steps.back().name).value_or(RestoreStage::kPending);
}

/// What one call of Reconcile knows. What was seen is dropped whenever a stage begins.
struct RestoreController::Run {
  explicit Run(Object object) { Take(std::move(object)); }
  void Take(Object object) {
    restore = std::move(object);
    spec = EtcdRestoreSpec::FromObject(restore);
    status = EtcdRestoreStatus::FromObject(restore);
    stage = StageOf(status);
  }
  void ForgetWhatWasSeen() {
    proof.reset();
    order.reset();
    answers.clear();
  }

  [[nodiscard]] objects::ObjectKey key() const {
    return {objects::kEtcdRestores, restore.name_space(), restore.name()};
  }
  [[nodiscard]] objects::ObjectKey cluster_key() const {
    return {objects::kEtcdClusters, restore.name_space(), spec.cluster};
  }
  /// None: nothing was begun.
  [[nodiscard]] std::optional<WallTime> stage_since() const {
    return status.steps.empty() ? std::nullopt : status.steps.back().start_time;
  }

  Object restore;
  EtcdRestoreSpec spec;
  EtcdRestoreStatus status;
  RestoreStage stage = RestoreStage::kPending;

  std::optional<Object> cluster;  // none: it is not there
  EtcdClusterSpec cluster_spec;
  runtime::ClusterRuntime* runtime = nullptr;

  std::optional<Status> proof;
  std::optional<ProvenBackup> proven;
  RepositoryAddress proven_at;
  bool safety_made = false;
  std::optional<Status> order;
  Result<runtime::ClusterObservation> members = runtime::ClusterObservation{};
  std::vector<Result<etcd::HashKvResponse>> answers;
};

template <typename Write>
auto RestoreController::Recorded(std::string_view what, Write write) {
  if (options_.at_record) {
    options_.at_record(fmt::format("before {}", what));
  }
  auto written = write();
  if (options_.at_record) {
    options_.at_record(fmt::format("after {}", what));
  }
  return written;
}

void RestoreController::OnChange(const Object& restore) {
  if (!IsToEnd(restore)) {
    return;
  }
  auto proving = proving_.Lock();
  const auto place = proving->find(restore.uid());
  if (place != proving->end()) {
    place->second.request_stop();
  }
}

Result<Next> RestoreController::Reconcile(const Context& context, const Key& key) {
  Result<Object> restore = services_.store.Get(context, ObjectOf(objects::kEtcdRestores, key));
  if (!restore.ok()) {
    return restore.status().code() == Code::kNotFound ? Result<Next>(Next::WhenChanged())
                                                      : restore.status();
  }
  Run run(*std::move(restore));
  const std::vector<std::string> finalizers = run.restore.finalizers();
  const bool held = std::find(finalizers.begin(), finalizers.end(), objects::kRestoreFinalizer) !=
                    finalizers.end();
  if (IsOver(run.stage)) {
    if (held) {
      const Status status = Recorded("let go", [&] {
        return store::Modify(context, services_.store, run.key(), WriteAs(kController),
                             [](Object& object) -> Result<bool> {
                               object.RemoveFinalizer(objects::kRestoreFinalizer);
                               return true;
                             })
            .status();
      });
      if (!status.ok() && status.code() != Code::kNotFound) {
        return status;
      }
    }
    return Next::WhenChanged();
  }
  if (!held) {
    if (run.restore.deletion_time().has_value()) {
      return Next::WhenChanged();  // nothing was begun
    }
    ASSIGN_OR_RETURN(Object with, Recorded("hold", [&] {
                       return store::Modify(
                           context, services_.store, run.key(), WriteAs(kController),
                           [&](Object& object) -> Result<bool> {
                             object.AddFinalizer(objects::kRestoreFinalizer);
                             if (run.spec.cluster.size() <= 63) {
                               object.SetLabel(objects::kClusterLabel, run.spec.cluster);
                             }
                             return true;
                           });
                     }));
    run.Take(std::move(with));
  }
  return Step(context, run);
}

Result<Next> RestoreController::Step(const Context& context, Run& run) {
  for (int i = 0; i < kActionsPerCall; ++i) {
    RestoreFacts facts;
    RETURN_IF_ERROR(GatherFacts(context, run, facts));
    const RestoreAction action = PlanRestore(facts);
    switch (action.kind) {
      case RestoreAction::Kind::kWait:
        if (IsOver(run.stage)) {
          return Next::AtOnce();  // once more, for the finalizer
        }
        RETURN_IF_ERROR(NoteWait(context, run, action));
        return Next::After(run.stage == RestoreStage::kPreflight ? 10 * options_.poll
                                                                 : options_.poll);
      case RestoreAction::Kind::kEnter:
        RETURN_IF_ERROR(Enter(context, run, action));
        break;
      case RestoreAction::Kind::kProve:
        run.proof = Prove(context, run);
        if (run.proof->code() == Code::kCancelled) {
          RETURN_IF_ERROR(context.Check());
          return Next::AtOnce();  // it was interrupted: look at what is wanted now
        }
        break;
      case RestoreAction::Kind::kBackUp:
        RETURN_IF_ERROR(BackUp(context, run));
        break;
      case RestoreAction::Kind::kClaim:
        RETURN_IF_ERROR(Claim(context, run));
        break;
      case RestoreAction::Kind::kOrder: {
        ASSIGN_OR_RETURN(const bool ordered, Order(context, run));
        if (!ordered) {
          return Next::After(options_.poll / 4);
        }
        break;
      }
      case RestoreAction::Kind::kVerify:
        RETURN_IF_ERROR(Verify(context, run));
        break;
      case RestoreAction::Kind::kRelease:
        RETURN_IF_ERROR(Release(context, run));
        break;
    }
  }
  return Next::AtOnce();
}

// --- looking
// ---------------------------------------------------------------------------------------

Status RestoreController::GatherFacts(const Context& context, Run& run, RestoreFacts& facts) {
  facts.stage = run.stage;
  facts.now = services_.clock.Now();
  facts.stage_since = run.stage_since().value_or(facts.now);
  facts.open_patience = options_.open_patience;
  facts.deadline = DeadlineOf(run.status, run.spec).value_or(WallTime::max());
  facts.cancelled = IsToEnd(run.restore);
  facts.last_trouble = run.status.message;
  facts.restore_id = run.restore.uid();
  facts.members_touched = FindStep(run.status, RestoreStage::kStoppingMembers) != nullptr;
  if (const auto* step = FindStep(run.status, RestoreStage::kRollingBack)) {
    facts.rolling_back_for_cancel = step->message == kCancelledMessage;
  }

  Result<Object> cluster = services_.store.Get(context, run.cluster_key());
  if (!cluster.ok() && cluster.status().code() != Code::kNotFound) {
    return cluster.status();
  }
  run.cluster.reset();
  if (!cluster.ok()) {
    facts.target_problem = fmt::format("cluster \"{}\" does not exist", run.spec.cluster);
  } else {
    run.cluster = *std::move(cluster);
    run.cluster_spec = EtcdClusterSpec::FromObject(*run.cluster);
    facts.replicas = static_cast<std::size_t>(std::max(run.cluster_spec.replicas, 1));
    if (run.cluster->deletion_time().has_value()) {
      facts.target_problem = fmt::format("cluster \"{}\" is being deleted", run.spec.cluster);
    } else if (run.cluster_spec.runtime == objects::RuntimeKind::kExternal) {
      facts.target_problem = fmt::format(
          "cluster \"{}\" is not run by Tresor: restore into a local cluster, or stop its members "
          "and use `tresor snapshot restore`",
          run.spec.cluster);
    }
    const Result<runtime::ClusterRuntime*> found = services_.runtimes.Of(run.cluster_spec.runtime);
    if (found.ok()) {
      run.runtime = *found;
    } else if (facts.target_problem.empty()) {
      facts.target_problem = Message(found.status());
    }
  }

  facts.proof = run.proof;
  facts.order = run.order;
  facts.members = run.members;
  facts.answers = run.answers;
  facts.missing = run.status.missing_members;
  facts.expected = ExpectedOf(run.restore);
  const bool has_cluster = run.cluster.has_value() && run.runtime != nullptr;
  if (!has_cluster && run.stage > RestoreStage::kPausing) {
    // It was taken away by force. There is nobody left to give orders to.
    facts.order = OkStatus();
    facts.target_gone = true;
    facts.members_touched = false;
    facts.released = true;
  }
  switch (run.stage) {
    case RestoreStage::kPreflight:
    case RestoreStage::kSafetyBackup:
      return has_cluster ? GatherSafety(context, run, facts) : OkStatus();
    case RestoreStage::kPausing:
      return has_cluster ? GatherPausing(context, run, facts) : OkStatus();
    case RestoreStage::kReleasing:
    case RestoreStage::kReturning:
      if (has_cluster) {
        facts.released =
            EtcdClusterStatus::FromObject(*run.cluster).active_restore != run.restore.name();
      }
      return OkStatus();
    default:
      return OkStatus();
  }
}

Status RestoreController::GatherSafety(const Context& context, Run& run, RestoreFacts& facts) {
  using Kind = SafetyState::Kind;
  if (!run.spec.safety_backup) {
    facts.safety = {.kind = Kind::kNotAsked};
    return OkStatus();
  }
  if (run.stage == RestoreStage::kPreflight) {
    facts.safety = {.kind = Kind::kMissing};
    return OkStatus();
  }
  // One that another restore of this name made is not ours.
  const Result<Object> backup =
      run.status.safety_backup.empty()
          ? Result<Object>(Error(Code::kNotFound, "not begun"))
          : services_.store.Get(context, {objects::kEtcdBackups, run.restore.name_space(),
                                          run.status.safety_backup});
  if (!backup.ok() && backup.status().code() != Code::kNotFound) {
    return backup.status();
  }
  std::string failure;
  if (backup.ok()) {
    const auto status = EtcdBackupStatus::FromObject(*backup);
    const auto phase = status.phase.value_or(objects::BackupPhase::kPending);
    if (phase == objects::BackupPhase::kCompleted) {
      run.safety_made = true;
      facts.safety = {.kind = Kind::kCompleted,
                      .detail = fmt::format("backup \"{}\"", backup->name())};
      return OkStatus();
    }
    if (phase != objects::BackupPhase::kFailed && !backup->deletion_time().has_value()) {
      facts.safety = {
          .kind = Kind::kWaiting,
          .detail = fmt::format("backup \"{}\" is {}{}{}", backup->name(), objects::ToString(phase),
                                status.message.empty() ? "" : ": ", status.message)};
      return OkStatus();
    }
    failure = status.message.empty() ? "it was deleted" : status.message;
  }
  // It could not be done, or is yet to be: is there anything to read at all?
  const Result<runtime::ClusterObservation> seen =
      run.runtime->Observe(context.WithTimeout(options_.call_timeout), ClusterIdOf(*run.cluster));
  if (!seen.ok() && seen.status().code() != Code::kNotFound) {
    facts.safety = {.kind = Kind::kWaiting, .detail = std::string(Message(seen.status()))};
    return OkStatus();
  }
  const bool readable =
      seen.ok() && std::any_of(seen->members.begin(), seen->members.end(),
                               [](const auto& member) { return member.answered; });
  if (!readable && facts.now - facts.stage_since < kReadPatience) {
    facts.safety = {.kind = Kind::kWaiting, .detail = "no member of the cluster answers"};
  } else if (!readable) {
    facts.safety = {.kind = Kind::kImpossible, .detail = "no member of the cluster answers"};
  } else if (backup.ok()) {
    facts.safety = {.kind = Kind::kFailed, .detail = failure};
  } else {
    facts.safety = {.kind = Kind::kMissing};
  }
  return OkStatus();
}

Status RestoreController::GatherPausing(const Context& context, Run& run, RestoreFacts& facts) {
  const std::string holder = EtcdClusterStatus::FromObject(*run.cluster).active_restore;
  facts.claimed = holder == run.restore.name();
  facts.other_restore = facts.claimed ? "" : holder;
  if (!facts.claimed) {
    return OkStatus();
  }
  store::ListOptions options;
  options.name_space = run.restore.name_space();
  ASSIGN_OR_RETURN(const store::ListResult backups,
                   services_.store.List(context, objects::kEtcdBackups, options));
  for (const Object& backup : backups.items) {
    const auto phase = EtcdBackupStatus::FromObject(backup).phase;
    if (EtcdBackupSpec::FromObject(backup).cluster == run.spec.cluster &&
        (phase == objects::BackupPhase::kRunning || phase == objects::BackupPhase::kVerifying)) {
      ++facts.running_backups;
    }
  }
  return OkStatus();
}

// --- doing
// -----------------------------------------------------------------------------------------

Status RestoreController::Enter(const Context& context, Run& run, const RestoreAction& action) {
  // First what the status is to refer to.
  if (run.stage == RestoreStage::kPreflight && run.proven.has_value()) {
    const std::string expected = ToText(run.proven->expected);
    RETURN_IF_ERROR(Recorded("expect", [&] {
      return store::Modify(context, services_.store, run.key(), WriteAs(kController),
                           [&](Object& object) -> Result<bool> {
                             object.SetAnnotation(kExpectedAnnotation, expected);
                             return true;
                           })
          .status();
    }));
  }
  const RestoreStage from = run.stage;
  const WallTime now = services_.clock.Now();
  const auto enter = [&](Object& object) -> Result<bool> {
    EtcdRestoreStatus status = EtcdRestoreStatus::FromObject(object);
    if (StageOf(status) != from) {
      return Error(Code::kAborted, "the restore is at {}, not at {} any more",
                   ToString(StageOf(status)), ToString(from));
    }
    // A word that came before this write counts; one that comes after it is refused.
    if (action.stage == RestoreStage::kOpening && IsToEnd(object)) {
      return Error(Code::kAborted, "the restore was cancelled just now");
    }
    const bool for_worse = action.stage == RestoreStage::kRollingBack ||
                           action.stage == RestoreStage::kFailed ||
                           action.stage == RestoreStage::kCancelled;
    if (!status.steps.empty()) {
      status.steps.back().completion_time = now;
      if (!action.message.empty()) {
        status.steps.back().message = action.message;
      }
    }
    if (!status.start_time.has_value()) {
      status.start_time = now;
    }
    if (!action.missing.empty()) {
      status.missing_members = action.missing;
    }
    if (from == RestoreStage::kSafetyBackup && !run.safety_made) {
      status.safety_backup.clear();
    }
    NoteStuck(object, status, false, now);
    status.observed_generation = object.generation();
    status.phase = ParsePhase(PhaseOf(action.stage));
    status.progress.reset();
    if (!for_worse) {
      status.message = action.stage == RestoreStage::kReturning ? status.message : "";
    } else if (!action.message.empty()) {
      status.message = action.message;
    }
    if (from == RestoreStage::kPreflight && run.proven.has_value()) {
      status.destination = run.proven_at.destination;
      status.repository = run.proven_at.project + "/" + run.proven_at.cluster_uid;
      status.backup_id = run.proven->backup.id;
      status.steps.back().message =
          fmt::format("{} records, HashKV {} at revision {}", run.proven->backup.records,
                      run.proven->backup.description.hash_kv.hash,
                      run.proven->backup.description.hash_kv.revision);
    }
    if (!IsOver(action.stage)) {
      status.steps.push_back({.name = std::string(ToString(action.stage)),
                              .start_time = now,
                              .completion_time = {},
                              .message = for_worse ? action.message : ""});
    } else {
      status.completion_time = now;
      if (const auto* step = FindStep(status, RestoreStage::kRollingBack)) {
        status.message = step->message;  // not what went on meanwhile
      }
      const bool completed = action.stage == RestoreStage::kCompleted;
      for (const auto& [type, holds] : {std::pair{objects::kCompletedCondition, completed},
                                        std::pair{objects::kFailedCondition, !completed}}) {
        objects::SetCondition(status.conditions,
                              {.type = std::string(type),
                               .status = holds ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                               .reason = std::string(ToString(action.stage)),
                               .message = status.message,
                               .last_transition = {},
                               .observed_generation = object.generation()},
                              now);
      }
    }
    status.WriteTo(object);
    return true;
  };
  ASSIGN_OR_RETURN(Object entered, Recorded(fmt::format("enter {}", ToString(action.stage)), [&] {
                     return store::ModifyStatus(context, services_.store, run.key(),
                                                WriteAs(kController), enter);
                   }));
  run.Take(std::move(entered));
  run.ForgetWhatWasSeen();
  if (!action.missing.empty()) {
    Tell(context, run, "MemberMissing", action.message);
  }
  Announce(context, run, action.stage, run.status.message);
  return OkStatus();
}

void RestoreController::Tell(const Context& context, const Run& run, std::string_view reason,
                             const std::string& message) {
  services_.events.Record(context, run.restore, EventType::kWarning, reason, message);
  if (run.cluster.has_value()) {
    services_.events.Record(context, *run.cluster, EventType::kWarning,
                            fmt::format("Restore{}", reason),
                            fmt::format("restore \"{}\" from backup \"{}\": {}", run.restore.name(),
                                        run.spec.backup, message));
  }
}

void RestoreController::Announce(const Context& context, Run& run, RestoreStage stage,
                                 const std::string& message) {
  const bool bad = stage == RestoreStage::kRollingBack || stage == RestoreStage::kFailed;
  const EventType type = bad ? EventType::kWarning : EventType::kNormal;
  services_.events.Record(context, run.restore, type, ToString(stage),
                          message.empty()
                              ? fmt::format("restore of \"{}\" from backup \"{}\": {}",
                                            run.spec.cluster, run.spec.backup, ToString(stage))
                              : message);
  if (!IsOver(stage)) {
    return;
  }
  if (run.cluster.has_value()) {
    services_.events.Record(context, *run.cluster, type, fmt::format("Restore{}", ToString(stage)),
                            fmt::format("restore \"{}\" from backup \"{}\"{}{}", run.restore.name(),
                                        run.spec.backup, message.empty() ? "" : ": ", message));
  }
  const auto start = run.status.start_time.value_or(services_.clock.Now());
  services_.metrics.RestoreEnded({.cluster = {run.restore.name_space(), run.spec.cluster},
                                  .phase = std::string(ToString(stage)),
                                  .duration = run.status.completion_time.value_or(start) - start});
}

Status RestoreController::NoteWait(const Context& context, Run& run, const RestoreAction& action) {
  const std::string& message = action.message;
  std::string text = message;
  std::optional<objects::Progress> progress;
  if (run.stage == RestoreStage::kRollingBack || run.stage == RestoreStage::kReturning) {
    const auto* step = FindStep(run.status, RestoreStage::kRollingBack);
    text = (step == nullptr ? std::string() : step->message) +
           (message.empty() ? "" : "; rolling back: " + message);
  } else if (run.stage == RestoreStage::kRebuilding && run.members.ok()) {
    const MembersProgress seen = ProgressOf(*run.members, run.restore.uid(),
                                            static_cast<std::size_t>(run.cluster_spec.replicas));
    progress = objects::MakeProgress(seen.bytes_done, seen.bytes_total);
  }
  const bool was_stuck = objects::IsTrue(run.status.conditions, kStuckCondition);
  if (run.status.message == text && run.status.progress == progress && was_stuck == action.stuck) {
    return OkStatus();
  }
  if (action.stuck && !was_stuck) {
    Tell(context, run, kStuckCondition, message);
  }
  return store::ModifyStatus(context, services_.store, run.key(), WriteAs(kController),
                             [&](Object& object) -> Result<bool> {
                               auto status = EtcdRestoreStatus::FromObject(object);
                               if (StageOf(status) != run.stage) {
                                 return false;
                               }
                               status.message = text;
                               status.progress = progress;
                               NoteStuck(object, status, action.stuck, services_.clock.Now());
                               status.WriteTo(object);
                               return true;
                             })
      .status();
}

Status RestoreController::Prove(const Context& context, Run& run) {
  std::stop_source stop;
  proving_.Lock()->insert_or_assign(run.restore.uid(), stop);
  // The server's own end counts as well.
  const std::stop_callback pass_on(context.stop(), [&] { stop.request_stop(); });
  const auto prove = [&]() -> Status {
    // A repository that does not answer must not outlast the restore's own time.
    const WallTime begin = services_.clock.Now();
    const Context bounded =
        context.WithStop(stop.get_token())
            .WithTimeout(DeadlineOf(run.status, run.spec).value_or(begin) - begin);
    ASSIGN_OR_RETURN(const Object backup,
                     services_.store.Get(bounded, {objects::kEtcdBackups, run.restore.name_space(),
                                                   run.spec.backup}));
    const auto status = EtcdBackupStatus::FromObject(backup);
    if (status.phase != objects::BackupPhase::kCompleted || backup.deletion_time().has_value()) {
      return Error(Code::kFailedPrecondition, "backup \"{}\" is {}, not Completed", run.spec.backup,
                   backup.deletion_time().has_value() ? "being deleted"
                   : status.phase.has_value()         ? objects::ToString(*status.phase)
                                                      : "new");
    }
    if (run.spec.revision_bump > 0 && !run.spec.mark_compacted) {
      return Error(Code::kInvalidArgument,
                   "spec.revisionBump needs spec.markCompacted, as etcdutl's --bump-revision does");
    }
    RETURN_IF_ERROR(CheckVersions(
        run.cluster_spec, status.snapshot.has_value() ? status.snapshot->etcd_version : ""));
    const Result<runtime::ClusterObservation> seen =
        run.runtime->Observe(bounded.WithTimeout(options_.call_timeout), ClusterIdOf(*run.cluster));
    if (seen.status().code() == Code::kNotFound) {
      return Error(Code::kUnavailable, "cluster \"{}\" has not been started yet", run.spec.cluster);
    }
    if (const auto wanted = static_cast<std::size_t>(run.cluster_spec.replicas);
        seen.ok() && seen->members.size() < wanted) {
      // A restore is for all that there are to be: it would wait for those that do not come.
      return Error(Code::kUnavailable,
                   "cluster \"{}\" has {} of {} members: it is growing, or spec.replicas has to be "
                   "changed back first",
                   run.spec.cluster, seen->members.size(), wanted);
    }
    ASSIGN_OR_RETURN(run.proven_at, AddressOf(status.destination, status.repository));

    MonotonicTime told = services_.clock.Monotonic();
    const auto progress = [&](const backup::Progress& done) {
      if (services_.clock.Monotonic() - told < kProgressEvery) {
        return;
      }
      told = services_.clock.Monotonic();
      const Status noted =
          store::ModifyStatus(bounded, services_.store, run.key(), WriteAs(kController),
                              [&](Object& object) -> Result<bool> {
                                auto now = EtcdRestoreStatus::FromObject(object);
                                if (StageOf(now) != run.stage) {
                                  return false;
                                }
                                now.progress =
                                    objects::MakeProgress(done.done_bytes, done.total_bytes);
                                now.WriteTo(object);
                                return true;
                              })
              .status();
      static_cast<void>(noted);  // for the eye only
    };
    ASSIGN_OR_RETURN(ProvenBackup proven,
                     services_.vault.Prove(bounded, run.proven_at,
                                           {.id = status.id,
                                            .revision_bump = run.spec.revision_bump,
                                            .mark_compacted = run.spec.mark_compacted,
                                            .progress = progress}));
    const std::uint64_t quota =
        run.cluster_spec.quota_backend_bytes > 0
            ? static_cast<std::uint64_t>(run.cluster_spec.quota_backend_bytes)
            : kDefaultQuotaBytes;
    if (proven.data_bytes >= quota) {
      return Error(Code::kFailedPrecondition,
                   "the restored database has up to {} MiB, the cluster's quota is {} MiB: raise "
                   "spec.quotaBackendBytes first",
                   proven.data_bytes >> 20, quota >> 20);
    }
    if (services_.free_bytes) {
      ASSIGN_OR_RETURN(const std::uint64_t free, services_.free_bytes(ClusterIdOf(*run.cluster)));
      const std::uint64_t needed = static_cast<std::uint64_t>(run.cluster_spec.replicas) *
                                   (proven.data_bytes + kRoomForLogs);
      if (free < needed) {
        return Error(Code::kResourceExhausted,
                     "{} MiB are free where the members lie, {} MiB are needed", free >> 20,
                     needed >> 20);
      }
    }
    run.proven = std::move(proven);
    return OkStatus();
  };
  const Status status = prove();
  proving_.Lock()->erase(run.restore.uid());
  return status;
}

Status RestoreController::BackUp(const Context& context, Run& run) {
  // First the name: from then on it is in use, and stays. Who comes after a crash makes it.
  if (run.status.safety_backup.empty()) {
    std::string name = run.restore.name() + "-safety";
    const Status taken =
        services_.store.Get(context, {objects::kEtcdBackups, run.restore.name_space(), name})
            .status();
    if (taken.ok()) {
      name += "-" + run.restore.uid().substr(0, kTellingUidChars);
    } else if (taken.code() != Code::kNotFound) {
      return taken;
    }
    ASSIGN_OR_RETURN(Object with, Recorded("note safety backup", [&] {
                       return store::ModifyStatus(
                           context, services_.store, run.key(), WriteAs(kController),
                           [&](Object& object) -> Result<bool> {
                             auto status = EtcdRestoreStatus::FromObject(object);
                             status.safety_backup = name;
                             status.WriteTo(object);
                             return true;
                           });
                     }));
    run.Take(std::move(with));
  }
  Object backup;
  backup.json = {
      {"apiVersion", objects::kApiVersion},
      {"kind", "EtcdBackup"},
      {"metadata", {{"name", run.status.safety_backup}, {"namespace", run.restore.name_space()}}}};
  // Where the backup lies that is restored: a place that has just shown that it works.
  EtcdBackupSpec{.cluster = run.spec.cluster, .destination = run.status.destination}.WriteTo(
      backup);
  if (run.restore.name().size() <= 63) {
    backup.SetLabel(kRestoreLabel, run.restore.name());
  }
  const Status created = Recorded("create safety backup", [&] {
    return services_.store.Create(context, objects::kEtcdBackups, backup, WriteAs(kController))
        .status();
  });
  if (!created.ok() && created.code() != Code::kAlreadyExists) {
    return Annotate(created, "making the safety backup");
  }
  return OkStatus();
}

Status RestoreController::Claim(const Context& context, Run& run) {
  const WallTime now = services_.clock.Now();
  const auto claim = [&](Object& object) -> Result<bool> {
    EtcdClusterStatus status = EtcdClusterStatus::FromObject(object);
    if (!status.active_restore.empty()) {
      return false;  // ours already, or another's: the next look tells
    }
    status.active_restore = run.restore.name();
    status.phase = objects::ClusterPhase::kRestoring;
    status.message = "restore " + run.restore.name();
    // Nobody looks at them on the cluster's behalf until it is over.
    for (objects::ClusterMember& member : status.members) {
      member.healthy = false;
      member.phase = runtime::ToString(runtime::MemberPhase::kRestoring);
    }
    status.ready = fmt::format("0/{}", status.members.size());
    objects::SetCondition(status.conditions,
                          {.type = std::string(objects::kReadyCondition),
                           .status = ConditionStatus::kFalse,
                           .reason = "Restoring",
                           .message = status.message,
                           .last_transition = {},
                           .observed_generation = object.generation()},
                          now);
    status.WriteTo(object);
    return true;
  };
  return Recorded("claim", [&] {
    return store::ModifyStatus(context, services_.store, run.cluster_key(), WriteAs(kController),
                               claim)
        .status();
  });
}

Result<bool> RestoreController::Order(const Context& context, Run& run) {
  const runtime::ClusterId id = ClusterIdOf(*run.cluster);
  const auto lock = services_.locks.TryLock(id.uid);
  if (!lock.has_value()) {
    return false;
  }
  // Under the lock, as it is now: told to one that is just removed, the runtime would make it anew.
  const Result<Object> cluster = services_.store.Get(context, run.cluster_key());
  if (cluster.status().code() == Code::kNotFound ||
      (cluster.ok() && (cluster->uid() != id.uid || cluster->deletion_time().has_value()))) {
    return false;
  }
  RETURN_IF_ERROR(cluster.status());
  const bool roll_back = run.stage == RestoreStage::kRollingBack;
  const auto order = [&]() -> Status {
    ASSIGN_OR_RETURN(runtime::ClusterSpec spec,
                     MakeClusterSpec(context, services_.store, *cluster));
    runtime::RestoreOrder& restore = spec.restore.emplace();
    restore.id = run.restore.uid();
    restore.roll_back = roll_back;
    restore.until = StepOf(run.stage).value_or(runtime::RestoreStep::kStop);
    restore.backup = run.status.backup_id;
    restore.bump_revision = run.spec.revision_bump;
    restore.mark_compacted = run.spec.mark_compacted;
    restore.without = run.status.missing_members;
    if (run.stage == RestoreStage::kOpening &&
        services_.clock.Now() >= run.stage_since().value_or(WallTime{}) + options_.open_in_turn) {
      // Its time is over: the others are not to wait for it any longer.
      ASSIGN_OR_RETURN(const runtime::ClusterObservation seen,
                       run.runtime->Observe(context.WithTimeout(options_.call_timeout), id));
      restore.without = OpenMembersOf(seen, restore.id, 0).unopened;
    }
    const auto access = [&]() -> Result<LauncherAccess> {
      ASSIGN_OR_RETURN(const RepositoryAddress address,
                       AddressOf(run.status.destination, run.status.repository));
      return services_.vault.AccessForLaunchers(context, address);
    }();
    if (access.ok()) {
      restore.repository = access->repository;
      restore.key_file = access->key_file;
    } else if (!roll_back && !IsPastReturn(run.stage)) {
      return access.status();  // the way back and the way out need no repository
    }
    return run.runtime->Apply(context.WithTimeout(options_.call_timeout), spec);
  };
  run.order = order();
  if (run.order->code() == Code::kCancelled) {
    RETURN_IF_ERROR(context.Check());
  }
  // Also when it was refused: then it matters whether members have begun at all.
  run.members = run.runtime->Observe(context.WithTimeout(options_.call_timeout), id);
  return true;
}

Status RestoreController::Verify(const Context& context, Run& run) {
  const std::optional<ExpectedData> expected = ExpectedOf(run.restore);
  run.answers.clear();
  const auto ask = [&]() -> Status {
    ASSIGN_OR_RETURN(etcd::ClientOptions access, run.runtime->Access(ClusterIdOf(*run.cluster)));
    if (run.stage == RestoreStage::kOpening) {
      access.endpoints.clear();  // of those alone that serve clients
      for (const runtime::MemberObservation& member : run.members->members) {
        if (member.healthy && member.restore.has_value() &&
            member.restore->done >= runtime::RestoreStep::kOpen) {
          access.endpoints.push_back(member.client_url);
        }
      }
    }
    ASSIGN_OR_RETURN(const std::unique_ptr<etcd::Client> client, services_.connect(access));
    for (const std::string& endpoint : client->endpoints()) {
      run.answers.push_back(client->HashKv(context.WithTimeout(options_.call_timeout), endpoint,
                                           expected.has_value() ? expected->revision : 0));
    }
    return OkStatus();
  };
  const Status status = ask();
  if (run.answers.empty()) {
    // What the launchers verified may be enough.
    run.answers.emplace_back(status.ok() ? Error(Code::kUnavailable, "the cluster has no endpoints")
                                         : status);
  }
  return OkStatus();
}

Status RestoreController::Release(const Context& context, Run& run) {
  const Result<runtime::ClusterObservation> seen =
      run.runtime->Observe(context.WithTimeout(options_.call_timeout), ClusterIdOf(*run.cluster));
  const auto release = [&](Object& object) -> Result<bool> {
    ClusterFacts facts;
    facts.spec = EtcdClusterSpec::FromObject(object);
    facts.before = EtcdClusterStatus::FromObject(object);
    if (facts.before.active_restore != run.restore.name()) {
      return false;
    }
    facts.before.active_restore.clear();
    facts.generation = object.generation();
    facts.deleting = object.deletion_time().has_value();
    facts.observed = seen;
    facts.now = services_.clock.Now();
    PlanClusterStatus(facts).WriteTo(object);
    return true;
  };
  const Status status = Recorded("release", [&] {
    return store::ModifyStatus(context, services_.store, run.cluster_key(), WriteAs(kController),
                               release)
        .status();
  });
  return status.code() == Code::kNotFound ? OkStatus() : status;
}

}  // namespace tresor::control
