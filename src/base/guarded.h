// SPDX-License-Identifier: Apache-2.0
// Guarded<T>: a T that can be named only while its lock is held.
//   Guarded<std::map<Id, Job>> jobs_;   auto jobs = jobs_.Lock();   jobs->erase(id);
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace tresor {

template <typename T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  /// Holds the lock as long as it lives.
  class Handle {
   public:
    T& operator*() const { return *value_; }
    T* operator->() const { return value_; }
    /// Lets go of the lock until `condition` is notified and `ready()` holds.
    template <typename Predicate>
    void Wait(std::condition_variable& condition, Predicate ready) {
      condition.wait(lock_, std::move(ready));
    }
    template <typename Duration, typename Predicate>
    bool WaitFor(std::condition_variable& condition, Duration timeout, Predicate ready) {
      return condition.wait_for(lock_, timeout, std::move(ready));
    }

   private:
    friend class Guarded;
    Handle(std::mutex& mutex, T* value) : lock_(mutex), value_(value) {}
    std::unique_lock<std::mutex> lock_;
    T* value_;
  };

  [[nodiscard]] Handle Lock() { return Handle(mutex_, &value_); }

 private:
  std::mutex mutex_;
  T value_{};
};

}  // namespace tresor
