// SPDX-License-Identifier: Apache-2.0
#include "base/status.h"

#include <string>

#include <absl/strings/cord.h>

namespace tresor {

Status Annotate(const Status& status, std::string_view context) {
  if (status.ok()) {
    return status;
  }
  Status annotated(status.code(), fmt::format("{}: {}", context, Message(status)));
  status.ForEachPayload([&](auto url, const auto& payload) { annotated.SetPayload(url, payload); });
  return annotated;
}

Status WithPayload(Status status, std::string_view type, std::string_view bytes) {
  status.SetPayload({type.data(), type.size()},
                    absl::Cord(absl::string_view{bytes.data(), bytes.size()}));
  return status;
}

std::optional<std::string> PayloadOf(const Status& status, std::string_view type) {
  const auto payload = status.GetPayload({type.data(), type.size()});
  return payload.has_value() ? std::optional(std::string(*payload)) : std::nullopt;
}

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kOk:
      return "ok";
    case Code::kCancelled:
      return "cancelled";
    case Code::kUnknown:
      return "unknown";
    case Code::kInvalidArgument:
      return "invalid argument";
    case Code::kDeadlineExceeded:
      return "deadline exceeded";
    case Code::kNotFound:
      return "not found";
    case Code::kAlreadyExists:
      return "already exists";
    case Code::kPermissionDenied:
      return "permission denied";
    case Code::kResourceExhausted:
      return "resource exhausted";
    case Code::kFailedPrecondition:
      return "failed precondition";
    case Code::kAborted:
      return "aborted";
    case Code::kOutOfRange:
      return "out of range";
    case Code::kUnimplemented:
      return "unimplemented";
    case Code::kInternal:
      return "internal";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kDataLoss:
      return "data loss";
    case Code::kUnauthenticated:
      return "unauthenticated";
    default:
      return "unknown";
  }
}

}  // namespace tresor
