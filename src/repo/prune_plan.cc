// SPDX-License-Identifier: Apache-2.0
#include "repo/prune_plan.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace tresor::repo {
namespace {

// Segments below this part of the wanted size are small.
constexpr std::uint64_t kSmallPart = 4;
// Fewer small neighbours than this are left as they are.
constexpr std::size_t kMinRun = 4;
// Of one group; bounds the memory of its merge, should all of them overlap.
constexpr std::size_t kMaxGroup = 32;

using Indices = std::vector<std::size_t>;

std::uint64_t LiveBytes(const SegmentWaste& segment) {
  return segment.stored_bytes - std::min(segment.stored_bytes, segment.dead_bytes);
}

double DeadShare(const SegmentWaste& segment) {
  return static_cast<double>(segment.dead_bytes) / static_cast<double>(segment.stored_bytes);
}

void SelectWasteful(const std::vector<SegmentWaste>& segments, double max_unused,
                    std::vector<bool>& selected) {
  double stored = 0;
  double dead = 0;
  Indices by_share(segments.size());
  std::iota(by_share.begin(), by_share.end(), std::size_t{0});
  for (const SegmentWaste& segment : segments) {
    stored += static_cast<double>(segment.stored_bytes);
    dead += static_cast<double>(segment.dead_bytes);
  }
  std::ranges::stable_sort(by_share, [&](std::size_t a, std::size_t b) {
    return DeadShare(segments[a]) > DeadShare(segments[b]);
  });
  for (const std::size_t i : by_share) {
    if (dead <= max_unused * stored || segments[i].dead_bytes == 0) {
      return;
    }
    selected[i] = true;
    dead -= static_cast<double>(segments[i].dead_bytes);
    stored -= static_cast<double>(segments[i].dead_bytes);
  }
}

// `run`: small neighbours. Selects the longest tail of it in which the largest is no larger than
// all others together.
void SelectSmall(const std::vector<SegmentWaste>& segments, Indices run,
                 std::vector<bool>& selected) {
  while (run.size() >= kMinRun) {
    std::uint64_t sum = 0;
    std::size_t largest = 0;
    for (std::size_t i = 0; i < run.size(); ++i) {
      sum += LiveBytes(segments[run[i]]);
      if (LiveBytes(segments[run[i]]) >= LiveBytes(segments[run[largest]])) {
        largest = i;
      }
    }
    if (LiveBytes(segments[run[largest]]) * 2 <= sum) {
      for (const std::size_t i : run) {
        selected[i] = true;
      }
      return;
    }
    run.erase(run.begin(), run.begin() + static_cast<std::ptrdiff_t>(largest) + 1);
  }
}

}  // namespace

std::vector<Indices> PlanPrune(const std::vector<SegmentWaste>& segments,
                               const PrunePlanOptions& options) {
  std::vector<bool> selected(segments.size());
  SelectWasteful(segments, options.max_unused, selected);

  Indices order(segments.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return std::tie(segments[a].lineage, segments[a].first) <
           std::tie(segments[b].lineage, segments[b].first);
  });
  Indices run;
  for (const std::size_t i : order) {
    const bool small = LiveBytes(segments[i]) < options.segment_size_bytes / kSmallPart;
    if (!small || (!run.empty() && segments[run.back()].lineage != segments[i].lineage)) {
      SelectSmall(segments, std::move(run), selected);
      run.clear();
    }
    if (small) {
      run.push_back(i);
    }
  }
  SelectSmall(segments, std::move(run), selected);

  std::vector<Indices> groups;
  bool open = false;
  for (const std::size_t i : order) {
    if (!selected[i]) {
      open = false;
      continue;
    }
    if (!open || groups.back().size() == kMaxGroup ||
        segments[groups.back().back()].lineage != segments[i].lineage) {
      groups.emplace_back();
    }
    groups.back().push_back(i);
    open = true;
  }
  return groups;
}

}  // namespace tresor::repo
