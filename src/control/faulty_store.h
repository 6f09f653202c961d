// SPDX-License-Identifier: Apache-2.0
// For tests: faults at any one of all calls that a controller makes, to the store and to others.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/object_store.h"

namespace tresor::control {

/// Counts calls, and lets one of them go wrong.
class Faults {
 public:
  enum class Mode {
    kErrorBefore,  // the call is not carried out, and says kUnavailable
    kErrorAfter,   // it is carried out, and says kUnavailable
    kCrashBefore,  // the controller ends before the call
    kCrashAfter,   // it ends after the call, before it knows the answer
  };

  /// The `call`-th from now (0: the next) goes wrong.
  void Arm(int call, Mode mode) {
    armed_ = calls_ + call;
    mode_ = mode;
  }
  Status Before(std::string_view what) {
    if (crashed_) {
      return Gone();
    }
    const int number = calls_++;
    if (number == armed_) {
      hit_ = what;
      if (mode_ == Mode::kErrorBefore) {
        return Error(Code::kUnavailable, "injected before {}", what);
      }
      if (mode_ == Mode::kCrashBefore) {
        crashed_ = true;
        return Gone();
      }
      fail_after_ = true;
    }
    return OkStatus();
  }
  Status After(std::string_view what) {
    if (crashed_) {
      return Gone();
    }
    if (!std::exchange(fail_after_, false)) {
      return OkStatus();
    }
    if (mode_ == Mode::kCrashAfter) {
      crashed_ = true;
      return Gone();
    }
    return Error(Code::kUnavailable, "injected after {}", what);
  }

  [[nodiscard]] bool crashed() const { return crashed_; }
  void Restart() { crashed_ = false; }
  [[nodiscard]] int calls() const { return calls_; }
  /// What went wrong; empty: nothing, the run made fewer calls.
  [[nodiscard]] const std::string& hit() const { return hit_; }

 private:
  static Status Gone() { return Error(Code::kUnavailable, "the controller has ended"); }
  int calls_ = 0;
  int armed_ = -1;
  Mode mode_ = Mode::kErrorBefore;
  bool fail_after_ = false;
  bool crashed_ = false;
  std::string hit_;
};

class FaultyStore final : public store::ObjectStore {
 public:
  FaultyStore(store::ObjectStore& base, Faults& faults) : base_(base), faults_(faults) {}

  Result<store::Object> Get(const Context& context, const store::ObjectKey& key) override {
    return Call<Result<store::Object>>("Get " + key.resource.plural,
                                       [&] { return base_.Get(context, key); });
  }
  Result<store::ListResult> List(const Context& context, const store::ResourceName& resource,
                                 const store::ListOptions& options) override {
    return Call<Result<store::ListResult>>("List " + resource.plural,
                                           [&] { return base_.List(context, resource, options); });
  }
  Result<std::unique_ptr<store::Watch>> StartWatch(const Context& context,
                                                   const store::ResourceName& resource,
                                                   const store::WatchOptions& options,
                                                   std::function<void()> on_ready) override {
    return base_.StartWatch(context, resource, options, std::move(on_ready));
  }
  Result<store::Object> Create(const Context& context, const store::ResourceName& resource,
                               const store::Object& object, const store::WriteOptions& options,
                               std::vector<std::string>* warnings) override {
    return Call<Result<store::Object>>("Create " + resource.plural, [&] {
      return base_.Create(context, resource, object, options, warnings);
    });
  }
  Result<store::Object> Update(const Context& context, const store::ResourceName& resource,
                               const store::Object& object, const store::WriteOptions& options,
                               std::vector<std::string>* warnings) override {
    return Call<Result<store::Object>>("Update " + resource.plural, [&] {
      return base_.Update(context, resource, object, options, warnings);
    });
  }
  Result<store::Object> UpdateStatus(const Context& context, const store::ResourceName& resource,
                                     const store::Object& object,
                                     const store::WriteOptions& options) override {
    return Call<Result<store::Object>>("UpdateStatus " + resource.plural, [&] {
      return base_.UpdateStatus(context, resource, object, options);
    });
  }
  Result<store::Object> Delete(const Context& context, const store::ObjectKey& key,
                               const store::DeleteOptions& options) override {
    return Call<Result<store::Object>>("Delete " + key.resource.plural,
                                       [&] { return base_.Delete(context, key, options); });
  }

 private:
  template <typename T, typename F>
  T Call(const std::string& what, F call) {
    RETURN_IF_ERROR(faults_.Before(what));
    T result = call();
    RETURN_IF_ERROR(faults_.After(what));
    return result;
  }

  store::ObjectStore& base_;
  Faults& faults_;
};

}  // namespace tresor::control
