// SPDX-License-Identifier: Apache-2.0
#include "repo/repository_impl.h"

namespace tresor::repo {

Result<Stats> RepositoryImpl::GetStats(const Context&) {
  return Error(Code::kUnimplemented, "stats");
}

}  // namespace tresor::repo
