// SPDX-License-Identifier: Apache-2.0
// The reading half of check: every frame once, and with it the checksums of all backups.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "repo/inventory.h"
#include "repo/objects.h"
#include "repo/segment_reader.h"

namespace tresor::repo {

/// A segment whose directory was read, and who uses it.
struct CheckedSegment {
  std::unique_ptr<SegmentReader> reader;
  const std::vector<SegmentUser>* users = nullptr;
};

struct DataCheckResult {
  std::uint64_t records = 0;
  std::uint64_t bytes_read = 0;
};

/// Told of a frame that is bad, and of a backup whose records are not what its manifest says.
struct DataCheckEvents {
  std::function<void(const CheckedSegment&, std::size_t frame, const Status&)> bad_frame;
  std::function<void(std::size_t backup, const Status&)> bad_backup;
  std::function<void(std::uint64_t bytes)> progress;
};

/// Opens every frame and index block of `segments`, recomputes the tags of all records, and of each
/// backup that is not in `skip`: count, size, CRC-32C and HashKV.
///
/// One pass for up to 64 backups, from the last record to the first: so it is known of each record
/// whether its key has a later one (which decides what HashKV takes), and CRC's algebra puts the
/// sums together from each record's own (crc_algebra.h).
[[nodiscard]] Result<DataCheckResult> CheckData(const Context& context, const Objects& objects,
                                                const Inventory& inventory,
                                                const std::vector<CheckedSegment>& segments,
                                                std::set<std::size_t> skip,
                                                const DataCheckEvents& events);

}  // namespace tresor::repo
