// SPDX-License-Identifier: Apache-2.0
// Executor: runs what takes long, apart from the workers that reconcile.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <stop_token>
#include <utility>

#include "base/clock.h"
#include "base/context.h"
#include "base/guarded.h"
#include "base/thread.h"

namespace tresor::control {

/// Threads: all methods, from any thread.
class Executor {
 public:
  virtual ~Executor() = default;
  /// Starts `job`, some time soon; who calls limits how many there are. The context is stopped when
  /// the executor ends.
  virtual void Run(std::function<void(const Context&)> job) = 0;
};

/// A thread for each job. Its destructor stops them and waits.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(const Clock& clock) : clock_(clock) {}
  ~ThreadExecutor() override {
    stop_.request_stop();
    std::list<Job> left;  // joined at the end of this block
    left.swap(*jobs_.Lock());
  }

  void Run(std::function<void(const Context&)> job) override {
    auto jobs = jobs_.Lock();
    if (stop_.stop_requested()) {
      return;
    }
    jobs->remove_if([](const Job& old) { return old.done->load(); });
    Job& added = jobs->emplace_back();
    added.thread = Thread(
        [job = std::move(job), done = added.done, stop = stop_.get_token(), &clock = clock_] {
          job(Context::Background().WithClock(clock).WithStop(stop));
          done->store(true);
        });
  }

 private:
  struct Job {
    std::shared_ptr<std::atomic<bool>> done = std::make_shared<std::atomic<bool>>(false);
    Thread thread;
  };
  const Clock& clock_;
  std::stop_source stop_;
  Guarded<std::list<Job>> jobs_;
};

}  // namespace tresor::control
