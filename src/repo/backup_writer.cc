// SPDX-License-Identifier: Apache-2.0
// Saving a backup. The order of writes, and what a cut leaves: FORMAT.md 1.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/environment.h"
#include "repo/format/buckets.h"
#include "repo/format/names.h"
#include "repo/lease.h"
#include "repo/merged_index.h"
#include "repo/records_crc.h"
#include "repo/repository_impl.h"
#include "repo/segment_writer.h"

namespace tresor::repo {
namespace {

/// Of bucket parts in one manifest; what is beyond goes into blobs, however small.
constexpr std::size_t kMaxInlineTotal = 8192;
constexpr std::string_view kReadBackCheck = "read-back";
/// A first backup compresses everything at once, and mostly somebody waits for it: design/0003.
constexpr int kFirstCompressionLevel = 1;

class BackupWriterImpl final : public BackupWriter {
 public:
  /// `objects` outlives this; `context` is for the work in the background.
  BackupWriterImpl(const Context& context, const Objects& objects,
                   const SegmentWriterOptions& segment_options, std::unique_ptr<Lease> lease,
                   Catalog base, std::unique_ptr<MergedIndex> index)
      : context_(context),
        objects_(objects),
        segment_options_(segment_options),
        lease_(std::move(lease)),
        base_(std::move(base)),
        index_(std::move(index)),
        buckets_([this](Bytes part) { return StoreBucketPart(std::move(part)); }) {}
  ~BackupWriterImpl() override;

  [[nodiscard]] std::unique_ptr<RecordTagger> MakeTagger() const override {
    return objects_.keys().MakeTagger();
  }
  [[nodiscard]] Result<KnownTags> LoadKnownTags(const Context& context,
                                                std::size_t limit_bytes) const override {
    return index_->LoadTags(context, limit_bytes);
  }
  [[nodiscard]] Result<Known> Classify(const Context& context, const etcd::RecordKey& key,
                                       const CrcPiece& record, std::uint64_t tag) override;
  [[nodiscard]] Result<Lineage> FinishClassify(const Context& context) override;
  [[nodiscard]] std::optional<etcd::RecordKey> first_difference() const override {
    return choice_ ? choice_->first_difference : std::nullopt;
  }
  [[nodiscard]] Status Add(const Context& context, const etcd::RecordKey& key, ByteView value,
                           std::uint64_t tag) override;
  [[nodiscard]] BucketVisitor& buckets() override { return buckets_; }
  [[nodiscard]] Result<BackupInfo> Commit(const Context& context,
                                          BackupDescription description) override;

 private:
  [[nodiscard]] Status FinishSegments();
  [[nodiscard]] Status StoreBucketPart(Bytes part);
  [[nodiscard]] Status StoreBlob(const Context& context, ByteView content, BlobRef& ref);
  /// The segments of the manifest, and the blobs of their live maps; writes the maps that changed.
  [[nodiscard]] Status AddKnownSegments(const Context& context, Manifest& manifest);
  [[nodiscard]] Result<bool> IsUnchanged(const Context& context, const MergedIndex::Used& used,
                                         std::uint64_t live);
  [[nodiscard]] Result<CatalogEntry> StoreManifest(const Context& context,
                                                   const Manifest& manifest);

  /// What Classify found to be new, and what Add was given: they must be the same.
  struct NewRecords {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    std::uint64_t fold = 0;  // over keys and tags, in order
    void Add(const PackedKey& key, std::uint64_t tag, std::uint64_t size) {
      ++count;
      bytes += size;
      fold = (fold ^ key.main ^ (key.sub_and_flag << 32) ^ tag) * 0x9e3779b97f4a7c15;
    }
    friend bool operator==(const NewRecords&, const NewRecords&) = default;
  };

  const Context context_;
  const Objects& objects_;
  const SegmentWriterOptions segment_options_;
  std::unique_ptr<Lease> lease_;
  const Catalog base_;
  std::unique_ptr<MergedIndex> index_;

  std::optional<PackedKey> last_classified_;
  std::uint64_t records_ = 0;
  std::uint64_t record_bytes_ = 0;
  std::uint32_t crc_ = 0;
  NewRecords to_add_, added_;
  std::optional<MergedIndex::LineageChoice> choice_;

  std::optional<PackedKey> last_added_;
  std::unique_ptr<SegmentWriter> segment_writer_;
  std::optional<std::vector<SegmentRef>> new_segments_;
  BucketEncoder buckets_;
  std::vector<BucketPart> bucket_parts_;
  std::size_t inline_bytes_ = 0;
  std::uint64_t stored_bytes_ = 0;
  std::uint64_t stored_objects_ = 0;
  std::optional<Id> manifest_;
  std::optional<std::pair<Id, Bytes>> map_blob_;  // the one read last
  bool keep_ = false;  // what was stored is, or may be, part of the repository
};

BackupWriterImpl::~BackupWriterImpl() {
  if (keep_) {
    return;
  }
  // Only what has a name of our own: a blob may be another writer's by now.
  if (segment_writer_) {
    segment_writer_->Stop();
    for (const SegmentRef& segment : segment_writer_->stored()) {
      (void)objects_.store().Delete(context_, SegmentName(segment.id));
    }
  }
  if (manifest_) {
    (void)objects_.store().Delete(context_, ManifestName(*manifest_));
  }
}

Result<Known> BackupWriterImpl::Classify(const Context& context, const etcd::RecordKey& key,
                                         const CrcPiece& record, std::uint64_t tag) {
  const PackedKey packed = Pack(key);
  if (key.main < 0 || key.sub < 0 || (last_classified_ && packed <= *last_classified_)) {
    return Error(Code::kInvalidArgument, "record {}: not above the one before",
                 etcd::ToString(key));
  }
  if (choice_) {
    return Error(Code::kInvalidArgument, "record {}: after the last", etcd::ToString(key));
  }
  if (record.size_bytes > kMaxFrameSize / 2) {
    return Error(Code::kInvalidArgument, "record {}: {} bytes are too many", etcd::ToString(key),
                 record.size_bytes);
  }
  last_classified_ = packed;
  ASSIGN_OR_RETURN(const Known known, index_->Classify(context, packed, tag));
  ++records_;
  record_bytes_ += record.size_bytes;
  crc_ = AppendCrc(crc_, record);
  if (known != Known::kStored) {
    to_add_.Add(packed, tag, record.size_bytes);
  }
  return known;
}

Result<Lineage> BackupWriterImpl::FinishClassify(const Context& context) {
  RETURN_IF_ERROR(context.Check());
  if (!choice_) {
    choice_ = index_->ChooseLineage(objects_.random());
  }
  return choice_->lineage;
}

Status BackupWriterImpl::Add(const Context& context, const etcd::RecordKey& key, ByteView value,
                             std::uint64_t tag) {
  const PackedKey packed = Pack(key);
  if (!choice_ || new_segments_ || (last_added_ && packed <= *last_added_)) {
    return Error(Code::kInvalidArgument, "record {}: not above the one before, or out of turn",
                 etcd::ToString(key));
  }
  last_added_ = packed;
  added_.Add(packed, tag, RecordsCrc::KeySize(key) + value.size());
  if (!segment_writer_) {
    RETURN_IF_ERROR(context.Check());
    segment_writer_ =
        std::make_unique<SegmentWriter>(context_, objects_, choice_->lineage.id, segment_options_);
  }
  return segment_writer_->Add(packed, value, tag);
}

Status BackupWriterImpl::FinishSegments() {
  if (new_segments_) {
    return OkStatus();
  }
  if (!choice_) {
    return Error(Code::kInvalidArgument, "FinishClassify comes first");
  }
  if (added_ != to_add_) {
    return Error(Code::kInvalidArgument, "{} new records were given, {} were classified as new",
                 added_.count, to_add_.count);
  }
  if (!segment_writer_) {
    new_segments_.emplace();
    return OkStatus();
  }
  ASSIGN_OR_RETURN(new_segments_, segment_writer_->Finish());
  for (const SegmentRef& segment : *new_segments_) {
    stored_bytes_ += segment.stored_size;
    ++stored_objects_;
  }
  return OkStatus();
}

Status BackupWriterImpl::StoreBlob(const Context& context, ByteView content, BlobRef& ref) {
  ASSIGN_OR_RETURN(const Objects::WrittenBlob blob, objects_.WriteBlob(context, content));
  ref = blob.ref;
  if (blob.is_new) {
    stored_bytes_ += blob.ref.stored_size;
    ++stored_objects_;
  }
  return OkStatus();
}

Status BackupWriterImpl::StoreBucketPart(Bytes part) {
  // The records come first: FORMAT.md 1.
  RETURN_IF_ERROR(FinishSegments());
  if (part.size() <= kMaxInlineBucketPart && inline_bytes_ + part.size() <= kMaxInlineTotal) {
    inline_bytes_ += part.size();
    bucket_parts_.emplace_back(std::move(part));
    return OkStatus();
  }
  BlobRef ref;
  RETURN_IF_ERROR(StoreBlob(context_, part, ref));
  bucket_parts_.emplace_back(ref);
  return OkStatus();
}

Result<bool> BackupWriterImpl::IsUnchanged(const Context& context, const MergedIndex::Used& used,
                                           std::uint64_t live) {
  if (!used.in_newest_backup || used.ref->live != live || !used.ref->map) {
    return false;
  }
  if (!map_blob_ || map_blob_->first != used.ref->map->blob) {
    ASSIGN_OR_RETURN(Bytes blob, objects_.ReadBlob(context, used.ref->map->blob));
    map_blob_.emplace(used.ref->map->blob, std::move(blob));
  }
  ASSIGN_OR_RETURN(const LiveSet before, LiveMapIn(map_blob_->second, *used.ref));
  return before == *used.live;
}

Status BackupWriterImpl::AddKnownSegments(const Context& context, Manifest& manifest) {
  std::map<Id, BlobRef> old_blobs;
  if (index_->newest()) {
    for (const BlobRef& blob : index_->newest()->live_map_blobs) {
      old_blobs.emplace(blob.id, blob);
    }
  }
  std::map<Id, BlobRef> blobs;
  ByteWriter changed;
  std::vector<std::size_t> changed_segments;
  for (const MergedIndex::Used& used : index_->used()) {
    SegmentRef segment = *used.ref;
    segment.live = used.live->Count();
    if (segment.live == segment.records) {
      segment.map.reset();
    } else {
      ASSIGN_OR_RETURN(const bool unchanged, IsUnchanged(context, used, segment.live));
      if (unchanged) {
        const BlobRef& blob = old_blobs.at(segment.map->blob);
        blobs.emplace(blob.id, blob);
      } else {
        const Bytes map = EncodeLiveMap(*used.live);
        segment.map = LiveMapRef{{}, changed.size(), map.size()};
        changed_segments.push_back(manifest.segments.size());
        changed.Append(map);
      }
    }
    manifest.segments.push_back(segment);
  }
  if (!changed_segments.empty()) {
    BlobRef blob;
    RETURN_IF_ERROR(StoreBlob(context, changed.view(), blob));
    blobs.insert_or_assign(blob.id, blob);
    for (const std::size_t i : changed_segments) {
      manifest.segments[i].map->blob = blob.id;
    }
  }
  for (const auto& [id, blob] : blobs) {
    manifest.live_map_blobs.push_back(blob);
  }
  return OkStatus();
}

Result<CatalogEntry> BackupWriterImpl::StoreManifest(const Context& context,
                                                     const Manifest& manifest) {
  CatalogEntry entry;
  BackupInfo& info = entry.info;
  info.manifest = MakeId(objects_.random());
  manifest_ = info.manifest;
  ASSIGN_OR_RETURN(entry.manifest_stored_size,
                   objects_.Write(context, ObjectKind::kManifest, ManifestName(info.manifest),
                                  EncodeManifest(manifest)));
  ASSIGN_OR_RETURN(const Manifest read_back, objects_.ReadManifest(context, info.manifest));
  info.id = read_back.backup;
  info.completion_unix_nanos = read_back.description.completion_unix_nanos;
  info.revision = read_back.description.revision;
  info.cluster_id = read_back.description.source.cluster_id;
  info.lineage = read_back.lineage.id;
  info.hash_kv = read_back.description.hash_kv;
  info.image_bytes = read_back.description.source.image_bytes;
  info.records = read_back.records;
  info.record_bytes = read_back.record_bytes;
  info.added_bytes = read_back.added_stored_bytes + entry.manifest_stored_size;
  info.evidence = WorstOf(read_back.description.evidence);
  info.tags = read_back.description.tags;
  return entry;
}

Result<BackupInfo> BackupWriterImpl::Commit(const Context& context, BackupDescription description) {
  if (keep_) {
    return Error(Code::kInvalidArgument, "this backup has been committed before");
  }
  RETURN_IF_ERROR(FinishSegments());
  RETURN_IF_ERROR(buckets_.Finish());

  Manifest manifest;
  manifest.backup = MakeId(objects_.random());
  manifest.catalog_sequence = base_.sequence + 1;
  manifest.lineage = choice_->lineage;
  manifest.records = records_;
  manifest.record_bytes = record_bytes_;
  manifest.records_crc32c = crc_;
  manifest.bucket_parts = std::move(bucket_parts_);
  RETURN_IF_ERROR(AddKnownSegments(context, manifest));
  manifest.segments.insert(manifest.segments.end(), new_segments_->begin(), new_segments_->end());
  manifest.added_records = added_.count;
  manifest.added_record_bytes = added_.bytes;
  manifest.added_stored_bytes = stored_bytes_;
  manifest.description = std::move(description);
  const std::int64_t now = ToUnixNanos(context.clock().Now());
  manifest.description.evidence.push_back(
      {std::string(kReadBackCheck), EvidenceResult::kPassed,
       fmt::format("{} new object{}, {} bytes, read again, opened and equal", stored_objects_,
                   stored_objects_ == 1 ? "" : "s", stored_bytes_),
       now});
  if (Status status = CheckManifest(manifest); !status.ok()) {
    return Annotate(status, "the new manifest");
  }
  ASSIGN_OR_RETURN(const CatalogEntry entry, StoreManifest(context, manifest));

  Catalog catalog = base_;
  catalog.sequence = manifest.catalog_sequence;
  catalog.time_unix_nanos = now;
  catalog.writer_host = HostName();
  catalog.writer_process = ProcessId();
  catalog.writer_token = lease_->token();
  catalog.backups.push_back(entry);
  RETURN_IF_ERROR(lease_->Check());
  // From here on an error may hide that the commit was done, and that others have built on it: what
  // was stored stays, and is a prune's if no catalog lists it.
  keep_ = true;
  RETURN_IF_ERROR(objects_.CommitCatalog(context, catalog));
  (void)lease_->Release();  // an unreleased lease expires
  return entry.info;
}

}  // namespace

Result<std::unique_ptr<BackupWriter>> RepositoryImpl::BeginBackup(const Context& context) {
  LeaseOptions lease_options;
  lease_options.operation = "backup";
  lease_options.wait = options_.lock_wait;
  ASSIGN_OR_RETURN(auto lease, Lease::Take(context, store_, keys_, std::move(lease_options)));
  ASSIGN_OR_RETURN(Catalog catalog, objects_.ReadCatalog(context));
  ASSIGN_OR_RETURN(auto index, MergedIndex::Open(context, objects_, catalog));
  SegmentWriterOptions segment_options = segment_options_;
  if (catalog.backups.empty()) {
    segment_options.compression_level =
        std::min(segment_options.compression_level, kFirstCompressionLevel);
  }
  return std::make_unique<BackupWriterImpl>(context, objects_, segment_options, std::move(lease),
                                            std::move(catalog), std::move(index));
}

}  // namespace tresor::repo
