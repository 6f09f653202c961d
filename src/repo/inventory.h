// SPDX-License-Identifier: Apache-2.0
// What the newest catalog's backups need, looked at from the side of the objects.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "repo/format/catalog.h"
#include "repo/format/live_map.h"
#include "repo/format/manifest.h"
#include "repo/objects.h"

namespace tresor::repo {

/// One backup's use of a segment. `backup` is an index into Inventory::backups.
struct SegmentUser {
  std::size_t backup = 0;
  const SegmentRef* ref = nullptr;
};

struct BlobUse {
  std::uint64_t stored_size = 0;
  std::vector<std::size_t> backups;  // ascending, each once
};

struct Inventory {
  struct Listed {
    CatalogEntry entry;
    Manifest manifest;
  };
  std::list<Listed> storage;
  std::vector<Listed*> backups;                     // in the catalog's order
  std::map<Id, std::vector<SegmentUser>> segments;  // users in the order of `backups`
  std::map<Id, BlobUse> blobs;                      // live maps and buckets

  [[nodiscard]] const Manifest& manifest(std::size_t backup) const {
    return backups[backup]->manifest;
  }
};

/// Called for a manifest that can't be read; when it returns OK that backup is left out.
using BadManifest = std::function<Status(const CatalogEntry&, const Status&)>;

/// Reads the manifests of all backups of `catalog`.
[[nodiscard]] Result<Inventory> TakeInventory(
    const Context& context, const Objects& objects, const Catalog& catalog,
    const BadManifest& bad_manifest = [](const CatalogEntry&, const Status& status) {
      return status;
    });

/// Live maps, with a cache of the blobs that they lie in: one blob has the maps of many segments.
/// Threads: one.
class LiveMaps {
 public:
  explicit LiveMaps(const Objects& objects, std::size_t cache_bytes = std::size_t{32} << 20)
      : objects_(objects), cache_bytes_(cache_bytes) {}
  [[nodiscard]] Result<LiveSet> Get(const Context& context, const SegmentRef& ref);

 private:
  const Objects& objects_;
  const std::size_t cache_bytes_;
  std::size_t cached_bytes_ = 0;
  std::list<std::pair<Id, Bytes>> blobs_;  // the last one used is in front
};

}  // namespace tresor::repo
