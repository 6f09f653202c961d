// SPDX-License-Identifier: Apache-2.0
#include "control/restore_plan.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/retry.h"
#include "etcd/format/ids.h"

namespace tresor::control {
namespace {

using Kind = RestoreAction::Kind;
using runtime::RestoreStep;

struct StageName {
  RestoreStage stage;
  std::string_view name;
  std::string_view phase;
};
constexpr std::array kStages{
    StageName{RestoreStage::kPending, "Pending", "Pending"},
    StageName{RestoreStage::kPreflight, "Preflight", "Preflight"},
    StageName{RestoreStage::kSafetyBackup, "SafetyBackup", "SafetyBackup"},
    StageName{RestoreStage::kPausing, "Pausing", "Pausing"},
    StageName{RestoreStage::kStoppingMembers, "StoppingMembers", "StoppingMembers"},
    StageName{RestoreStage::kRebuilding, "Rebuilding", "Rebuilding"},
    StageName{RestoreStage::kStartingMembers, "StartingMembers", "StartingMembers"},
    StageName{RestoreStage::kVerifying, "Verifying", "Verifying"},
    StageName{RestoreStage::kOpening, "Opening", "Verifying"},
    StageName{RestoreStage::kRemovingOldData, "RemovingOldData", "Verifying"},
    StageName{RestoreStage::kReleasing, "Releasing", "Verifying"},
    StageName{RestoreStage::kCompleted, "Completed", "Completed"},
    StageName{RestoreStage::kRollingBack, "RollingBack", "RollingBack"},
    StageName{RestoreStage::kReturning, "Returning", "RollingBack"},
    StageName{RestoreStage::kFailed, "Failed", "Failed"},
    StageName{RestoreStage::kCancelled, "Cancelled", "Cancelled"},
};

const StageName& NameOf(RestoreStage stage) { return kStages[static_cast<std::size_t>(stage)]; }

// Members that were healthy before are so again by then; those that were not must not hold up the
// end.
constexpr std::chrono::minutes kReturnPatience{2};
constexpr std::string_view kNotHealthyYet = "not all members are healthy yet";

constexpr std::string_view kWhatHelps =
    "see etcd.log and launcher.log in its folder. It goes on by itself as soon as that is mended; "
    "if the data is lost, restore the backup into another cluster and delete this one, which is "
    "allowed now";

RestoreAction Wait(std::string message) {
  return {.kind = Kind::kWait, .message = std::move(message)};
}
RestoreAction Do(Kind kind) { return {.kind = kind}; }
RestoreAction Enter(RestoreStage stage, std::string message = {}) {
  return {.kind = Kind::kEnter, .stage = stage, .message = std::move(message)};
}
/// `what` first: it is what people see in a narrow column.
RestoreAction Stuck(std::string_view what, std::string_view why) {
  return {
      .kind = Kind::kWait,
      .message = fmt::format("stuck: {}{}{}; {}", what, why.empty() ? "" : ": ", why, kWhatHelps),
      .stuck = true};
}

/// Ends a restore that has not gone past the point of return.
RestoreAction GiveUp(const RestoreFacts& facts, std::string why, bool cancelled = false) {
  if (facts.stage < RestoreStage::kPausing) {
    return Enter(cancelled ? RestoreStage::kCancelled : RestoreStage::kFailed, std::move(why));
  }
  return Enter(RestoreStage::kRollingBack, std::move(why));
}

/// Errors that the same call will not get over.
bool IsHopeless(const Status& status) {
  switch (status.code()) {
    case Code::kInvalidArgument:
    case Code::kUnimplemented:
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
      return true;
    default:
      return false;
  }
}

/// The same of a proof: nothing was touched, so it need not be tried as long.
bool IsHopelessProof(const Status& status) {
  return !IsRetryable(status) && status.code() != Code::kAborted;
}

RestoreAction PlanPreflight(const RestoreFacts& facts) {
  if (!facts.proof.has_value()) {
    return Do(Kind::kProve);
  }
  if (facts.proof->ok()) {
    return Enter(facts.safety.kind == SafetyState::Kind::kNotAsked ? RestoreStage::kPausing
                                                                   : RestoreStage::kSafetyBackup);
  }
  std::string why(Message(*facts.proof));
  // No room is not a matter of a moment either.
  const bool no_room = facts.proof->code() == Code::kResourceExhausted;
  return IsHopelessProof(*facts.proof) || no_room ? GiveUp(facts, std::move(why))
                                                  : Wait(std::move(why));
}

RestoreAction PlanSafetyBackup(const RestoreFacts& facts) {
  switch (facts.safety.kind) {
    case SafetyState::Kind::kNotAsked:
    case SafetyState::Kind::kCompleted:
      return Enter(RestoreStage::kPausing, facts.safety.detail);
    case SafetyState::Kind::kImpossible:
      return Enter(RestoreStage::kPausing, "no safety backup: " + facts.safety.detail);
    case SafetyState::Kind::kMissing:
      return Do(Kind::kBackUp);
    case SafetyState::Kind::kWaiting:
      return Wait(facts.safety.detail);
    case SafetyState::Kind::kFailed:
      return GiveUp(facts, "the safety backup failed: " + facts.safety.detail +
                               " (spec.safetyBackup: false restores without one)");
  }
  return Wait({});
}

RestoreAction PlanPausing(const RestoreFacts& facts) {
  if (!facts.other_restore.empty()) {
    return Enter(RestoreStage::kFailed,
                 "restore \"" + facts.other_restore + "\" has the cluster; nothing was touched");
  }
  if (!facts.claimed) {
    return Do(Kind::kClaim);
  }
  if (facts.running_backups > 0) {
    return Wait(fmt::format("waits for {} running backup{} to end", facts.running_backups,
                            facts.running_backups == 1 ? "" : "s"));
  }
  return Enter(RestoreStage::kStoppingMembers);
}

/// The runtime will not hear of this restore, and no member has.
bool IsRefused(const RestoreFacts& facts) {
  return facts.order->code() == Code::kFailedPrecondition && facts.members.ok() &&
         std::ranges::none_of(facts.members->members, [&](const auto& member) {
           return member.restore.has_value() && member.restore->id == facts.restore_id;
         });
}

RestoreStage After(RestoreStage stage) {
  return static_cast<RestoreStage>(static_cast<int>(stage) + 1);
}

/// Stages in which members are told something, up to kVerifying.
RestoreAction PlanMembers(const RestoreFacts& facts) {
  if (!facts.order.has_value()) {
    return Do(Kind::kOrder);
  }
  if (!facts.order->ok()) {
    std::string why(Message(*facts.order));
    return IsHopeless(*facts.order) || IsRefused(facts) ? GiveUp(facts, std::move(why))
                                                        : Wait(std::move(why));
  }
  if (!facts.members.ok()) {
    return Wait(std::string(Message(facts.members.status())));
  }
  const MembersProgress progress = ProgressOf(*facts.members, facts.restore_id, facts.replicas);
  if (!progress.final_error.empty()) {
    return GiveUp(facts, progress.final_error);
  }
  if (progress.done_by_all < StepOf(facts.stage)) {
    return Wait(progress.error);
  }
  if (facts.stage != RestoreStage::kVerifying) {
    return Enter(After(facts.stage));
  }
  if (!progress.all_healthy) {
    return Wait(std::string(kNotHealthyYet));
  }
  if (facts.answers.empty()) {
    return Do(Kind::kVerify);
  }
  if (!facts.expected.has_value()) {
    return GiveUp(facts, "what the members must answer is not on record");
  }
  Verdict verdict = JudgeRestored(*facts.members, facts.restore_id, facts.replicas, *facts.expected,
                                  facts.answers);
  switch (verdict.kind) {
    case Verdict::Kind::kPassed:
      return Enter(RestoreStage::kOpening, std::move(verdict.detail));
    case Verdict::Kind::kFailed:
      return GiveUp(facts, std::move(verdict.detail));
    case Verdict::Kind::kWait:
      return Wait(std::move(verdict.detail));
  }
  return Wait({});
}

Verdict Fail(std::string detail) {
  return {.kind = Verdict::Kind::kFailed, .detail = std::move(detail)};
}

std::string Describe(const ExpectedData& data) {
  return fmt::format("hash {} at revision {}, compacted at {}", data.hash, data.revision,
                     data.compact_revision);
}

/// Whether what one member rebuilt or answered is what must be. None: it can't be compared, because
/// it is about another compact revision.
std::optional<bool> Agrees(const ExpectedData& expected, const ExpectedData& found) {
  if (found.revision != expected.revision) {
    return false;
  }
  if (found.compact_revision == expected.compact_revision) {
    return found.hash == expected.hash;
  }
  if (found.compact_revision == expected.earlier_compact_revision) {
    return found.hash == expected.earlier_hash;
  }
  return std::nullopt;
}

std::string Difference(const ExpectedData& expected, const ExpectedData& found) {
  return fmt::format("{}, but the backup gives {}", Describe(found), Describe(expected));
}

/// What members answered for the backup's revision.
struct Comparison {
  std::set<etcd::MemberId> agreed;
  std::string contradiction;  // "member 3e answers hash 7 …"; empty: none
  std::string trouble;        // why one could not be compared
};
Comparison Compare(const ExpectedData& expected,
                   const std::vector<Result<etcd::HashKvResponse>>& answers) {
  Comparison comparison;
  for (const Result<etcd::HashKvResponse>& answer : answers) {
    if (!answer.ok()) {
      comparison.trouble = Message(answer.status());
      continue;
    }
    const ExpectedData found{.revision = expected.revision,
                             .compact_revision = answer->compact_revision,
                             .hash = answer->hash};
    const std::optional<bool> agrees = Agrees(expected, found);
    const std::string member = etcd::ToString(answer->header.member);
    if (agrees == true) {
      comparison.agreed.insert(answer->header.member);
    } else if (agrees == false) {
      comparison.contradiction =
          fmt::format("member {} answers {}", member, Difference(expected, found));
    } else {
      comparison.trouble = fmt::format("member {} answers for another compact revision, {}", member,
                                       found.compact_revision);
    }
  }
  return comparison;
}

/// Only forward.
RestoreAction PlanOpening(const RestoreFacts& facts) {
  if (facts.target_gone) {
    return Enter(RestoreStage::kFailed, facts.target_problem);
  }
  if (!facts.order.has_value()) {
    return Do(Kind::kOrder);
  }
  const bool is_patient = facts.now < facts.stage_since + facts.open_patience;
  if (!facts.order->ok() || !facts.members.ok()) {
    const std::string why(
        Message(facts.order->ok() ? facts.members.status() : Status(*facts.order)));
    return is_patient ? Wait(why) : Stuck("members cannot be told to open", why);
  }
  const OpenMembers seen = OpenMembersOf(*facts.members, facts.restore_id, facts.replicas);
  if (seen.quorum && seen.missing.empty()) {
    return Enter(After(facts.stage));
  }
  if (!seen.quorum) {
    return is_patient && !seen.hopeless ? Wait(seen.why) : Stuck("no quorum has opened", seen.why);
  }
  if (is_patient && !seen.hopeless) {
    return Wait(seen.why);
  }
  if (facts.answers.empty()) {
    return Do(Kind::kVerify);
  }
  // Clients may have written and compacted since: what can't be compared any more was proven before
  // they were let in.
  if (facts.expected.has_value()) {
    const Comparison comparison = Compare(*facts.expected, facts.answers);
    if (!comparison.contradiction.empty()) {
      return Stuck("members have opened with other data", comparison.contradiction);
    }
  }
  RestoreAction action = Enter(After(facts.stage), "went on without " + seen.why);
  action.missing = seen.missing;
  return action;
}

/// Only forward. Who does not come along is the cluster controller's concern from then on.
RestoreAction PlanRemovingOldData(const RestoreFacts& facts) {
  if (!facts.order.has_value()) {
    return Do(Kind::kOrder);
  }
  std::string trouble;
  if (!facts.order->ok() || !facts.members.ok()) {
    trouble = Message(facts.order->ok() ? facts.members.status() : Status(*facts.order));
  } else {
    runtime::ClusterObservation seen = *facts.members;
    std::erase_if(seen.members, [&](const runtime::MemberObservation& member) {
      return std::ranges::find(facts.missing, member.name) != facts.missing.end();
    });
    const bool forgotten =
        std::ranges::none_of(seen.members, [&](const runtime::MemberObservation& member) {
          return member.restore.has_value() && member.restore->id == facts.restore_id &&
                 member.restore->done != RestoreStep::kForget;
        });
    const MembersProgress progress = ProgressOf(
        seen, facts.restore_id, facts.replicas - std::min(facts.replicas, facts.missing.size()));
    if (forgotten || progress.done_by_all >= StepOf(facts.stage)) {
      return Enter(After(facts.stage));
    }
    if (!progress.final_error.empty()) {
      return Enter(After(facts.stage), "went on without: " + progress.final_error);
    }
    trouble = progress.error;
  }
  if (facts.now >= facts.stage_since + facts.open_patience) {
    return Enter(After(facts.stage),
                 "went on without" + (trouble.empty() ? " some of it" : ": " + trouble));
  }
  return Wait(std::move(trouble));
}

RestoreAction PlanRollingBack(const RestoreFacts& facts) {
  if (!facts.members_touched) {
    return Enter(RestoreStage::kReturning);
  }
  if (!facts.order.has_value()) {
    return Do(Kind::kOrder);
  }
  const auto wait = [&](const std::string& why) {
    return facts.now < facts.stage_since + facts.open_patience
               ? Wait(why)
               : Stuck("members are not back on their old data", why);
  };
  if (!facts.order->ok()) {
    return IsRefused(facts) ? Enter(RestoreStage::kReturning)
                            : wait(std::string(Message(*facts.order)));
  }
  if (!facts.members.ok()) {
    return wait(std::string(Message(facts.members.status())));
  }
  const MembersProgress progress = ProgressOf(*facts.members, facts.restore_id, facts.replicas);
  if (!progress.all_rolled_back) {
    return wait(progress.final_error.empty() ? progress.error : progress.final_error);
  }
  const bool out_of_patience = facts.now >= facts.stage_since + kReturnPatience;
  return progress.all_healthy || out_of_patience ? Enter(RestoreStage::kReturning)
                                                 : Wait(std::string(kNotHealthyYet));
}

std::optional<RestoreAction> PlanEndBeforeReturn(const RestoreFacts& facts) {
  if (facts.cancelled) {
    return GiveUp(facts, "cancelled", true);
  }
  if (!facts.target_problem.empty()) {
    return GiveUp(facts, facts.target_problem);
  }
  if (facts.now >= facts.deadline) {
    return GiveUp(facts, fmt::format("not done in time: {} did not end before {}{}{}",
                                     ToString(facts.stage), FormatTime(facts.deadline),
                                     facts.last_trouble.empty() ? "" : ": ", facts.last_trouble));
  }
  return std::nullopt;
}

}  // namespace

std::string_view ToString(RestoreStage stage) { return NameOf(stage).name; }

std::optional<RestoreStage> ParseRestoreStage(std::string_view text) {
  for (const StageName& stage : kStages) {
    if (stage.name == text) {
      return stage.stage;
    }
  }
  return std::nullopt;
}

std::string_view PhaseOf(RestoreStage stage) { return NameOf(stage).phase; }

bool IsOver(RestoreStage stage) {
  return stage == RestoreStage::kCompleted || stage == RestoreStage::kFailed ||
         stage == RestoreStage::kCancelled;
}

bool IsPastReturn(RestoreStage stage) {
  return stage >= RestoreStage::kOpening && stage <= RestoreStage::kCompleted;
}

std::optional<RestoreStep> StepOf(RestoreStage stage) {
  switch (stage) {
    case RestoreStage::kStoppingMembers:
      return RestoreStep::kSetAside;
    case RestoreStage::kRebuilding:
      return RestoreStep::kRebuild;
    case RestoreStage::kStartingMembers:
    case RestoreStage::kVerifying:
      return RestoreStep::kStartClosed;
    case RestoreStage::kOpening:
      return RestoreStep::kOpen;
    case RestoreStage::kRemovingOldData:
      return RestoreStep::kForget;
    default:
      return std::nullopt;
  }
}

RestoreAction PlanRestore(const RestoreFacts& facts) {
  if (IsOver(facts.stage)) {
    return Wait({});
  }
  if (facts.stage < RestoreStage::kOpening) {
    if (std::optional<RestoreAction> end = PlanEndBeforeReturn(facts)) {
      return *std::move(end);
    }
  }
  switch (facts.stage) {
    case RestoreStage::kPending:
      return Enter(RestoreStage::kPreflight);
    case RestoreStage::kPreflight:
      return PlanPreflight(facts);
    case RestoreStage::kSafetyBackup:
      return PlanSafetyBackup(facts);
    case RestoreStage::kPausing:
      return PlanPausing(facts);
    case RestoreStage::kStoppingMembers:
    case RestoreStage::kRebuilding:
    case RestoreStage::kStartingMembers:
    case RestoreStage::kVerifying:
      return PlanMembers(facts);
    case RestoreStage::kOpening:
      return PlanOpening(facts);
    case RestoreStage::kRemovingOldData:
      return PlanRemovingOldData(facts);
    case RestoreStage::kReleasing:
      return facts.released ? Enter(RestoreStage::kCompleted) : Do(Kind::kRelease);
    case RestoreStage::kRollingBack:
      return PlanRollingBack(facts);
    case RestoreStage::kReturning:
      if (!facts.released) {
        return Do(Kind::kRelease);
      }
      return Enter(facts.rolling_back_for_cancel ? RestoreStage::kCancelled
                                                 : RestoreStage::kFailed);
    case RestoreStage::kCompleted:
    case RestoreStage::kFailed:
    case RestoreStage::kCancelled:
      break;
  }
  return Wait({});
}

namespace {

/// Why a member that a restore has does not go on; empty: it does not say.
const std::string& TroubleOf(const runtime::MemberObservation& member) {
  return member.restore.has_value() && !member.restore->error.empty() ? member.restore->error
                                                                      : member.message;
}

}  // namespace

MembersProgress ProgressOf(const runtime::ClusterObservation& observation,
                           const std::string& restore_id, std::size_t replicas) {
  MembersProgress progress;
  const bool all_there = observation.members.size() >= replicas && !observation.members.empty();
  bool all_begun = all_there;
  progress.all_healthy = all_there;
  progress.all_rolled_back = all_there;
  std::optional<RestoreStep> least;
  for (const runtime::MemberObservation& member : observation.members) {
    progress.all_healthy = progress.all_healthy && member.healthy;
    const bool ours = member.restore.has_value() && member.restore->id == restore_id;
    if (!ours) {
      all_begun = false;
      // It never began, unless its launcher has not told yet.
      progress.all_rolled_back = progress.all_rolled_back &&
                                 member.phase != runtime::MemberPhase::kRestoring &&
                                 member.phase != runtime::MemberPhase::kStarting;
      if (!member.message.empty() && progress.error.empty()) {
        progress.error = member.name + ": " + member.message;
      }
      continue;
    }
    const runtime::RestoreObservation& restore = *member.restore;
    progress.all_rolled_back = progress.all_rolled_back && restore.rolled_back;
    progress.bytes_done += restore.bytes_done;
    progress.bytes_total += restore.bytes_total;
    std::string& trouble = restore.final ? progress.final_error : progress.error;
    const std::string& why = restore.done.has_value() ? restore.error : TroubleOf(member);
    if (!why.empty() && trouble.empty()) {
      trouble = member.name + ": " + why;
    }
    if (!restore.done.has_value() || restore.rolled_back) {
      all_begun = false;
      continue;
    }
    least = least.has_value() ? std::min(*least, *restore.done) : *restore.done;
    progress.done_by_any = progress.done_by_any.has_value()
                               ? std::max(*progress.done_by_any, *restore.done)
                               : *restore.done;
  }
  if (all_begun) {
    progress.done_by_all = least;
  }
  return progress;
}

OpenMembers OpenMembersOf(const runtime::ClusterObservation& observation,
                          const std::string& restore_id, std::size_t replicas) {
  OpenMembers seen;
  std::size_t open = 0;
  seen.hopeless = true;
  const auto miss = [&](const std::string& name, const std::string& why) {
    seen.missing.push_back(name);
    seen.why += fmt::format("{}{}: {}", seen.why.empty() ? "" : ", ", name, why);
  };
  for (const runtime::MemberObservation& member : observation.members) {
    const bool ours = member.restore.has_value() && member.restore->id == restore_id;
    const bool opened = ours && member.restore->done >= RestoreStep::kOpen;
    if (opened && member.healthy) {
      ++open;
      continue;
    }
    if (!opened) {
      seen.unopened.push_back(member.name);
    }
    const std::string& trouble = TroubleOf(member);
    miss(member.name, !trouble.empty() ? trouble
                      : opened         ? "it is not healthy yet"
                                       : "it has not opened yet");
    seen.hopeless =
        seen.hopeless && (!ours || (!member.restore->error.empty() && member.restore->final));
  }
  const std::size_t all = std::max(replicas, observation.members.size());
  if (seen.missing.empty()) {
    seen.hopeless = false;
    seen.why = fmt::format("{} of {} members are there", observation.members.size(), all);
  }
  seen.quorum = open * 2 > all;
  return seen;
}

Verdict JudgeRestored(const runtime::ClusterObservation& observation, const std::string& restore_id,
                      std::size_t replicas, const ExpectedData& expected,
                      const std::vector<Result<etcd::HashKvResponse>>& answers) {
  if (observation.members.size() < replicas) {
    return {.detail =
                fmt::format("{} of {} members are there", observation.members.size(), replicas)};
  }
  bool all_verified = true;
  std::optional<runtime::RebuiltData> first;
  for (const runtime::MemberObservation& member : observation.members) {
    if (!member.healthy) {
      return {.detail = fmt::format("member {} is not healthy yet", member.name)};
    }
    if (!member.restore.has_value() || member.restore->id != restore_id ||
        !member.restore->rebuilt.has_value()) {
      return {.detail = fmt::format("member {} has not said what it rebuilt", member.name)};
    }
    const runtime::RebuiltData& rebuilt = *member.restore->rebuilt;
    all_verified = all_verified && member.restore->verified;
    const ExpectedData found{.revision = rebuilt.revision,
                             .compact_revision = rebuilt.compact_revision,
                             .hash = rebuilt.hash};
    if (Agrees(expected, found) == false) {
      return Fail(fmt::format("member {} rebuilt {}", member.name, Difference(expected, found)));
    }
    if (first.has_value() &&
        (first->hash != rebuilt.hash || first->compact_revision != rebuilt.compact_revision)) {
      return Fail(
          fmt::format("members rebuilt different data: {} is not like the first", member.name));
    }
    first = rebuilt;
  }

  const Comparison comparison = Compare(expected, answers);
  if (!comparison.contradiction.empty()) {
    return Fail(comparison.contradiction);
  }
  if (comparison.agreed.size() >= replicas || all_verified) {
    return {
        .kind = Verdict::Kind::kPassed,
        .detail = fmt::format("{} members: {}", observation.members.size(), Describe(expected))};
  }
  return {.detail =
              comparison.trouble.empty() ? "not all members have answered" : comparison.trouble};
}

}  // namespace tresor::control
