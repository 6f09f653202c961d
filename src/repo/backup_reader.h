// SPDX-License-Identifier: Apache-2.0
// Reading a backup: where its records lie, and the stream of them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/context.h"
#include "base/guarded.h"
#include "base/status.h"
#include "repo/format/live_map.h"
#include "repo/format/manifest.h"
#include "repo/objects.h"
#include "repo/repository.h"
#include "repo/segment_reader.h"

namespace tresor::repo {

/// A segment of a backup, opened, and which of its records live.
struct BackupSegment {
  std::unique_ptr<const SegmentReader> reader;
  LiveSet live;
};

/// Where the records of a backup lie, by one manifest of it. Immutable.
struct BackupLayout {
  Id manifest_id;
  Manifest manifest;
  std::vector<BackupSegment> segments;  // as in the manifest
};

/// What a backup and its streams share. Prune may rewrite a backup's segments and its manifest
/// while it is read; then an object is not found, and the layout must be read again.
///
/// Threads: all methods, from any thread.
class BackupSource {
 public:
  /// `objects` outlives this.
  BackupSource(const Objects& objects, CatalogEntry entry, Manifest manifest);

  [[nodiscard]] const Objects& objects() const { return objects_; }
  [[nodiscard]] const CatalogEntry& entry() const { return entry_; }
  [[nodiscard]] const Manifest& manifest() const { return manifest_; }  // as the backup was opened

  /// Opens all segments, once. kNotFound: an object is gone; Reread.
  [[nodiscard]] Result<std::shared_ptr<const BackupLayout>> Layout(const Context& context);
  /// After `missing`, which is kNotFound, under `stale`: so that Layout reads the manifest that the
  /// newest catalog names. kAborted: the backup was forgotten. kDataLoss: it has the same manifest,
  /// so the object is lost.
  [[nodiscard]] Status Reread(const Context& context, const Id& stale, const Status& missing);
  /// The manifest that Layout goes by.
  [[nodiscard]] Id current_manifest();

 private:
  struct Current {
    Id manifest_id;
    Manifest manifest;
    std::shared_ptr<const BackupLayout> layout;
  };
  const Objects& objects_;
  const CatalogEntry entry_;
  const Manifest manifest_;
  Guarded<Current> current_;
};

/// What a stream reads ahead, in bytes before compression.
struct ReadAhead {
  std::uint64_t window_bytes = std::uint64_t{14} << 20;
  std::uint64_t group_bytes = std::uint64_t{3} << 20;  // frames with one read
};

/// The records of `source` from `from` on.
[[nodiscard]] Result<std::unique_ptr<RecordStream>> OpenRecordStream(
    const Context& context, std::shared_ptr<BackupSource> source, const etcd::RecordKey& from,
    const ReadAhead& read_ahead = {});

}  // namespace tresor::repo
