// SPDX-License-Identifier: Apache-2.0
// ApiStore: an ObjectStore on a RevisionLog, with the semantics of a Kubernetes API server.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/random.h"
#include "base/thread.h"
#include "crypto/crypto.h"
#include "objects/kinds.h"
#include "store/admission.h"
#include "store/committer.h"
#include "store/object_cache.h"
#include "store/object_store.h"
#include "store/object_watch.h"
#include "store/revision_log.h"
#include "store/row_codec.h"
#include "store/strategy.h"

namespace tresor::store {

/// What is given by reference outlives the store.
struct ApiStoreOptions {
  const objects::KindRegistry* kinds = &objects::KindRegistry::BuiltIn();
  const Clock* clock = &SystemClock();
  Random* random = &SystemRandom();
  /// Changes of each resource that are kept decoded for watchers.
  std::size_t window_changes = 2048;
  /// Changes are compacted when they are as old as this or when there are more of them.
  std::chrono::nanoseconds history_age = std::chrono::minutes(10);
  std::uint64_t history_changes = 100'000;
  /// Events go after this time (as in Kubernetes), the oldest also when there are more.
  std::chrono::nanoseconds event_age = std::chrono::hours(1);
  std::size_t max_events = 10'000;
  /// How often compaction and the expiry of Events are looked at.
  std::chrono::nanoseconds upkeep_interval = std::chrono::minutes(1);
};

/// For metrics.
struct ApiStoreStats {
  std::uint64_t revision = 0;
  std::uint64_t compacted = 0;
  std::size_t watchers = 0;
};

/// Every object is held decoded in memory; the log is what survives.
///
/// What happens by itself, on one thread of the store's, shortly after the write that calls for it:
/// objects go whose owners are all gone; foreground and orphan deletions are completed; a namespace
/// that is being deleted goes when it is empty (who empties it is not the store's concern). At
/// intervals history is compacted and Events expire.
///
/// The namespace `default` is made when missing, and cannot be deleted.
class ApiStore final : public ObjectStore {
 public:
  /// Reads everything. `key` seals the values of secret kinds. Errors: the log's; kDataLoss also
  /// when `key` is another than the one values were sealed with.
  [[nodiscard]] static Result<std::unique_ptr<ApiStore>> Open(const Context& context,
                                                              std::unique_ptr<RevisionLog> log,
                                                              crypto::SecretKey key,
                                                              const ApiStoreOptions& options);
  /// Watches end with kUnavailable. The log is closed with the last of them.
  ~ApiStore() override;
  ApiStore(const ApiStore&) = delete;
  ApiStore& operator=(const ApiStore&) = delete;

  /// Asked before every write from now on; outlives the store. Before any other thread is there.
  void SetAdmission(Admission& admission) { admission_ = &admission; }

  Result<Object> Get(const Context& context, const ObjectKey& key) override;
  Result<ListResult> List(const Context& context, const ResourceName& resource,
                          const ListOptions& options) override;
  Result<std::unique_ptr<Watch>> StartWatch(const Context& context, const ResourceName& resource,
                                            const WatchOptions& options,
                                            std::function<void()> on_ready) override;
  Result<Object> Create(const Context& context, const ResourceName& resource, const Object& object,
                        const WriteOptions& options, std::vector<std::string>* warnings) override;
  Result<Object> Update(const Context& context, const ResourceName& resource, const Object& object,
                        const WriteOptions& options, std::vector<std::string>* warnings) override;
  Result<Object> UpdateStatus(const Context& context, const ResourceName& resource,
                              const Object& object, const WriteOptions& options) override;
  Result<Object> Delete(const Context& context, const ObjectKey& key,
                        const DeleteOptions& options) override;

  [[nodiscard]] ApiStoreStats Stats() const;
  /// Compacts and expires now, as the clock has it; otherwise done at intervals.
  [[nodiscard]] Status Upkeep(const Context& context);
  /// Until what follows from the writes so far (owners, namespaces) is done, or failed and waits
  /// for the next upkeep. For tests: the store's own thread does it by itself.
  void AwaitErrands();

 private:
  // Something that may follow from a change.
  struct Errand {
    enum class What { kOwner, kNamespace };
    What what = What::kOwner;
    std::string name;  // the owner's uid, or the namespace
    friend auto operator<=>(const Errand&, const Errand&) = default;
  };
  struct Errands {
    std::set<Errand> waiting;
    std::set<Errand> failed;  // again at the next upkeep
    bool running = false;
    bool stop = false;
  };
  struct TimeMark {
    MonotonicTime time;
    std::uint64_t revision = 0;
  };
  using Compute = std::function<Result<Object>(const Object& present)>;

  ApiStore(std::unique_ptr<RevisionLog> log, crypto::SecretKey key, const ApiStoreOptions& options);
  [[nodiscard]] Status Load();
  [[nodiscard]] Result<const objects::Kind*> KindOf(const ResourceName& resource) const;
  [[nodiscard]] Status Admit(const Context& context, const AdmissionRequest& request);
  [[nodiscard]] Result<LogGuard> CheckNamespace(const ObjectKey& key) const;
  [[nodiscard]] Result<Object> CreateOnce(const Context& context, const objects::Kind& kind,
                                          const ObjectKey& key, const Object& object,
                                          const WriteOptions& options,
                                          std::vector<std::string>& warnings);
  [[nodiscard]] Result<Object> Replace(const Context& context, const ObjectKey& key,
                                       std::string_view subresource, const WriteOptions& options,
                                       const Compute& compute);
  [[nodiscard]] Result<ListResult> ListHistory(const ResourceName& resource,
                                               const ListOptions& options,
                                               const std::optional<ObjectCache::Position>& after,
                                               std::uint64_t revision);

  // Writes; 0: somebody was quicker.
  [[nodiscard]] Result<std::uint64_t> Put(const ObjectKey& key, std::uint64_t expected,
                                          std::optional<LogGuard> guard,
                                          const std::shared_ptr<Object>& object);
  [[nodiscard]] Result<std::uint64_t> Remove(const ObjectKey& key, std::uint64_t expected);
  void Publish(std::vector<Change> changes);

  [[nodiscard]] bool MayGo(const ObjectKey& key, const Object& object) const;
  [[nodiscard]] Status RemoveIfFree(const Context& context, const ObjectKey& key);

  // The store's own thread (errands.cc, upkeep.cc).
  void Work(const std::stop_token& stop);
  void NoteErrands(const Change& change);
  void AddErrand(Errand errand);
  [[nodiscard]] Status Run(const Context& context, const Errand& errand);
  [[nodiscard]] Status SettleOwner(const Context& context, const std::string& uid);
  [[nodiscard]] Status ReleaseDependent(const Context& context, const ObjectKey& key);
  [[nodiscard]] Status DropOwners(const Context& context, const ObjectKey& key,
                                  const std::set<std::string>& uids);
  [[nodiscard]] Status DropFinalizer(const Context& context, const std::string& uid,
                                     std::string_view finalizer);
  [[nodiscard]] Status CompactHistory(const Context& context);
  [[nodiscard]] Status ExpireEvents(const Context& context);

  const ApiStoreOptions options_;
  const std::shared_ptr<RevisionLog> log_;
  const std::shared_ptr<const RowCodec> codec_;
  const std::shared_ptr<ObjectCache> cache_;
  Committer committer_;
  Admission* admission_ = nullptr;  // constant after construction
  std::atomic<std::uint64_t> compacted_ = 0;
  Guarded<std::deque<TimeMark>> marks_;
  Guarded<Errands> errands_;
  std::condition_variable errand_came_;
  std::condition_variable errands_done_;
  Thread thread_;
};

}  // namespace tresor::store
