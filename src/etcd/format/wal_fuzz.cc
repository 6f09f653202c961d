// SPDX-License-Identifier: Apache-2.0
// WAL files: the first byte says where to cut the rest into two files; the reader must end, stay
// within its files, and give records that decode or fail.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "etcd/format/wal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor;
  const ByteView bytes = std::as_bytes(std::span(data, size));
  if (bytes.empty()) {
    return 0;
  }
  const ByteView log = bytes.subspan(1);
  const std::size_t cut = log.size() * static_cast<std::size_t>(bytes[0]) / 256 / 8 * 8;
  std::vector<ByteView> files = {log};
  if (cut != 0) {
    files = {log.first(cut), log.subspan(cut)};
  }
  etcd::WalReader reader(files);
  std::size_t count = 0;
  while (true) {
    const auto record = reader.Next();
    if (!record.ok()) {
      TRESOR_CHECK(record.status().code() == Code::kDataLoss);
      break;
    }
    if (!record->has_value()) {
      break;
    }
    TRESOR_CHECK(++count <= log.size() / 8);
    TRESOR_CHECK((*record)->file < files.size() &&
                 reader.offset() <= files[(*record)->file].size());
    switch ((*record)->type) {
      case etcd::WalRecordType::kMetadata:
        (void)etcd::DecodeWalMetadata((*record)->data);
        break;
      case etcd::WalRecordType::kState:
        (void)etcd::DecodeHardState((*record)->data);
        break;
      case etcd::WalRecordType::kSnapshot:
        (void)etcd::DecodeWalSnapshot((*record)->data);
        break;
      case etcd::WalRecordType::kEntry: {
        const auto entry = etcd::DecodeEntry((*record)->data);
        if (entry.ok()) {
          (void)etcd::DecodeConfChange(entry->data);
        }
        break;
      }
      case etcd::WalRecordType::kCrc:
        break;
    }
  }
  return 0;
}
