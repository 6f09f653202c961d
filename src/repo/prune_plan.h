// SPDX-License-Identifier: Apache-2.0
// Which segments a prune rewrites. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "repo/format/segment.h"
#include "repo/id.h"

namespace tresor::repo {

/// A segment of which some records live.
struct SegmentWaste {
  Id lineage;
  PackedKey first;
  std::uint64_t stored_bytes = 0;
  std::uint64_t dead_bytes = 0;  // compressed, estimated
};

struct PrunePlanOptions {
  double max_unused = 0.10;
  std::uint64_t segment_size_bytes = 0;  // that a segment should have
};

/// Groups of indices into `segments`: each group is rewritten together, into as few segments as
/// hold its live records. Of one lineage, neighbours in the order of their keys.
///
/// Chosen are first those with the largest share of dead records, until `max_unused` holds; then
/// runs of small neighbours, when that at least doubles what each record lies in: so a record is
/// moved for that reason at most log2(segment size / its first segment's size) times.
[[nodiscard]] std::vector<std::vector<std::size_t>> PlanPrune(
    const std::vector<SegmentWaste>& segments, const PrunePlanOptions& options);

}  // namespace tresor::repo
