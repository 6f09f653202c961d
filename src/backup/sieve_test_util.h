// SPDX-License-Identifier: Apache-2.0
// For the tests of Sieve: what a repository would know.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "backup/check.h"
#include "backup/sieve.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "bolt/reader.h"

namespace tresor::backup::testing {

/// Not secret, but the same for the same record.
class FakeTagger final : public repo::RecordTagger {
 public:
  std::uint64_t Tag(const etcd::RecordKey& key, ByteView, ByteView value) override {
    return std::uint64_t{Crc32c(static_cast<std::uint32_t>(key.main), value)} << 32 |
           (static_cast<std::uint64_t>(key.sub) << 2) | (key.tombstone ? 2 : 0) | 1;
  }
};

/// The tags of all records of an image, as far as it is sound.
inline repo::KnownTags TagsOf(ByteView image) {
  class Collector final : public RecordObserver {
   public:
    Status Leaf(bolt::PageId, std::span<const RecordSummary> records, bool) override {
      for (const RecordSummary& record : records) {
        tags.push_back(record.tag);
      }
      return OkStatus();
    }
    std::vector<std::uint64_t> tags;
  };
  Collector collector;
  FakeTagger tagger;
  (void)CheckSnapshot(Context::Background(), io::BytesReader(image),
                      {.observer = &collector, .tagger = &tagger});
  repo::KnownTags known(collector.tags.size(), std::size_t{1} << 20);
  for (const std::uint64_t tag : collector.tags) {
    (void)known.Add(tag);
  }
  return known;
}

/// The image in pieces, as they come from a server.
inline Status Feed(Sieve& sieve, ByteView image) {
  RETURN_IF_ERROR(sieve.Begin(image.size()));
  for (std::size_t at = 0; at < image.size(); at += kReceiveBytes) {
    RETURN_IF_ERROR(sieve.Append(image.subspan(at, std::min(kReceiveBytes, image.size() - at))));
  }
  return sieve.Finish();
}

inline bool SameFacts(const SnapshotFacts& a, const SnapshotFacts& b) {
  return a.hash_kv == b.hash_kv && a.records == b.records && a.record_bytes == b.record_bytes &&
         a.live_keys == b.live_keys && a.bucket_pairs == b.bucket_pairs && a.buckets == b.buckets &&
         a.revisions == b.revisions && a.walk.leaf_pages == b.walk.leaf_pages &&
         a.walk.branch_pages == b.walk.branch_pages && a.walk.free_pages == b.walk.free_pages &&
         a.walk.pairs == b.walk.pairs && a.walk.pair_bytes == b.walk.pair_bytes &&
         a.leases == b.leases;
}

}  // namespace tresor::backup::testing
