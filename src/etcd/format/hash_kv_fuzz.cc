// SPDX-License-Identifier: Apache-2.0
// HashKV of a made-up store: whatever the records, a filter with a tiny table must end, and agree
// with one that holds all keys. Bytes: revision, compaction, then three per record: step of the
// revision, user key, tombstone.
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "etcd/format/hash_kv.h"

namespace {

using namespace tresor;
using Records = std::vector<std::pair<etcd::RecordKey, Bytes>>;

Result<std::uint32_t> Compute(const Records& records, const etcd::HashKvRequest& request,
                              const etcd::HashKvOptions& options) {
  SeededRandom random(1);
  etcd::HashKvFilter filter(request, options,
                            crypto::KeyedHash(crypto::SecretKey::Generate(random)));
  int passes = 0;
  while (const auto from = filter.BeginPass()) {
    TRESOR_CHECK(++passes < 100);
    for (const auto& [key, value] : records) {
      if (key.main >= *from) {
        RETURN_IF_ERROR(filter.Observe(key, value));
      }
    }
    filter.EndPass();
  }
  etcd::HashKv hash(filter);
  for (const auto& [key, value] : records) {
    RETURN_IF_ERROR(hash.Add(etcd::EncodeRecordKey(key), value));
  }
  return hash.Finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  Records records;
  etcd::RecordKey key{.main = 1};
  for (std::size_t i = 2; i + 3 <= size; i += 3) {
    const std::int64_t step = data[i] % 4;
    key = {.main = key.main + step,
           .sub = step == 0 ? key.sub + 1 : 0,
           .tombstone = data[i + 2] % 2 == 1};
    const std::string user_key = fmt::format("{}", data[i + 1]);
    Bytes value = etcd::EncodeKeyValue({.key = AsBytes(user_key), .value = {}});
    if (data[i + 2] == 0xff) {
      value.assign(3, std::byte{data[i + 1]});  // not a KeyValue, or one by chance
    }
    records.emplace_back(key, std::move(value));
  }
  const auto at = [&](std::uint8_t part) { return key.main * part / 255; };
  const etcd::HashKvRequest request{.revision = at(data[0]), .compact_revision = at(data[1]) - 1};
  if (request.revision < request.compact_revision) {
    return 0;
  }
  const auto whole = Compute(records, request, {});
  const auto parts = Compute(records, request, {.table_bytes = 0});
  TRESOR_CHECK(whole.status() == parts.status());
  TRESOR_CHECK(!whole.ok() || *whole == *parts);
  (void)Compute(records, request, {.compacted = true});
  (void)Compute(records, request, {.compacted = true, .table_bytes = 0});
  return 0;
}
