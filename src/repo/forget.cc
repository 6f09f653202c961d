// SPDX-License-Identifier: Apache-2.0
#include "repo/repository_impl.h"

namespace tresor::repo {

Status RepositoryImpl::Forget(const Context&, const std::vector<Id>&) {
  return Error(Code::kUnimplemented, "forget");
}

}  // namespace tresor::repo
