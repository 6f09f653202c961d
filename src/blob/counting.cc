// SPDX-License-Identifier: Apache-2.0
#include "blob/decorators.h"

namespace tresor::blob {

Result<Bytes> CountingStore::Get(const Context& context, std::string_view name, ByteRange range) {
  Result<Bytes> bytes = base_.Get(context, name, range);
  const auto counts = counts_.Lock();
  ++counts->gets;
  counts->bytes_read += bytes.ok() ? bytes->size() : 0;
  return bytes;
}

Result<Bytes> CountingStore::GetAll(const Context& context, std::string_view name,
                                    std::uint64_t limit_bytes) {
  Result<Bytes> bytes = base_.GetAll(context, name, limit_bytes);
  const auto counts = counts_.Lock();
  ++counts->gets;
  counts->bytes_read += bytes.ok() ? bytes->size() : 0;
  return bytes;
}

Result<BlobInfo> CountingStore::Stat(const Context& context, std::string_view name) {
  ++counts_.Lock()->stats;
  return base_.Stat(context, name);
}

Result<std::vector<BlobInfo>> CountingStore::List(const Context& context, std::string_view prefix) {
  ++counts_.Lock()->lists;
  return base_.List(context, prefix);
}

Status CountingStore::Put(const Context& context, std::string_view name, ByteView bytes) {
  Status status = base_.Put(context, name, bytes);
  const auto counts = counts_.Lock();
  ++counts->puts;
  counts->bytes_written += status.ok() ? bytes.size() : 0;
  return status;
}

Status CountingStore::Delete(const Context& context, std::string_view name) {
  ++counts_.Lock()->deletes;
  return base_.Delete(context, name);
}

}  // namespace tresor::blob
