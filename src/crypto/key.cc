// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <sodium.h>

#include "base/check.h"
#include "crypto/crypto.h"

namespace tresor::crypto {
namespace {

static_assert(crypto_pwhash_argon2id_SALTBYTES == 16);
constexpr std::uint32_t kMaxPasses = 64;
constexpr std::uint32_t kMinMemoryKib = 8;
constexpr std::uint32_t kMaxMemoryKib = 1024 * 1024;

}  // namespace

SecretKey SecretKey::Generate(Random& random) {
  SecretKey key;
  random.Fill(key.bytes_);
  return key;
}

Result<SecretKey> SecretKey::FromBytes(ByteView bytes) {
  if (bytes.size() != kSize) {
    return Error(Code::kInvalidArgument, "a key has {} bytes, not {}", kSize, bytes.size());
  }
  SecretKey key;
  std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
  return key;
}

SecretKey::~SecretKey() { Wipe(bytes_); }

SecretKey::SecretKey(SecretKey&& other) noexcept : bytes_(other.bytes_) { Wipe(other.bytes_); }

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
  if (this != &other) {
    bytes_ = other.bytes_;
    Wipe(other.bytes_);
  }
  return *this;
}

SecretKey SecretKey::Clone() const {
  SecretKey clone;
  clone.bytes_ = bytes_;
  return clone;
}

SecretKey SecretKey::Derive(ByteView info) const {
  // RFC 5869: PRK = HMAC(salt, key); the first 32 bytes of output are HMAC(PRK, info | 0x01). An
  // empty salt is one of zeros.
  const SecretKey salt;
  SecretKey extracted;
  extracted.bytes_ = HmacSha256(salt, bytes_);
  Bytes block = ToBytes(info);
  block.push_back(std::byte{1});
  SecretKey derived;
  derived.bytes_ = HmacSha256(extracted, block);
  return derived;
}

void Wipe(MutableByteView bytes) { sodium_memzero(bytes.data(), bytes.size()); }

Result<SecretKey> DeriveFromPassphrase(std::string_view passphrase, ByteView salt,
                                       const Argon2Parameters& parameters) {
  if (salt.size() != crypto_pwhash_argon2id_SALTBYTES) {
    return Error(Code::kInvalidArgument, "Argon2id: the salt has 16 bytes, not {}", salt.size());
  }
  if (parameters.passes < 1 || parameters.passes > kMaxPasses) {
    return Error(Code::kInvalidArgument, "Argon2id: {} passes; 1 to {} are allowed",
                 parameters.passes, kMaxPasses);
  }
  if (parameters.memory_kib < kMinMemoryKib || parameters.memory_kib > kMaxMemoryKib) {
    return Error(Code::kInvalidArgument, "Argon2id: {} KiB of memory; {} to {} are allowed",
                 parameters.memory_kib, kMinMemoryKib, kMaxMemoryKib);
  }
  // Chooses the fastest implementation; may be called again, from any thread.
  TRESOR_CHECK(sodium_init() >= 0);
  std::array<std::byte, SecretKey::kSize> derived;
  const int failed = crypto_pwhash_argon2id(
      reinterpret_cast<unsigned char*>(derived.data()), derived.size(), passphrase.data(),
      passphrase.size(), reinterpret_cast<const unsigned char*>(salt.data()), parameters.passes,
      std::size_t{parameters.memory_kib} * 1024, crypto_pwhash_argon2id_ALG_ARGON2ID13);
  if (failed != 0) {
    return Error(Code::kResourceExhausted, "Argon2id: {} KiB of memory could not be had",
                 parameters.memory_kib);
  }
  Result<SecretKey> key = SecretKey::FromBytes(derived);
  Wipe(derived);
  return key;
}

}  // namespace tresor::crypto
