// SPDX-License-Identifier: Apache-2.0
// Objects `keys/<id>`: the master key, wrapped by a passphrase or a key file. FORMAT.md 3. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/crypto.h"
#include "repo/format/envelope.h"
#include "repo/id.h"

namespace tresor::repo {

inline constexpr std::size_t kWrappedKeySize = crypto::SecretKey::kSize + crypto::Aead::kTagSize;
inline constexpr std::size_t kMaxLabelSize = 100;
/// Of an encoded slot.
inline constexpr std::size_t kMaxKeySlotSize = 256;

enum class KeySlotKind : std::uint8_t {
  /// DO NOT CHANGE: these values are in the files.
  kPassphrase = 1,
  kKeyFile = 2,
};

/// All but the wrapped key. A key file's slot has Argon2 parameters 0.
struct KeySlotHead {
  KeySlotKind kind = KeySlotKind::kPassphrase;
  crypto::Argon2Parameters argon2;
  Salt salt{};
  std::int64_t created_unix_nanos = 0;
  std::string label;  // UTF-8, at most kMaxLabelSize bytes
};

/// The bytes before the wrapped key.
[[nodiscard]] Bytes EncodeKeySlotHead(const KeySlotHead& head);
/// kDataLoss; kUnimplemented: a newer version or another kind. Argon2 parameters are within the
/// limits that FORMAT.md sets when this is OK.
[[nodiscard]] Result<KeySlotHead> DecodeKeySlotHead(ByteView slot);

/// The whole object: `master`, wrapped by `key_encryption_key` for repository `repository`.
[[nodiscard]] Bytes WrapMasterKey(const KeySlotHead& head, const Id& repository,
                                  const crypto::SecretKey& key_encryption_key,
                                  const crypto::SecretKey& master);
/// kUnauthenticated: another key, another repository, or a damaged slot; they can't be told apart.
/// kDataLoss: not a key slot.
[[nodiscard]] Result<crypto::SecretKey> UnwrapMasterKey(
    ByteView slot, const Id& repository, const crypto::SecretKey& key_encryption_key);

}  // namespace tresor::repo
