// SPDX-License-Identifier: Apache-2.0
// What follows from changes by itself: dependents of deleted owners, emptied namespaces. Each
// errand looks at what is there now, so doing one twice or late harms nothing.
//
// kubernetes/kubernetes pkg/controller/garbagecollector/garbagecollector.go (attemptToDeleteItem)
#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "objects/well_known.h"
#include "store/api_store.h"

namespace tresor::store {
namespace {

using objects::Json;
using objects::OwnerReference;

Requester Collector() { return {.user = "system:tresor:garbage-collector", .groups = {}}; }

bool HasFinalizer(const Object& object, std::string_view finalizer) {
  const std::vector<std::string> all = object.finalizers();
  return std::ranges::find(all, finalizer) != all.end();
}

// Waits until its dependents are gone.
bool IsForeground(const Object& object) {
  return IsTerminating(object) && HasFinalizer(object, kForegroundFinalizer);
}
bool IsOrphaning(const Object& object) {
  return IsTerminating(object) && HasFinalizer(object, kOrphanFinalizer);
}

}  // namespace

void ApiStore::AddErrand(Errand errand) {
  errands_.Lock()->waiting.insert(std::move(errand));
  errand_came_.notify_one();
}

void ApiStore::AwaitErrands() {
  auto errands = errands_.Lock();
  while (!errands.WaitFor(errands_done_, std::chrono::seconds{1}, [&] {
    return errands->stop || (errands->waiting.empty() && !errands->running);
  })) {
  }
}

void ApiStore::NoteErrands(const Change& change) {
  const auto settle = [this](const std::string& uid) { AddErrand({Errand::What::kOwner, uid}); };
  if (change.after == nullptr) {
    if (!cache_->DependentsOf(change.before->uid()).empty()) {
      settle(change.before->uid());
    }
    for (const OwnerReference& owner : change.before->owner_references()) {
      settle(owner.uid);
    }
    if (!change.key.name_space.empty()) {
      AddErrand({Errand::What::kNamespace, change.key.name_space});
    }
    return;
  }
  if (IsForeground(*change.after) || IsOrphaning(*change.after)) {
    settle(change.after->uid());
  }
  if (change.key.resource == objects::kNamespaces && IsTerminating(*change.after)) {
    AddErrand({Errand::What::kNamespace, change.key.name});
  }
  for (const OwnerReference& owner : change.after->owner_references()) {
    if (cache_->WithUid(owner.uid) == nullptr) {
      settle(owner.uid);
    }
  }
}

void ApiStore::Work(const std::stop_token& stop) {
  const Context context = Context::Background().WithStop(stop);
  MonotonicTime next_upkeep = SystemClock().Monotonic() + options_.upkeep_interval;
  while (!stop.stop_requested()) {
    Errand errand;
    bool found = false;
    {
      auto errands = errands_.Lock();
      const auto left = next_upkeep - SystemClock().Monotonic();
      errands.WaitFor(errand_came_, left,
                      [&] { return errands->stop || !errands->waiting.empty(); });
      if (errands->stop) {
        return;
      }
      if (!errands->waiting.empty()) {
        errand = std::move(errands->waiting.extract(errands->waiting.begin()).value());
        errands->running = found = true;
      }
    }
    if (found) {
      // Stopped in the middle: the next start finds what is left.
      const Status status = Run(context, errand);
      auto errands = errands_.Lock();
      errands->running = false;
      if (!status.ok() && status.code() != Code::kCancelled) {
        Log(LogLevel::kWarning, "store: cleaning up after {}: {}; will be tried again", errand.name,
            Message(status));
        errands->failed.insert(std::move(errand));
      }
      errands_done_.notify_all();
    }
    if (SystemClock().Monotonic() >= next_upkeep) {
      next_upkeep = SystemClock().Monotonic() + options_.upkeep_interval;
      if (const Status status = Upkeep(context);
          !status.ok() && status.code() != Code::kCancelled) {
        Log(LogLevel::kWarning, "store: upkeep: {}", Message(status));
      }
    }
  }
}

Status ApiStore::Run(const Context& context, const Errand& errand) {
  switch (errand.what) {
    case Errand::What::kOwner:
      return SettleOwner(context, errand.name);
    case Errand::What::kNamespace:
      return RemoveIfFree(context, {objects::kNamespaces, "", errand.name});
  }
  return OkStatus();
}

Status ApiStore::RemoveIfFree(const Context& context, const ObjectKey& key) {
  for (;;) {
    RETURN_IF_ERROR(context.Check());
    const SharedObject present = cache_->Get(key);
    if (present == nullptr || !MayGo(key, *present)) {
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const std::uint64_t revision, Remove(key, present->resource_version()));
    if (revision != 0) {
      return OkStatus();
    }
  }
}

// Does what the state of the owner with this uid means for those who name it.
Status ApiStore::SettleOwner(const Context& context, const std::string& uid) {
  const SharedObject owner = cache_->WithUid(uid);
  const std::vector<ObjectKey> dependents = cache_->DependentsOf(uid);
  if (owner == nullptr) {
    for (const ObjectKey& key : dependents) {
      RETURN_IF_ERROR(ReleaseDependent(context, key));
    }
    return OkStatus();
  }
  if (IsOrphaning(*owner)) {
    for (const ObjectKey& key : dependents) {
      RETURN_IF_ERROR(DropOwners(context, key, {uid}));
    }
    return DropFinalizer(context, uid, kOrphanFinalizer);
  }
  if (IsForeground(*owner)) {
    for (const ObjectKey& key : dependents) {
      RETURN_IF_ERROR(ReleaseDependent(context, key));
    }
    for (const ObjectKey& key : cache_->DependentsOf(uid)) {
      const SharedObject dependent = cache_->Get(key);
      if (dependent != nullptr &&
          std::ranges::any_of(dependent->owner_references(), [&](const OwnerReference& reference) {
            return reference.uid == uid && reference.block_owner_deletion;
          })) {
        return OkStatus();  // its end brings us here again
      }
    }
    return DropFinalizer(context, uid, kForegroundFinalizer);
  }
  return OkStatus();
}

// Deletes an object when no owner wants it any more; else it forgets those who don't.
Status ApiStore::ReleaseDependent(const Context& context, const ObjectKey& key) {
  const SharedObject object = cache_->Get(key);
  if (object == nullptr) {
    return OkStatus();
  }
  bool wanted = false;
  bool awaited = false;
  std::set<std::string> gone;
  for (const OwnerReference& reference : object->owner_references()) {
    const SharedObject owner = cache_->WithUid(reference.uid);
    if (owner != nullptr && !IsForeground(*owner)) {
      wanted = true;
    } else {
      gone.insert(reference.uid);
      awaited = awaited || owner != nullptr;
    }
  }
  if (wanted) {
    return DropOwners(context, key, gone);
  }
  if (IsTerminating(*object)) {
    return OkStatus();
  }
  using Propagation = DeleteOptions::Propagation;
  Propagation propagation = awaited ? Propagation::kForeground : Propagation::kBackground;
  if (HasFinalizer(*object, kOrphanFinalizer)) {
    propagation = Propagation::kOrphan;
  }
  const Status status = Delete(context, key,
                               {.requester = Collector(),
                                .dry_run = false,
                                .uid = object->uid(),
                                .resource_version = 0,
                                .propagation = propagation})
                            .status();
  // Gone, or another object of that name.
  return status.code() == Code::kNotFound || status.code() == Code::kAborted ? OkStatus() : status;
}

Status ApiStore::DropOwners(const Context& context, const ObjectKey& key,
                            const std::set<std::string>& uids) {
  const Status status =
      Modify(context, *this, key, {.requester = Collector()}, [&](Object& object) -> Result<bool> {
        Json& metadata = object.json["metadata"];
        const auto references = metadata.find("ownerReferences");
        if (references == metadata.end()) {
          return false;
        }
        Json kept = Json::array();
        for (const Json& reference : *references) {
          if (!uids.contains(reference.value("uid", std::string()))) {
            kept.push_back(reference);
          }
        }
        const bool changed = kept != *references;
        *references = std::move(kept);
        return changed;
      }).status();
  return status.code() == Code::kNotFound ? OkStatus() : status;
}

Status ApiStore::DropFinalizer(const Context& context, const std::string& uid,
                               std::string_view finalizer) {
  const std::optional<ObjectKey> key = cache_->KeyOf(uid);
  if (!key) {
    return OkStatus();
  }
  const Status status =
      Modify(context, *this, *key, {.requester = Collector()}, [&](Object& object) -> Result<bool> {
        if (object.uid() != uid || !HasFinalizer(object, finalizer)) {
          return false;
        }
        object.RemoveFinalizer(finalizer);
        return true;
      }).status();
  return status.code() == Code::kNotFound ? OkStatus() : status;
}

}  // namespace tresor::store
