// SPDX-License-Identifier: Apache-2.0
#include "repo/repository_impl.h"

namespace tresor::repo {

Result<std::unique_ptr<BackupWriter>> RepositoryImpl::BeginBackup(const Context&) {
  return Error(Code::kUnimplemented, "saving");
}

}  // namespace tresor::repo
