// SPDX-License-Identifier: Apache-2.0
#include "repo/format/key_slot.h"

#include "base/check.h"

namespace tresor::repo {
namespace {

constexpr std::size_t kFixedSize = kMagicSize + 2 + 1 + 1 + 4 + 4 + kSaltSize + 8;
static_assert(kFixedSize + 1 + kMaxLabelSize + kWrappedKeySize <= kMaxKeySlotSize);

// Checked before they are used: a damaged slot must not make us work for hours.
constexpr std::uint32_t kMaxPasses = 64;
constexpr std::uint32_t kMinMemoryKib = 8;
constexpr std::uint32_t kMaxMemoryKib = 1024 * 1024;

Bytes Associated(const Id& repository, ByteView head) {
  ByteWriter writer;
  writer.Append(repository.bytes);
  writer.Append(head);
  return writer.Take();
}

}  // namespace

Bytes EncodeKeySlotHead(const KeySlotHead& head) {
  TRESOR_CHECK(head.label.size() <= kMaxLabelSize);
  const bool passphrase = head.kind == KeySlotKind::kPassphrase;
  ByteWriter writer;
  writer.Append(ByteView(MagicOf(ObjectKind::kKey)));
  writer.U16(kFormatVersion);
  writer.U8(static_cast<std::uint8_t>(head.kind));
  writer.U8(0);
  writer.U32(passphrase ? head.argon2.passes : 0);
  writer.U32(passphrase ? head.argon2.memory_kib : 0);
  writer.Append(ByteView(head.salt));
  writer.U64(static_cast<std::uint64_t>(head.created_unix_nanos));
  writer.LengthPrefixed(head.label);
  return writer.Take();
}

Result<KeySlotHead> DecodeKeySlotHead(ByteView slot) {
  RETURN_IF_ERROR(CheckMagicAndVersion(ObjectKind::kKey, slot));
  ByteReader reader(slot);
  reader.Skip(kMagicSize + 2);
  const std::uint8_t kind = reader.U8();
  const std::uint8_t zero = reader.U8();
  KeySlotHead head;
  head.argon2.passes = reader.U32();
  head.argon2.memory_kib = reader.U32();
  const ByteView salt = reader.View(kSaltSize);
  head.created_unix_nanos = static_cast<std::int64_t>(reader.U64());
  const ByteView label = reader.LengthPrefixed();
  reader.Skip(kWrappedKeySize);
  if (!reader.done() || zero != 0 || label.size() > kMaxLabelSize) {
    return Error(Code::kDataLoss, "not a key slot: {} bytes that don't add up", slot.size());
  }
  std::copy(salt.begin(), salt.end(), head.salt.begin());
  head.label = ToString(label);
  switch (static_cast<KeySlotKind>(kind)) {
    case KeySlotKind::kPassphrase:
      head.kind = KeySlotKind::kPassphrase;
      if (head.argon2.passes < 1 || head.argon2.passes > kMaxPasses ||
          head.argon2.memory_kib < kMinMemoryKib || head.argon2.memory_kib > kMaxMemoryKib) {
        return Error(Code::kDataLoss, "Argon2 parameters out of bounds: {} passes, {} KiB",
                     head.argon2.passes, head.argon2.memory_kib);
      }
      return head;
    case KeySlotKind::kKeyFile:
      head.kind = KeySlotKind::kKeyFile;
      if (head.argon2.passes != 0 || head.argon2.memory_kib != 0) {
        return Error(Code::kDataLoss, "a key file's slot with Argon2 parameters");
      }
      return head;
  }
  return Error(Code::kUnimplemented, "a key slot of kind {}", kind);
}

Bytes WrapMasterKey(const KeySlotHead& head, const Id& repository,
                    const crypto::SecretKey& key_encryption_key, const crypto::SecretKey& master) {
  Bytes slot = EncodeKeySlotHead(head);
  const Bytes associated = Associated(repository, slot);
  crypto::Aead(key_encryption_key).Seal(0, associated, master.bytes(), slot);
  return slot;
}

Result<crypto::SecretKey> UnwrapMasterKey(ByteView slot, const Id& repository,
                                          const crypto::SecretKey& key_encryption_key) {
  RETURN_IF_ERROR(DecodeKeySlotHead(slot).status());
  const ByteView head = slot.first(slot.size() - kWrappedKeySize);
  const Bytes associated = Associated(repository, head);
  auto master = crypto::Aead(key_encryption_key).Open(0, associated, slot.subspan(head.size()));
  if (!master.ok()) {
    return Error(Code::kUnauthenticated, "does not open");
  }
  auto key = crypto::SecretKey::FromBytes(*master);
  crypto::Wipe(*master);
  return key;
}

}  // namespace tresor::repo
