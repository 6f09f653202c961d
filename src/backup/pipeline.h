// SPDX-License-Identifier: Apache-2.0
// Inside of backup: the walk over an image runs on a thread of its own and hands over leaves in
// batches.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "bolt/reader.h"

namespace tresor::backup {

/// What a walk finds, one thing after the other.
struct WalkItem {
  enum class Kind { kBegin, kPairs, kReduced, kEnd };
  Kind kind = Kind::kPairs;
  Bytes name;                  // kBegin
  std::uint64_t sequence = 0;  // kBegin
  bolt::Leaf leaf;             // kPairs
  bolt::PageId page{};         // kReduced
  bolt::ReducedLeaf reduced;   // likewise
};
using WalkBatch = std::vector<WalkItem>;

/// Walks `database` on another thread; `consume` gets all items in order, on this one. The first
/// error of either side ends both and is returned. Memory: some 4 MiB.
[[nodiscard]] Result<bolt::WalkStats> WalkPipelined(
    const Context& context, const bolt::Database& database,
    const std::function<Status(WalkBatch)>& consume);

}  // namespace tresor::backup
