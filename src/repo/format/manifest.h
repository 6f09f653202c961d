// SPDX-License-Identifier: Apache-2.0
// Manifests: one backup each. FORMAT.md 6. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "repo/id.h"
#include "repo/repository.h"

namespace tresor::repo {

/// A blob, and the size of the object that holds it.
struct BlobRef {
  Id id;
  std::uint64_t stored_size = 0;
  friend bool operator==(const BlobRef&, const BlobRef&) = default;
};

/// Where a segment's live map lies.
struct LiveMapRef {
  Id blob;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  friend bool operator==(const LiveMapRef&, const LiveMapRef&) = default;
};

/// A segment, and which of its records the backup needs.
struct SegmentRef {
  Id id;
  std::uint64_t stored_size = 0;
  std::uint64_t directory_sealed_size = 0;
  std::uint64_t records = 0;
  std::uint64_t live = 0;         // at least 1
  std::optional<LiveMapRef> map;  // none: all records live
  friend bool operator==(const SegmentRef&, const SegmentRef&) = default;
};

/// A piece of the token stream of the buckets other than `key`: in the manifest, or a blob.
using BucketPart = std::variant<Bytes, BlobRef>;
inline constexpr std::size_t kMaxInlineBucketPart = 2048;

struct Manifest {
  Id backup;
  std::uint64_t catalog_sequence = 0;  // of the catalog that commits it
  BackupDescription description;
  Lineage lineage;
  std::uint64_t records = 0;
  std::uint64_t record_bytes = 0;
  std::uint32_t records_crc32c = 0;
  std::vector<BucketPart> bucket_parts;
  std::vector<BlobRef> live_map_blobs;  // all that `segments` name, each once
  std::vector<SegmentRef> segments;
  std::uint64_t added_records = 0;
  std::uint64_t added_record_bytes = 0;
  std::uint64_t added_stored_bytes = 0;  // segments and blobs; without the manifest itself
};

[[nodiscard]] Bytes EncodeManifest(const Manifest& manifest);
/// kDataLoss; checked as CheckManifest does.
[[nodiscard]] Result<Manifest> DecodeManifest(ByteView bytes);
/// kDataLoss: counts don't add up, ids stand twice, a live map is named that no blob holds.
[[nodiscard]] Status CheckManifest(const Manifest& manifest);

/// The worst result.
[[nodiscard]] EvidenceResult WorstOf(const std::vector<Evidence>& evidence);

}  // namespace tresor::repo
