// SPDX-License-Identifier: Apache-2.0
#include "repo/format/envelope.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/hex.h"
#include "repo/format/compression.h"

namespace tresor::repo {
namespace {

constexpr std::size_t kVersionOffset = kMagicSize;
constexpr std::size_t kZeroOffset = kVersionOffset + 2;
constexpr std::size_t kSaltOffset = 16;
static_assert(kSaltOffset + kSaltSize == kHeaderSize);

enum class Codec : std::uint8_t {
  /// DO NOT CHANGE: these values are in the files.
  kPlain = 0,
  kZstd = 1,
};

constexpr Magic MakeMagic(std::uint64_t big_endian) {
  Magic magic{};
  for (std::size_t i = 0; i < magic.size(); ++i) {
    magic[i] = static_cast<std::byte>(big_endian >> (8 * (magic.size() - 1 - i)));
  }
  return magic;
}

struct KindInfo {
  std::string_view name;
  Magic magic;
};
// In the order of ObjectKind. envelope_test.cc derives the magics anew.
constexpr std::array<KindInfo, kObjectKinds.size()> kKinds = {{
    {"segment", MakeMagic(0x4c5b518dcd75f3ab)},
    {"blob", MakeMagic(0x0d50e4d3207378cb)},
    {"manifest", MakeMagic(0xb786b269b70ce8cb)},
    {"catalog", MakeMagic(0x9af2994b83940d51)},
    {"lock", MakeMagic(0x9cb167d867591068)},
    {"key", MakeMagic(0x804a8e8a67095823)},
    {"config", MakeMagic(0xe769ae306029592a)},
}};
constexpr Magic kSegmentEndMagic = MakeMagic(0xd4405031787ff525);

const KindInfo& InfoOf(ObjectKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

}  // namespace

std::string_view KindName(ObjectKind kind) { return InfoOf(kind).name; }

const Magic& MagicOf(ObjectKind kind) { return InfoOf(kind).magic; }

const Magic& SegmentEndMagic() { return kSegmentEndMagic; }

Status CheckMagicAndVersion(ObjectKind kind, ByteView bytes) {
  if (bytes.size() < kMagicSize + sizeof(kFormatVersion)) {
    return Error(Code::kDataLoss, "too short for a {}: {} bytes", KindName(kind), bytes.size());
  }
  const ByteView magic = bytes.first(kMagicSize);
  if (!Equal(magic, MagicOf(kind))) {
    return Error(Code::kDataLoss, "not a {}: its magic is {}", KindName(kind), ToHex(magic));
  }
  const std::uint16_t version = LoadU16(bytes.data() + kVersionOffset);
  if (version == 0) {
    return Error(Code::kDataLoss, "a {} of version 0", KindName(kind));
  }
  if (version != kFormatVersion) {
    return Error(Code::kUnimplemented, "a {} of format version {}; this program knows version {}",
                 KindName(kind), version, kFormatVersion);
  }
  return OkStatus();
}

Header EncodeHeader(ObjectKind kind, const Salt& salt) {
  Header header{};
  std::ranges::copy(MagicOf(kind), header.begin());
  StoreU16(header.data() + kVersionOffset, kFormatVersion);
  std::ranges::copy(salt, header.begin() + kSaltOffset);
  return header;
}

Result<Header> DecodeHeader(ObjectKind kind, ByteView object) {
  RETURN_IF_ERROR(CheckMagicAndVersion(kind, object));
  if (object.size() < kHeaderSize) {
    return Error(Code::kDataLoss, "too short for a {}: {} bytes", KindName(kind), object.size());
  }
  const ByteView zero = object.subspan(kZeroOffset, kSaltOffset - kZeroOffset);
  if (!std::ranges::all_of(zero, [](std::byte b) { return b == std::byte{0}; })) {
    return Error(Code::kDataLoss, "bytes {} to {} of the header are not zero", kZeroOffset,
                 kSaltOffset - 1);
  }
  Header header;
  std::ranges::copy(object.first(kHeaderSize), header.begin());
  return header;
}

Salt SaltOf(const Header& header) {
  Salt salt;
  std::ranges::copy(ByteView(header).subspan(kSaltOffset), salt.begin());
  return salt;
}

ObjectCipher::ObjectCipher(crypto::SecretKey object_key, const Header& header)
    : key_(std::move(object_key)), aead_(key_), header_(header) {}

void ObjectCipher::Seal(std::uint64_t part, ByteView plain, Bytes& out) {
  aead_.Seal(part, header_, plain, out);
}

Result<Bytes> ObjectCipher::Open(std::uint64_t part, ByteView sealed) {
  return aead_.Open(part, header_, sealed);
}

Status ObjectCipher::Open(std::uint64_t part, ByteView sealed, MutableByteView out) {
  return aead_.Open(part, header_, sealed, out);
}

Bytes SealOnePart(ObjectCipher& cipher, ByteView raw, int level) {
  TRESOR_CHECK(raw.size() <= kMaxRawSize);
  ByteWriter plain;
  plain.U8(static_cast<std::uint8_t>(Codec::kZstd));
  plain.Varint(raw.size());
  const std::size_t head = plain.size();
  Compressor(level).Compress(raw, plain.bytes());
  if (plain.size() - head >= raw.size()) {
    plain.Clear();
    plain.U8(static_cast<std::uint8_t>(Codec::kPlain));
    plain.Varint(raw.size());
    plain.Append(raw);
  }
  Bytes object = ToBytes(ByteView(cipher.header()));
  cipher.Seal(0, plain.view(), object);
  return object;
}

Result<Bytes> OpenOnePart(ObjectCipher& cipher, ByteView object) {
  if (object.size() < kHeaderSize || !Equal(object.first(kHeaderSize), cipher.header())) {
    return Error(Code::kDataLoss, "another header than the cipher's");
  }
  ASSIGN_OR_RETURN(const Bytes plain, cipher.Open(0, object.subspan(kHeaderSize)));
  ByteReader reader(plain);
  const std::uint8_t codec = reader.U8();
  const std::uint64_t raw_size = reader.Varint();
  const ByteView data = reader.View(reader.remaining());
  if (!reader.ok() || raw_size > kMaxRawSize) {
    return Error(Code::kDataLoss, "codec {}, raw size {}: out of bounds", codec, raw_size);
  }
  switch (static_cast<Codec>(codec)) {
    case Codec::kPlain:
      if (data.size() != raw_size) {
        return Error(Code::kDataLoss, "{} bytes instead of {}", data.size(), raw_size);
      }
      return ToBytes(data);
    case Codec::kZstd: {
      Bytes raw(raw_size);
      RETURN_IF_ERROR(Decompressor().Decompress(data, raw));
      return raw;
    }
  }
  return Error(Code::kUnimplemented, "codec {}", codec);
}

}  // namespace tresor::repo
