// SPDX-License-Identifier: Apache-2.0
#include "repo/format/manifest.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/check.h"
#include "repo/format/envelope.h"
#include "repo/format/fields.h"
#include "repo/format/segment.h"

namespace tresor::repo {
namespace {

enum Field : std::uint32_t {
  /// DO NOT CHANGE: these numbers are in the files.
  kBackup = 1,
  kCatalogSequence = 2,
  kTimes = 3,
  kSource = 4,
  kRevisions = 5,
  kCounts = 6,
  kHashKv = 7,
  kCrc = 8,
  kKeyBucket = 9,
  kBuckets = 10,
  kLineage = 11,
  kMapBlobs = 12,
  kSegments = 13,
  kAdded = 14,
  kEvidence = 15,
  kHost = 16,
  kTags = 17,
};

enum class PartKind : std::uint8_t {
  /// DO NOT CHANGE: these values are in the files.
  kInline = 1,
  kBlob = 2,
};

Id ReadId(ByteReader& reader) {
  const ByteView bytes = reader.View(Id::kSize);
  return reader.ok() ? IdOf(bytes) : Id{};
}

std::string ReadText(ByteReader& reader) { return ToString(reader.LengthPrefixed()); }

bool ReadFlag(ByteReader& reader) {
  const std::uint8_t flag = reader.U8();
  if (flag > 1) {
    reader.MarkBad();
  }
  return flag == 1;
}

/// A count of things of at least `min_size` bytes each, so at most what is left can hold.
std::size_t ReadCount(ByteReader& reader, std::size_t min_size) {
  const std::uint64_t count = reader.Varint();
  if (count > reader.remaining() / min_size) {
    reader.MarkBad();
    return 0;
  }
  return static_cast<std::size_t>(count);
}

Bytes EncodeSource(const Source& source) {
  ByteWriter out;
  out.U64(source.cluster_id);
  out.U64(source.member_id);
  out.Varint(source.page_size_bytes);
  out.Varint(source.image_bytes);
  out.Append(source.sha256);
  out.LengthPrefixed(source.member_name);
  out.LengthPrefixed(source.endpoint);
  out.LengthPrefixed(source.etcd_version);
  return out.Take();
}

bool DecodeSource(ByteView bytes, Source& source) {
  ByteReader reader(bytes);
  source.cluster_id = reader.U64();
  source.member_id = reader.U64();
  const std::uint64_t page_size = reader.Varint();
  if (page_size > UINT32_MAX) {
    reader.MarkBad();
  }
  source.page_size_bytes = static_cast<std::uint32_t>(page_size);
  source.image_bytes = reader.Varint();
  const ByteView sha256 = reader.View(source.sha256.size());
  std::ranges::copy(sha256, source.sha256.begin());
  source.member_name = ReadText(reader);
  source.endpoint = ReadText(reader);
  source.etcd_version = ReadText(reader);
  return reader.done();
}

Bytes EncodeLineage(const Lineage& lineage) {
  ByteWriter out;
  out.Append(lineage.id.bytes);
  out.U8(lineage.parent ? 1 : 0);
  if (lineage.parent) {
    out.Append(lineage.parent->bytes);
  }
  out.U8(lineage.first_difference ? 1 : 0);
  if (lineage.first_difference) {
    const PackedKey key = Pack(*lineage.first_difference);
    out.Varint(key.main);
    out.Varint(key.sub_and_flag);
  }
  return out.Take();
}

bool DecodeLineage(ByteView bytes, Lineage& lineage) {
  ByteReader reader(bytes);
  lineage.id = ReadId(reader);
  if (ReadFlag(reader)) {
    lineage.parent = ReadId(reader);
  }
  if (ReadFlag(reader)) {
    const PackedKey key{reader.Varint(), reader.Varint()};
    if (key.main > INT64_MAX) {
      reader.MarkBad();
    }
    lineage.first_difference = Unpack(key);
  }
  return reader.done();
}

void AppendBlobRef(const BlobRef& ref, ByteWriter& out) {
  out.Append(ref.id.bytes);
  out.Varint(ref.stored_size);
}

BlobRef ReadBlobRef(ByteReader& reader) {
  BlobRef ref;
  ref.id = ReadId(reader);
  ref.stored_size = reader.Varint();
  return ref;
}

Bytes EncodeBucketParts(const std::vector<BucketPart>& parts) {
  ByteWriter out;
  out.Varint(parts.size());
  for (const BucketPart& part : parts) {
    if (const auto* bytes = std::get_if<Bytes>(&part)) {
      out.U8(static_cast<std::uint8_t>(PartKind::kInline));
      out.LengthPrefixed(*bytes);
    } else {
      out.U8(static_cast<std::uint8_t>(PartKind::kBlob));
      AppendBlobRef(std::get<BlobRef>(part), out);
    }
  }
  return out.Take();
}

bool DecodeBucketParts(ByteView bytes, std::vector<BucketPart>& parts) {
  ByteReader reader(bytes);
  const std::size_t count = ReadCount(reader, 2);
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    switch (static_cast<PartKind>(reader.U8())) {
      case PartKind::kInline:
        parts.emplace_back(ToBytes(reader.LengthPrefixed()));
        break;
      case PartKind::kBlob:
        parts.emplace_back(ReadBlobRef(reader));
        break;
      default:
        reader.MarkBad();
    }
  }
  return reader.done();
}

Bytes EncodeMapBlobs(const std::vector<BlobRef>& blobs) {
  ByteWriter out;
  out.Varint(blobs.size());
  for (const BlobRef& blob : blobs) {
    AppendBlobRef(blob, out);
  }
  return out.Take();
}

bool DecodeMapBlobs(ByteView bytes, std::vector<BlobRef>& blobs) {
  ByteReader reader(bytes);
  blobs.resize(ReadCount(reader, Id::kSize + 1));
  for (BlobRef& blob : blobs) {
    blob = ReadBlobRef(reader);
  }
  return reader.done();
}

Bytes EncodeSegments(const Manifest& manifest) {
  std::map<Id, std::size_t> ordinals;
  for (const BlobRef& blob : manifest.live_map_blobs) {
    ordinals.emplace(blob.id, ordinals.size());
  }
  ByteWriter out;
  out.Varint(manifest.segments.size());
  for (const SegmentRef& segment : manifest.segments) {
    out.Append(segment.id.bytes);
    out.Varint(segment.stored_size);
    out.Varint(segment.directory_sealed_size);
    out.Varint(segment.records);
    out.Varint(segment.live);
    if (segment.map) {
      out.Varint(ordinals.at(segment.map->blob));
      out.Varint(segment.map->offset);
      out.Varint(segment.map->size);
    }
  }
  return out.Take();
}

bool DecodeSegments(ByteView bytes, Manifest& manifest) {
  constexpr std::size_t kMinSegment = Id::kSize + 4;
  ByteReader reader(bytes);
  manifest.segments.resize(ReadCount(reader, kMinSegment));
  for (SegmentRef& segment : manifest.segments) {
    segment.id = ReadId(reader);
    segment.stored_size = reader.Varint();
    segment.directory_sealed_size = reader.Varint();
    segment.records = reader.Varint();
    segment.live = reader.Varint();
    if (segment.live != segment.records) {
      const std::uint64_t ordinal = reader.Varint();
      const std::uint64_t offset = reader.Varint();
      const std::uint64_t size = reader.Varint();
      if (ordinal >= manifest.live_map_blobs.size()) {
        return false;
      }
      segment.map = LiveMapRef{manifest.live_map_blobs[ordinal].id, offset, size};
    }
  }
  return reader.done();
}

Bytes EncodeEvidence(const std::vector<Evidence>& evidence) {
  ByteWriter out;
  out.Varint(evidence.size());
  for (const Evidence& one : evidence) {
    out.LengthPrefixed(one.check);
    out.U8(static_cast<std::uint8_t>(one.result));
    out.LengthPrefixed(one.detail);
    out.Varint(ZigZag(one.time_unix_nanos));
  }
  return out.Take();
}

bool DecodeEvidence(ByteView bytes, std::vector<Evidence>& evidence) {
  ByteReader reader(bytes);
  evidence.resize(ReadCount(reader, 4));
  for (Evidence& one : evidence) {
    one.check = ReadText(reader);
    const std::uint8_t result = reader.U8();
    if (result < static_cast<std::uint8_t>(EvidenceResult::kPassed) ||
        result > static_cast<std::uint8_t>(EvidenceResult::kFailed)) {
      reader.MarkBad();
    }
    one.result = static_cast<EvidenceResult>(result);
    one.detail = ReadText(reader);
    one.time_unix_nanos = UnZigZag(reader.Varint());
  }
  return reader.done();
}

Status Bad(std::string_view what) { return Error(Code::kDataLoss, "field {} is malformed", what); }

}  // namespace

Bytes EncodeManifest(const Manifest& manifest) {
  TRESOR_CHECK(CheckManifest(manifest).ok());
  const BackupDescription& description = manifest.description;
  FieldWriter fields;
  fields.Field(kBackup, manifest.backup.bytes);
  const auto field = [&](Field number, auto&& write) {
    ByteWriter out;
    write(out);
    fields.Field(number, out.view());
  };
  field(kCatalogSequence, [&](ByteWriter& out) { out.Varint(manifest.catalog_sequence); });
  field(kTimes, [&](ByteWriter& out) {
    out.Varint(ZigZag(description.start_unix_nanos));
    out.Varint(ZigZag(description.completion_unix_nanos));
  });
  fields.Field(kSource, EncodeSource(description.source));
  field(kRevisions, [&](ByteWriter& out) {
    out.Varint(ZigZag(description.revision));
    out.Varint(ZigZag(description.compact_revision));
    out.Varint(ZigZag(description.finished_compact_revision));
    out.Varint(ZigZag(description.scheduled_compact_revision));
  });
  field(kCounts, [&](ByteWriter& out) {
    out.Varint(manifest.records);
    out.Varint(manifest.record_bytes);
    out.Varint(description.live_keys);
    out.Varint(description.bucket_pairs);
  });
  field(kHashKv, [&](ByteWriter& out) {
    out.U32(description.hash_kv.hash);
    out.Varint(ZigZag(description.hash_kv.revision));
    out.Varint(ZigZag(description.hash_kv.compact_revision));
  });
  field(kCrc, [&](ByteWriter& out) { out.U32(manifest.records_crc32c); });
  field(kKeyBucket, [&](ByteWriter& out) {
    out.U8(description.has_key_bucket ? 1 : 0);
    out.Varint(description.key_bucket_sequence);
  });
  fields.Field(kBuckets, EncodeBucketParts(manifest.bucket_parts));
  fields.Field(kLineage, EncodeLineage(manifest.lineage));
  fields.Field(kMapBlobs, EncodeMapBlobs(manifest.live_map_blobs));
  fields.Field(kSegments, EncodeSegments(manifest));
  field(kAdded, [&](ByteWriter& out) {
    out.Varint(manifest.added_records);
    out.Varint(manifest.added_record_bytes);
    out.Varint(manifest.added_stored_bytes);
  });
  fields.Field(kEvidence, EncodeEvidence(description.evidence));
  fields.Field(kHost, AsBytes(description.host));
  field(kTags, [&](ByteWriter& out) {
    out.Varint(description.tags.size());
    for (const std::string& tag : description.tags) {
      out.LengthPrefixed(tag);
    }
  });
  return fields.Take();
}

Result<Manifest> DecodeManifest(ByteView bytes) {
  FieldReader fields(bytes);
  Manifest manifest;
  BackupDescription& description = manifest.description;
  if (const ByteView id = fields.Field(kBackup); id.size() == Id::kSize) {
    manifest.backup = IdOf(id);
  } else {
    return Bad("backup");
  }
  {
    ByteReader reader(fields.Field(kCatalogSequence));
    manifest.catalog_sequence = reader.Varint();
    if (!reader.done()) {
      return Bad("catalog sequence");
    }
  }
  {
    ByteReader reader(fields.Field(kTimes));
    description.start_unix_nanos = UnZigZag(reader.Varint());
    description.completion_unix_nanos = UnZigZag(reader.Varint());
    if (!reader.done()) {
      return Bad("times");
    }
  }
  if (!DecodeSource(fields.Field(kSource), description.source)) {
    return Bad("source");
  }
  {
    ByteReader reader(fields.Field(kRevisions));
    description.revision = UnZigZag(reader.Varint());
    description.compact_revision = UnZigZag(reader.Varint());
    description.finished_compact_revision = UnZigZag(reader.Varint());
    description.scheduled_compact_revision = UnZigZag(reader.Varint());
    if (!reader.done()) {
      return Bad("revisions");
    }
  }
  {
    ByteReader reader(fields.Field(kCounts));
    manifest.records = reader.Varint();
    manifest.record_bytes = reader.Varint();
    description.live_keys = reader.Varint();
    description.bucket_pairs = reader.Varint();
    if (!reader.done()) {
      return Bad("counts");
    }
  }
  {
    ByteReader reader(fields.Field(kHashKv));
    description.hash_kv.hash = reader.U32();
    description.hash_kv.revision = UnZigZag(reader.Varint());
    description.hash_kv.compact_revision = UnZigZag(reader.Varint());
    if (!reader.done()) {
      return Bad("HashKV");
    }
  }
  {
    ByteReader reader(fields.Field(kCrc));
    manifest.records_crc32c = reader.U32();
    if (!reader.done()) {
      return Bad("CRC-32C");
    }
  }
  {
    ByteReader reader(fields.Field(kKeyBucket));
    description.has_key_bucket = ReadFlag(reader);
    description.key_bucket_sequence = reader.Varint();
    if (!reader.done()) {
      return Bad("bucket key");
    }
  }
  if (!DecodeBucketParts(fields.Field(kBuckets), manifest.bucket_parts)) {
    return Bad("buckets");
  }
  if (!DecodeLineage(fields.Field(kLineage), manifest.lineage)) {
    return Bad("lineage");
  }
  if (!DecodeMapBlobs(fields.Field(kMapBlobs), manifest.live_map_blobs)) {
    return Bad("live map blobs");
  }
  if (!DecodeSegments(fields.Field(kSegments), manifest)) {
    return Bad("segments");
  }
  {
    ByteReader reader(fields.Field(kAdded));
    manifest.added_records = reader.Varint();
    manifest.added_record_bytes = reader.Varint();
    manifest.added_stored_bytes = reader.Varint();
    if (!reader.done()) {
      return Bad("added");
    }
  }
  if (!DecodeEvidence(fields.Field(kEvidence), description.evidence)) {
    return Bad("evidence");
  }
  description.host = ToString(fields.Field(kHost));
  {
    ByteReader reader(fields.Field(kTags));
    description.tags.resize(ReadCount(reader, 1));
    for (std::string& tag : description.tags) {
      tag = ReadText(reader);
    }
    if (!reader.done()) {
      return Bad("tags");
    }
  }
  if (!fields.Finish()) {
    return Error(Code::kDataLoss, "fields are missing, twice there or out of order");
  }
  RETURN_IF_ERROR(CheckManifest(manifest));
  return manifest;
}

Status CheckManifest(const Manifest& manifest) {
  std::map<Id, std::uint64_t> map_blobs;
  for (const BlobRef& blob : manifest.live_map_blobs) {
    if (!map_blobs.emplace(blob.id, 0).second) {
      return Error(Code::kDataLoss, "live map blob {} stands twice", blob.id.ToString());
    }
  }
  std::set<Id> segments;
  std::uint64_t live = 0;
  for (const SegmentRef& segment : manifest.segments) {
    const std::string id = segment.id.ToString();
    if (!segments.insert(segment.id).second) {
      return Error(Code::kDataLoss, "segment {} stands twice", id);
    }
    if (segment.live == 0 || segment.live > segment.records ||
        segment.map.has_value() != (segment.live < segment.records)) {
      return Error(Code::kDataLoss, "segment {}: {} of {} records live", id, segment.live,
                   segment.records);
    }
    if (segment.stored_size > kMaxSegmentSize || segment.records > segment.stored_size ||
        segment.directory_sealed_size <= kPartOverhead ||
        segment.directory_sealed_size > segment.stored_size) {
      return Error(Code::kDataLoss, "segment {}: {} records, {} bytes, directory {}", id,
                   segment.records, segment.stored_size, segment.directory_sealed_size);
    }
    if (segment.map) {
      const auto blob = map_blobs.find(segment.map->blob);
      if (blob == map_blobs.end() || segment.map->size == 0 || segment.map->size > kMaxRawSize ||
          segment.map->offset > kMaxRawSize) {
        return Error(Code::kDataLoss, "segment {}: its live map is out of bounds", id);
      }
      ++blob->second;
    }
    live += segment.live;
  }
  if (live != manifest.records) {
    return Error(Code::kDataLoss, "{} records in all, {} live in the segments", manifest.records,
                 live);
  }
  for (const auto& [id, users] : map_blobs) {
    if (users == 0) {
      return Error(Code::kDataLoss, "live map blob {} is not used", id.ToString());
    }
  }
  for (const BucketPart& part : manifest.bucket_parts) {
    if (const auto* bytes = std::get_if<Bytes>(&part);
        bytes != nullptr && bytes->size() > kMaxInlineBucketPart) {
      return Error(Code::kDataLoss, "{} bytes of buckets in the manifest", bytes->size());
    }
  }
  return OkStatus();
}

EvidenceResult WorstOf(const std::vector<Evidence>& evidence) {
  if (evidence.empty()) {
    return EvidenceResult::kUnproven;
  }
  EvidenceResult worst = EvidenceResult::kPassed;
  for (const Evidence& one : evidence) {
    worst = std::max(worst, one.result);
  }
  return worst;
}

}  // namespace tresor::repo
