// SPDX-License-Identifier: Apache-2.0
#include "control/restored_hash.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>

#include "base/random.h"
#include "crypto/crypto.h"
#include "etcd/format/hash_kv.h"
#include "etcd/format/record.h"

namespace tresor::control {
namespace {

using Take = std::function<Status(const etcd::RecordKey&, ByteView)>;

/// All records from `from` on, as the restored store has them.
Status ForEach(const Context& context, const backup::Source& source,
               const std::optional<etcd::RecordKey>& added, std::int64_t from, const Take& take) {
  ASSIGN_OR_RETURN(const auto stream, source.Records(context, {.main = from}));
  while (true) {
    ASSIGN_OR_RETURN(const auto batch, stream->Next(context));
    if (!batch.has_value()) {
      break;
    }
    for (const repo::Record& record : batch->records) {
      RETURN_IF_ERROR(take(record.key, record.value));
    }
  }
  return added.has_value() ? take(*added, {}) : OkStatus();
}

Result<std::uint32_t> HashOf(const Context& context, const backup::Source& source,
                             const std::optional<etcd::RecordKey>& added,
                             const etcd::HashKvRequest& request) {
  etcd::HashKvFilter filter(request, {},
                            crypto::KeyedHash(crypto::SecretKey::Generate(SystemRandom())));
  while (const std::optional<std::int64_t> from = filter.BeginPass()) {
    RETURN_IF_ERROR(ForEach(
        context, source, added, *from,
        [&](const etcd::RecordKey& key, ByteView value) { return filter.Observe(key, value); }));
    filter.EndPass();
  }
  etcd::HashKv hash(filter);
  Bytes encoded;
  RETURN_IF_ERROR(
      ForEach(context, source, added, 0, [&](const etcd::RecordKey& key, ByteView value) {
        encoded.clear();
        etcd::AppendRecordKey(key, encoded);
        return hash.Add(encoded, value);
      }));
  return hash.Finish();
}

}  // namespace

Result<ExpectedData> ExpectRestored(const Context& context, const backup::Source& source,
                                    std::int64_t revision_bump) {
  const etcd::StoreRevisions& revisions = source.facts().revisions;
  ExpectedData expected;
  if (revision_bump == 0) {
    ASSIGN_OR_RETURN(const etcd::HashKvRequest request, etcd::MakeHashKvRequest(revisions, 0));
    expected.revision = request.revision;
    expected.compact_revision = request.compact_revision;
    ASSIGN_OR_RETURN(expected.hash, HashOf(context, source, std::nullopt, request));
    expected.earlier_compact_revision = expected.compact_revision;
    expected.earlier_hash = expected.hash;
    return expected;
  }
  // As etcdutl: from the last record, whatever the compactions say.
  std::int64_t latest = 0;
  RETURN_IF_ERROR(
      ForEach(context, source, std::nullopt, 0, [&](const etcd::RecordKey& key, ByteView) {
        latest = std::max(latest, key.main);
        return OkStatus();
      }));
  if (revision_bump > std::numeric_limits<std::int64_t>::max() - latest) {
    return Error(Code::kInvalidArgument, "revision bump {} would take revision {} past 2^63 - 1",
                 revision_bump, latest);
  }
  const etcd::RecordKey added{.main = latest + revision_bump};
  expected.revision = added.main;
  expected.compact_revision = added.main;
  ASSIGN_OR_RETURN(expected.hash, HashOf(context, source, added,
                                         {.revision = added.main, .compact_revision = added.main}));
  expected.earlier_compact_revision = revisions.finished;
  ASSIGN_OR_RETURN(expected.earlier_hash,
                   HashOf(context, source, added,
                          {.revision = added.main, .compact_revision = revisions.finished}));
  return expected;
}

}  // namespace tresor::control
