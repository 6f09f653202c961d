// SPDX-License-Identifier: Apache-2.0
// What the program says to scripts: one table from Code to exit code. docs/cli.md and the man pages
// show it.
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"

namespace tresor::cli {

/// DO NOT CHANGE: scripts depend on these values.
enum class ExitCode : int {
  kOk = 0,
  kFailure = 1,        // any other failure
  kUsage = 2,          // kInvalidArgument
  kNotFound = 3,       // kNotFound, kOutOfRange
  kIntegrity = 4,      // kDataLoss
  kAccess = 5,         // kUnauthenticated, kPermissionDenied
  kLocked = 6,         // kAborted: another writer
  kTemporary = 7,      // kUnavailable, kDeadlineExceeded
  kNoSpace = 8,        // kResourceExhausted
  kInTheWay = 9,       // kAlreadyExists, kFailedPrecondition
  kUnsupported = 10,   // kUnimplemented
  kInterrupted = 130,  // kCancelled; 128 + the signal's number when there was one
};

[[nodiscard]] ExitCode ExitCodeOf(Code code);

struct ExitCodeText {
  ExitCode code;
  std::string_view meaning;
};
/// Every exit code with what it means, ascending.
[[nodiscard]] const std::vector<ExitCodeText>& ExitCodeTexts();

}  // namespace tresor::cli
