// SPDX-License-Identifier: Apache-2.0
#include "bolt/page_file.h"

#include <algorithm>

namespace tresor::bolt {

using format::PageHeader;
using format::PageType;

Status PageFile::CheckHeader(PageId id, const PageHeader& header) const {
  if (header.id != id) {
    return Error(Code::kDataLoss, "page {}: header says page {}", ToNumber(id),
                 ToNumber(header.id));
  }
  if (header.overflow >= meta_.high_water_mark - ToNumber(id)) {
    return Error(Code::kDataLoss, "page {}: {} overflow pages run past the high-water mark {}",
                 ToNumber(id), header.overflow, meta_.high_water_mark);
  }
  return OkStatus();
}

Status PageFile::ReadNode(PageId id, std::uint64_t guessed_pages, PageRun& run) const {
  if (!Contains(id)) {
    return Error(Code::kDataLoss, "page {}: not between 2 and the high-water mark {}", ToNumber(id),
                 meta_.high_water_mark);
  }
  // What follows a page may be a reduced leaf, which cannot be read.
  const std::uint64_t guess =
      reduced_ != nullptr
          ? 1
          : std::clamp<std::uint64_t>(guessed_pages, 1, meta_.high_water_mark - ToNumber(id));
  run.bytes.resize(static_cast<std::size_t>(guess * page_size()));
  RETURN_IF_ERROR(ReadBytes(id, 0, run.bytes));
  run.header = format::DecodePageHeader(run.bytes);
  RETURN_IF_ERROR(CheckHeader(id, run.header));
  if (run.header.type != PageType::kLeaf && run.header.type != PageType::kBranch) {
    return Error(Code::kDataLoss, "page {}: flags {:#x} are neither a leaf's nor a branch's",
                 ToNumber(id), static_cast<std::uint16_t>(run.header.type));
  }
  const std::uint64_t have = run.bytes.size();
  const std::uint64_t want = (std::uint64_t{run.header.overflow} + 1) * page_size();
  run.bytes.resize(static_cast<std::size_t>(want));
  if (want > have) {
    return ReadBytes(id, have, MutableByteView(run.bytes).subspan(static_cast<std::size_t>(have)));
  }
  return OkStatus();
}

Result<PageHeader> PageFile::ReadFreelistPrefix(PageId id, MutableByteView prefix) const {
  RETURN_IF_ERROR(ReadBytes(id, 0, prefix));
  const PageHeader header = format::DecodePageHeader(prefix);
  RETURN_IF_ERROR(CheckHeader(id, header));
  if (header.type != PageType::kFreelist) {
    return Error(Code::kDataLoss, "page {}: flags {:#x} are not a freelist's", ToNumber(id),
                 static_cast<std::uint16_t>(header.type));
  }
  return header;
}

}  // namespace tresor::bolt
