// SPDX-License-Identifier: Apache-2.0
// Everything that is made from a repository's master key. FORMAT.md 2 to 4.
#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/status.h"
#include "crypto/crypto.h"
#include "repo/format/envelope.h"
#include "repo/id.h"

namespace tresor::repo {

class RecordTagger;

/// The master key of one repository, and the keys derived from it.
/// Threads: const methods from any thread.
class KeyRing {
 public:
  KeyRing(crypto::SecretKey master, const Id& repository);

  [[nodiscard]] const Id& repository() const { return repository_; }
  [[nodiscard]] const crypto::SecretKey& master() const { return master_; }

  /// For an object about to be written, with a fresh salt.
  [[nodiscard]] ObjectCipher NewCipher(ObjectKind kind, std::string_view name,
                                       Random& random = SystemRandom()) const;
  /// For an object that is read: `object` is at least its first 32 bytes. kDataLoss,
  /// kUnimplemented, naming the object.
  [[nodiscard]] Result<ObjectCipher> CipherOf(ObjectKind kind, std::string_view name,
                                              ByteView object) const;

  /// A whole one-part object (blob, manifest, catalog, lock).
  [[nodiscard]] Bytes Seal(ObjectKind kind, std::string_view name, ByteView raw, int level,
                           Random& random = SystemRandom()) const;
  /// kDataLoss (also: of another repository, name or kind), kUnimplemented, naming the object.
  [[nodiscard]] Result<Bytes> Open(ObjectKind kind, std::string_view name, ByteView object) const;

  /// The id by which a blob of this content is named.
  [[nodiscard]] Id BlobId(ByteView content) const;

  /// The id that a key slot of these bytes has in this repository.
  [[nodiscard]] Id KeySlotId(ByteView slot) const;

  [[nodiscard]] std::unique_ptr<RecordTagger> MakeTagger() const;
  /// Of user keys. The upper 16 bits of a tag are the upper 16 of this.
  [[nodiscard]] const crypto::KeyedHash& user_key_hash() const { return user_key_hash_; }

 private:
  [[nodiscard]] crypto::SecretKey ObjectKey(ObjectKind kind, std::string_view name,
                                            const Salt& salt) const;

  crypto::SecretKey master_;
  Id repository_;
  crypto::SecretKey blob_name_key_;
  crypto::SecretKey record_key_;
  crypto::KeyedHash user_key_hash_;
};

/// The bits of a tag that come from the user key.
inline constexpr std::uint64_t kTagUserKeyMask = std::uint64_t{0xffff} << 48;

}  // namespace tresor::repo
