// SPDX-License-Identifier: Apache-2.0
// Page runs of a file whose meta is known, read with the checks that any page must pass.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/status.h"
#include "bolt/format/meta.h"
#include "bolt/format/page.h"
#include "bolt/reader.h"
#include "io/file_system.h"

namespace tresor::bolt {

/// A page with its overflow pages.
struct PageRun {
  format::PageHeader header;
  Bytes bytes;
};

/// Threads: any, at once.
class PageFile {
 public:
  /// `reader` and `reduced` (may be null) outlive this; CheckMeta(meta, reader.size()) was OK.
  PageFile(const io::RandomReader& reader, const Meta& meta, const ReducedLeaves* reduced)
      : reader_(reader), meta_(meta), reduced_(reduced) {}

  [[nodiscard]] const io::RandomReader& reader() const { return reader_; }
  [[nodiscard]] const Meta& meta() const { return meta_; }
  [[nodiscard]] std::uint64_t page_size() const { return meta_.page_size; }

  /// Whether `id` can be a page other than a meta.
  [[nodiscard]] bool Contains(PageId id) const {
    return id >= format::kFirstDataPage && ToNumber(id) < meta_.high_water_mark;
  }

  /// The leaf, if page `id` is a reduced one.
  [[nodiscard]] Result<std::optional<ReducedLeaf>> FindReduced(PageId id) const {
    if (reduced_ == nullptr) {
      return std::optional<ReducedLeaf>();
    }
    return reduced_->Find(id);
  }

  /// Reads the leaf or branch page `id` into `run`, whose memory is used again. `guessed_pages`:
  /// how long the run may be; a good guess saves a read. kDataLoss, naming the page: `id` cannot be
  /// a data page, another id or type in the header, a run past the high-water mark.
  [[nodiscard]] Status ReadNode(PageId id, std::uint64_t guessed_pages, PageRun& run) const;

  /// The header of freelist page `id`, and what follows it, into `prefix`. kDataLoss as ReadNode.
  [[nodiscard]] Result<format::PageHeader> ReadFreelistPrefix(PageId id,
                                                              MutableByteView prefix) const;

  /// Bytes of page `id`, from `offset` in it. The caller has checked the run.
  [[nodiscard]] Status ReadBytes(PageId id, std::uint64_t offset, MutableByteView out) const {
    return reader_.ReadAt(ToNumber(id) * page_size() + offset, out);
  }

 private:
  [[nodiscard]] Status CheckHeader(PageId id, const format::PageHeader& header) const;

  const io::RandomReader& reader_;
  const Meta meta_;
  const ReducedLeaves* const reduced_;
};

}  // namespace tresor::bolt
