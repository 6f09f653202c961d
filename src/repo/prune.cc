// SPDX-License-Identifier: Apache-2.0
// Removes what no backup needs. Order of writes: new segments, live maps, manifests, the catalog;
// then the deletions. FORMAT.md 1.
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "repo/commit.h"
#include "repo/format/names.h"
#include "repo/frame_merge.h"
#include "repo/inventory.h"
#include "repo/lease.h"
#include "repo/prune_plan.h"
#include "repo/repository_impl.h"
#include "repo/segment_reader.h"
#include "repo/segment_writer.h"

namespace tresor::repo {
namespace {

// A blob of live maps is closed beyond this: a reader of one backup reads those of others too.
constexpr std::size_t kMapBlobBytes = 256 * 1024;

// A segment that some backup names, and the records that some backup needs.
struct Used {
  std::unique_ptr<SegmentReader> reader;
  const std::vector<SegmentUser>* users = nullptr;
  LiveSet live;
  std::uint64_t dead_bytes = 0;
};

// A live map that this prune made; `ref` is known once its blob is written.
struct NewMap {
  Bytes bytes;
  LiveMapRef ref;
};

// Before each deletion: is the lease still ours, and has nobody committed since? A prune that
// slept (a stopped process, a suspended machine) must not delete a blob that a later save has found
// and named. FORMAT.md 8.
class DeleteFence {
 public:
  // All outlive this. `sequence`: of the catalog that prune committed.
  DeleteFence(const Context& context, const Objects& objects, Lease& lease, std::uint64_t sequence)
      : context_(context), objects_(objects), lease_(lease), sequence_(sequence) {}

  // kAborted: another writer has taken over, or has committed.
  Status Check() {
    const MonotonicTime monotonic = context_.clock().Monotonic();
    const WallTime wall = context_.clock().Now();
    // Both clocks: the monotonic one stands still while the machine is suspended.
    if (confirmed_ && monotonic - monotonic_ < kFresh && wall >= wall_ && wall - wall_ < kFresh) {
      return OkStatus();
    }
    RETURN_IF_ERROR(lease_.Renew(context_));
    ASSIGN_OR_RETURN(const std::uint64_t newest, objects_.NewestSequence(context_));
    if (newest != sequence_) {
      return Error(Code::kAborted, "another writer has committed {} meanwhile",
                   CatalogName(newest));
    }
    confirmed_ = true;
    monotonic_ = monotonic;
    wall_ = wall;
    return OkStatus();
  }

  // For one deletion: over, whatever happens, before the lease can be.
  [[nodiscard]] Context context() const { return context_.WithTimeout(kTimeout); }

 private:
  // How long a look into the store is believed.
  static constexpr std::chrono::seconds kFresh{5};
  static constexpr std::chrono::seconds kTimeout{30};
  static_assert(kFresh + kTimeout < Lease::kDuration / 2);

  const Context& context_;
  const Objects& objects_;
  Lease& lease_;
  const std::uint64_t sequence_;
  bool confirmed_ = false;  // at these times
  MonotonicTime monotonic_;
  WallTime wall_;
};

// What a backup needs of a group's new segments.
struct NewRef {
  SegmentRef segment;
  NewMap* map = nullptr;  // null: all
};

// The segments of one group, rewritten.
struct Rewritten {
  PackedKey first;
  std::set<Id> sources;
  // For each backup that used one of the sources.
  std::map<std::size_t, const std::vector<NewRef>*> refs_of{};
};

class Pruner {
 public:
  Pruner(const Context& context, const Objects& objects, const SegmentWriterOptions& options,
         const PruneOptions& prune)
      : context_(context), objects_(objects), options_(options), prune_(prune), maps_(objects) {}

  // What there is, and what to do.
  Status Look(const Catalog& catalog) {
    ASSIGN_OR_RETURN(listing_, objects_.store().List(context_, ""));
    ASSIGN_OR_RETURN(inventory_, TakeInventory(context_, objects_, catalog));
    std::vector<SegmentWaste> wastes;
    std::vector<const SegmentRef*> refs;
    for (const auto& [id, users] : inventory_.segments) {
      refs.push_back(users.front().ref);
    }
    ASSIGN_OR_RETURN(auto readers, OpenSegments(context_, objects_, refs));
    std::size_t next = 0;
    for (const auto& [id, users] : inventory_.segments) {
      ASSIGN_OR_RETURN(Used used, LookAt(std::move(readers[next++]), users));
      wastes.push_back({.lineage = used.reader->directory().lineage,
                        .first = used.reader->first(),
                        .stored_bytes = used.reader->stored_size(),
                        .dead_bytes = used.dead_bytes});
      used_.push_back(std::move(used));
    }
    groups_ = PlanPrune(wastes, {.max_unused = prune_.max_unused,
                                 .segment_size_bytes = options_.segment_size_bytes});
    CountBefore();
    return OkStatus();
  }

  [[nodiscard]] bool nothing_to_do() const { return groups_.empty() && orphans_.empty(); }

  // For a dry run.
  void Estimate() {
    report_.stored_bytes_after = report_.stored_bytes_before - report_.orphan_bytes;
    report_.segments_after = used_.size();
    for (const auto& group : groups_) {
      std::uint64_t live = 0;
      for (const std::size_t i : group) {
        live += used_[i].reader->stored_size() - used_[i].dead_bytes;
        report_.stored_bytes_after -= used_[i].dead_bytes;
      }
      report_.written_bytes += live;
      report_.segments_after -= group.size();
      report_.segments_after += live / options_.segment_size_bytes + 1;
    }
  }

  // New segments, maps and manifests; `catalog` names them afterwards.
  Status Write(const Lease& lease, Catalog& catalog) {
    for (const auto& group : groups_) {
      RETURN_IF_ERROR(lease.Check());
      RETURN_IF_ERROR(Rewrite(group));
    }
    RETURN_IF_ERROR(FlushMaps());
    return WriteManifests(catalog);
  }

  // Takes back what Write stored. For when nothing was committed. Only what has a name of our own:
  // a blob may be another writer's by now.
  void Undo() {
    const Context context =
        Context::Background().WithClock(context_.clock()).WithTimeout(std::chrono::seconds(10));
    for (const auto& [name, size] : written_) {
      if (!name.starts_with(kBlobsPrefix) && !objects_.store().Delete(context, name).ok()) {
        return;  // the next prune does
      }
    }
  }

  // After the commit. In the order of names, so blobs come first: they alone can be wanted again.
  Status Delete(DeleteFence& fence) {
    std::set<std::string> needed = NeededNames();
    Status first;
    for (const blob::BlobInfo& blob : listing_) {
      const auto name = ParseName(blob.name);
      if (!name || !IsPrunable(name->kind) || needed.contains(blob.name)) {
        continue;
      }
      RETURN_IF_ERROR(fence.Check());
      if (const Status status = objects_.store().Delete(fence.context(), blob.name); !status.ok()) {
        RETURN_IF_ERROR(context_.Check());
        first.Update(Annotate(status, blob.name));
        continue;
      }
      report_.stored_bytes_after -= blob.size_bytes;
    }
    return first;
  }

  [[nodiscard]] PruneReport& report() { return report_; }

  // Of objects stored so far; `size` also counts as written.
  void CountWritten(const std::string& name, std::uint64_t size) {
    written_.emplace_back(name, size);
    report_.written_bytes += size;
    report_.stored_bytes_after += size;
  }

 private:
  static bool IsPrunable(ObjectKind kind) {
    return kind == ObjectKind::kSegment || kind == ObjectKind::kBlob ||
           kind == ObjectKind::kManifest;
  }

  Result<Used> LookAt(std::unique_ptr<SegmentReader> reader,
                      const std::vector<SegmentUser>& users) {
    Used used{
        .reader = std::move(reader), .users = &users, .live = LiveSet(users.front().ref->records)};
    std::set<std::pair<Id, std::uint64_t>> seen;  // many backups share a map
    for (const SegmentUser& user : users) {
      if (user.ref->records != used.live.size()) {
        return Error(Code::kDataLoss, "{}: backups disagree about its records",
                     used.reader->name());
      }
      const auto place = user.ref->map ? std::pair(user.ref->map->blob, user.ref->map->offset)
                                       : std::pair(Id{}, ~std::uint64_t{0});
      if (seen.insert(place).second) {
        ASSIGN_OR_RETURN(const LiveSet live, maps_.Get(context_, *user.ref));
        used.live.Union(live);
      }
    }
    const auto& frames = used.reader->directory().frames;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const std::uint64_t live =
          used.live.CountIn(used.reader->frame_ordinal(i), used.reader->frame_ordinal(i + 1));
      used.dead_bytes += frames[i].sealed_size * (frames[i].records - live) / frames[i].records;
    }
    return used;
  }

  // Names that the present catalog's backups need.
  [[nodiscard]] std::set<std::string> NeededNames() const {
    std::set<std::string> names;
    for (const auto* listed : inventory_.backups) {
      names.insert(ManifestName(listed->entry.info.manifest));
      for (const SegmentRef& ref : listed->manifest.segments) {
        names.insert(SegmentName(ref.id));
      }
      for (const BlobRef& ref : listed->manifest.live_map_blobs) {
        names.insert(BlobName(ref.id));
      }
      for (const BucketPart& part : listed->manifest.bucket_parts) {
        if (const auto* ref = std::get_if<BlobRef>(&part)) {
          names.insert(BlobName(ref->id));
        }
      }
    }
    return names;
  }

  void CountBefore() {
    const std::set<std::string> needed = NeededNames();
    for (const blob::BlobInfo& blob : listing_) {
      report_.stored_bytes_before += blob.size_bytes;
      const auto name = ParseName(blob.name);
      if (!name || !IsPrunable(name->kind)) {
        continue;
      }
      const bool segment = name->kind == ObjectKind::kSegment;
      report_.segments_before += segment ? 1 : 0;
      if (!needed.contains(blob.name)) {
        orphans_.push_back(blob.name);
        ++report_.orphans_removed;
        report_.orphan_bytes += blob.size_bytes;
        report_.segments_removed += segment ? 1 : 0;
      }
    }
    for (const auto& group : groups_) {
      report_.segments_rewritten += group.size();
    }
    report_.segments_removed += report_.segments_rewritten;
    report_.segments_after = report_.segments_before - report_.segments_removed;
    report_.stored_bytes_after = report_.stored_bytes_before;
  }

  // Merges the live records of a group into new segments. `order`: for each live record of the
  // sources, in the merged order, which source it is of; with kAgain: the same record as the one
  // before it, of another source.
  static constexpr std::uint8_t kAgain = 0x80;

  Result<std::vector<SegmentRef>> Merge(const std::vector<std::size_t>& group,
                                        std::vector<std::uint8_t>& order) {
    std::vector<MergeSource> sources;
    for (const std::size_t i : group) {
      const SegmentReader& reader = *used_[i].reader;
      std::vector<bool> frames;
      for (std::size_t frame = 0; frame < reader.directory().frames.size(); ++frame) {
        frames.push_back(used_[i].live.CountIn(reader.frame_ordinal(frame),
                                               reader.frame_ordinal(frame + 1)) > 0);
      }
      sources.push_back({&reader, std::move(frames)});
    }
    FrameMerge merge(context_, std::move(sources), FrameMerge::Direction::kAscending);
    SegmentWriter writer(context_, objects_, used_[group.front()].reader->directory().lineage,
                         options_);
    const auto copy = [&]() -> Status {
      std::optional<std::pair<PackedKey, std::uint64_t>> last;
      while (true) {
        ASSIGN_OR_RETURN(const auto record, merge.Next());
        if (!record) {
          return OkStatus();
        }
        const Used& used = used_[group[record->source]];
        if (!used.live.Test(record->ordinal)) {
          continue;
        }
        const auto source = static_cast<std::uint8_t>(record->source);
        if (last && last->first == record->key) {
          if (last->second != record->tag) {
            return Error(Code::kDataLoss,
                         "{}: record {} is in another segment of its lineage with other content",
                         used.reader->name(), etcd::ToString(Unpack(record->key)));
          }
          order.push_back(source | kAgain);
          continue;
        }
        last = {record->key, record->tag};
        order.push_back(source);
        RETURN_IF_ERROR(writer.Add(record->key, record->value, record->tag));
      }
    };
    Status copied = copy();
    auto segments =
        copied.ok() ? writer.Finish() : Result<std::vector<SegmentRef>>(std::move(copied));
    if (!segments.ok()) {
      writer.Stop();
    }
    for (const SegmentRef& segment : writer.stored()) {
      CountWritten(SegmentName(segment.id), segment.stored_size);
    }
    return segments;
  }

  // Which of the new records a backup needs, out of which of the old ones it did.
  std::vector<LiveSet> Translate(const std::vector<std::size_t>& group,
                                 const std::vector<std::uint8_t>& order,
                                 const std::vector<SegmentRef>& segments,
                                 const std::vector<std::optional<LiveSet>>& old) const {
    std::vector<LiveSet> live;
    for (const SegmentRef& segment : segments) {
      live.emplace_back(segment.records);
    }
    std::vector<std::uint64_t> ordinals(group.size());  // the next to look at, in each source
    std::size_t segment = 0;
    std::uint64_t next = 0;  // in the segment
    std::uint64_t current = 0;
    for (const std::uint8_t entry : order) {
      const std::size_t source = entry & (kAgain - 1U);
      if ((entry & kAgain) == 0) {
        if (next == segments[segment].records) {
          ++segment;
          next = 0;
        }
        current = next++;
      }
      std::uint64_t& ordinal = ordinals[source];
      while (!used_[group[source]].live.Test(ordinal)) {
        ++ordinal;
      }
      if (old[source] && old[source]->Test(ordinal)) {
        live[segment].Set(current);
      }
      ++ordinal;
    }
    return live;
  }

  Status Rewrite(const std::vector<std::size_t>& group) {
    std::vector<std::uint8_t> order;
    ASSIGN_OR_RETURN(const auto segments, Merge(group, order));
    report_.segments_after += segments.size();

    Rewritten rewritten{.first = used_[group.front()].reader->first(), .sources = {}};
    std::map<std::size_t, std::vector<const SegmentRef*>> users;
    for (std::size_t source = 0; source < group.size(); ++source) {
      rewritten.sources.insert(used_[group[source]].reader->id());
      for (const SegmentUser& user : *used_[group[source]].users) {
        auto& refs = users[user.backup];
        refs.resize(group.size());
        refs[source] = user.ref;
      }
    }
    // Backups that need the same old records need the same new ones.
    std::map<std::string, const std::vector<NewRef>*> known;
    for (const auto& [backup, refs] : users) {
      const std::vector<NewRef>*& new_refs = known[Signature(refs)];
      if (new_refs == nullptr) {
        std::vector<std::optional<LiveSet>> old(group.size());
        for (std::size_t source = 0; source < group.size(); ++source) {
          if (refs[source] != nullptr) {
            ASSIGN_OR_RETURN(old[source], maps_.Get(context_, *refs[source]));
          }
        }
        new_refs = MakeRefs(segments, Translate(group, order, segments, old));
        RETURN_IF_ERROR(FlushLargeMaps());
      }
      rewritten.refs_of.emplace(backup, new_refs);
    }
    rewritten_.push_back(std::move(rewritten));
    return OkStatus();
  }

  static std::string Signature(const std::vector<const SegmentRef*>& refs) {
    std::string signature;
    for (const SegmentRef* ref : refs) {
      if (ref == nullptr) {
        signature += "-";
      } else if (!ref->map) {
        signature += "*";
      } else {
        signature += fmt::format("{}:{},", ref->map->blob.ToString(), ref->map->offset);
      }
    }
    return signature;
  }

  const std::vector<NewRef>* MakeRefs(const std::vector<SegmentRef>& segments,
                                      const std::vector<LiveSet>& live) {
    std::vector<NewRef>& refs = new_refs_.emplace_back();
    for (std::size_t i = 0; i < segments.size(); ++i) {
      NewRef ref{.segment = segments[i]};
      ref.segment.live = live[i].Count();
      if (ref.segment.live == 0) {
        continue;
      }
      if (ref.segment.live < ref.segment.records) {
        ref.map = &new_maps_.emplace_back(NewMap{.bytes = EncodeLiveMap(live[i]), .ref = {}});
        unwritten_bytes_ += ref.map->bytes.size();
      }
      refs.push_back(ref);
    }
    return &refs;
  }

  Status FlushLargeMaps() { return unwritten_bytes_ > kMapBlobBytes ? FlushMaps() : OkStatus(); }

  Status FlushMaps() {
    if (written_maps_ == new_maps_.size()) {
      return OkStatus();
    }
    ByteWriter content;
    for (std::size_t i = written_maps_; i < new_maps_.size(); ++i) {
      new_maps_[i].ref.offset = content.size();
      new_maps_[i].ref.size = new_maps_[i].bytes.size();
      content.Append(new_maps_[i].bytes);
    }
    ASSIGN_OR_RETURN(const auto blob, objects_.WriteBlob(context_, content.view()));
    if (blob.is_new) {
      CountWritten(BlobName(blob.ref.id), blob.ref.stored_size);
    }
    map_blobs_[blob.ref.id] = blob.ref;
    for (; written_maps_ < new_maps_.size(); ++written_maps_) {
      new_maps_[written_maps_].ref.blob = blob.ref.id;
      new_maps_[written_maps_].bytes = {};
    }
    unwritten_bytes_ = 0;
    return OkStatus();
  }

  Status WriteManifests(Catalog& catalog) {
    for (std::size_t backup = 0; backup < inventory_.backups.size(); ++backup) {
      const bool affected = std::ranges::any_of(rewritten_, [&](const Rewritten& rewritten) {
        return rewritten.refs_of.contains(backup);
      });
      if (affected) {
        RETURN_IF_ERROR(WriteManifest(backup, catalog));
      }
    }
    return OkStatus();
  }

  Status WriteManifest(std::size_t backup, Catalog& catalog) {
    Inventory::Listed& listed = *inventory_.backups[backup];
    Manifest manifest = listed.manifest;
    manifest.catalog_sequence = catalog.sequence;
    manifest.segments = SegmentsOf(backup);
    for (const BlobRef& blob : listed.manifest.live_map_blobs) {
      map_blobs_.emplace(blob.id, blob);
    }
    manifest.live_map_blobs.clear();
    std::set<Id> named;
    for (const SegmentRef& ref : manifest.segments) {
      if (ref.map && named.insert(ref.map->blob).second) {
        manifest.live_map_blobs.push_back(map_blobs_.at(ref.map->blob));
      }
    }
    RETURN_IF_ERROR(CheckManifest(manifest));
    const Id id = MakeId(objects_.random());
    const std::string name = ManifestName(id);
    ASSIGN_OR_RETURN(const std::uint64_t size, objects_.Write(context_, ObjectKind::kManifest, name,
                                                              EncodeManifest(manifest)));
    CountWritten(name, size);
    const auto entry = std::ranges::find(catalog.backups, listed.entry.info.id,
                                         [](const CatalogEntry& e) { return e.info.id; });
    entry->info.manifest = id;
    entry->manifest_stored_size = size;
    listed.entry = *entry;
    listed.manifest = std::move(manifest);
    return OkStatus();
  }

  // The segments that a backup has afterwards, in the order of their first keys.
  [[nodiscard]] std::vector<SegmentRef> SegmentsOf(std::size_t backup) const {
    std::set<Id> gone;
    std::vector<std::pair<PackedKey, SegmentRef>> segments;
    for (const Rewritten& rewritten : rewritten_) {
      const auto refs = rewritten.refs_of.find(backup);
      if (refs == rewritten.refs_of.end()) {
        continue;
      }
      gone.insert(rewritten.sources.begin(), rewritten.sources.end());
      for (const NewRef& ref : *refs->second) {
        SegmentRef segment = ref.segment;
        if (ref.map != nullptr) {
          segment.map = ref.map->ref;
        }
        segments.emplace_back(rewritten.first, segment);
      }
    }
    for (const Used& used : used_) {
      for (const SegmentUser& user : *used.users) {
        if (user.backup == backup && !gone.contains(user.ref->id)) {
          segments.emplace_back(used.reader->first(), *user.ref);
        }
      }
    }
    std::ranges::stable_sort(segments, {}, &std::pair<PackedKey, SegmentRef>::first);
    std::vector<SegmentRef> refs;
    for (auto& [first, ref] : segments) {
      refs.push_back(std::move(ref));
    }
    return refs;
  }

  const Context& context_;
  const Objects& objects_;
  const SegmentWriterOptions& options_;
  const PruneOptions& prune_;
  LiveMaps maps_;

  std::vector<blob::BlobInfo> listing_;
  Inventory inventory_;
  std::vector<Used> used_;
  std::vector<std::vector<std::size_t>> groups_;
  std::vector<std::string> orphans_;

  std::vector<Rewritten> rewritten_;
  std::deque<std::vector<NewRef>> new_refs_;
  std::deque<NewMap> new_maps_;
  std::size_t written_maps_ = 0;  // of new_maps_
  std::size_t unwritten_bytes_ = 0;
  std::map<Id, BlobRef> map_blobs_;
  std::vector<std::pair<std::string, std::uint64_t>> written_;
  PruneReport report_;
};

}  // namespace

Result<PruneReport> RepositoryImpl::Prune(const Context& context, const PruneOptions& options) {
  if (!(options.max_unused >= 0 && options.max_unused <= 1)) {
    return Error(Code::kInvalidArgument, "the share of unused data is between 0 and 1, not {}",
                 options.max_unused);
  }
  Pruner pruner(context, objects_, segment_options_, options);
  if (options.dry_run) {
    ASSIGN_OR_RETURN(const Catalog catalog, objects_.ReadCatalog(context));
    RETURN_IF_ERROR(pruner.Look(catalog));
    pruner.Estimate();
    return pruner.report();
  }
  ASSIGN_OR_RETURN(
      const auto lease,
      Lease::Take(context, store_, keys_, {.operation = "prune", .wait = options_.lock_wait}));
  ASSIGN_OR_RETURN(Catalog catalog, objects_.ReadCatalog(context));
  RETURN_IF_ERROR(pruner.Look(catalog));
  if (!pruner.nothing_to_do()) {
    SignCatalog(context, *lease, catalog);
    Status written = pruner.Write(*lease, catalog);
    // A lost lease explains every other error: the successor removes what no catalog names.
    if (const Status lost = lease->Check(); !lost.ok()) {
      written = lost;
    }
    if (!written.ok()) {
      pruner.Undo();
      return written;
    }
    // Also when nothing was rewritten: it keeps a writer that lost its lease from committing what
    // names the objects that are deleted now. If it fails, it may still have been stored: what was
    // written stays.
    RETURN_IF_ERROR(objects_.CommitCatalog(context, catalog));
    DeleteFence fence(context, objects_, *lease, catalog.sequence);
    const Status deleted = pruner.Delete(fence);
    if (!deleted.ok()) {
      return Annotate(deleted,
                      "pruned, but what is unused was not all deleted; the next prune does that");
    }
  }
  RETURN_IF_ERROR(lease->Release());
  return pruner.report();
}

}  // namespace tresor::repo
