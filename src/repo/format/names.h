// SPDX-License-Identifier: Apache-2.0
// The names of a repository's objects. FORMAT.md 1. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "repo/format/envelope.h"
#include "repo/id.h"

namespace tresor::repo {

inline constexpr std::string_view kConfigName = "config";
inline constexpr std::string_view kKeysPrefix = "keys/";
inline constexpr std::string_view kSegmentsPrefix = "segments/";
inline constexpr std::string_view kBlobsPrefix = "blobs/";
inline constexpr std::string_view kManifestsPrefix = "manifests/";
inline constexpr std::string_view kCatalogPrefix = "catalog/";
inline constexpr std::string_view kLocksPrefix = "locks/";

[[nodiscard]] std::string KeyName(const Id& id);
[[nodiscard]] std::string SegmentName(const Id& id);
[[nodiscard]] std::string BlobName(const Id& id);
[[nodiscard]] std::string ManifestName(const Id& id);
[[nodiscard]] std::string CatalogName(std::uint64_t sequence);
[[nodiscard]] std::string LockName(std::uint64_t token, std::uint32_t beat);

/// What a name says. Which fields count depends on `kind`.
struct ParsedName {
  ObjectKind kind = ObjectKind::kConfig;
  Id id{};                     // key, segment, blob, manifest
  std::uint64_t sequence = 0;  // catalog; a lock's token
  std::uint32_t beat = 0;      // lock
};
/// None: not a name that the functions above make.
[[nodiscard]] std::optional<ParsedName> ParseName(std::string_view name);

}  // namespace tresor::repo
