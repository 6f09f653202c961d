// SPDX-License-Identifier: Apache-2.0
#include "launcher/launcher.h"

#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include "base/environment.h"
#include "base/log.h"
#include "base/retry.h"
#include "io/file_lock.h"
#include "launcher/etcd_server.h"
#include "launcher/move.h"
#include "launcher/rebuild_job.h"
#include "launcher/restore_data.h"
#include "runtime/member/journal.h"
#include "runtime/member/layout.h"
#include "runtime/member/order.h"
#include "runtime/member/status_file.h"

namespace tresor::launcher {
namespace {

using runtime::MemberFiles;
using runtime::MemberOrder;
using runtime::MemberPhase;
using runtime::RestoreJournal;
using runtime::RestoreObservation;
using runtime::RestoreRecord;
using runtime::RestoreStep;
using runtime::StatusFile;
using runtime::ToString;

constexpr std::chrono::seconds kLockWait{10};
constexpr std::chrono::milliseconds kLockInterval{50};
constexpr std::chrono::milliseconds kProgressInterval{500};
constexpr std::chrono::seconds kLogInterval{10};
constexpr std::uint64_t kEtcdLogBytes = 16 << 20;
constexpr std::uint64_t kLauncherLogBytes = 1 << 20;
constexpr int kOldLogs = 3;
constexpr std::uint64_t kMostOrderBytes = 1 << 20;
constexpr RetryOptions kStepBackoff{.attempts = 1'000'000,
                                    .first_delay = std::chrono::milliseconds(500),
                                    .max_delay = std::chrono::milliseconds(15'000)};

/// Trying the same step again will not help: a person, or a roll-back, must.
bool IsFinal(Code code) {
  switch (code) {
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kResourceExhausted:  // somebody may make room; a rebuild does not wait for him
    case Code::kAborted:
    case Code::kCancelled:
    case Code::kUnknown:
      return false;
    default:
      return true;
  }
}

class Launcher {
 public:
  explicit Launcher(const LauncherOptions& options)
      : options_(options),
        fs_(*options.fs),
        clock_(*options.clock),
        files_(options.member_dir),
        server_(fs_, clock_, *options.random, files_) {}

  Status Run(const Context& context) {
    RETURN_IF_ERROR(TakeLock(context));
    RETURN_IF_ERROR(Load());
    RETURN_IF_ERROR(AwaitOldEtcd(context));
    Log(LogLevel::kInfo, "launcher of {} runs as process {}", files_.dir, ProcessId());
    bool gone = false;
    while (!gone && context.Check().ok()) {
      gone = !Tick(context);
      (void)context.Sleep(options_.interval);
    }
    job_.reset();
    server_.Stop();
    if (!gone) {
      status_.phase = MemberPhase::kStopped;
      Report("the launcher was told to stop");
    }
    Log(LogLevel::kInfo, "launcher of {} ends", files_.dir);
    return OkStatus();
  }

 private:
  Status TakeLock(const Context& context) {
    const Context patience = context.WithTimeout(kLockWait);
    while (true) {
      Result<std::unique_ptr<io::FileLock>> lock = io::FileLock::TryAcquire(files_.lock());
      if (lock.ok()) {
        lock_ = *std::move(lock);
        const auto ticks = ProcessStartTicks(ProcessId()).value_or(0);
        return lock_->Write(fmt::format("{} {}\n", ProcessId(), ticks));
      }
      // One that was just killed may still be on its way out.
      if (lock.status().code() != Code::kFailedPrecondition ||
          !patience.Sleep(kLockInterval).ok()) {
        return lock.status();
      }
    }
  }

  Status Load() {
    RETURN_IF_ERROR(runtime::ReadOrder(fs_, files_.order()).status());
    Result<StatusFile> before = runtime::ReadStatus(fs_, files_.status());
    if (before.ok()) {
      before_ = *before;
      status_.started_incarnation = before_.started_incarnation;
      status_.data_incarnation = before_.data_incarnation;
    } else if (before.status().code() != Code::kNotFound) {
      // All of it but the incarnations is made anew, and order.json vouches for those.
      Log(LogLevel::kError, "{}", Message(before.status()));
    }
    Result<RestoreJournal> journal = runtime::ReadJournal(fs_, files_.journal());
    journal_status_ = journal.status();
    if (journal.ok()) {
      journal_ = *std::move(journal);
    }
    status_.boot_id = BootId();
    status_.launcher = {.pid = ProcessId(),
                        .start_ticks = ProcessStartTicks(ProcessId()).value_or(0)};
    return OkStatus();
  }

  /// The etcd of a launcher that was killed is killed by the kernel, but not in the same instant.
  Status AwaitOldEtcd(const Context& context) {
    bool told = false;
    while (true) {
      ASSIGN_OR_RETURN(const bool alive, io::IsLocked(files_.etcd_lock()));
      if (!alive) {
        return OkStatus();
      }
      if (before_.boot_id == status_.boot_id && before_.etcd.pid > 0) {
        (void)process::SignalProcess(before_.etcd.pid, before_.etcd.start_ticks, SIGKILL);
      }
      if (!std::exchange(told, true)) {
        Report("the etcd of the launcher before is still there");
      }
      RETURN_IF_ERROR(context.Sleep(kLockInterval));
    }
  }

  /// False: the folder is gone.
  bool Tick(const Context& context) {
    if (!ReadOrder()) {
      return false;
    }
    KeepLogsShort();
    server_.Poll(context);
    if (!journal_status_.ok()) {
      server_.Stop();
      status_.phase = MemberPhase::kStopped;
      Report(fmt::format("{}; etcd is not started before a person has looked at it",
                         Message(journal_status_)));
      return true;
    }
    const Result<bool> has_data = HasData(fs_, files_);
    if (!has_data.ok()) {
      Report(std::string(Message(has_data.status())));
      return true;
    }
    const Move move =
        NextMove(order_, journal_, {.exists = *has_data, .incarnation = status_.data_incarnation});
    CarryOut(context, move, *has_data);
    return true;
  }

  bool ReadOrder() {
    const Result<Bytes> bytes = io::ReadFile(fs_, files_.order(), kMostOrderBytes);
    if (bytes.status().code() == Code::kNotFound) {
      return io::Exists(fs_, files_.dir).value_or(true);
    }
    order_status_ = bytes.status();
    if (!bytes.ok() || *bytes == order_bytes_) {
      return true;
    }
    Result<MemberOrder> order = runtime::DecodeOrder(*bytes, files_.order());
    order_status_ = order.status();
    if (order.ok()) {
      order_ = *std::move(order);
      order_bytes_ = *bytes;
      if (!options_.etcd.empty()) {
        order_.etcd = options_.etcd;
      }
    }
    return true;
  }

  void KeepLogsShort() {
    const MonotonicTime now = clock_.Monotonic();
    if (now < next_log_look_) {
      return;
    }
    next_log_look_ = now + kLogInterval;
    for (const auto& [path, limit] : {std::pair(files_.etcd_log(), kEtcdLogBytes),
                                      std::pair(files_.launcher_log(), kLauncherLogBytes)}) {
      const Status rotated = RotateLog(fs_, path, limit, kOldLogs);
      if (!rotated.ok()) {
        Log(LogLevel::kWarning, "{}", Message(rotated));
      }
    }
  }

  // --- moves -------------------------------------------------------------------------------------

  void CarryOut(const Context& context, const Move& move, bool has_data) {
    if (move.kind != MoveKind::kStep || move.step != RestoreStep::kRebuild) {
      job_.reset();
    }
    if (move.kind != MoveKind::kStep && move.kind != MoveKind::kRollBack) {
      trouble_ = {};
    }
    switch (move.kind) {
      case MoveKind::kRest:
        server_.Stop();
        Settle(journal_.busy() ? MemberPhase::kRestoring : MemberPhase::kStopped);
        break;
      case MoveKind::kLost:
        server_.Stop();
        Settle(MemberPhase::kLost);
        break;
      case MoveKind::kServe:
        Serve(has_data);
        break;
      case MoveKind::kServeClosed:
        ServeClosed();
        break;
      case MoveKind::kStep:
        Attempt([&] { return CarryOutStep(context, move.step, has_data); });
        break;
      case MoveKind::kRollBack:
        Attempt([&] { return RollBack(); });
        break;
    }
    refusal_ = move.refusal;
    Report(MessageOf(move));
  }

  /// The order is carried out.
  void Settle(MemberPhase phase) {
    status_.phase = phase;
    status_.order_generation = order_.generation;
  }

  void Serve(bool has_data) {
    const Status prepared = PrepareData(has_data);
    if (!prepared.ok()) {
      serve_error_ = std::string(Message(prepared));
      status_.phase = MemberPhase::kBackingOff;
      return;
    }
    const Status served = server_.Serve(order_, false);
    serve_error_ = std::string(Message(served));
    if (server_.answered()) {
      Settle(journal_.busy() ? MemberPhase::kRestoring : MemberPhase::kRunning);
      if (has_data && status_.data_incarnation != order_.incarnation) {
        status_.data_incarnation = order_.incarnation;
      }
    } else {
      status_.phase = journal_.busy()     ? MemberPhase::kRestoring
                      : server_.running() ? MemberPhase::kStarting
                                          : MemberPhase::kBackingOff;
    }
  }

  void ServeClosed() {
    status_.started_incarnation = order_.incarnation;
    serve_error_ = std::string(Message(server_.Serve(order_, true)));
    Settle(MemberPhase::kRestoring);
  }

  /// Sees to it that the data directory is of the order's incarnation, or empty.
  Status PrepareData(bool has_data) {
    if (status_.started_incarnation == order_.incarnation) {
      return OkStatus();
    }
    if (status_.started_incarnation != 0 && status_.started_incarnation < order_.incarnation) {
      server_.Stop();
      RETURN_IF_ERROR(io::RemoveTree(fs_, files_.data()));
      RETURN_IF_ERROR(fs_.SyncDir(files_.dir));
    } else if (!has_data && !server_.running()) {
      RETURN_IF_ERROR(io::RemoveTree(fs_, files_.data()));  // a first start that was cut short
    }
    // Before etcd is started: afterwards nobody could tell whose the data is.
    StatusFile next = status_;
    next.started_incarnation = order_.incarnation;
    RETURN_IF_ERROR(runtime::WriteStatus(fs_, files_.status(), next));
    status_.started_incarnation = order_.incarnation;
    return OkStatus();
  }

  // --- the restore -------------------------------------------------------------------------------

  /// Calls `act` unless it failed a short while ago, or for good.
  template <typename Act>
  void Attempt(Act act) {
    status_.phase = MemberPhase::kRestoring;
    status_.order_generation = order_.generation;
    if (trouble_.generation != order_.generation) {
      trouble_ = {};  // told anew
      trouble_.generation = order_.generation;
    }
    if (!trouble_.status.ok() &&
        (IsFinal(trouble_.status.code()) || clock_.Monotonic() < trouble_.retry_at)) {
      return;
    }
    const std::uint64_t records = records_;
    const Status done = act();
    if (done.ok()) {
      if (records_ != records) {
        trouble_ = {};  // a step further; until then what was wrong is still worth telling
        trouble_.generation = order_.generation;
      }
      return;
    }
    Log(LogLevel::kWarning, "restore {}: {}",
        journal_.current ? journal_.current->id : std::string("?"), Message(done));
    trouble_.status = done;
    trouble_.retry_at =
        clock_.Monotonic() + Backoff(kStepBackoff, ++trouble_.failures, *options_.random);
  }

  /// Writes the journal as `change` makes it; what is in memory is what is on disk.
  template <typename Change>
  Status Record(std::string_view what, RestoreStep step, Change change) {
    return RecordAs(fmt::format("{} {}", what, ToString(step)), change);
  }
  template <typename Change>
  Status RecordAs(const std::string& what, Change change) {
    RestoreJournal next = journal_;
    RETURN_IF_ERROR(change(next));
    if (options_.at_journal_write) {
      options_.at_journal_write("before " + what);
    }
    RETURN_IF_ERROR(runtime::WriteJournal(fs_, files_.journal(), next));
    journal_ = std::move(next);
    ++records_;
    if (options_.at_journal_write) {
      options_.at_journal_write("after " + what);
    }
    Log(LogLevel::kInfo, "restore {}: {}", journal_.current->id, what);
    return OkStatus();
  }

  Status Begin(RestoreStep step) {
    const std::string& id = order_.restore ? order_.restore->id : journal_.current->id;
    if (journal_.current && journal_.current->id == id && journal_.current->begun(step)) {
      return OkStatus();
    }
    bool had_data = false;
    if (step == RestoreStep::kSetAside) {
      ASSIGN_OR_RETURN(had_data, io::Exists(fs_, files_.data()));
    }
    return Record("begin", step, [&](RestoreJournal& journal) {
      const Status begun = runtime::BeginStep(journal, id, step, clock_.Now());
      if (begun.ok() && step == RestoreStep::kSetAside) {
        journal.current->had_data = had_data;
      }
      return begun;
    });
  }

  Status End(RestoreStep step) {
    return Record("end", step, [&](RestoreJournal& journal) {
      return runtime::EndStep(journal, step, clock_.Now());
    });
  }

  Status CarryOutStep(const Context& context, RestoreStep step, bool has_data) {
    RETURN_IF_ERROR(Begin(step));
    switch (step) {
      case RestoreStep::kStop:
        server_.Stop(EtcdServer::kShortGrace);
        return End(step);
      case RestoreStep::kSetAside:
        server_.Stop();
        RETURN_IF_ERROR(SetAside(fs_, files_, *journal_.current));
        return End(step);
      case RestoreStep::kRebuild:
        return ContinueRebuild();
      case RestoreStep::kStartClosed:
        ServeClosed();
        return server_.answered() ? EndStartClosed(context) : OkStatus();
      case RestoreStep::kOpen:
        if (!order_.run) {
          server_.Stop();
          return End(step);
        }
        Serve(has_data);
        return server_.answered() ? End(step) : OkStatus();
      case RestoreStep::kForget:
        if (order_.run) {
          Serve(has_data);
        }
        RETURN_IF_ERROR(Forget(fs_, files_, *journal_.current));
        return End(step);
    }
    return Error(Code::kInternal, "restore step {}", static_cast<int>(step));
  }

  Status ContinueRebuild() {
    server_.Stop();
    if (!order_.restore) {
      return Error(Code::kFailedPrecondition, "no order says from which backup to rebuild");
    }
    if (job_ == nullptr) {
      job_ = std::make_unique<RebuildJob>(fs_, *options_.random, order_, files_, *journal_.current);
    }
    const auto result = job_->Poll();
    if (!result) {
      return OkStatus();
    }
    job_.reset();
    if (result->status().code() == Code::kResourceExhausted) {
      // The cluster is down meanwhile, and its old data needs no room.
      return Error(Code::kFailedPrecondition, "{}", Message(result->status()));
    }
    RETURN_IF_ERROR(result->status());
    return Record("end", RestoreStep::kRebuild, [&](RestoreJournal& journal) {
      journal.current->rebuilt = **result;
      return runtime::EndStep(journal, RestoreStep::kRebuild, clock_.Now());
    });
  }

  /// etcd itself must say that it holds what the backup holds.
  Status EndStartClosed(const Context& context) {
    ASSIGN_OR_RETURN(const bool verified, HashIsRight(context, *journal_.current->rebuilt));
    return Record("end", RestoreStep::kStartClosed, [&](RestoreJournal& journal) {
      journal.current->verified = verified;
      return runtime::EndStep(journal, RestoreStep::kStartClosed, clock_.Now());
    });
  }

  /// False: it can't be compared. kDataLoss: it differs.
  Result<bool> HashIsRight(const Context& context, const runtime::RebuiltData& rebuilt) {
    constexpr std::chrono::seconds kHashTime{60};  // a large store takes its time
    const Context patience = context.WithTimeout(kHashTime);
    // Revision 0 is the current one: some servers refuse to hash a revision that is just compacted.
    Result<etcd::HashKvResponse> hash = server_.client()->HashKv(patience, server_.url(), 0);
    if (hash.ok() && hash->header.revision > rebuilt.revision) {
      // A lease has ended since.
      hash = server_.client()->HashKv(patience, server_.url(), rebuilt.revision);
    }
    if (hash.status().code() == Code::kOutOfRange ||
        hash.status().code() == Code::kPermissionDenied) {
      Log(LogLevel::kWarning, "HashKV cannot be compared: {}", Message(hash.status()));
      return false;
    }
    RETURN_IF_ERROR(hash.status());
    if (hash->compact_revision > rebuilt.compact_revision) {
      Log(LogLevel::kWarning, "HashKV cannot be compared: compacted at {} since",
          hash->compact_revision);
      return false;
    }
    if (hash->hash != rebuilt.hash) {
      return Error(Code::kDataLoss,
                   "etcd's HashKV at revision {}, compacted at {}, is {}, and the rebuilt data's "
                   "at {}, compacted at {}, is {}",
                   hash->header.revision, hash->compact_revision, hash->hash, rebuilt.revision,
                   rebuilt.compact_revision, rebuilt.hash);
    }
    return true;
  }

  Status RollBack() {
    const std::string& id = order_.restore ? order_.restore->id : journal_.current->id;
    const bool begun =
        journal_.current && journal_.current->id == id && journal_.current->roll_back;
    if (!begun) {
      RETURN_IF_ERROR(RecordAs("begin roll-back", [&](RestoreJournal& journal) {
        return runtime::BeginRollBack(journal, id, clock_.Now());
      }));
    }
    // Nothing was touched: etcd need not even stop.
    if (!journal_.current->steps.empty()) {
      server_.Stop(EtcdServer::kShortGrace);
      RETURN_IF_ERROR(BringBack(fs_, files_, *journal_.current));
    }
    return RecordAs("end roll-back", [&](RestoreJournal& journal) {
      return runtime::EndRollBack(journal, clock_.Now());
    });
  }

  // --- telling -----------------------------------------------------------------------------------

  std::string DataIsGone() const { return fmt::format("{} is gone", files_.data()); }

  std::string MessageOf(const Move& move) const {
    if (!order_status_.ok()) {
      return std::string(Message(order_status_));
    }
    if (!move.refusal.empty()) {
      return move.refusal;
    }
    if (!trouble_.status.ok()) {
      return std::string(Message(trouble_.status));
    }
    switch (move.kind) {
      case MoveKind::kLost:
        return DataIsGone();
      case MoveKind::kRest:
      case MoveKind::kRollBack:
        return {};
      default:
        return server_.trouble().empty() ? serve_error_ : server_.trouble();
    }
  }

  std::optional<RestoreObservation> ObserveRestore() {
    const std::string id = order_.restore    ? order_.restore->id
                           : journal_.busy() ? journal_.current->id
                                             : std::string();
    if (id.empty()) {
      return std::nullopt;
    }
    RestoreObservation seen;
    seen.id = id;
    if (journal_.current && journal_.current->id == id) {
      const RestoreRecord& record = *journal_.current;
      seen.done = record.done();
      seen.rolled_back = record.rolled_back();
      seen.rebuilt = record.rebuilt;
      seen.verified = record.verified;
      if (job_ != nullptr) {
        seen.bytes_done = job_->progress().done_bytes;
        seen.bytes_total = job_->progress().total_bytes;
      } else if (record.rebuilt) {
        seen.bytes_done = seen.bytes_total = record.rebuilt->db_bytes;
      }
    } else if (const auto finished = journal_.Finished(id)) {
      seen.rolled_back = finished->rolled_back;
      if (!finished->rolled_back) {
        seen.done = RestoreStep::kForget;
      }
    }
    if (!refusal_.empty()) {
      seen.error = refusal_;
      seen.final = true;
    } else if (journal_.busy() && status_.phase == MemberPhase::kLost) {
      seen.error = DataIsGone();
      seen.final = true;
    } else if (!trouble_.status.ok()) {
      seen.error = std::string(Message(trouble_.status));
      seen.final = IsFinal(trouble_.status.code());
    } else if (journal_.busy() && !server_.running()) {
      seen.error = server_.trouble();
    }
    return seen;
  }

  void Report(std::string message) {
    status_.message = std::move(message);
    status_.etcd = server_.identity();
    status_.restarts = server_.restarts();
    status_.client_url = server_.running() ? server_.url() : std::string();
    status_.closed = server_.running() && server_.closed();
    status_.answered = server_.answered();
    status_.port_taken = server_.port_taken();
    status_.restore = ObserveRestore();
    std::string text = runtime::EncodeStatus(status_);
    if (text == written_) {
      return;
    }
    // Progress alone is not worth a write each time.
    const MonotonicTime now = clock_.Monotonic();
    if (job_ != nullptr && now < next_progress_) {
      return;
    }
    next_progress_ = now + kProgressInterval;
    const Status written = runtime::WriteStatus(fs_, files_.status(), status_);
    if (written.ok()) {
      written_ = std::move(text);
    } else if (written_ != "?") {
      written_ = "?";  // told once
      Log(LogLevel::kError, "{}", Message(written));
    }
  }

  struct Trouble {
    Status status;
    MonotonicTime retry_at;
    int failures = 0;
    std::uint64_t generation = 0;  // of the order then
  };

  const LauncherOptions& options_;
  io::FileSystem& fs_;
  const Clock& clock_;
  const MemberFiles files_;

  std::unique_ptr<io::FileLock> lock_;
  Bytes order_bytes_;
  MemberOrder order_;
  Status order_status_;
  RestoreJournal journal_;
  Status journal_status_;
  std::uint64_t records_ = 0;  // written to the journal by this process
  StatusFile before_;          // the launcher before this one
  StatusFile status_;
  std::string written_;  // of status_, as it is on disk
  MonotonicTime next_progress_;
  MonotonicTime next_log_look_;

  EtcdServer server_;
  std::string serve_error_;
  std::unique_ptr<RebuildJob> job_;
  Trouble trouble_;  // of the step or roll-back under way
  std::string refusal_;
};

}  // namespace

Status RunLauncher(const Context& context, const LauncherOptions& options) {
  return Launcher(options).Run(context);
}

}  // namespace tresor::launcher
