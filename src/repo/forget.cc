// SPDX-License-Identifier: Apache-2.0
// Takes backups off the list. Their records stay until prune.
#include <algorithm>
#include <set>

#include "repo/commit.h"
#include "repo/format/names.h"
#include "repo/lease.h"
#include "repo/repository_impl.h"

namespace tresor::repo {

Status RepositoryImpl::Forget(const Context& context, const std::vector<Id>& backups) {
  ASSIGN_OR_RETURN(
      const auto lease,
      Lease::Take(context, store_, keys_, {.operation = "forget", .wait = options_.lock_wait}));
  ASSIGN_OR_RETURN(Catalog catalog, objects_.ReadCatalog(context));
  const std::set<Id> forgotten(backups.begin(), backups.end());
  for (const Id& backup : forgotten) {
    if (catalog.Find(backup) == nullptr) {
      return Error(Code::kNotFound, "no backup {}", backup.ToString());
    }
  }
  if (forgotten.empty()) {
    return lease->Release();
  }
  std::vector<Id> manifests;
  std::erase_if(catalog.backups, [&](const CatalogEntry& entry) {
    if (!forgotten.contains(entry.info.id)) {
      return false;
    }
    manifests.push_back(entry.info.manifest);
    return true;
  });
  SignCatalog(context, *lease, catalog);
  RETURN_IF_ERROR(lease->Check());
  RETURN_IF_ERROR(objects_.CommitCatalog(context, catalog, forgotten));
  for (const Id& manifest : manifests) {
    RETURN_IF_ERROR(store_.Delete(context, ManifestName(manifest)));
  }
  return lease->Release();
}

}  // namespace tresor::repo
