// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/check.h"
#include "crypto/crypto.h"

namespace tresor::crypto {
namespace {

constexpr std::size_t kNonceSize = 12;
using Nonce = std::array<std::byte, kNonceSize>;
enum class Direction : int { kOpen = 0, kSeal = 1 };

// EVP counts in int.
constexpr std::size_t kMaxUpdate = std::size_t{1} << 30;

unsigned char* Raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* Raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

// Fetched once and kept to the end of the process, as in hash.cc.
const EVP_CIPHER* Aes256Gcm() {
  static const EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  TRESOR_CHECK(algorithm != nullptr);
  return algorithm;
}

// AES-256-GCM whose key is expanded once; a message only sets the nonce.
class Gcm {
 public:
  explicit Gcm(const SecretKey& key) : context_(EVP_CIPHER_CTX_new()) {
    TRESOR_CHECK(context_ != nullptr);
    TRESOR_CHECK(EVP_CipherInit_ex2(context_, Aes256Gcm(), Raw(key.bytes().data()), nullptr,
                                    static_cast<int>(Direction::kSeal), nullptr) == 1);
  }
  ~Gcm() { EVP_CIPHER_CTX_free(context_); }  // wipes the key too
  Gcm(const Gcm&) = delete;
  Gcm& operator=(const Gcm&) = delete;

  void Start(Direction direction, const Nonce& nonce, ByteView associated) {
    TRESOR_CHECK(EVP_CipherInit_ex2(context_, nullptr, nullptr, Raw(nonce.data()),
                                    static_cast<int>(direction), nullptr) == 1);
    Update(associated, nullptr);
  }

  // `out` has in.size() bytes; null for associated data. Nothing is passed on of an empty `in`: its
  // null pointers would have meanings of their own.
  void Update(ByteView in, std::byte* out) {
    while (!in.empty()) {
      const std::size_t size = std::min(in.size(), kMaxUpdate);
      int written = 0;
      TRESOR_CHECK(EVP_CipherUpdate(context_, out == nullptr ? nullptr : Raw(out), &written,
                                    Raw(in.data()), static_cast<int>(size)) == 1);
      TRESOR_CHECK(written == static_cast<int>(size));
      in = in.subspan(size);
      if (out != nullptr) {
        out += size;
      }
    }
  }

  void FinishSeal(std::span<std::byte, Aead::kTagSize> tag) {
    int written = 0;
    unsigned char none = 0;
    TRESOR_CHECK(EVP_CipherFinal_ex(context_, &none, &written) == 1);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag.data(), tag.size()),
        OSSL_PARAM_construct_end()};
    TRESOR_CHECK(EVP_CIPHER_CTX_get_params(context_, parameters) == 1);
  }

  // Whether `tag` is the right one.
  [[nodiscard]] bool FinishOpen(std::span<const std::byte, Aead::kTagSize> tag) {
    std::array<std::byte, Aead::kTagSize> copy;  // the interface takes no const bytes
    std::copy(tag.begin(), tag.end(), copy.begin());
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, copy.data(), copy.size()),
        OSSL_PARAM_construct_end()};
    TRESOR_CHECK(EVP_CIPHER_CTX_set_params(context_, parameters) == 1);
    int written = 0;
    unsigned char none = 0;
    return EVP_CipherFinal_ex(context_, &none, &written) == 1;
  }

 private:
  EVP_CIPHER_CTX* context_;
};

Nonce CounterNonce(std::uint64_t counter) {
  Nonce nonce{};
  StoreU64(nonce.data() + 4, counter);
  return nonce;
}

}  // namespace

struct Aead::State {
  explicit State(const SecretKey& key) : gcm(key) {}
  Gcm gcm;
};

Aead::Aead(const SecretKey& key) : state_(std::make_unique<State>(key)) {}
Aead::~Aead() = default;
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;

void Aead::Seal(std::uint64_t counter, ByteView associated, ByteView plaintext, Bytes& out) {
  const std::size_t start = out.size();
  out.resize(start + plaintext.size() + kTagSize);
  SealTo(counter, associated, plaintext, MutableByteView(out).subspan(start));
}

void Aead::SealTo(std::uint64_t counter, ByteView associated, ByteView plaintext,
                  MutableByteView out) {
  TRESOR_CHECK(out.size() == plaintext.size() + kTagSize);
  state_->gcm.Start(Direction::kSeal, CounterNonce(counter), associated);
  state_->gcm.Update(plaintext, out.data());
  state_->gcm.FinishSeal(out.last<kTagSize>());
}

Status Aead::Open(std::uint64_t counter, ByteView associated, ByteView sealed,
                  MutableByteView out) {
  if (sealed.size() < kTagSize) {
    Wipe(out);
    return Error(Code::kDataLoss, "sealed data: {} bytes, shorter than its tag", sealed.size());
  }
  TRESOR_CHECK(out.size() == sealed.size() - kTagSize);
  state_->gcm.Start(Direction::kOpen, CounterNonce(counter), associated);
  state_->gcm.Update(sealed.first(out.size()), out.data());
  if (!state_->gcm.FinishOpen(sealed.last<kTagSize>())) {
    Wipe(out);
    return Error(Code::kDataLoss, "sealed data: its tag does not fit: other bytes or another key");
  }
  return OkStatus();
}

Result<Bytes> Aead::Open(std::uint64_t counter, ByteView associated, ByteView sealed) {
  Bytes plaintext(sealed.size() < kTagSize ? 0 : sealed.size() - kTagSize);
  RETURN_IF_ERROR(Open(counter, associated, sealed, plaintext));
  return plaintext;
}

struct Fingerprinter::State {
  explicit State(const SecretKey& key) : gcm(key) {}
  Gcm gcm;
};

Fingerprinter::Fingerprinter(const SecretKey& key) : state_(std::make_unique<State>(key)) {}
Fingerprinter::~Fingerprinter() = default;
Fingerprinter::Fingerprinter(Fingerprinter&&) noexcept = default;

std::uint64_t Fingerprinter::operator()(std::uint64_t nonce_high, std::uint32_t nonce_low,
                                        ByteView message) {
  Nonce nonce;
  StoreU64(nonce.data(), nonce_high);
  StoreU32(nonce.data() + 8, nonce_low);
  // GMAC is GCM of associated data and nothing else.
  state_->gcm.Start(Direction::kSeal, nonce, message);
  std::array<std::byte, Aead::kTagSize> tag;
  state_->gcm.FinishSeal(tag);
  return LoadU64(tag.data());
}

}  // namespace tresor::crypto
