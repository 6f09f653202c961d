// SPDX-License-Identifier: Apache-2.0
// The controller of EtcdBackups: takes them in turn, tries again, and removes what is stored when
// the object is to go.
//
// A backup is known in its repository by a tag with its object's uid, and every attempt begins by
// looking for it: so whatever a crash leaves, a backup that was stored is found and not taken
// twice.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "control/backup_queue.h"
#include "control/executor.h"
#include "control/informer.h"
#include "control/reconciler.h"
#include "control/services.h"
#include "control/work_queue.h"
#include "objects/etcd_backup.h"

namespace tresor::control {

struct BackupControllerOptions {
  BackupLimits limits = {};
  /// How often progress is written.
  std::chrono::nanoseconds progress_every = std::chrono::seconds(2);
  /// Of a backup that was made by hand.
  std::chrono::nanoseconds try_for = std::chrono::minutes(15);
};

/// Informers: of EtcdRestores (kByBackup). They, the executor and the queues outlive it; the
/// executor ends before it does.
class BackupController final : public Reconciler {
 public:
  BackupController(const Services& services, const Informer& restores, Executor& executor,
                   const BackupControllerOptions& options = {})
      : services_(services),
        restores_(restores),
        executor_(executor),
        options_(options),
        state_(State{.queue = BackupQueue(options.limits)}) {}

  /// Before the first Reconcile: its own queue, and that of PruneController (may be null).
  void SetQueues(WorkQueue& own, WorkQueue* prune) {
    own_queue_ = &own;
    prune_queue_ = prune;
  }

  [[nodiscard]] std::string_view name() const override { return "backup"; }
  [[nodiscard]] Result<Next> Reconcile(const Context& context, const Key& key) override;

 private:
  struct Attempts {
    int count = 0;
    std::optional<WallTime> next;   // not before
    std::optional<WallTime> begun;  // the first; objects have it to the second only
  };
  struct Active {
    std::stop_source stop;
    MonotonicTime told;  // when progress was written last
  };
  struct Outcome {
    Result<StoredBackup> stored = Error(Code::kInternal, "no outcome");
  };
  struct State {
    BackupQueue queue;
    std::map<Key, Active> active;
    std::map<Key, Outcome> outcomes;
    std::map<Key, Attempts> attempts;
  };

  [[nodiscard]] Result<Object> Prepare(const Context& context, const Object& backup);
  [[nodiscard]] Result<Next> Adopt(const Context& context, const Object& backup);
  [[nodiscard]] Result<Next> Pursue(const Context& context, const Object& backup);
  [[nodiscard]] Result<Next> Finish(const Context& context, const Object& backup,
                                    const Outcome& outcome);
  [[nodiscard]] Result<Next> Fail(const Context& context, const Object& backup,
                                  const std::string& message);
  [[nodiscard]] Result<Next> Delete(const Context& context, const Object& backup);
  [[nodiscard]] Status Note(const Context& context, const Key& key, const std::string& message);

  void StartWaiting();
  void RunOne(const Context& context, const Key& key, const std::stop_token& stop);
  [[nodiscard]] Result<StoredBackup> Take(const Context& context, const Key& key);
  void TellProgress(const Context& context, const Key& key, const backup::Progress& progress);
  void ReportQueue(const State& state);
  void Drop(const Key& key);
  [[nodiscard]] WallTime TryUntilOf(const Object& backup) const;

  const Services services_;
  const Informer& restores_;
  Executor& executor_;
  const BackupControllerOptions options_;
  WorkQueue* own_queue_ = nullptr;    // constant after SetQueues
  WorkQueue* prune_queue_ = nullptr;  // likewise
  Guarded<State> state_;
};

/// Prune rewrites what is mostly dead: rather once for many backups than after each.
inline constexpr std::chrono::minutes kPruneDelay{60};

/// Frees room in repositories: one key per repository, {destination, "<project>/<cluster uid>"}.
/// Whoever forgets a backup adds its key with kPruneDelay; the first of several holds. Delays don't
/// outlive the server: after its start every repository that is found gets one.
class PruneController final : public Reconciler {
 public:
  explicit PruneController(const Services& services) : services_(services) {}
  [[nodiscard]] std::string_view name() const override { return "prune"; }
  [[nodiscard]] Result<Next> Reconcile(const Context& context, const Key& key) override;

 private:
  const Services services_;
};

}  // namespace tresor::control
