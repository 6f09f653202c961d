// SPDX-License-Identifier: Apache-2.0
#include "repo/merged_index.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace tresor::repo {

Result<std::unique_ptr<MergedIndex>> MergedIndex::Open(const Context& context,
                                                       const Objects& objects,
                                                       const Catalog& catalog) {
  auto index = std::unique_ptr<MergedIndex>(new MergedIndex(objects));
  std::set<Id> seen;
  std::vector<Result<Manifest>> manifests = objects.ReadManifests(context, catalog);
  for (std::size_t i = manifests.size(); i-- > 0;) {
    RETURN_IF_ERROR(manifests[i].status());
    Manifest& manifest = *manifests[i];
    const bool newest = !index->newest_;
    for (const SegmentRef& ref : manifest.segments) {
      if (seen.insert(ref.id).second) {
        Segment segment;
        segment.ref = ref;
        segment.in_newest_backup = newest;
        index->segments_.push_back(std::move(segment));
      }
    }
    LineageState& lineage = index->StateOf(manifest.lineage.id);
    if (!lineage.known) {
      lineage.lineage = manifest.lineage;
      lineage.known = true;
      lineage.last_backup = i;
    }
    if (newest) {
      index->newest_ = std::move(manifest);
    }
  }
  std::vector<const SegmentRef*> refs;
  for (const Segment& segment : index->segments_) {
    refs.push_back(&segment.ref);
  }
  ASSIGN_OR_RETURN(auto readers, OpenSegments(context, objects, refs));
  for (std::size_t i = 0; i < index->segments_.size(); ++i) {
    Segment& segment = index->segments_[i];
    segment.reader = std::move(readers[i]);
    const LineageState& lineage = index->StateOf(segment.reader->directory().lineage);
    segment.lineage = static_cast<std::size_t>(&lineage - index->lineages_.data());
    index->pending_.push_back(i);
  }
  std::ranges::sort(index->pending_, [&](std::size_t a, std::size_t b) {
    return index->segments_[a].reader->first() > index->segments_[b].reader->first();
  });
  return index;
}

MergedIndex::LineageState& MergedIndex::StateOf(const Id& lineage) {
  const auto found = std::ranges::find_if(
      lineages_, [&](const LineageState& state) { return state.lineage.id == lineage; });
  if (found != lineages_.end()) {
    return *found;
  }
  LineageState state;
  state.lineage.id = lineage;
  return lineages_.emplace_back(std::move(state));
}

Result<KnownTags> MergedIndex::LoadTags(const Context& context, std::size_t limit_bytes) const {
  std::uint64_t records = 0;
  for (const Segment& segment : segments_) {
    records += segment.ref.records;
  }
  KnownTags tags(records, limit_bytes);
  for (const Segment& segment : segments_) {
    for (std::size_t block = 0; block < segment.reader->directory().blocks.size(); ++block) {
      ASSIGN_OR_RETURN(const IndexBlock index, segment.reader->ReadBlock(context, block));
      for (const std::uint64_t tag : index.tags) {
        (void)tags.Add(tag);
      }
    }
  }
  return tags;
}

Result<Known> MergedIndex::Classify(const Context& context, const PackedKey& key,
                                    std::uint64_t tag) {
  while (!pending_.empty() && segments_[pending_.back()].reader->first() <= key) {
    const std::size_t next = pending_.back();
    pending_.pop_back();
    if (segments_[next].reader->last() >= key) {
      active_.insert(std::ranges::lower_bound(active_, next), next);
    }
  }
  bool stored = false;
  bool differs = false;
  bool exhausted = false;
  for (const std::size_t active : active_) {
    Segment& segment = segments_[active];
    if (segment.reader->last() < key) {
      exhausted = true;
      continue;
    }
    if (segment.position >= segment.index.keys.size() ||
        segment.index.keys[segment.position] < key) {
      RETURN_IF_ERROR(AdvanceTo(context, key, segment));
    }
    if (segment.index.keys[segment.position] != key) {
      continue;
    }
    LineageState& lineage = lineages_[segment.lineage];
    if (segment.index.tags[segment.position] != tag) {
      differs = true;
      if (!lineage.first_conflict) {
        lineage.first_conflict = key;
      }
      continue;
    }
    if (!lineage.first_match) {
      lineage.first_match = key;
    }
    if (!stored) {  // one of them is enough
      stored = true;
      if (segment.live.size() == 0) {
        segment.live = LiveSet(segment.ref.records);
      }
      segment.live.Set(segment.reader->frame_ordinal(segment.reader->block_frame(segment.block)) +
                       segment.position);
    }
  }
  if (exhausted) {
    std::erase_if(active_, [&](std::size_t active) {
      Segment& segment = segments_[active];
      if (segment.reader->last() >= key) {
        return false;
      }
      segment.index = {};
      return true;
    });
  }
  return stored ? Known::kStored : differs ? Known::kDiffers : Known::kNew;
}

/// To the first record of the segment at or above `key`; there is one.
Status MergedIndex::AdvanceTo(const Context& context, const PackedKey& key, Segment& segment) {
  if (segment.index.keys.empty() || segment.index.keys.back() < key) {
    const auto& frames = segment.reader->directory().frames;
    std::size_t block = segment.index.keys.empty() ? 0 : segment.block + 1;
    while (frames[segment.reader->block_frame(block + 1) - 1].last < key) {
      ++block;
    }
    ASSIGN_OR_RETURN(segment.index, segment.reader->ReadBlock(context, block));
    segment.block = block;
    segment.position = 0;
  }
  while (segment.index.keys[segment.position] < key) {
    ++segment.position;
  }
  return OkStatus();
}

std::optional<PackedKey> MergedIndex::FirstIn(const LineageState& lineage,
                                              std::optional<PackedKey> LineageState::* what) const {
  std::optional<PackedKey> first;
  PackedKey limit{std::numeric_limits<std::uint64_t>::max(),
                  std::numeric_limits<std::uint64_t>::max()};
  const LineageState* state = &lineage;
  // Lineages come from files: a circle of parents must not hold us for ever.
  for (std::size_t step = 0; state != nullptr && step <= lineages_.size(); ++step) {
    if (const auto& found = state->*what; found && *found < limit && (!first || *found < *first)) {
      first = found;
    }
    const LineageState* parent = nullptr;
    if (state->lineage.parent && state->lineage.first_difference) {
      limit = std::min(limit, Pack(*state->lineage.first_difference));
      for (const LineageState& other : lineages_) {
        if (other.lineage.id == *state->lineage.parent) {
          parent = &other;
        }
      }
    }
    state = parent;
  }
  return first;
}

MergedIndex::LineageChoice MergedIndex::ChooseLineage(Random& random) const {
  if (!newest_) {
    return {{MakeId(random), std::nullopt, std::nullopt}, std::nullopt};
  }
  const LineageState* newest = nullptr;
  const LineageState* other = nullptr;
  for (const LineageState& state : lineages_) {
    if (state.lineage.id == newest_->lineage.id) {
      newest = &state;
    } else if (state.known && !FirstIn(state, &LineageState::first_conflict) &&
               FirstIn(state, &LineageState::first_match) &&
               (other == nullptr || state.last_backup > other->last_backup)) {
      other = &state;
    }
  }
  const std::optional<PackedKey> difference = FirstIn(*newest, &LineageState::first_conflict);
  if (!difference) {
    return {newest->lineage, std::nullopt};
  }
  const etcd::RecordKey first = Unpack(*difference);
  if (other != nullptr) {
    return {other->lineage, first};
  }
  return {{MakeId(random), newest->lineage.id, first}, first};
}

std::vector<MergedIndex::Used> MergedIndex::used() const {
  std::vector<Used> used;
  for (const Segment& segment : segments_) {
    if (segment.live.size() > 0) {
      used.push_back({&segment.ref, segment.in_newest_backup, &segment.live});
    }
  }
  return used;
}

}  // namespace tresor::repo
