// SPDX-License-Identifier: Apache-2.0
#include "etcd/snapshot_call.h"

#include <utility>
#include <vector>

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include "base/check.h"

namespace tresor::etcd {
namespace {

constexpr char kMethod[] = "/etcdserverpb.Maintenance/Snapshot";

/// One stream. The generated stub would copy each blob into a std::string; here the sink sees
/// gRPC's own buffers.
///
/// The thread that reads is the one that drives the connection (it waits in the completion queue),
/// so bytes are handed to the sink where they arrived, in the same processor's cache.
class SnapshotCall {
 public:
  SnapshotCall(Connection& connection, CallContext& context) : context_(context) {
    grpc::GenericStub stub(connection.channel);
    stream_ = stub.PrepareCall(&context.grpc(), kMethod, &queue_);
  }
  ~SnapshotCall() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }
  SnapshotCall(const SnapshotCall&) = delete;
  SnapshotCall& operator=(const SnapshotCall&) = delete;

  /// Passes every message to `guard`, to the end.
  Status Run(SnapshotGuard& guard) {
    const Status status = Start() ? ReadAll(guard) : OkStatus();
    if (!status.ok()) {
      context_.grpc().TryCancel();
    }
    grpc::Status outcome;
    stream_->Finish(&outcome, nullptr);
    (void)WaitOne();
    return status.ok() ? context_.Outcome(outcome) : status;
  }

 private:
  // False: the call is over; Finish tells why.
  bool WaitOne() {
    void* tag = nullptr;
    bool ok = false;
    TRESOR_CHECK(queue_.Next(&tag, &ok));
    return ok;
  }

  bool Start() {
    stream_->StartCall(nullptr);
    if (!WaitOne()) {
      return false;
    }
    // SnapshotRequest has no fields. That the server has ended the stream before it read the
    // request is no reason not to read: gRPC tells the outcome only after all that was sent.
    const grpc::Slice empty;
    stream_->WriteLast(grpc::ByteBuffer(&empty, 1), grpc::WriteOptions(), nullptr);
    (void)WaitOne();
    return true;
  }

  Status ReadAll(SnapshotGuard& guard) {
    while (true) {
      grpc::ByteBuffer buffer;
      stream_->Read(&buffer, nullptr);
      if (!WaitOne()) {
        return OkStatus();
      }
      RETURN_IF_ERROR(Pass(buffer, guard));
    }
  }

  Status Pass(const grpc::ByteBuffer& buffer, SnapshotGuard& guard) {
    slices_.clear();
    if (const grpc::Status status = buffer.Dump(&slices_); !status.ok()) {
      return Error(Code::kDataLoss, "snapshot stream: {}", status.error_message());
    }
    views_.clear();
    for (const grpc::Slice& slice : slices_) {
      views_.push_back(std::as_bytes(std::span(slice.begin(), slice.size())));
    }
    RETURN_IF_ERROR(DecodeSnapshotMessage(views_, message_));
    return guard.OnMessage(message_);
  }

  CallContext& context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  // Of the message at hand; kept for their storage.
  std::vector<grpc::Slice> slices_;
  std::vector<ByteView> views_;
  SnapshotMessage message_;
};

}  // namespace

Result<SnapshotSummary> ReadSnapshot(const Context& context, Connections& connections,
                                     Connection& connection, SnapshotSink& sink) {
  SnapshotGuard guard(sink);
  SnapshotSummary summary;
  RETURN_IF_ERROR(
      connections.Run(context, connection, "Snapshot", [&](const std::string& token) -> Status {
        CallContext call_context(context, token);
        SnapshotCall call(connection, call_context);
        const Status status = call.Run(guard);
        if (!status.ok()) {
          // Once bytes have come, whatever ends the stream is no reason to begin it again.
          const bool begun = guard.begun();
          return begun && status.code() == Code::kUnauthenticated
                     ? Error(Code::kUnavailable, "{}", Message(status))
                     : status;
        }
        ASSIGN_OR_RETURN(summary, guard.Finish());
        return OkStatus();
      }));
  return summary;
}

}  // namespace tresor::etcd
