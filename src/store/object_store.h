// SPDX-License-Identifier: Apache-2.0
// ObjectStore: the Kubernetes API as a C++ interface. Everything above (API, controllers, commands)
// knows only this, and not whether SQLite, memory or a Kubernetes API server is behind it.
//
// Semantics, which the contract suite holds every implementation to:
// https://kubernetes.io/docs/reference/using-api/api-concepts/
//  - every write gets a resourceVersion from one global, ascending sequence;
//  - objects are validated, defaulted and pruned by their CRD's schema before they are stored;
//    metadata.uid, creationTimestamp, generation (goes up when anything but metadata and status
//    changes) and resourceVersion are the store's;
//  - Update leaves status alone, UpdateStatus everything but status, for kinds with that
//    subresource;
//  - an update that changes nothing writes nothing and returns the present object;
//  - Delete of an object with finalizers sets deletionTimestamp; the object goes with its last
//    finalizer;
//  - a list is one consistent state, also over several pages; a watch from a list's version gets
//    every later change once, in order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "objects/object.h"
#include "objects/selector.h"
#include "store/object_list.h"

namespace tresor::store {

using objects::Object;
using objects::ObjectKey;
using objects::ResourceName;

/// Who asks; controllers are "system:tresor:<controller>".
struct Requester {
  std::string user;
  std::vector<std::string> groups;
};

struct WriteOptions {
  Requester requester;
  bool dry_run = false;       // everything but the write
  std::string field_manager;  // recorded in managedFields if those are kept
};

struct DeleteOptions {
  Requester requester;
  bool dry_run = false;
  std::string uid;                     // precondition; empty: none
  std::uint64_t resource_version = 0;  // precondition; 0: none
  enum class Propagation { kBackground, kForeground, kOrphan };
  Propagation propagation = Propagation::kBackground;
};

struct ListOptions {
  std::string name_space;  // empty: all
  objects::LabelSelector labels;
  objects::FieldSelector fields;
  std::uint64_t limit = 0;             // 0: all
  std::string continue_token;          // of the page before
  std::uint64_t resource_version = 0;  // with exact: that state; else at least as new as it
  bool exact = false;
};

struct ListResult {
  ObjectList items;                    // ascending by namespace and name
  std::uint64_t resource_version = 0;  // of the state; watch from here
  std::string continue_token;          // empty: that was all
  std::uint64_t remaining = 0;         // how many more, when known (no selector)
};

struct WatchOptions {
  std::string name_space;  // empty: all
  objects::LabelSelector labels;
  objects::FieldSelector fields;
  /// Changes after this version. 0: first an kAdded for everything that is there.
  std::uint64_t resource_version = 0;
};

struct WatchEvent {
  /// An object that begins to match a selector is kAdded, one that ceases to is kDeleted.
  enum class Type { kAdded, kModified, kDeleted };
  Type type = Type::kAdded;
  /// kDeleted: its last state, with the deletion's resourceVersion. Shared between watchers.
  std::shared_ptr<const Object> object;
};

/// One watch: a cursor into the store's changes, not a buffer of its own and not a thread. Ends
/// when destroyed; `on_ready` is not called any more then.
///
/// Poll once after StartWatch, without being woken. `on_ready` is called when something is there
/// after a Poll that returned fewer than `max`, once until the next such Poll.
///
/// Threads: one at a time; `on_ready` comes from any thread and must only wake somebody up: it may
/// neither poll nor destroy the watch.
class Watch {
 public:
  virtual ~Watch() = default;
  /// Up to `max` events that are there; fewer: that is all at present. Does not wait.
  /// kOutOfRange: it fell behind what the store keeps: list again. kUnavailable: the store closes.
  [[nodiscard]] virtual Result<std::vector<WatchEvent>> Poll(std::size_t max) = 0;
  /// Everything up to this version has been delivered: for bookmarks.
  [[nodiscard]] virtual std::uint64_t position() const = 0;
};

/// Threads: all methods, from any thread, at once.
/// Errors, besides a method's own (all with objects::ErrorDetails):
///  kNotFound, kAlreadyExists; kAborted: the resourceVersion is not the present one (409 Conflict);
///  kInvalidArgument: the object (reason Invalid, with causes) or the call (BadRequest);
///  kFailedPrecondition: admission refuses it for now (409 with its own reason);
///  kPermissionDenied: admission refuses it; kOutOfRange: the version is compacted (410 Expired);
///  kUnavailable; kResourceExhausted: disk full.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  [[nodiscard]] virtual Result<Object> Get(const Context& context, const ObjectKey& key) = 0;
  [[nodiscard]] virtual Result<ListResult> List(const Context& context,
                                                const ResourceName& resource,
                                                const ListOptions& options) = 0;
  /// kOutOfRange: `resource_version` is compacted.
  [[nodiscard]] virtual Result<std::unique_ptr<Watch>> StartWatch(
      const Context& context, const ResourceName& resource, const WatchOptions& options,
      std::function<void()> on_ready) = 0;

  /// metadata.name, or generateName. Returns what was stored. `warnings` (unknown fields that were
  /// pruned) are appended to, if given.
  [[nodiscard]] virtual Result<Object> Create(const Context& context, const ResourceName& resource,
                                              const Object& object, const WriteOptions& options,
                                              std::vector<std::string>* warnings = nullptr) = 0;
  /// With metadata.resourceVersion: only if that is the present one.
  [[nodiscard]] virtual Result<Object> Update(const Context& context, const ResourceName& resource,
                                              const Object& object, const WriteOptions& options,
                                              std::vector<std::string>* warnings = nullptr) = 0;
  [[nodiscard]] virtual Result<Object> UpdateStatus(const Context& context,
                                                    const ResourceName& resource,
                                                    const Object& object,
                                                    const WriteOptions& options) = 0;
  /// The object as it was last, or as it waits for its finalizers.
  [[nodiscard]] virtual Result<Object> Delete(const Context& context, const ObjectKey& key,
                                              const DeleteOptions& options) = 0;
};

/// Reads, changes and writes again until nobody was in between, at most ten times. `change` returns
/// false: nothing to do. The status form writes by UpdateStatus.
[[nodiscard]] Result<Object> Modify(const Context& context, ObjectStore& store,
                                    const ObjectKey& key, const WriteOptions& options,
                                    const std::function<Result<bool>(Object&)>& change);
[[nodiscard]] Result<Object> ModifyStatus(const Context& context, ObjectStore& store,
                                          const ObjectKey& key, const WriteOptions& options,
                                          const std::function<Result<bool>(Object&)>& change);

}  // namespace tresor::store
