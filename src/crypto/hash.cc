// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sodium.h>

#include "base/check.h"
#include "crypto/crypto.h"

namespace tresor::crypto {
namespace {

// Fetched once: a look-up by name costs more than hashing a small message. Kept to the end of the
// process, as other static objects may hash in their destructors.
const EVP_MD* Sha256Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  TRESOR_CHECK(algorithm != nullptr);
  return algorithm;
}

EVP_MAC* HmacAlgorithm() {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  TRESOR_CHECK(algorithm != nullptr);
  return algorithm;
}

struct MacContextDeleter {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

unsigned char* Raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* Raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

}  // namespace

struct Sha256::State {
  State() : context(EVP_MD_CTX_new()) { TRESOR_CHECK(context != nullptr); }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  EVP_MD_CTX* context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  TRESOR_CHECK(EVP_DigestInit_ex2(state_->context, Sha256Algorithm(), nullptr) == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Update(ByteView bytes) {
  TRESOR_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

Sha256Digest Sha256::Finish() {
  Sha256Digest digest;
  unsigned size = 0;
  TRESOR_CHECK(EVP_DigestFinal_ex(state_->context, Raw(digest.data()), &size) == 1);
  TRESOR_CHECK(size == digest.size());
  return digest;
}

Sha256Digest Sha256::Of(ByteView bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

std::array<std::byte, 20> Sha1(ByteView bytes) {
  std::array<std::byte, 20> digest;
  unsigned size = 0;
  TRESOR_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), Raw(digest.data()), &size, EVP_sha1(), nullptr) == 1);
  TRESOR_CHECK(size == digest.size());
  return digest;
}

Sha256Digest HmacSha256(const SecretKey& key, ByteView message) {
  const std::unique_ptr<EVP_MAC_CTX, MacContextDeleter> context(EVP_MAC_CTX_new(HmacAlgorithm()));
  TRESOR_CHECK(context != nullptr);
  char digest_name[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
      OSSL_PARAM_construct_end()};
  TRESOR_CHECK(
      EVP_MAC_init(context.get(), Raw(key.bytes().data()), key.bytes().size(), parameters) == 1);
  TRESOR_CHECK(EVP_MAC_update(context.get(), Raw(message.data()), message.size()) == 1);
  Sha256Digest digest;
  std::size_t size = 0;
  TRESOR_CHECK(EVP_MAC_final(context.get(), Raw(digest.data()), &size, digest.size()) == 1);
  TRESOR_CHECK(size == digest.size());
  return digest;
}

KeyedHash::KeyedHash(const SecretKey& key) {
  static_assert(crypto_shorthash_KEYBYTES == 16);
  std::transform(key.bytes().begin(), key.bytes().begin() + 16, key_.begin(),
                 [](std::byte byte) { return static_cast<unsigned char>(byte); });
}

std::uint64_t KeyedHash::operator()(ByteView bytes) const {
  std::array<std::byte, crypto_shorthash_BYTES> hash;
  crypto_shorthash(Raw(hash.data()), Raw(bytes.data()), bytes.size(), key_.data());
  return LoadU64(hash.data());
}

}  // namespace tresor::crypto
