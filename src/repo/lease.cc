// SPDX-License-Identifier: Apache-2.0
#include "repo/lease.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/environment.h"
#include "base/guarded.h"
#include "base/log.h"
#include "repo/format/names.h"

namespace tresor::repo {
namespace {

constexpr std::chrono::seconds kPoll{1};
constexpr std::chrono::seconds kRenewTimeout{30};
constexpr std::chrono::seconds kReleaseTimeout{10};
constexpr std::uint64_t kMaxLockSize = 64 * 1024;

std::int64_t Nanos(std::chrono::nanoseconds time) { return time.count(); }

Result<std::vector<LockBeat>> ListLocks(const Context& context, blob::BlobStore& store) {
  ASSIGN_OR_RETURN(const auto blobs, store.List(context, kLocksPrefix));
  std::vector<LockBeat> locks;
  for (const blob::BlobInfo& blob : blobs) {
    if (const auto name = ParseName(blob.name)) {
      locks.push_back({name->sequence, name->beat});
    }
  }
  return locks;
}

// The lock that counts: of the highest token the highest beat.
std::optional<LockBeat> Newest(const std::vector<LockBeat>& locks) {
  const auto newest = std::ranges::max_element(locks, [](const LockBeat& a, const LockBeat& b) {
    return std::pair(a.token, a.beat) < std::pair(b.token, b.beat);
  });
  return newest == locks.end() ? std::nullopt : std::optional(*newest);
}

// The leases of this process: repository and token. A lock of this process that is not among them
// is one whose release failed, on a full disk, say.
Guarded<std::multiset<std::pair<Id, std::uint64_t>>>& OwnLeases() {
  static Guarded<std::multiset<std::pair<Id, std::uint64_t>>> leases;
  return leases;
}

bool IsDead(const Lock& lock, std::uint64_t token, const Id& repository,
            const LeaseOptions& options) {
  if (lock.boot_id.empty() || lock.boot_id != options.holder.boot_id ||
      lock.host != options.holder.host) {
    return false;
  }
  const auto ticks = options.start_ticks_of ? options.start_ticks_of(lock.process_id)
                                            : ProcessStartTicks(lock.process_id);
  if (ticks != lock.process_start_ticks) {
    return true;
  }
  return lock.process_id == options.holder.process_id &&
         lock.process_start_ticks == options.holder.process_start_ticks &&
         !OwnLeases().Lock()->contains({repository, token});
}

Status Held(const Lock& lock, std::int64_t until_unix_nanos) {
  return Error(Code::kFailedPrecondition,
               "another writer has the repository: {} on host {}, process {}, since {}, until {} "
               "unless renewed",
               lock.operation, lock.host, lock.process_id,
               FormatTime(FromUnixNanos(lock.taken_unix_nanos)),
               FormatTime(FromUnixNanos(until_unix_nanos)));
}

// Looks at the newest lock again and again while somebody holds it.
class Watcher {
 public:
  Watcher(const Context& context, blob::BlobStore& store, const KeyRing& keys,
          const LeaseOptions& options)
      : context_(context),
        store_(store),
        keys_(keys),
        options_(options),
        started_(context.clock().Monotonic()) {}

  // Waits until the lease is free. The token to take; kFailedPrecondition when waiting is over.
  Result<std::uint64_t> WaitUntilFree() {
    while (true) {
      ASSIGN_OR_RETURN(const auto locks, ListLocks(context_, store_));
      const std::optional<LockBeat> newest = Newest(locks);
      if (!newest) {
        return 1;
      }
      Status held;
      RETURN_IF_ERROR(Judge(*newest, held));
      if (held.ok()) {
        return newest->token + 1;
      }
      const auto waited = context_.clock().Monotonic() - started_;
      if (!watching_ && waited >= options_.wait) {
        return held;
      }
      RETURN_IF_ERROR(options_.sleep(context_, kPoll));
    }
  }

 private:
  // `held` stays OK: free; else it says by whom it is held.
  Status Judge(const LockBeat& newest, Status& held) {
    const MonotonicTime monotonic = context_.clock().Monotonic();
    if (seen_ != newest) {
      // A new beat of the token that we watched: its holder is alive, so its expiry counts.
      alive_ = seen_.token == newest.token;
      seen_ = newest;
      seen_at_ = monotonic;
    }
    watching_ = false;
    if (newest.beat == kReleasedBeat) {
      return OkStatus();
    }
    const std::string name = LockName(newest.token, newest.beat);
    auto bytes = store_.GetAll(context_, name, kMaxLockSize);
    if (bytes.status().code() == Code::kNotFound) {
      // Renewed or released between List and Get: look again.
      watching_ = true;
      held = Error(Code::kFailedPrecondition, "another writer is changing its lock");
      return OkStatus();
    }
    auto lock = bytes.ok() ? Decode(name, *bytes) : Result<Lock>(bytes.status());
    if (!lock.ok()) {
      if (lock.status().code() != Code::kDataLoss &&
          lock.status().code() != Code::kResourceExhausted) {
        return lock.status();
      }
      Log(LogLevel::kWarning, "taking over a lock that can't be read: {}", Message(lock.status()));
      return OkStatus();
    }
    if (IsDead(*lock, newest.token, keys_.repository(), options_)) {
      Log(LogLevel::kInfo, "taking over the lock of process {}, which is gone ({})",
          lock->process_id, lock->operation);
      return OkStatus();
    }
    const std::int64_t now = ToUnixNanos(context_.clock().Now());
    const std::int64_t latest = now + Nanos(Lease::kDuration);
    if (lock->expires_unix_nanos <= now || monotonic - seen_at_ >= Lease::kDuration) {
      return OkStatus();
    }
    watching_ = lock->expires_unix_nanos > latest && !alive_;
    held = Held(*lock, std::min(lock->expires_unix_nanos, latest));
    return OkStatus();
  }

  Result<Lock> Decode(const std::string& name, ByteView bytes) {
    ASSIGN_OR_RETURN(const Bytes raw, keys_.Open(ObjectKind::kLock, name, bytes));
    auto lock = DecodeLock(raw);
    return lock.ok() ? lock : Annotate(lock.status(), name);
  }

  const Context& context_;
  blob::BlobStore& store_;
  const KeyRing& keys_;
  const LeaseOptions& options_;
  const MonotonicTime started_;
  LockBeat seen_;  // token 0: none yet
  MonotonicTime seen_at_;
  bool alive_ = false;
  bool watching_ = false;
};

}  // namespace

Holder ThisProcess() {
  const std::int64_t pid = ProcessId();
  return {.host = HostName(),
          .boot_id = BootId(),
          .process_id = pid,
          .process_start_ticks = ProcessStartTicks(pid).value_or(0)};
}

Result<std::unique_ptr<Lease>> Lease::Take(const Context& context, blob::BlobStore& store,
                                           const KeyRing& keys, LeaseOptions options) {
  Watcher watcher(context, store, keys, options);
  while (true) {
    ASSIGN_OR_RETURN(const std::uint64_t token, watcher.WaitUntilFree());
    auto lease = std::unique_ptr<Lease>(new Lease(context, store, keys, options, token));
    const Status put = lease->PutBeat(context, 0);
    if (put.code() == Code::kAlreadyExists) {
      lease->state_.Lock()->released = true;  // nothing to release
      continue;                               // somebody was faster
    }
    RETURN_IF_ERROR(put);
    // Somebody who had the same token may have come and gone since we listed.
    ASSIGN_OR_RETURN(const auto locks, ListLocks(context, store));
    if (Newest(locks) != LockBeat{token, 0}) {
      lease->state_.Lock()->released = true;
      RETURN_IF_ERROR(store.Delete(context, LockName(token, 0)));
      continue;
    }
    for (const LockBeat& lock : locks) {
      if (lock.token < token) {
        RETURN_IF_ERROR(store.Delete(context, LockName(lock.token, lock.beat)));
      }
    }
    if (lease->options_.renew_every.count() > 0) {
      lease->thread_.emplace(
          [raw = lease.get()](const std::stop_token& stop) { raw->KeepRenewing(stop); });
    }
    return lease;
  }
}

Lease::Lease(const Context& context, blob::BlobStore& store, const KeyRing& keys,
             LeaseOptions options, std::uint64_t token)
    : clock_(context.clock()),
      store_(store),
      keys_(keys),
      options_(std::move(options)),
      token_(token),
      taken_unix_nanos_(ToUnixNanos(clock_.Now())) {
  state_.Lock()->renewed = clock_.Monotonic();
  OwnLeases().Lock()->insert({keys_.repository(), token_});
}

Lease::~Lease() {
  const Status released = Release();
  if (!released.ok() && released.code() != Code::kAborted) {
    Log(LogLevel::kWarning, "the lock could not be released, it expires by itself: {}",
        Message(released));
  }
  const auto leases = OwnLeases().Lock();
  leases->erase(leases->find({keys_.repository(), token_}));
}

Status Lease::PutBeat(const Context& context, std::uint32_t beat) {
  const std::string name = LockName(token_, beat);
  const Bytes raw =
      EncodeLock({.host = options_.holder.host,
                  .boot_id = options_.holder.boot_id,
                  .process_id = options_.holder.process_id,
                  .process_start_ticks = options_.holder.process_start_ticks,
                  .operation = options_.operation,
                  .taken_unix_nanos = taken_unix_nanos_,
                  .expires_unix_nanos = ToUnixNanos(clock_.Now()) + Nanos(kDuration)});
  return store_.Put(context, name, keys_.Seal(ObjectKind::kLock, name, raw, 1));
}

Status Lease::Check() const {
  const auto state = state_.Lock();
  if (state->lost) {
    return Error(Code::kAborted, "the repository's lock was lost: {}", *state->lost);
  }
  if (!state->released && clock_.Monotonic() - state->renewed >= kDuration) {
    return Error(Code::kAborted, "the repository's lock was lost: it could not be renewed");
  }
  return OkStatus();
}

Status Lease::Renew(const Context& context) {
  const auto turn = renewing_.Lock();
  std::uint32_t beat = 0;
  {
    const auto state = state_.Lock();
    if (state->released || state->lost) {
      return state->lost ? Error(Code::kAborted, "the repository's lock was lost: {}", *state->lost)
                         : OkStatus();
    }
    beat = state->beat + 1;
  }
  const MonotonicTime now = clock_.Monotonic();
  ASSIGN_OR_RETURN(const auto locks, ListLocks(context, store_));
  if (const auto newest = Newest(locks); newest && newest->token > token_) {
    state_.Lock()->lost =
        fmt::format("another writer took it over (token {} after {})", newest->token, token_);
    return Check();
  }
  const Status put = PutBeat(context, beat);
  if (!put.ok() && put.code() != Code::kAlreadyExists) {  // it exists: an earlier try got through
    return put;
  }
  {
    const auto state = state_.Lock();
    state->beat = beat;
    state->renewed = now;
  }
  return DeleteBeatsBelow(context, locks, beat);
}

Status Lease::DeleteBeatsBelow(const Context& context, const std::vector<LockBeat>& locks,
                               std::uint32_t beat) {
  for (const LockBeat& lock : locks) {
    if (lock.token == token_ && lock.beat < beat) {
      RETURN_IF_ERROR(store_.Delete(context, LockName(token_, lock.beat)));
    }
  }
  return OkStatus();
}

Status Lease::Release() {
  thread_.reset();  // stops and joins
  const auto turn = renewing_.Lock();
  {
    const auto state = state_.Lock();
    if (state->released) {
      return OkStatus();
    }
    state->released = true;
    if (state->lost) {
      return OkStatus();
    }
  }
  // Whoever was told to stop gives the lease back all the same.
  const Context context = Context::Background().WithClock(clock_).WithTimeout(kReleaseTimeout);
  // The released beat stays until the next writer comes: tokens must go on rising.
  const Status put = PutBeat(context, kReleasedBeat);
  if (!put.ok() && put.code() != Code::kAlreadyExists) {
    return put;
  }
  ASSIGN_OR_RETURN(const auto locks, ListLocks(context, store_));
  return DeleteBeatsBelow(context, locks, kReleasedBeat);
}

void Lease::KeepRenewing(const std::stop_token& stop) {
  const Context background = Context::Background().WithClock(clock_);
  while (background.WithStop(stop).Sleep(options_.renew_every).ok()) {
    const Status renewed = Renew(background.WithTimeout(kRenewTimeout));
    if (renewed.code() == Code::kAborted) {
      return;
    }
    if (!renewed.ok()) {
      Log(LogLevel::kWarning, "the repository's lock could not be renewed: {}", Message(renewed));
    }
  }
}

}  // namespace tresor::repo
