// SPDX-License-Identifier: Apache-2.0
// Sieve: takes in a snapshot's image and keeps what may be needed of it.
//
// Nearly all leaves of bucket `key` hold records that the repository has stored before. Of such a
// leaf only its records' summaries are kept, which is all that the check asks for: no sealing,
// writing, reading and opening of its pages. Everything else goes into a Spool as it came.
//
// The image comes in the order of its pages, and which of them are in use is known only when all
// are there: what looks like a leaf may be a freed page that nobody has overwritten. That does no
// harm: nobody will ask for it. Nor does a freed run that covers pages in use: each page in use
// begins with its own number, and a run with such a page inside is kept as it came.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "backup/receive.h"
#include "backup/record_summary.h"
#include "backup/spool.h"
#include "base/status.h"
#include "bolt/format/node.h"
#include "bolt/reader.h"
#include "repo/known_tags.h"

namespace tresor::backup {

/// Written once, front to back, then read at random.
///
/// Memory: SpoolOptions::memory_bytes for summaries, half of it for pages, 8 bytes a page; the rest
/// is in encrypted files without a name.
/// Threads: Begin, Append and Finish from one at a time; after Finish the const methods, from any
/// thread, at once.
class Sieve final : public ImageStore, public io::RandomReader, public bolt::ReducedLeaves {
 public:
  /// A leaf is reduced when all its records' tags are in `known`, which may be empty: then
  /// everything is kept as it came. `user_key_hash` and `tagger` make the summaries. `options`'
  /// file system and randomness outlive this.
  Sieve(const SpoolOptions& options, const crypto::KeyedHash& user_key_hash,
        std::unique_ptr<repo::RecordTagger> tagger, repo::KnownTags known);

  [[nodiscard]] Status Begin(std::uint64_t image_bytes) override;
  /// All calls but the last have kReceiveBytes.
  [[nodiscard]] Status Append(ByteView bytes) override;
  [[nodiscard]] Status Finish();

  [[nodiscard]] std::uint64_t size() const override { return image_bytes_; }
  /// kFailedPrecondition: a page of a reduced leaf.
  [[nodiscard]] Status ReadAt(std::uint64_t offset, MutableByteView out) const override;
  /// Its content is for DecodeSummaries.
  [[nodiscard]] Result<std::optional<bolt::ReducedLeaf>> Find(bolt::PageId page) const override;

  /// For bolt::OpenOptions; null when nothing was reduced.
  [[nodiscard]] const bolt::ReducedLeaves* reduced() const {
    return reduced_leaves_ == 0 ? nullptr : this;
  }
  /// Whether somebody asked for a page that is reduced. No sound image makes that happen; with a
  /// Sieve that knows no tags the image can be looked at as it is.
  [[nodiscard]] bool missed() const { return missed_; }

 private:
  struct Location;
  [[nodiscard]] Status TakeIn(ByteView pages);
  [[nodiscard]] Status Keep(ByteView pages);
  /// False: it has to be kept as it is.
  [[nodiscard]] Result<bool> Reduce(ByteView run, std::uint16_t count);
  /// Where it lies.
  [[nodiscard]] Result<std::uint64_t> StoreEntry(ByteView entry);
  [[nodiscard]] Result<Bytes> ReadEntry(std::uint64_t location) const;

  const SpoolOptions options_;
  const crypto::KeyedHash user_key_hash_;
  const std::unique_ptr<repo::RecordTagger> tagger_;
  repo::KnownTags known_;
  std::uint64_t image_bytes_ = 0;
  std::uint64_t page_size_ = 0;  // 0: everything is kept

  std::unique_ptr<Spool> pages_;
  std::vector<std::uint64_t> locations_;  // by page
  std::vector<Bytes> entries_;            // of reduced leaves, in blocks
  std::unique_ptr<Spool> more_entries_;   // those that memory has no room for
  std::uint64_t reduced_leaves_ = 0;
  mutable std::atomic<bool> missed_ = false;

  // Used again for each leaf.
  bolt::format::LeafElements elements_;
  std::vector<RecordSummary> records_;
};

}  // namespace tresor::backup
