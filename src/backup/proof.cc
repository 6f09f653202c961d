// SPDX-License-Identifier: Apache-2.0
#include "backup/proof.h"

#include <utility>

#include "base/crc32c.h"
#include "base/random.h"
#include "crypto/crypto.h"

namespace tresor::backup {
namespace {

Result<std::unique_ptr<etcd::HashKvFilter>> PrepareFilter(const Context& context,
                                                          const Source& source,
                                                          const etcd::HashKvRequest& request,
                                                          bool compacted) {
  auto filter = std::make_unique<etcd::HashKvFilter>(
      request, etcd::HashKvOptions{.compacted = compacted},
      crypto::KeyedHash(crypto::SecretKey::Generate(SystemRandom())));
  while (const std::optional<std::int64_t> from = filter->BeginPass()) {
    ASSIGN_OR_RETURN(const auto stream, source.Records(context, {.main = *from}));
    while (true) {
      ASSIGN_OR_RETURN(const auto batch, stream->Next(context));
      if (!batch.has_value()) {
        break;
      }
      for (const repo::Record& record : batch->records) {
        RETURN_IF_ERROR(filter->Observe(record.key, record.value));
      }
    }
    filter->EndPass();
  }
  return filter;
}

Result<etcd::HashKvRequest> RequestOf(const SourceFacts& facts) {
  if (facts.hash_kv.has_value()) {
    return etcd::HashKvRequest{.revision = facts.hash_kv->revision,
                               .compact_revision = facts.hash_kv->compact_revision};
  }
  return etcd::MakeHashKvRequest(facts.revisions, 0);
}

/// By the algorithm that believes nothing of the store's compaction.
Result<std::uint32_t> ExactHash(const Context& context, const Source& source,
                                const etcd::HashKvRequest& request) {
  ASSIGN_OR_RETURN(const auto filter, PrepareFilter(context, source, request, false));
  etcd::HashKv hash(*filter);
  ASSIGN_OR_RETURN(const auto stream, source.Records(context, {}));
  Bytes key;
  while (true) {
    ASSIGN_OR_RETURN(const auto batch, stream->Next(context));
    if (!batch.has_value()) {
      return hash.Finish();
    }
    for (const repo::Record& record : batch->records) {
      key.clear();
      etcd::AppendRecordKey(record.key, key);
      RETURN_IF_ERROR(hash.Add(key, record.value));
    }
  }
}

}  // namespace

RecordProof::RecordProof(const Source& source, std::unique_ptr<etcd::HashKvFilter> filter)
    : source_(source), filter_(std::move(filter)), hash_(*filter_) {
  hash_kv_.revision = filter_->request().revision;
  hash_kv_.compact_revision = filter_->request().compact_revision;
}

Result<std::unique_ptr<RecordProof>> RecordProof::Prepare(const Context& context,
                                                          const Source& source) {
  ASSIGN_OR_RETURN(const etcd::HashKvRequest request, RequestOf(source.facts()));
  ASSIGN_OR_RETURN(auto filter, PrepareFilter(context, source, request,
                                              source.facts().revisions.compaction_finished()));
  return std::unique_ptr<RecordProof>(new RecordProof(source, std::move(filter)));
}

Status RecordProof::Add(ByteView key, const repo::Record& record) {
  if (last_.has_value() && record.key <= *last_) {
    return Error(Code::kDataLoss, "record {} comes after {}", etcd::ToString(record.key),
                 etcd::ToString(*last_));
  }
  last_ = record.key;
  ++records_;
  record_bytes_ += key.size() + record.value.size();
  if (source_.facts().records_crc32c.has_value()) {
    crc32c_ = Crc32c(Crc32c(crc32c_, key), record.value);
  }
  return hash_.Add(key, record.value);
}

Status RecordProof::Finish(const Context& context) {
  const SourceFacts& facts = source_.facts();
  if (facts.records.has_value() && records_ != *facts.records) {
    return Error(Code::kDataLoss, "{}: {} records were read, {} are named", facts.name, records_,
                 *facts.records);
  }
  if (facts.records_crc32c.has_value() && crc32c_ != *facts.records_crc32c) {
    return Error(Code::kDataLoss, "{}: the records' CRC-32C is {:08x}, {:08x} is named", facts.name,
                 crc32c_, *facts.records_crc32c);
  }
  hash_kv_.hash = hash_.Finish();
  if (!facts.hash_kv.has_value() || hash_kv_.hash == facts.hash_kv->hash) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(hash_kv_.hash, ExactHash(context, source_, filter_->request()));
  if (hash_kv_.hash != facts.hash_kv->hash) {
    return Error(Code::kDataLoss, "{}: HashKV at revision {} is {}, {} is named", facts.name,
                 hash_kv_.revision, hash_kv_.hash, facts.hash_kv->hash);
  }
  return OkStatus();
}

}  // namespace tresor::backup
