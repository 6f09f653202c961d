// SPDX-License-Identifier: Apache-2.0
#include "etcd/watch_call.h"

#include <chrono>
#include <utility>

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include "etcd/convert.h"
#include "etcd/rpc_status.h"

namespace tresor::etcd {
namespace {

/// One stream with one watch. At most one operation of the stream is under way; one that a Next
/// call did not see the end of stays under way for the following one.
class WatchCall final : public Watcher {
 public:
  WatchCall(Connection& connection, const std::string& token) : name_(connection.name) {
    if (!token.empty()) {
      grpc_.AddMetadata("token", token);
    }
    stream_ = connection.watch->PrepareAsyncWatch(&grpc_, &queue_);
  }
  ~WatchCall() override {
    grpc_.TryCancel();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }
  WatchCall(const WatchCall&) = delete;
  WatchCall& operator=(const WatchCall&) = delete;

  /// Sends the request and waits for the server's word that the watch exists.
  Status Create(const Context& context, const WatchRequest& request) {
    stream_->StartCall(&stream_);
    ASSIGN_OR_RETURN(const bool started, WaitOperation(context));
    if (!started) {
      return Finish(context);
    }
    // A write that fails means that the server has ended the stream; reading tells why.
    stream_->Write(ToProto(request), &stream_);
    RETURN_IF_ERROR(WaitOperation(context).status());
    RETURN_IF_ERROR(Read(context));
    if (answer_.canceled()) {
      return Cancelled();
    }
    if (!answer_.created()) {
      return Error(Code::kDataLoss, "the first answer does not say that the watch exists");
    }
    return OkStatus();
  }

  [[nodiscard]] Result<WatchResponse> Next(const Context& context) override {
    if (!ended_.ok()) {
      return ended_;
    }
    Status status = Read(context);
    if (status.ok() && answer_.canceled()) {
      status = Cancelled();
    }
    if (status.ok()) {
      return FromProto(std::move(answer_));
    }
    status = Annotate(Annotate(status, "Watch"), name_);
    if (!reading_) {
      ended_ = status;
    }
    return status;
  }

  [[nodiscard]] std::int64_t compact_revision() const override { return compact_revision_; }

 private:
  /// Reads one answer into answer_. On kDeadlineExceeded and kCancelled reading_ stays.
  Status Read(const Context& context) {
    if (!reading_) {
      answer_.Clear();
      stream_->Read(&answer_, &stream_);
      reading_ = true;
    }
    ASSIGN_OR_RETURN(const bool ok, WaitOperation(context));
    reading_ = false;
    return ok ? OkStatus() : Finish(context);
  }

  /// Why the stream ended.
  Status Finish(const Context& context) {
    grpc::Status outcome;
    stream_->Finish(&outcome, &stream_);
    RETURN_IF_ERROR(WaitOperation(context).status());
    if (outcome.ok() || outcome.error_code() == grpc::StatusCode::CANCELLED) {
      return Error(Code::kUnavailable, "the server ended the stream");
    }
    return FromRpcStatus(outcome.error_code(), outcome.error_message());
  }

  Status Cancelled() {
    compact_revision_ = answer_.compact_revision();
    if (compact_revision_ > 0) {
      return Error(Code::kOutOfRange, "revisions before {} are compacted", compact_revision_);
    }
    return FromRpcText(answer_.cancel_reason());
  }

  /// Waits for the operation under way, no longer than `context` allows; whether it succeeded.
  Result<bool> WaitOperation(const Context& context) {
    RETURN_IF_ERROR(context.Check());
    gpr_timespec deadline = gpr_inf_future(GPR_CLOCK_MONOTONIC);
    if (const auto remaining = context.Remaining()) {
      deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                              gpr_time_from_nanos(remaining->count(), GPR_TIMESPAN));
    }
    // A stop puts an event of its own into the queue. The alarm is always set, and its event always
    // taken out again: an alarm that was never set has no event to wait for.
    grpc::Alarm alarm;
    alarm.Set(&queue_, gpr_inf_future(GPR_CLOCK_MONOTONIC), &alarm_tag_);
    bool operation_done = false;
    bool succeeded = false;
    bool alarm_done = false;
    {
      const std::stop_callback on_stop(context.stop(), [&alarm] { alarm.Cancel(); });
      Take(deadline, operation_done, succeeded, alarm_done);
    }
    alarm.Cancel();
    while (!alarm_done) {
      Take(gpr_inf_future(GPR_CLOCK_MONOTONIC), operation_done, succeeded, alarm_done);
    }
    if (operation_done) {
      return succeeded;
    }
    RETURN_IF_ERROR(context.Check());
    return Error(Code::kDeadlineExceeded, "deadline exceeded");
  }

  void Take(gpr_timespec deadline, bool& operation_done, bool& succeeded, bool& alarm_done) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) {
      return;
    }
    if (tag == &alarm_tag_) {
      alarm_done = true;
    } else {
      operation_done = true;
      succeeded = ok;
    }
  }

  const std::string name_;
  grpc::ClientContext grpc_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<
      grpc::ClientAsyncReaderWriter<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse>>
      stream_;
  etcdserverpb::WatchResponse answer_;
  bool reading_ = false;
  char alarm_tag_ = 0;  // its address tells the alarm's event
  Status ended_;
  std::int64_t compact_revision_ = 0;
};

}  // namespace

Result<std::unique_ptr<Watcher>> OpenWatch(const Context& context, Connections& connections,
                                           Connection& connection, const WatchRequest& request) {
  std::unique_ptr<WatchCall> call;
  bool repeated = false;
  RETURN_IF_ERROR(
      connections.Run(context, connection, "Watch", [&](const std::string& token) -> Status {
        call = std::make_unique<WatchCall>(connection, token);
        const Status status = call->Create(context, request);
        // 3.4 and early 3.5 say so also of a token that they don't take any more.
        if (status.code() == Code::kPermissionDenied && !std::exchange(repeated, true)) {
          return Error(Code::kUnauthenticated, "{}", Message(status));
        }
        return status;
      }));
  return call;
}

}  // namespace tresor::etcd
