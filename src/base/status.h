// SPDX-License-Identifier: Apache-2.0
// Status and Result<T>: how every library says that something went wrong, and what the caller can
// do about it.
//
// They are absl::Status and absl::StatusOr; only this header names absl. Codes and what they mean
// to a caller:
//   kInvalidArgument   the call is wrong in itself: fix it
//   kNotFound, kAlreadyExists, kFailedPrecondition   the state is not as assumed: decide
//   kAborted           somebody else wrote first: read again, then try
//   kOutOfRange        past the end, or compacted away: read from another point
//   kUnauthenticated, kPermissionDenied   tell the person
//   kResourceExhausted disk full, quota, throttled: back off
//   kUnavailable, kDeadlineExceeded   transient: the same call again, with backoff
//   kCancelled         our own stop: unwind quietly
//   kDataLoss          bytes are not what they must be: stop, keep the evidence, tell a human
//   kUnimplemented     a version or feature that this build does not know
//   kInternal, kUnknown   our bug, or a peer's error without a better code
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <fmt/format.h>

namespace tresor {

using Code = absl::StatusCode;
using Status = absl::Status;
template <typename T>
using Result = absl::StatusOr<T>;

[[nodiscard]] inline Status OkStatus() { return absl::OkStatus(); }

/// Makes an error. `text` is a phrase without a trailing stop: "page 7: bad magic 0xdead".
template <typename... Args>
[[nodiscard]] Status Error(Code code, fmt::format_string<Args...> text, Args&&... args) {
  return Status(code, fmt::format(text, std::forward<Args>(args)...));
}

/// The text of an error; empty for OK. Valid as long as `status`.
[[nodiscard]] inline std::string_view Message(const Status& status) {
  return {status.message().data(), status.message().size()};
}

/// Puts "context: " before the message; keeps the code and the payloads. OK stays OK.
[[nodiscard]] Status Annotate(const Status& status, std::string_view context);

/// Attaches bytes for programs to an error, under a type of the attaching library's choice
/// ("tresor.dev/error-details"); an OK status stays as it is.
[[nodiscard]] Status WithPayload(Status status, std::string_view type, std::string_view bytes);
[[nodiscard]] std::optional<std::string> PayloadOf(const Status& status, std::string_view type);

/// The code's lower-case words as people and scripts see them: "data loss", "not found".
[[nodiscard]] std::string_view CodeName(Code code);

}  // namespace tresor

// GCC's statement expressions are not used: these work with any compiler.
#define RETURN_IF_ERROR(expr)                                             \
  do {                                                                    \
    if (::tresor::Status tresor_status_ = (expr); !tresor_status_.ok()) { \
      return tresor_status_;                                              \
    }                                                                     \
  } while (false)

#define TRESOR_CONCAT_INNER(a, b) a##b
#define TRESOR_CONCAT(a, b) TRESOR_CONCAT_INNER(a, b)
#define ASSIGN_OR_RETURN(lhs, expr) \
  ASSIGN_OR_RETURN_IMPL(TRESOR_CONCAT(result_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_IMPL(result, lhs, expr) \
  auto result = (expr);                          \
  if (!result.ok()) {                            \
    return std::move(result).status();           \
  }                                              \
  lhs = *std::move(result)
