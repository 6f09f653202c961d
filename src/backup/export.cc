// SPDX-License-Identifier: Apache-2.0
#include "backup/export.h"

#include <algorithm>
#include <utility>

#include "backup/image_writer.h"
#include "backup/plain_file.h"
#include "backup/proof.h"
#include "crypto/crypto.h"

namespace tresor::backup {
namespace {

// The metas come last but lie first, so the hash is made of the finished image.
Result<crypto::Sha256Digest> HashImage(const Context& context, const io::RandomReader& image,
                                       std::uint64_t size) {
  crypto::Sha256 hash;
  Bytes buffer(std::size_t{1} << 20);
  for (std::uint64_t offset = 0; offset < size;) {
    RETURN_IF_ERROR(context.Check());
    const auto part = MutableByteView(buffer).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - offset)));
    RETURN_IF_ERROR(image.ReadAt(offset, part));
    hash.Update(part);
    offset += part.size();
  }
  return hash.Finish();
}

}  // namespace

Result<ExportResult> Export(const Context& context, const Source& source, const std::string& path,
                            const ExportOptions& options) {
  ASSIGN_OR_RETURN(const auto proof, RecordProof::Prepare(context, source));
  ASSIGN_OR_RETURN(const auto part, PlainFile::Create(*options.fs, path));

  bolt::BuildResult built;
  {
    FanOutSink sink({&part->file()});
    ASSIGN_OR_RETURN(const auto builder,
                     bolt::Builder::Create(sink, {.page_size = options.page_size_bytes,
                                                  .leaf_bytes = options.leaf_bytes}));
    BuildingVisitor visitor(context, *builder, *proof, nullptr, source.facts(), options.progress);
    RETURN_IF_ERROR(source.Visit(context, visitor));
    RETURN_IF_ERROR(visitor.Finish());
    RETURN_IF_ERROR(proof->Finish(context));
    ASSIGN_OR_RETURN(built, builder->Finish());
    RETURN_IF_ERROR(sink.Finish());
  }
  if (options.progress) {
    options.progress({.phase = Phase::kSync, .done_bytes = 0, .total_bytes = built.image_bytes});
  }
  ASSIGN_OR_RETURN(const crypto::Sha256Digest digest,
                   HashImage(context, part->file(), built.image_bytes));
  RETURN_IF_ERROR(part->file().WriteAt(built.image_bytes, digest));
  RETURN_IF_ERROR(part->Commit());
  return ExportResult{.file_bytes = built.image_bytes + digest.size(),
                      .sha256 = digest,
                      .records = proof->records(),
                      .hash_kv = proof->hash_kv()};
}

}  // namespace tresor::backup
