// SPDX-License-Identifier: Apache-2.0
// What a restore does next: a pure function of what is recorded and what is seen.
//
// A restore is a transaction (DESIGN.md 5). Its stages, in order; each is recorded in status.steps
// when it begins and when it ends, so that whoever comes after a crash knows where it stands:
//
// clang-format off
//   stage            phase            what is done                            if it fails
//   Pending          Pending
//   Preflight        Preflight        backup proven, cluster looked at        Failed, nothing touched
//   SafetyBackup     SafetyBackup     the present state is backed up          likewise
//   Pausing          Pausing          cluster is marked: nobody else's        RollingBack
//   StoppingMembers  StoppingMembers  etcd stopped, data set aside            RollingBack
//   Rebuilding       Rebuilding       new data made from the backup           RollingBack
//   StartingMembers  StartingMembers  etcd runs on it, closed                 RollingBack
//   Verifying        Verifying        healthy, HashKV as the backup's         RollingBack
//   Opening          Verifying        clients are let in, members are healthy no way back: goes on
//   RemovingOldData  Verifying        what was set aside goes                 no way back: goes on
//   Releasing        Verifying        the cluster's mark is taken off         goes on
//   Completed        Completed
//   RollingBack      RollingBack      old data comes back, opened, healthy    goes on until it is done
//   Returning        RollingBack      the cluster's mark is taken off         goes on
//   Failed, Cancelled
// clang-format on
//
// Opening is recorded before the first member is told to open: from then on the restore can only go
// forward. That is what makes "either all of the new data or all of the old" hold at every crash.
//
// A member that does not open holds nobody up: after kOpenInTurn the others open without waiting
// for it, and after kOpenPatience (at once, when it says that it never will) a quorum that serves
// the backup's data goes on without it; the runtime brings it back from its fellows. Without a
// quorum it is tried for ever, and the restore says that it is stuck and what a person can do; then
// the cluster may be deleted.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "control/vault.h"
#include "runtime/runtime.h"

namespace tresor::control {

/// Members open one after another for so long, and are waited for so long.
inline constexpr std::chrono::minutes kOpenInTurn{1};
inline constexpr std::chrono::minutes kOpenPatience{10};

enum class RestoreStage {
  kPending,
  kPreflight,
  kSafetyBackup,
  kPausing,
  kStoppingMembers,
  kRebuilding,
  kStartingMembers,
  kVerifying,
  kOpening,
  kRemovingOldData,
  kReleasing,
  kCompleted,
  kRollingBack,
  kReturning,
  kFailed,
  kCancelled,
};
/// As in status.steps: "Preflight", …
[[nodiscard]] std::string_view ToString(RestoreStage stage);
[[nodiscard]] std::optional<RestoreStage> ParseRestoreStage(std::string_view text);
/// As in status.phase.
[[nodiscard]] std::string_view PhaseOf(RestoreStage stage);
/// Completed, Failed, Cancelled.
[[nodiscard]] bool IsOver(RestoreStage stage);
/// From kOpening on: there is no way back.
[[nodiscard]] bool IsPastReturn(RestoreStage stage);
/// What members are to be told in this stage; none: nothing.
[[nodiscard]] std::optional<runtime::RestoreStep> StepOf(RestoreStage stage);

/// How the safety backup stands.
struct SafetyState {
  enum class Kind { kNotAsked, kImpossible, kMissing, kWaiting, kCompleted, kFailed };
  Kind kind = Kind::kNotAsked;
  std::string detail;  // why it is impossible or failed; how far it is
};

/// What the decision needs. Only what the stage looks at has to be filled in.
struct RestoreFacts {
  RestoreStage stage = RestoreStage::kPending;
  WallTime now;
  WallTime stage_since;  // when the present stage began
  WallTime deadline;     // of everything before kOpening
  std::chrono::nanoseconds open_patience = kOpenPatience;
  bool cancelled = false;
  std::string last_trouble;  // what the stage waited for when it was looked at last
  /// Members were told something, ever: there may be something to roll back.
  bool members_touched = false;
  /// Why it is rolled back; of kRollingBack and kReturning.
  bool rolling_back_for_cancel = false;

  std::string target_problem;  // the cluster is gone, deleted, …: never again; empty: none
  bool target_gone = false;    // nobody is left to give orders to
  /// kPreflight. None: not tried in this process.
  std::optional<Status> proof;
  SafetyState safety;               // kSafetyBackup
  std::string other_restore;        // kPausing: who else has the cluster; empty: nobody
  bool claimed = false;             // kPausing: the mark is set
  std::size_t running_backups = 0;  // kPausing: of the cluster
  std::string restore_id;           // EtcdRestore's uid
  std::optional<Status> order;      // what Apply said; none: not called yet
  Result<runtime::ClusterObservation> members = runtime::ClusterObservation{};
  std::size_t replicas = 0;                           // how many members there must be
  std::optional<ExpectedData> expected;               // kVerifying, kOpening
  std::vector<Result<etcd::HashKvResponse>> answers;  // likewise: one per endpoint; may be empty
  std::vector<std::string> missing;                   // from kRemovingOldData on: went on without
  bool released = false;                              // kReleasing, kReturning
};

/// What to do next. Exactly one of them.
struct RestoreAction {
  enum class Kind {
    kWait,     // nothing changed: look again soon
    kEnter,    // record the end of the stage, and the beginning of `stage`; then plan again
    kProve,    // read the backup whole; then plan again with `proof`
    kBackUp,   // make the safety backup's object
    kClaim,    // mark the cluster
    kOrder,    // tell the members StepOf(stage), or to roll back; then plan again with `order`
    kVerify,   // ask every member for HashKV; then plan again with `answers`
    kRelease,  // take the mark off
  };
  Kind kind = Kind::kWait;
  RestoreStage stage = RestoreStage::kPending;  // kEnter
  std::string message;  // of the stage that ends or waits; of a failure: why
  bool stuck = false;   // kWait: only a person can help now, and `message` says how
  std::vector<std::string> missing = {};  // kEnter: members that it goes on without
};
[[nodiscard]] RestoreAction PlanRestore(const RestoreFacts& facts);

/// How far members are with one restore.
struct MembersProgress {
  /// The step that all have done; none: some have not begun.
  std::optional<runtime::RestoreStep> done_by_all;
  std::optional<runtime::RestoreStep> done_by_any;
  bool all_healthy = false;
  bool all_rolled_back = false;  // also those that never began, when none has anything set aside
  std::string final_error;       // "m1: no space left"; empty: none
  std::string error;             // that may pass
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;
};
[[nodiscard]] MembersProgress ProgressOf(const runtime::ClusterObservation& observation,
                                         const std::string& restore_id, std::size_t replicas);

/// Who serves clients after kOpen, and who does not.
struct OpenMembers {
  std::vector<std::string> unopened;  // have not done kOpen
  std::vector<std::string> missing;   // those, and others that are not healthy
  std::string why;                    // "m0: etcd ended with exit 1"; of the missing
  bool hopeless = false;              // all that are missing say that they never will
  bool quorum = false;                // more than half of all are open and healthy
};
[[nodiscard]] OpenMembers OpenMembersOf(const runtime::ClusterObservation& observation,
                                        const std::string& restore_id, std::size_t replicas);

/// Whether the cluster has what the backup has.
struct Verdict {
  enum class Kind { kWait, kPassed, kFailed };
  Kind kind = Kind::kWait;
  std::string detail;
};
/// `answers`: HashKV at expected.revision, one per member; empty: not asked yet.
[[nodiscard]] Verdict JudgeRestored(const runtime::ClusterObservation& observation,
                                    const std::string& restore_id, std::size_t replicas,
                                    const ExpectedData& expected,
                                    const std::vector<Result<etcd::HashKvResponse>>& answers);

}  // namespace tresor::control
