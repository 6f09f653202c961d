// SPDX-License-Identifier: Apache-2.0
#include "repo/repository_impl.h"

namespace tresor::repo {

Result<CheckReport> RepositoryImpl::Check(const Context&, const CheckOptions&) {
  return Error(Code::kUnimplemented, "check");
}

}  // namespace tresor::repo
