// SPDX-License-Identifier: Apache-2.0
// What the backups of a repository cost. From directories and live maps: no record is read.
#include <set>
#include <utility>

#include "repo/format/names.h"
#include "repo/inventory.h"
#include "repo/repository_impl.h"
#include "repo/segment_reader.h"

namespace tresor::repo {
namespace {

// Adds one segment's share.
Status AddSegment(const Context& context, const Objects& objects,
                  const std::vector<SegmentUser>& users, LiveMaps& maps, Stats& stats) {
  ASSIGN_OR_RETURN(const auto reader, SegmentReader::Open(context, objects, *users.front().ref));
  LiveSet once(users.front().ref->records);   // needed by at least one backup
  LiveSet twice(users.front().ref->records);  // by at least two
  for (const SegmentUser& user : users) {
    ASSIGN_OR_RETURN(const LiveSet live, maps.Get(context, *user.ref));
    if (live.size() != once.size()) {
      return Error(Code::kDataLoss, "{}: backups disagree about its records", reader->name());
    }
    LiveSet both = once;
    both.Intersect(live);
    twice.Union(both);
    once.Union(live);
  }
  const auto& frames = reader->directory().frames;
  // Shares of a frame's bytes: as if all its records were of one size.
  const auto add_share = [&](const LiveSet& set, auto&& add) {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      add(frames[i], set.CountIn(reader->frame_ordinal(i), reader->frame_ordinal(i + 1)));
    }
  };
  add_share(once, [&](const FrameInfo& frame, std::uint64_t live) {
    stats.record_bytes += frame.raw_size * live / frame.records;
    stats.dead_bytes += frame.sealed_size * (frame.records - live) / frame.records;
  });
  for (const SegmentUser& user : users) {
    ASSIGN_OR_RETURN(LiveSet unique, maps.Get(context, *user.ref));
    unique.Subtract(twice);
    add_share(unique, [&](const FrameInfo& frame, std::uint64_t live) {
      stats.backups[user.backup].unique_bytes += frame.sealed_size * live / frame.records;
    });
  }
  return OkStatus();
}

}  // namespace

Result<Stats> RepositoryImpl::GetStats(const Context& context) {
  ASSIGN_OR_RETURN(const Catalog catalog, objects_.ReadCatalog(context));
  ASSIGN_OR_RETURN(const Inventory inventory, TakeInventory(context, objects_, catalog));
  ASSIGN_OR_RETURN(const auto objects, store_.List(context, ""));
  Stats stats;
  for (const auto* listed : inventory.backups) {
    // A backup's manifest is its own.
    stats.backups.push_back({.info = listed->entry.info,
                             .logical_bytes = listed->manifest.record_bytes,
                             .unique_bytes = listed->entry.manifest_stored_size});
    stats.logical_bytes += listed->manifest.record_bytes;
  }
  LiveMaps maps(objects_);
  for (const auto& [id, users] : inventory.segments) {
    RETURN_IF_ERROR(AddSegment(context, objects_, users, maps, stats));
  }
  for (const auto& [id, blob] : inventory.blobs) {
    if (blob.backups.size() == 1) {
      stats.backups[blob.backups.front()].unique_bytes += blob.stored_size;
    }
  }
  for (const blob::BlobInfo& object : objects) {
    ++stats.objects;
    stats.stored_bytes += object.size_bytes;
    const auto name = ParseName(object.name);
    if (name && name->kind == ObjectKind::kSegment) {
      ++stats.segments;
      // All records of a segment that no backup names are dead.
      stats.dead_bytes += inventory.segments.contains(name->id) ? 0 : object.size_bytes;
    } else if (name && name->kind == ObjectKind::kBlob) {
      ++stats.blobs;
      stats.dead_bytes += inventory.blobs.contains(name->id) ? 0 : object.size_bytes;
    }
  }
  return stats;
}

}  // namespace tresor::repo
