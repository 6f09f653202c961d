// SPDX-License-Identifier: Apache-2.0
#include "backup/verify.h"

#include "backup/proof.h"
#include "etcd/format/record.h"

namespace tresor::backup {
namespace {

class ProvingVisitor final : public SourceVisitor {
 public:
  ProvingVisitor(RecordProof& proof, const SourceFacts& facts, const ProgressCallback& progress)
      : proof_(proof), facts_(facts), progress_(progress) {}

  Status BeginBucket(ByteView, std::uint64_t) override { return OkStatus(); }
  Status Pair(ByteView, ByteView) override {
    ++pairs_;
    return OkStatus();
  }
  Status Records(repo::RecordBatch batch) override {
    for (const repo::Record& record : batch.records) {
      key_.clear();
      etcd::AppendRecordKey(record.key, key_);
      RETURN_IF_ERROR(proof_.Add(key_, record));
    }
    if (progress_) {
      progress_({.phase = Phase::kRead,
                 .done_bytes = proof_.record_bytes(),
                 .total_bytes = facts_.record_bytes});
    }
    return OkStatus();
  }
  Status EndBucket() override { return OkStatus(); }

  [[nodiscard]] std::uint64_t pairs() const { return pairs_; }

 private:
  RecordProof& proof_;
  const SourceFacts& facts_;
  const ProgressCallback& progress_;
  Bytes key_;
  std::uint64_t pairs_ = 0;
};

}  // namespace

Result<VerifyResult> Verify(const Context& context, const Source& source,
                            const VerifyOptions& options) {
  ASSIGN_OR_RETURN(const auto proof, RecordProof::Prepare(context, source));
  ProvingVisitor visitor(*proof, source.facts(), options.progress);
  RETURN_IF_ERROR(source.Visit(context, visitor));
  RETURN_IF_ERROR(proof->Finish(context));
  return VerifyResult{.records = proof->records(),
                      .record_bytes = proof->record_bytes(),
                      .bucket_pairs = visitor.pairs(),
                      .records_crc32c = proof->crc32c(),
                      .hash_kv = proof->hash_kv()};
}

}  // namespace tresor::backup
