// SPDX-License-Identifier: Apache-2.0
// The writer's lease: one writer at a time, takeover of dead ones. FORMAT.md 8.
//
// It keeps writers from wasting work. That two can't harm each other is the catalog's doing, and
// that of prune's look at both before each deletion.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "base/guarded.h"
#include "base/status.h"
#include "base/thread.h"
#include "blob/blob.h"
#include "repo/format/lock.h"
#include "repo/keys.h"

namespace tresor::repo {

/// Who holds a lease.
struct Holder {
  std::string host;
  std::string boot_id;
  std::int64_t process_id = 0;
  std::uint64_t process_start_ticks = 0;
};
[[nodiscard]] Holder ThisProcess();

/// What a lock's name says.
struct LockBeat {
  std::uint64_t token = 0;
  std::uint32_t beat = 0;
  friend bool operator==(const LockBeat&, const LockBeat&) = default;
};

struct LeaseOptions {
  std::string operation;  // "backup", "prune" …
  /// How long to wait for another writer.
  std::chrono::milliseconds wait{0};
  Holder holder = ThisProcess();

  // Tests set these.
  std::chrono::milliseconds renew_every{30'000};  // 0: only by Renew()
  std::function<Status(const Context&, std::chrono::nanoseconds)> sleep =
      [](const Context& context, std::chrono::nanoseconds time) { return context.Sleep(time); };
  /// None: ProcessStartTicks.
  std::function<std::optional<std::uint64_t>(std::int64_t)> start_ticks_of{};
};

/// A lease that is held, renewed by a thread of its own until it is released.
///
/// Threads: all methods, from any thread. `store`, `keys` and the context's clock outlive it.
class Lease {
 public:
  static constexpr std::chrono::seconds kDuration{120};

  /// kFailedPrecondition: another writer has it; names host, process, operation, since and until
  /// when.
  ///
  /// A lock that can't be read holds nobody up. One whose expiry lies further ahead than a lease
  /// lasts was written by another clock: then it is watched, whatever `wait` is, until the holder
  /// shows itself or a lease's time has passed.
  [[nodiscard]] static Result<std::unique_ptr<Lease>> Take(const Context& context,
                                                           blob::BlobStore& store,
                                                           const KeyRing& keys,
                                                           LeaseOptions options);
  /// Releases, as far as that can be done.
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  [[nodiscard]] std::uint64_t token() const { return token_; }
  /// kAborted: another writer took it over, or it could not be renewed for longer than it lasts.
  [[nodiscard]] Status Check() const;
  /// The thread does this by itself. kAborted: lost.
  [[nodiscard]] Status Renew(const Context& context);
  /// The next writer need not wait. Idempotent.
  [[nodiscard]] Status Release();

 private:
  struct State {
    std::uint32_t beat = 0;
    MonotonicTime renewed;
    std::optional<std::string> lost;  // to whom, or why
    bool released = false;
  };

  Lease(const Context& context, blob::BlobStore& store, const KeyRing& keys, LeaseOptions options,
        std::uint64_t token);
  [[nodiscard]] Status PutBeat(const Context& context, std::uint32_t beat);
  /// Of this token.
  [[nodiscard]] Status DeleteBeatsBelow(const Context& context, const std::vector<LockBeat>& locks,
                                        std::uint32_t beat);
  void KeepRenewing(const std::stop_token& stop);

  const Clock& clock_;
  blob::BlobStore& store_;
  const KeyRing& keys_;
  const LeaseOptions options_;
  const std::uint64_t token_;
  const std::int64_t taken_unix_nanos_;
  mutable Guarded<State> state_;
  Guarded<int> renewing_{0};  // one renewal or release at a time
  std::optional<Thread> thread_;
};

}  // namespace tresor::repo
