// SPDX-License-Identifier: Apache-2.0
#include "repo/inventory.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "repo/segment_reader.h"

namespace tresor::repo {
namespace {

void Use(std::map<Id, BlobUse>& blobs, const BlobRef& ref, std::size_t backup) {
  BlobUse& use = blobs[ref.id];
  use.stored_size = ref.stored_size;
  if (use.backups.empty() || use.backups.back() != backup) {
    use.backups.push_back(backup);
  }
}

}  // namespace

Result<Inventory> TakeInventory(const Context& context, const Objects& objects,
                                const Catalog& catalog, const BadManifest& bad_manifest) {
  Inventory inventory;
  std::vector<Result<Manifest>> manifests = objects.ReadManifests(context, catalog);
  for (std::size_t i = 0; i < manifests.size(); ++i) {
    const CatalogEntry& entry = catalog.backups[i];
    Result<Manifest>& manifest = manifests[i];
    if (!manifest.ok()) {
      RETURN_IF_ERROR(bad_manifest(entry, manifest.status()));
      continue;
    }
    const std::size_t backup = inventory.backups.size();
    auto& listed = inventory.storage.emplace_back(Inventory::Listed{entry, *std::move(manifest)});
    inventory.backups.push_back(&listed);
    for (const SegmentRef& ref : listed.manifest.segments) {
      inventory.segments[ref.id].push_back({backup, &ref});
    }
    for (const BlobRef& ref : listed.manifest.live_map_blobs) {
      Use(inventory.blobs, ref, backup);
    }
    for (const BucketPart& part : listed.manifest.bucket_parts) {
      if (const auto* ref = std::get_if<BlobRef>(&part)) {
        Use(inventory.blobs, *ref, backup);
      }
    }
  }
  return inventory;
}

Result<LiveSet> LiveMaps::Get(const Context& context, const SegmentRef& ref) {
  if (!ref.map) {
    return LiveSet::All(ref.records);
  }
  const auto found = std::ranges::find(blobs_, ref.map->blob, &std::pair<Id, Bytes>::first);
  if (found != blobs_.end()) {
    blobs_.splice(blobs_.begin(), blobs_, found);
  } else {
    ASSIGN_OR_RETURN(Bytes blob, objects_.ReadBlob(context, ref.map->blob));
    cached_bytes_ += blob.size();
    blobs_.emplace_front(ref.map->blob, std::move(blob));
    while (cached_bytes_ > cache_bytes_ && blobs_.size() > 1) {
      cached_bytes_ -= blobs_.back().second.size();
      blobs_.pop_back();
    }
  }
  return LiveMapIn(blobs_.front().second, ref);
}

}  // namespace tresor::repo
