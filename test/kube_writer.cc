// SPDX-License-Identifier: Apache-2.0
#include "test/kube_writer.h"

#include <chrono>

namespace tresor::testing {

Status KubeWriter::Base(const Context& context) {
  for (std::uint64_t i = 0; i < load_.base_size(); ++i) {
    RETURN_IF_ERROR(Do(context, load_.Base(i)));
  }
  return OkStatus();
}

Status KubeWriter::Interval(const Context& context, std::uint64_t number) {
  for (const bench::Operation& operation : load_.Interval(number)) {
    RETURN_IF_ERROR(Do(context, operation));
  }
  return OkStatus();
}

Status KubeWriter::Do(const Context& context, const bench::Operation& operation) {
  using Kind = bench::Operation::Kind;
  const std::int64_t lease = 0x7000'0000 + static_cast<std::int64_t>(operation.group);
  switch (operation.kind) {
    case Kind::kPut:
    case Kind::kPutWithLease: {
      etcd::PutRequest request{.key = operation.key, .value = operation.value};
      if (operation.kind == Kind::kPutWithLease) {
        request.lease = lease;
        if (leases_.insert(operation.group).second) {
          const auto granted = client_.LeaseGrant(context, std::chrono::hours(24), lease);
          if (!granted.ok() && granted.status().code() != Code::kFailedPrecondition) {
            return granted.status();  // that there is one is well: a restored store has it
          }
        }
      }
      ASSIGN_OR_RETURN(const etcd::PutResponse response, client_.Put(context, request));
      revision_ = response.header.revision;
      return OkStatus();
    }
    case Kind::kDelete: {
      ASSIGN_OR_RETURN(const auto response, client_.DeleteRange(context, {.key = operation.key}));
      revision_ = response.header.revision;
      return OkStatus();
    }
    case Kind::kExpireLease: {
      const Status status = client_.LeaseRevoke(context, lease);
      return status.code() == Code::kNotFound ? OkStatus() : status;
    }
    case Kind::kMark:
      mark_ = revision_;
      return OkStatus();
    case Kind::kCompact: {
      if (mark_ == 0) {
        return OkStatus();
      }
      const Status status = client_.Compact(context, mark_, true);
      return status.code() == Code::kOutOfRange ? OkStatus() : status;
    }
  }
  return Error(Code::kInternal, "unknown operation");
}

}  // namespace tresor::testing
