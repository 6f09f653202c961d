// SPDX-License-Identifier: Apache-2.0
// What must hold for any bytes taken as a bbolt file.
#pragma once

#include <utility>
#include <vector>

#include "base/check.h"
#include "bolt/reader.h"
#include "bolt/test_util.h"
#include "io/file_system.h"

namespace tresor::bolt::testing {

/// The pairs directly in top-level buckets.
class TopLevelPairs final : public Visitor {
 public:
  struct Bucket {
    Bytes name;
    std::vector<std::pair<Bytes, Bytes>> pairs;
  };
  Status BeginBucket(ByteView name, std::uint64_t) override {
    if (depth_++ == 0) {
      buckets.push_back({.name = ToBytes(name), .pairs = {}});
    }
    return OkStatus();
  }
  Status Pairs(Leaf leaf) override {
    for (const Pair& pair : leaf.pairs) {
      if (depth_ == 1) {
        buckets.back().pairs.emplace_back(ToBytes(pair.key), ToBytes(pair.value));
      }
    }
    return OkStatus();
  }
  Status EndBucket() override {
    --depth_;
    return OkStatus();
  }
  std::vector<Bucket> buckets;

 private:
  int depth_ = 0;
};

/// A broken file gives errors. In a file that passes the check, every way to read gives the same.
inline void ReadEveryWay(ByteView image, const OpenOptions& options) {
  const io::BytesReader reader(image);
  const auto opened = Database::Open(reader, options);
  if (!opened.ok()) {
    return;
  }
  const Database& database = **opened;
  const Context context = Context::Background();
  TopLevelPairs found;
  const bool sound = database.Walk(context, &found).ok();
  TRESOR_CHECK(database.Walk(context, nullptr).ok() == sound);
  for (std::uint64_t page = 0; page < std::min<std::uint64_t>(image.size() / 1024, 64); ++page) {
    (void)database.ReadLeaf(PageId{page}).ok();
  }
  for (const TopLevelPairs::Bucket& bucket : found.buckets) {
    const auto last = database.LastKey(bucket.name);
    TRESOR_CHECK(last.ok() || !sound);
    TRESOR_CHECK(!sound || last->has_value() == !bucket.pairs.empty());
    TRESOR_CHECK(!sound || bucket.pairs.empty() || **last == bucket.pairs.back().first);
    const std::size_t step = bucket.pairs.size() / 8 + 1;
    for (std::size_t i = 0; i < bucket.pairs.size(); i += step) {
      const auto& [key, value] = bucket.pairs[i];
      const auto got = database.Get(bucket.name, key);
      TRESOR_CHECK(!sound || (got.ok() && *got == value));
      TopLevelPairs rest;
      const Status status = database.WalkBucket(context, bucket.name, key, rest);
      TRESOR_CHECK(!sound ||
                   (status.ok() && rest.buckets[0].pairs.size() == bucket.pairs.size() - i));
    }
  }
}

}  // namespace tresor::bolt::testing
