// SPDX-License-Identifier: Apache-2.0
#include "repo/format/names.h"

#include <charconv>

#include <fmt/format.h>

namespace tresor::repo {
namespace {

std::string Spread(std::string_view prefix, const Id& id) {
  const std::string hex = id.ToString();
  return fmt::format("{}{}/{}", prefix, std::string_view(hex).substr(0, 2), hex);
}

std::optional<std::uint64_t> ParseHex(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

// What stands after the last '/', as far as it can be read; ParseName compares the whole.
std::optional<ParsedName> Guess(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  const std::string_view last = slash == name.npos ? name : name.substr(slash + 1);
  if (name == kConfigName) {
    return ParsedName{.kind = ObjectKind::kConfig};
  }
  if (name.starts_with(kCatalogPrefix)) {
    const auto sequence = ParseHex(last);
    return sequence ? std::optional(ParsedName{.kind = ObjectKind::kCatalog, .sequence = *sequence})
                    : std::nullopt;
  }
  if (name.starts_with(kLocksPrefix)) {
    const auto token = ParseHex(last.substr(0, 16));
    const auto beat = last.size() == 25 ? ParseHex(last.substr(17)) : std::nullopt;
    if (!token || !beat) {
      return std::nullopt;
    }
    return ParsedName{
        .kind = ObjectKind::kLock, .sequence = *token, .beat = static_cast<std::uint32_t>(*beat)};
  }
  const auto id = ParseId(last);
  if (!id.ok()) {
    return std::nullopt;
  }
  if (name.starts_with(kKeysPrefix)) {
    return ParsedName{.kind = ObjectKind::kKey, .id = *id};
  }
  if (name.starts_with(kSegmentsPrefix)) {
    return ParsedName{.kind = ObjectKind::kSegment, .id = *id};
  }
  if (name.starts_with(kBlobsPrefix)) {
    return ParsedName{.kind = ObjectKind::kBlob, .id = *id};
  }
  if (name.starts_with(kManifestsPrefix)) {
    return ParsedName{.kind = ObjectKind::kManifest, .id = *id};
  }
  return std::nullopt;
}

std::string NameOf(const ParsedName& parsed) {
  switch (parsed.kind) {
    case ObjectKind::kSegment:
      return SegmentName(parsed.id);
    case ObjectKind::kBlob:
      return BlobName(parsed.id);
    case ObjectKind::kManifest:
      return ManifestName(parsed.id);
    case ObjectKind::kCatalog:
      return CatalogName(parsed.sequence);
    case ObjectKind::kLock:
      return LockName(parsed.sequence, parsed.beat);
    case ObjectKind::kKey:
      return KeyName(parsed.id);
    case ObjectKind::kConfig:
      break;
  }
  return std::string(kConfigName);
}

}  // namespace

std::string KeyName(const Id& id) { return std::string(kKeysPrefix) + id.ToString(); }
std::string SegmentName(const Id& id) { return Spread(kSegmentsPrefix, id); }
std::string BlobName(const Id& id) { return Spread(kBlobsPrefix, id); }
std::string ManifestName(const Id& id) { return std::string(kManifestsPrefix) + id.ToString(); }
std::string CatalogName(std::uint64_t sequence) {
  return fmt::format("{}{:016x}", kCatalogPrefix, sequence);
}
std::string LockName(std::uint64_t token, std::uint32_t beat) {
  return fmt::format("{}{:016x}-{:08x}", kLocksPrefix, token, beat);
}

std::optional<ParsedName> ParseName(std::string_view name) {
  const auto parsed = Guess(name);
  return parsed && NameOf(*parsed) == name ? parsed : std::nullopt;
}

}  // namespace tresor::repo
