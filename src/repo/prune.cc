// SPDX-License-Identifier: Apache-2.0
#include "repo/repository_impl.h"

namespace tresor::repo {

Result<PruneReport> RepositoryImpl::Prune(const Context&, const PruneOptions&) {
  return Error(Code::kUnimplemented, "prune");
}

}  // namespace tresor::repo
