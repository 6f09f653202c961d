// SPDX-License-Identifier: Apache-2.0
// Inside of backup: what the check and the repository need to know of a record, without its value.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/crc_algebra.h"
#include "base/status.h"
#include "bolt/reader.h"
#include "crypto/crypto.h"
#include "etcd/format/record.h"
#include "repo/repository.h"

namespace tresor::backup {

struct RecordSummary {
  etcd::RecordKey key;
  std::uint64_t user_key_hash = 0;  // HashKvFilter::HashOf
  std::uint64_t tag = 0;            // RecordTagger's; 0 without one
  CrcPiece record;                  // key || value
  bool no_user_key = false;         // the record that --bump-revision wrote
  bool first_version = false;       // the first write in its key's life
  friend bool operator==(const RecordSummary&, const RecordSummary&) = default;
};

/// Checks records and sums them up, appending to `out`. `tagger` may be null. kDataLoss names the
/// record: it is not as etcd writes it.
[[nodiscard]] Status Summarize(std::span<const bolt::Pair> pairs,
                               const crypto::KeyedHash& user_key_hash, repo::RecordTagger* tagger,
                               std::vector<RecordSummary>& out);

/// As bytes, for the time between the stream and the check. Some 27 bytes a record.
void AppendSummaries(std::span<const RecordSummary> records, Bytes& out);
/// Appends to `out`. kDataLoss: not what AppendSummaries made.
[[nodiscard]] Status DecodeSummaries(ByteView bytes, std::vector<RecordSummary>& out);

}  // namespace tresor::backup
