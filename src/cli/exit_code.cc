// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_code.h"

namespace tresor::cli {

ExitCode ExitCodeOf(Code code) {
  switch (code) {
    case Code::kOk:
      return ExitCode::kOk;
    case Code::kInvalidArgument:
      return ExitCode::kUsage;
    case Code::kNotFound:
    case Code::kOutOfRange:
      return ExitCode::kNotFound;
    case Code::kDataLoss:
      return ExitCode::kIntegrity;
    case Code::kUnauthenticated:
    case Code::kPermissionDenied:
      return ExitCode::kAccess;
    case Code::kAborted:
      return ExitCode::kLocked;
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
      return ExitCode::kTemporary;
    case Code::kResourceExhausted:
      return ExitCode::kNoSpace;
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
      return ExitCode::kInTheWay;
    case Code::kUnimplemented:
      return ExitCode::kUnsupported;
    case Code::kCancelled:
      return ExitCode::kInterrupted;
    default:
      return ExitCode::kFailure;
  }
}

const std::vector<ExitCodeText>& ExitCodeTexts() {
  static const std::vector<ExitCodeText> texts = {
      {ExitCode::kOk, "done, and everything that was checked is as it must be"},
      {ExitCode::kFailure, "a failure without a code of its own"},
      {ExitCode::kUsage, "the command line, or a value in it, is wrong"},
      {ExitCode::kNotFound, "there is no such repository, backup, key, file or object"},
      {ExitCode::kIntegrity,
       "bytes are not what they must be, or evidence says that a backup is wrong"},
      {ExitCode::kAccess,
       "wrong passphrase or key file; etcd, the server or the disk refuses access"},
      {ExitCode::kLocked, "another writer has the repository or object, or changed it meanwhile"},
      {ExitCode::kTemporary, "temporary: not reachable, or not in time; try again"},
      {ExitCode::kNoSpace, "no space, quota or memory left"},
      {ExitCode::kInTheWay,
       "something is in the way: a target that is not empty, the last key, the last good backup; a "
       "restore that has the cluster"},
      {ExitCode::kUnsupported, "made by a newer version, or not supported"},
      {ExitCode::kInterrupted,
       "interrupted (128 plus the number of the signal, so 143 for SIGTERM)"},
  };
  return texts;
}

}  // namespace tresor::cli
