// SPDX-License-Identifier: Apache-2.0
// Manager: runs controllers. It owns the informers and the queues, and the threads of both.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/guarded.h"
#include "base/status.h"
#include "base/thread.h"
#include "control/informer.h"
#include "control/metrics.h"
#include "control/reconciler.h"
#include "control/work_queue.h"
#include "store/object_store.h"

namespace tresor::control {

/// Which keys of a controller a changed object concerns.
using KeyMapper = std::function<std::vector<Key>(const Object&)>;
/// The object's own.
[[nodiscard]] std::vector<Key> OwnKey(const Object& object);

struct ManagerOptions {
  /// Every object is looked at this often, also when nothing told to.
  std::chrono::nanoseconds resync = std::chrono::minutes(10);
  /// How long one call of a reconciler may take, unless its controller says otherwise.
  std::chrono::nanoseconds reconcile_timeout = std::chrono::minutes(2);
};

struct ControllerOptions {
  int workers = 2;
  std::optional<std::chrono::nanoseconds> timeout = {};  // none: ManagerOptions'
  WorkQueueOptions queue = {};
};

struct ControllerHealth {
  std::string name;
  std::size_t waiting = 0;
  std::uint64_t reconciles = 0;
  std::uint64_t failures = 0;
  std::string last_error;  // empty: the last call went well
};

/// Life: informers and controllers are added, then Start, then Stop (or the destructor). For tests
/// RunUntilIdle takes the place of Start and Stop, and of all threads.
///
/// Threads: Informer() and Add before Start, from one thread; the rest from any thread. Store,
/// clock, metrics and reconcilers outlive it.
class Manager {
 public:
  Manager(store::ObjectStore& store, const Clock& clock, Metrics& metrics,
          const ManagerOptions& options = {});
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// The one informer of a kind; made by the first who asks.
  [[nodiscard]] Informer& InformerOf(const objects::ResourceName& resource);

  struct Source {
    objects::ResourceName resource;
    KeyMapper keys = OwnKey;
  };
  /// A change in any of `sources` puts keys into the reconciler's queue.
  WorkQueue& Add(Reconciler& reconciler, std::vector<Source> sources,
                 const ControllerOptions& options = {});

  /// Waits until every informer has its first list (kDeadlineExceeded by `context`), then starts
  /// the workers.
  [[nodiscard]] Status Start(const Context& context);
  /// Tells running reconcilers to stop, waits for them, then ends the informers. Idempotent.
  void Stop();

  /// On the caller's thread: takes changes and reconciles until nothing is due. Errors of
  /// reconcilers are retried as ever. kResourceExhausted: still not idle after `rounds` calls.
  [[nodiscard]] Status RunUntilIdle(const Context& context, int rounds = 10'000);
  /// When the first delayed key is due; for tests that then move their clock.
  [[nodiscard]] std::optional<MonotonicTime> next_due() const;

  /// Not OK: the informers don't get through to the store.
  [[nodiscard]] Status Healthy() const;
  [[nodiscard]] std::vector<ControllerHealth> Controllers() const;

 private:
  struct Controller {
    Controller(Reconciler& what, const Clock& clock, const ControllerOptions& how)
        : reconciler(what), options(how), queue(clock, how.queue) {}
    struct Counts {
      std::uint64_t reconciles = 0;
      std::uint64_t failures = 0;
      std::string last_error;
    };
    Reconciler& reconciler;
    const ControllerOptions options;
    WorkQueue queue;
    Guarded<Counts> counts;
  };
  struct Pump {
    bool ready = true;  // some informer may have something to do
    Status last = OkStatus();
  };

  void Wake();
  void RunPump(const std::stop_token& stop);
  void RunWorker(Controller& controller, const std::stop_token& stop);
  void ReconcileOne(const Context& context, Controller& controller, const Key& key);
  /// Updates all informers once. True: there may be more.
  [[nodiscard]] Result<bool> UpdateAll(const Context& context);

  store::ObjectStore& store_;
  const Clock& clock_;
  Metrics& metrics_;
  const ManagerOptions options_;
  std::map<objects::ResourceName, std::unique_ptr<Informer>> informers_;  // constant after Start
  std::vector<std::unique_ptr<Controller>> controllers_;                  // likewise
  std::condition_variable pump_changed_;
  mutable Guarded<Pump> pump_;
  std::stop_source stop_;
  std::vector<Thread> workers_;
  std::optional<Thread> pump_thread_;
};

}  // namespace tresor::control
