// SPDX-License-Identifier: Apache-2.0
#include "io/errno.h"

#include <cerrno>
#include <system_error>

namespace tresor::io {
namespace {

Code CodeOf(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return Code::kResourceExhausted;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kPermissionDenied;
    case ENOENT:
      return Code::kNotFound;
    case EEXIST:
      return Code::kAlreadyExists;
    case ENOTEMPTY:
    case ENOTDIR:
    case EISDIR:
    case EXDEV:
    case EBADF:  // closed, or not open for this
      return Code::kFailedPrecondition;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
      return Code::kInvalidArgument;
    case EIO:
    case EUCLEAN:  // the file system found itself damaged
      return Code::kDataLoss;
    case EOPNOTSUPP:
    case ENOSYS:
      return Code::kUnimplemented;
    default:
      return Code::kUnavailable;
  }
}

}  // namespace

Status ErrnoError(int error_number, std::string_view object, std::string_view call) {
  return Error(CodeOf(error_number), "{}: {}: {}", object, call,
               std::generic_category().message(error_number));
}

}  // namespace tresor::io
