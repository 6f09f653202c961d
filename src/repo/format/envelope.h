// SPDX-License-Identifier: Apache-2.0
// What every object of a repository begins with, and how its parts are sealed. FORMAT.md 1 to 3.
// Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/crypto.h"

namespace tresor::repo {

inline constexpr std::uint16_t kFormatVersion = 1;
inline constexpr std::size_t kMagicSize = 8;
inline constexpr std::size_t kHeaderSize = 32;
inline constexpr std::size_t kSaltSize = 16;
/// Of one-part objects, before compression.
inline constexpr std::uint64_t kMaxRawSize = std::uint64_t{64} << 20;
/// And after it: what a reader need never go beyond. (zstd's bound for what does not compress.)
inline constexpr std::uint64_t kMaxSealedSize = kMaxRawSize + (kMaxRawSize >> 8) + 1024;

using Magic = std::array<std::byte, kMagicSize>;
using Salt = std::array<std::byte, kSaltSize>;
using Header = std::array<std::byte, kHeaderSize>;

/// The kinds of object; not all of them are sealed as section 2 says.
enum class ObjectKind : std::uint8_t {
  kSegment,
  kBlob,
  kManifest,
  kCatalog,
  kLock,
  kKey,
  kConfig,
};
inline constexpr std::array kObjectKinds = {
    ObjectKind::kSegment, ObjectKind::kBlob, ObjectKind::kManifest, ObjectKind::kCatalog,
    ObjectKind::kLock,    ObjectKind::kKey,  ObjectKind::kConfig};

/// The word that the kind's magic and keys are made of: "segment", "blob" …
[[nodiscard]] std::string_view KindName(ObjectKind kind);
/// The first 8 bytes of SHA-256("tresor <kind> v1").
[[nodiscard]] const Magic& MagicOf(ObjectKind kind);
/// Of kind "segment end": the trailer's.
[[nodiscard]] const Magic& SegmentEndMagic();

/// Says what `bytes` begin with: kDataLoss for another magic, kUnimplemented for a newer version,
/// naming `kind`.
[[nodiscard]] Status CheckMagicAndVersion(ObjectKind kind, ByteView bytes);

[[nodiscard]] Header EncodeHeader(ObjectKind kind, const Salt& salt);
/// Of an object's first bytes. kDataLoss, kUnimplemented.
[[nodiscard]] Result<Header> DecodeHeader(ObjectKind kind, ByteView object);
[[nodiscard]] Salt SaltOf(const Header& header);

/// Seals and opens the parts of one object: the object's key, and the header as associated data.
///
/// A part number must be sealed only once. Threads: one; Clone for others.
class ObjectCipher {
 public:
  ObjectCipher(crypto::SecretKey object_key, const Header& header);
  [[nodiscard]] ObjectCipher Clone() const { return {key_.Clone(), header_}; }

  [[nodiscard]] const Header& header() const { return header_; }
  /// Appends the sealed part, plain.size() + 16 bytes, to `out`.
  void Seal(std::uint64_t part, ByteView plain, Bytes& out);
  /// kDataLoss: not this part of this object.
  [[nodiscard]] Result<Bytes> Open(std::uint64_t part, ByteView sealed);
  /// Into `out`, which is exactly sealed.size() - 16 bytes long.
  [[nodiscard]] Status Open(std::uint64_t part, ByteView sealed, MutableByteView out);

 private:
  crypto::SecretKey key_;
  crypto::Aead aead_;
  Header header_;
};

/// A whole one-part object: header and part 0, compressed at `level` where that helps.
/// `raw` is at most kMaxRawSize.
[[nodiscard]] Bytes SealOnePart(ObjectCipher& cipher, ByteView raw, int level);
/// kDataLoss: not what was sealed. `object` begins with the cipher's header.
[[nodiscard]] Result<Bytes> OpenOnePart(ObjectCipher& cipher, ByteView object);

}  // namespace tresor::repo
