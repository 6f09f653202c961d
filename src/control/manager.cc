// SPDX-License-Identifier: Apache-2.0
#include "control/manager.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace tresor::control {
namespace {

// Between attempts to reach a store that does not answer.
constexpr std::chrono::seconds kPumpRetry{1};

}  // namespace

std::vector<Key> OwnKey(const Object& object) { return {{object.name_space(), object.name()}}; }

Manager::Manager(store::ObjectStore& store, const Clock& clock, Metrics& metrics,
                 const ManagerOptions& options)
    : store_(store), clock_(clock), metrics_(metrics), options_(options) {}

Manager::~Manager() { Stop(); }

Informer& Manager::InformerOf(const objects::ResourceName& resource) {
  std::unique_ptr<Informer>& informer = informers_[resource];
  if (informer == nullptr) {
    informer = std::make_unique<Informer>(store_, resource, [this] { Wake(); });
  }
  return *informer;
}

WorkQueue& Manager::Add(Reconciler& reconciler, std::vector<Source> sources,
                        const ControllerOptions& options) {
  controllers_.push_back(std::make_unique<Controller>(reconciler, clock_, options));
  WorkQueue& queue = controllers_.back()->queue;
  for (Source& source : sources) {
    InformerOf(source.resource)
        .AddHandler([&queue, keys = std::move(source.keys)](const ObjectPointer& before,
                                                            const ObjectPointer& after) {
          // Both: an object may have moved from one key's concern to another's.
          for (const ObjectPointer& object : {before, after}) {
            if (object != nullptr) {
              for (const Key& key : keys(*object)) {
                queue.Add(key);
              }
            }
          }
        });
  }
  return queue;
}

void Manager::Wake() {
  pump_.Lock()->ready = true;
  pump_changed_.notify_all();
}

Result<bool> Manager::UpdateAll(const Context& context) {
  bool more = false;
  for (const auto& [resource, informer] : informers_) {
    const Result<bool> updated = informer->Update(context);
    if (!updated.ok()) {
      return Annotate(updated.status(), "watching " + objects::ToString(resource));
    }
    more = more || *updated;
  }
  return more;
}

void Manager::RunPump(const std::stop_token& stop) {
  const Context context = Context::Background().WithClock(clock_).WithStop(stop);
  const std::stop_callback wake(stop, [this] { Wake(); });
  MonotonicTime resynced = clock_.Monotonic();
  while (!stop.stop_requested()) {
    const Result<bool> more = UpdateAll(context);
    if (clock_.Monotonic() - resynced >= options_.resync) {
      resynced = clock_.Monotonic();
      for (const auto& [resource, informer] : informers_) {
        informer->Resync();
      }
    }
    auto pump = pump_.Lock();
    if (more.status().code() != pump->last.code() && !more.ok()) {
      Log(LogLevel::kWarning, "control: {}", Message(more.status()));
    }
    pump->last = more.status();
    pump_changed_.notify_all();
    if (more.ok() && *more) {
      continue;
    }
    // Told to by a watch; at the latest after a while, for the resync and for a store that failed.
    pump.WaitFor(pump_changed_, kPumpRetry, [&] { return pump->ready || stop.stop_requested(); });
    pump->ready = false;
  }
}

Status Manager::Start(const Context& context) {
  stop_ = std::stop_source();
  pump_thread_.emplace([this, stop = stop_.get_token()] { RunPump(stop); });
  const auto synced = [this] {
    return std::all_of(informers_.begin(), informers_.end(),
                       [](const auto& entry) { return entry.second->synced(); });
  };
  while (!synced()) {
    const Status status = context.Check();
    if (!status.ok()) {
      const Status why = Healthy();
      Stop();
      return why.ok() ? Annotate(status, "reading all objects") : why;
    }
    auto pump = pump_.Lock();
    pump.WaitFor(pump_changed_, std::chrono::milliseconds(50), synced);
  }
  for (const auto& controller : controllers_) {
    for (int i = 0; i < controller->options.workers; ++i) {
      workers_.emplace_back([this, &controller = *controller, stop = stop_.get_token()] {
        RunWorker(controller, stop);
      });
    }
  }
  return OkStatus();
}

void Manager::Stop() {
  stop_.request_stop();
  for (const auto& controller : controllers_) {
    controller->queue.ShutDown();
  }
  workers_.clear();
  pump_thread_.reset();
}

void Manager::RunWorker(Controller& controller, const std::stop_token& stop) {
  const Context context = Context::Background().WithClock(clock_).WithStop(stop);
  while (const std::optional<Key> key = controller.queue.Get()) {
    ReconcileOne(context, controller, *key);
  }
}

void Manager::ReconcileOne(const Context& context, Controller& controller, const Key& key) {
  const MonotonicTime begin = clock_.Monotonic();
  const Result<Next> next = controller.reconciler.Reconcile(
      context.WithTimeout(controller.options.timeout.value_or(options_.reconcile_timeout)), key);
  const std::string_view name = controller.reconciler.name();
  metrics_.Reconciled(name, clock_.Monotonic() - begin, next.ok());
  {
    auto counts = controller.counts.Lock();
    ++counts->reconciles;
    counts->failures += next.ok() ? 0U : 1U;
    counts->last_error =
        next.ok() ? "" : ToString(key) + ": " + std::string(Message(next.status()));
  }
  if (next.ok()) {
    controller.queue.Forget(key);
    if (next->after.has_value()) {
      controller.queue.AddAfter(key, *next->after);
    }
  } else if (next.status().code() != Code::kCancelled || !context.stop().stop_requested()) {
    const auto delay = controller.queue.AddRateLimited(key);
    // Somebody else wrote first: that is how it is meant to be, and says nothing to anybody.
    if (next.status().code() != Code::kAborted) {
      Log(LogLevel::kWarning, "{} {}: {} (again in {} ms)", name, ToString(key),
          Message(next.status()),
          std::chrono::duration_cast<std::chrono::milliseconds>(delay).count());
    }
  }
  controller.queue.Done(key);
  metrics_.QueueLength(name, controller.queue.size());
}

Status Manager::RunUntilIdle(const Context& context, int rounds) {
  for (int round = 0; round < rounds;) {
    bool more = true;
    while (more) {
      ASSIGN_OR_RETURN(more, UpdateAll(context));
    }
    bool worked = false;
    for (const auto& controller : controllers_) {
      if (const std::optional<Key> key = controller->queue.TryGet()) {
        ReconcileOne(context, *controller, *key);
        worked = true;
        ++round;
      }
    }
    if (!worked) {
      return OkStatus();
    }
  }
  return Error(Code::kResourceExhausted, "not idle after {} reconciles", rounds);
}

std::optional<MonotonicTime> Manager::next_due() const {
  std::optional<MonotonicTime> first;
  for (const auto& controller : controllers_) {
    const std::optional<MonotonicTime> due = controller->queue.next_due();
    if (due.has_value() && (!first.has_value() || *due < *first)) {
      first = due;
    }
  }
  return first;
}

Status Manager::Healthy() const { return pump_.Lock()->last; }

std::vector<ControllerHealth> Manager::Controllers() const {
  std::vector<ControllerHealth> all;
  for (const auto& controller : controllers_) {
    auto counts = controller->counts.Lock();
    all.push_back({.name = std::string(controller->reconciler.name()),
                   .waiting = controller->queue.size(),
                   .reconciles = counts->reconciles,
                   .failures = counts->failures,
                   .last_error = counts->last_error});
  }
  return all;
}

}  // namespace tresor::control
