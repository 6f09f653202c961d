// SPDX-License-Identifier: Apache-2.0
// What the repository knows, record by record: the index blocks of all its segments, merged as they
// are asked.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "repo/format/catalog.h"
#include "repo/format/live_map.h"
#include "repo/format/manifest.h"
#include "repo/known_tags.h"
#include "repo/objects.h"
#include "repo/segment_reader.h"

namespace tresor::repo {

/// Finds out which records of a snapshot are stored already, and where, and to which lineage the
/// snapshot belongs.
///
/// Memory: one index block of each segment whose range is being passed, and a bit per record.
/// Threads: one.
class MergedIndex {
 public:
  /// All segments that manifests of `catalog` name. `objects` outlives this.
  [[nodiscard]] static Result<std::unique_ptr<MergedIndex>> Open(const Context& context,
                                                                 const Objects& objects,
                                                                 const Catalog& catalog);

  /// The tags of all segments' records, the newest backup's first, as far as they fit.
  [[nodiscard]] Result<KnownTags> LoadTags(const Context& context, std::size_t limit_bytes) const;

  /// `key` is above the one before. A record that is kStored is marked as live in the segment that
  /// has it.
  [[nodiscard]] Result<Known> Classify(const Context& context, const PackedKey& key,
                                       std::uint64_t tag);

  struct LineageChoice {
    Lineage lineage;
    /// The first record that differs from the newest backup's lineage.
    std::optional<etcd::RecordKey> first_difference;
  };
  /// After the last Classify. `random`: for the id of a new lineage.
  [[nodiscard]] LineageChoice ChooseLineage(Random& random) const;

  /// A segment of which some records were marked.
  struct Used {
    const SegmentRef* ref;  // as the newest manifest that names it has it
    bool in_newest_backup;  // `ref` is the newest backup's
    const LiveSet* live;
  };
  [[nodiscard]] std::vector<Used> used() const;
  /// The newest backup's manifest; none in an empty repository.
  [[nodiscard]] const std::optional<Manifest>& newest() const { return newest_; }

 private:
  struct Segment {
    SegmentRef ref;
    bool in_newest_backup = false;
    std::unique_ptr<SegmentReader> reader;
    std::size_t lineage = 0;  // in lineages_
    LiveSet live;
    std::size_t block = 0;  // the one in `index`, which is empty before the first
    IndexBlock index;
    std::size_t position = 0;  // in `index`
  };
  struct LineageState {
    Lineage lineage;
    bool known = false;                    // a manifest says who it is; else only segments name it
    std::size_t last_backup = 0;           // position in the catalog
    std::optional<PackedKey> first_match;  // in segments of this lineage
    std::optional<PackedKey> first_conflict;
  };

  explicit MergedIndex(const Objects& objects) : objects_(objects) {}
  [[nodiscard]] LineageState& StateOf(const Id& lineage);
  [[nodiscard]] Status AdvanceTo(const Context& context, const PackedKey& key, Segment& segment);
  /// In `lineage` or what it shares with those before it.
  [[nodiscard]] std::optional<PackedKey> FirstIn(
      const LineageState& lineage, std::optional<PackedKey> LineageState::* what) const;

  const Objects& objects_;
  std::optional<Manifest> newest_;
  std::vector<Segment> segments_;     // the newest backup's first: they are preferred
  std::vector<std::size_t> pending_;  // by first key, descending: the next one is at the back
  std::vector<std::size_t> active_;   // ascending, so by preference
  std::vector<LineageState> lineages_;
};

}  // namespace tresor::repo
