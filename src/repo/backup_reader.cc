// SPDX-License-Identifier: Apache-2.0
#include "repo/backup_reader.h"

#include <algorithm>
#include <utility>

#include "repo/format/buckets.h"
#include "repo/format/names.h"
#include "repo/repository_impl.h"

namespace tresor::repo {
namespace {

/// How often prune may rewrite a backup under one call, before the call gives up.
constexpr int kRereads = 8;
constexpr int kTagUserKeyShift = 48;

BackupDetails DetailsOf(const CatalogEntry& entry, const Manifest& manifest) {
  return {.info = entry.info,
          .description = manifest.description,
          .lineage = manifest.lineage,
          .records_crc32c = manifest.records_crc32c,
          .added_records = manifest.added_records,
          .added_record_bytes = manifest.added_record_bytes,
          .segments = manifest.segments.size()};
}

class BackupImpl final : public Backup {
 public:
  explicit BackupImpl(std::shared_ptr<BackupSource> source)
      : source_(std::move(source)), details_(DetailsOf(source_->entry(), source_->manifest())) {}

  [[nodiscard]] const BackupDetails& details() const override { return details_; }
  [[nodiscard]] Result<std::unique_ptr<RecordStream>> Records(const Context& context,
                                                              etcd::RecordKey from) const override {
    return OpenRecordStream(context, source_, from);
  }
  [[nodiscard]] Status Buckets(const Context& context, BucketVisitor& visitor) const override;
  [[nodiscard]] Result<RecordBatch> Lookup(const Context& context,
                                           ByteView user_key) const override;

 private:
  [[nodiscard]] Result<RecordBatch> LookupOnce(const Context& context, const BackupLayout& layout,
                                               ByteView user_key) const;
  [[nodiscard]] Status LookupInBlock(const Context& context, const BackupSegment& segment,
                                     std::size_t block, ByteView user_key,
                                     RecordBatch& found) const;

  std::shared_ptr<BackupSource> source_;
  const BackupDetails details_;
};

Status BackupImpl::Buckets(const Context& context, BucketVisitor& visitor) const {
  // Prune never rewrites the parts, so those of the manifest that was opened stay right.
  BucketDecoder decoder(visitor);
  for (const BucketPart& part : source_->manifest().bucket_parts) {
    RETURN_IF_ERROR(context.Check());
    if (const auto* bytes = std::get_if<Bytes>(&part)) {
      if (Status status = decoder.Part(*bytes); !status.ok()) {
        return Annotate(status, ManifestName(source_->entry().info.manifest));
      }
      continue;
    }
    const Id& id = std::get<BlobRef>(part).id;
    auto blob = source_->objects().ReadBlob(context, id);
    if (blob.status().code() == Code::kNotFound) {
      RETURN_IF_ERROR(source_->Reread(context, source_->current_manifest(), blob.status()));
      return Error(Code::kDataLoss, "{}: it is missing", BlobName(id));
    }
    RETURN_IF_ERROR(blob.status());
    if (Status status = decoder.Part(*blob); !status.ok()) {
      return Annotate(status, BlobName(id));
    }
  }
  if (Status status = decoder.Finish(); !status.ok()) {
    return Annotate(status, ManifestName(source_->entry().info.manifest));
  }
  return OkStatus();
}

Result<RecordBatch> BackupImpl::Lookup(const Context& context, ByteView user_key) const {
  Status last;
  for (int attempt = 0; attempt < kRereads; ++attempt) {
    const Id manifest = source_->current_manifest();
    auto layout = source_->Layout(context);
    if (layout.ok()) {
      auto found = LookupOnce(context, **layout, user_key);
      if (found.status().code() != Code::kNotFound) {
        return found;
      }
      last = found.status();
    } else if (layout.status().code() == Code::kNotFound) {
      last = layout.status();
    } else {
      return layout.status();
    }
    RETURN_IF_ERROR(source_->Reread(context, manifest, last));
  }
  return Error(Code::kUnavailable, "the backup is being rewritten too often: {}", Message(last));
}

Result<RecordBatch> BackupImpl::LookupOnce(const Context& context, const BackupLayout& layout,
                                           ByteView user_key) const {
  RecordBatch found;
  for (const BackupSegment& segment : layout.segments) {
    for (std::size_t block = 0; block < segment.reader->directory().blocks.size(); ++block) {
      RETURN_IF_ERROR(context.Check());
      RETURN_IF_ERROR(LookupInBlock(context, segment, block, user_key, found));
    }
  }
  std::ranges::sort(found.records, {}, &Record::key);
  return found;
}

Status BackupImpl::LookupInBlock(const Context& context, const BackupSegment& segment,
                                 std::size_t block, ByteView user_key, RecordBatch& found) const {
  const SegmentReader& reader = *segment.reader;
  const std::uint64_t begin = reader.frame_ordinal(reader.block_frame(block));
  const std::uint64_t end = reader.frame_ordinal(reader.block_frame(block + 1));
  if (segment.live.CountIn(begin, end) == 0) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const IndexBlock index, reader.ReadBlock(context, block));
  const std::uint64_t wanted =
      source_->objects().keys().user_key_hash()(user_key) >> kTagUserKeyShift;
  for (std::size_t frame = reader.block_frame(block); frame < reader.block_frame(block + 1);
       ++frame) {
    std::vector<std::uint64_t> candidates;
    const std::uint64_t frame_end = reader.frame_ordinal(frame + 1);
    for (std::uint64_t i = reader.frame_ordinal(frame); i < frame_end; ++i) {
      if (index.tags[i - begin] >> kTagUserKeyShift == wanted && segment.live.Test(i)) {
        candidates.push_back(i);
      }
    }
    if (candidates.empty()) {
      continue;
    }
    ASSIGN_OR_RETURN(const auto frames, reader.ReadFrames(context, frame, frame + 1));
    for (const std::uint64_t ordinal : candidates) {
      const FrameRecord& record = frames[0].records[ordinal - reader.frame_ordinal(frame)];
      auto key = etcd::DecodeUserKey(record.value);
      if (key.ok() && Equal(*key, user_key)) {
        // A copy: else one small record would hold a whole frame in memory.
        auto value = std::make_shared<const Bytes>(ToBytes(record.value));
        found.records.push_back({Unpack(record.key), *value});
        found.backing.push_back(std::move(value));
      }
    }
  }
  return OkStatus();
}

}  // namespace

BackupSource::BackupSource(const Objects& objects, CatalogEntry entry, Manifest manifest)
    : objects_(objects), entry_(std::move(entry)), manifest_(std::move(manifest)) {
  auto current = current_.Lock();
  current->manifest_id = entry_.info.manifest;
  current->manifest = manifest_;
}

Id BackupSource::current_manifest() { return current_.Lock()->manifest_id; }

Result<std::shared_ptr<const BackupLayout>> BackupSource::Layout(const Context& context) {
  auto current = current_.Lock();
  if (current->layout != nullptr) {
    return current->layout;
  }
  auto layout = std::make_shared<BackupLayout>();
  layout->manifest_id = current->manifest_id;
  layout->manifest = current->manifest;
  std::optional<std::pair<Id, Bytes>> blob;  // live maps of neighbours lie in one
  std::vector<const SegmentRef*> refs;
  for (const SegmentRef& ref : layout->manifest.segments) {
    refs.push_back(&ref);
  }
  ASSIGN_OR_RETURN(auto readers, OpenSegments(context, objects_, refs));
  for (std::size_t i = 0; i < refs.size(); ++i) {
    const SegmentRef& ref = *refs[i];
    BackupSegment segment;
    segment.reader = std::move(readers[i]);
    if (!ref.map) {
      segment.live = LiveSet::All(ref.records);
    } else {
      if (!blob || blob->first != ref.map->blob) {
        ASSIGN_OR_RETURN(Bytes content, objects_.ReadBlob(context, ref.map->blob));
        blob.emplace(ref.map->blob, std::move(content));
      }
      ASSIGN_OR_RETURN(segment.live, LiveMapIn(blob->second, ref));
    }
    layout->segments.push_back(std::move(segment));
  }
  current->layout = std::move(layout);
  return current->layout;
}

Status BackupSource::Reread(const Context& context, const Id& stale, const Status& missing) {
  auto current = current_.Lock();
  if (current->manifest_id != stale) {
    return OkStatus();  // another thread did
  }
  Status last;
  for (int attempt = 0; attempt < kRereads; ++attempt) {
    ASSIGN_OR_RETURN(const Catalog catalog, objects_.ReadCatalog(context));
    const CatalogEntry* entry = catalog.Find(entry_.info.id);
    if (entry == nullptr) {
      return Error(Code::kAborted, "backup {} was forgotten meanwhile", entry_.info.id.ToString());
    }
    if (entry->info.manifest == stale) {
      return Error(Code::kDataLoss, "{}, and {} needs it", Message(missing), ManifestName(stale));
    }
    auto manifest = objects_.ReadManifest(context, *entry);
    if (manifest.status().code() == Code::kNotFound) {
      last = manifest.status();  // rewritten again since the catalog was read
      continue;
    }
    RETURN_IF_ERROR(manifest.status());
    if (manifest->records_crc32c != manifest_.records_crc32c) {
      return Error(Code::kDataLoss, "{}: other records than in {}",
                   ManifestName(entry->info.manifest), ManifestName(entry_.info.manifest));
    }
    current->manifest_id = entry->info.manifest;
    current->manifest = *std::move(manifest);
    current->layout = nullptr;
    return OkStatus();
  }
  return Error(Code::kUnavailable, "the backup is being rewritten too often: {}", Message(last));
}

Result<std::unique_ptr<Backup>> RepositoryImpl::OpenBackup(const Context& context,
                                                           const Id& backup) {
  Status last;
  for (int attempt = 0; attempt < kRereads; ++attempt) {
    ASSIGN_OR_RETURN(const Catalog catalog, objects_.ReadCatalog(context));
    const CatalogEntry* entry = catalog.Find(backup);
    if (entry == nullptr) {
      return Error(Code::kNotFound, "no backup {}", backup.ToString());
    }
    if (last.code() == Code::kNotFound &&
        Message(last).find(ManifestName(entry->info.manifest)) != std::string_view::npos) {
      return Error(Code::kDataLoss, "{}", Message(last));  // the newest catalog names it
    }
    auto manifest = objects_.ReadManifest(context, *entry);
    if (manifest.ok()) {
      return std::make_unique<BackupImpl>(
          std::make_shared<BackupSource>(objects_, *entry, *std::move(manifest)));
    }
    last = manifest.status();
    if (last.code() != Code::kNotFound) {
      return last;
    }
  }
  return Error(Code::kUnavailable, "the backup is being rewritten too often: {}", Message(last));
}

}  // namespace tresor::repo
