// SPDX-License-Identifier: Apache-2.0
// Hashes, authenticated encryption and key derivation: the only library that knows OpenSSL and
// libsodium.
//
// AES-256-GCM: NIST SP 800-38D. HKDF: RFC 5869. Argon2id: RFC 9106. SipHash-2-4:
// https://cr.yp.to/siphash/
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/status.h"

namespace tresor::crypto {

using Sha256Digest = std::array<std::byte, 32>;

/// Incremental SHA-256. One thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void Update(ByteView bytes);
  /// The digest of all so far; the object is spent.
  [[nodiscard]] Sha256Digest Finish();

  [[nodiscard]] static Sha256Digest Of(ByteView bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-1: only for etcd's member and cluster ids.
[[nodiscard]] std::array<std::byte, 20> Sha1(ByteView bytes);

/// 32 secret bytes, wiped when destroyed, never copied by accident.
class SecretKey {
 public:
  static constexpr std::size_t kSize = 32;
  [[nodiscard]] static SecretKey Generate(Random& random);
  /// kInvalidArgument: not 32 bytes.
  [[nodiscard]] static Result<SecretKey> FromBytes(ByteView bytes);
  ~SecretKey();
  SecretKey(SecretKey&&) noexcept;
  SecretKey& operator=(SecretKey&&) noexcept;
  [[nodiscard]] SecretKey Clone() const;
  [[nodiscard]] ByteView bytes() const { return bytes_; }

  /// HKDF-SHA-256 (extract with an empty salt, expand with `info`): an independent key for each
  /// use.
  [[nodiscard]] SecretKey Derive(ByteView info) const;

 private:
  SecretKey() = default;
  std::array<std::byte, kSize> bytes_{};
};

/// Overwrites `bytes` with zeros in a way that the compiler keeps.
void Wipe(MutableByteView bytes);

[[nodiscard]] Sha256Digest HmacSha256(const SecretKey& key, ByteView message);

/// AES-256-GCM. The nonce is four zero bytes and the caller's counter, little-endian: a (key,
/// counter) pair must seal only once, so every object has a key of its own.
///
/// Threads: one. Make one per thread.
class Aead {
 public:
  static constexpr std::size_t kTagSize = 16;

  explicit Aead(const SecretKey& key);
  ~Aead();
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;

  /// Appends ciphertext and tag (plaintext.size() + 16 bytes) to `out`.
  void Seal(std::uint64_t counter, ByteView associated, ByteView plaintext, Bytes& out);
  /// As Seal, into `out`, which is exactly plaintext.size() + 16 bytes long.
  void SealTo(std::uint64_t counter, ByteView associated, ByteView plaintext, MutableByteView out);
  /// Writes the plaintext to `out`, which is exactly sealed.size() - 16 bytes long.
  /// kDataLoss: too short, or not what was sealed with this key, counter and associated data; `out`
  /// is zero then.
  [[nodiscard]] Status Open(std::uint64_t counter, ByteView associated, ByteView sealed,
                            MutableByteView out);
  [[nodiscard]] Result<Bytes> Open(std::uint64_t counter, ByteView associated, ByteView sealed);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A 64-bit fingerprint under a secret key: GMAC of AES-256, its first 8 bytes as a little-endian
/// number; the nonce is `nonce_high`, then `nonce_low`, little-endian. For messages that were
/// chosen without knowing key or tags, two different ones of the same nonce have the same tag with
/// a chance below size/2^64. Not a signature: tags must stay secret (they are stored encrypted).
///
/// Threads: one.
class Fingerprinter {
 public:
  explicit Fingerprinter(const SecretKey& key);
  ~Fingerprinter();
  Fingerprinter(Fingerprinter&&) noexcept;
  [[nodiscard]] std::uint64_t operator()(std::uint64_t nonce_high, std::uint32_t nonce_low,
                                         ByteView message);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SipHash-2-4 with a secret key: for hash tables and filters that hostile keys must not fill.
/// Threads: any.
class KeyedHash {
 public:
  explicit KeyedHash(const SecretKey& key);  // uses its first 16 bytes
  [[nodiscard]] std::uint64_t operator()(ByteView bytes) const;

 private:
  std::array<unsigned char, 16> key_;
};

struct Argon2Parameters {
  std::uint32_t passes = 2;  // with the memory: libsodium's "interactive" strength, some 60 ms
  std::uint32_t memory_kib = 64 * 1024;
};
/// Argon2id, one lane. kInvalidArgument: salt not 16 bytes, passes < 1 or > 64, memory < 8 KiB or >
/// 1 GiB. kResourceExhausted: the memory could not be had.
[[nodiscard]] Result<SecretKey> DeriveFromPassphrase(std::string_view passphrase, ByteView salt,
                                                     const Argon2Parameters& parameters);

}  // namespace tresor::crypto
