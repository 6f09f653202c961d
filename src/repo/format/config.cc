// SPDX-License-Identifier: Apache-2.0
#include "repo/format/config.h"

#include "crypto/crypto.h"
#include "repo/format/envelope.h"

namespace tresor::repo {
namespace {

constexpr std::size_t kReserved = 6;
constexpr std::size_t kHashedSize = kMagicSize + 2 + kReserved + Id::kSize;
static_assert(kHashedSize + sizeof(crypto::Sha256Digest) == kConfigSize);

}  // namespace

Bytes EncodeConfig(const Config& config) {
  ByteWriter writer;
  writer.Append(ByteView(MagicOf(ObjectKind::kConfig)));
  writer.U16(kFormatVersion);
  writer.Zeros(kReserved);
  writer.Append(config.repository.bytes);
  writer.Append(ByteView(crypto::Sha256::Of(writer.view())));
  return writer.Take();
}

Result<Config> DecodeConfig(ByteView bytes) {
  RETURN_IF_ERROR(CheckMagicAndVersion(ObjectKind::kConfig, bytes));
  if (bytes.size() != kConfigSize) {
    return Error(Code::kDataLoss, "{} bytes instead of {}", bytes.size(), kConfigSize);
  }
  if (!Equal(bytes.subspan(kHashedSize), crypto::Sha256::Of(bytes.first(kHashedSize)))) {
    return Error(Code::kDataLoss, "its SHA-256 does not match");
  }
  ByteReader reader(bytes);
  reader.Skip(kMagicSize + 2);
  for (std::size_t i = 0; i < kReserved; ++i) {
    if (reader.U8() != 0) {
      return Error(Code::kDataLoss, "reserved bytes are not zero");
    }
  }
  return Config{.repository = IdOf(reader.View(Id::kSize))};
}

}  // namespace tresor::repo
