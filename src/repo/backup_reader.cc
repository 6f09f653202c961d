// SPDX-License-Identifier: Apache-2.0
#include "repo/repository_impl.h"

namespace tresor::repo {

Result<std::unique_ptr<Backup>> RepositoryImpl::OpenBackup(const Context&, const Id&) {
  return Error(Code::kUnimplemented, "reading");
}

}  // namespace tresor::repo
