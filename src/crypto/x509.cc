// SPDX-License-Identifier: Apache-2.0
#include "crypto/x509.h"

#include <ctime>
#include <memory>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace tresor::crypto {
namespace {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Stream = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;

constexpr int kSerialBits = 159;  // RFC 5280 4.1.2.2: at most 20 bytes, positive
constexpr std::size_t kMostNameBytes = 64;

/// Only want of memory, or our own mistake.
Status Failed(std::string_view what) { return Error(Code::kInternal, "certificate: {}", what); }

Result<std::string> Text(BIO* stream) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(stream, &data);
  if (size <= 0) {
    return Failed("nothing written");
  }
  return std::string(data, static_cast<std::size_t>(size));
}

Result<CertifiedKey> ToPem(X509* certificate, EVP_PKEY* key) {
  const Stream certificate_stream(BIO_new(BIO_s_mem()));
  const Stream key_stream(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(certificate_stream.get(), certificate) != 1 ||
      PEM_write_bio_PrivateKey(key_stream.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Failed("cannot be written as PEM");
  }
  CertifiedKey result;
  ASSIGN_OR_RETURN(result.certificate_pem, Text(certificate_stream.get()));
  ASSIGN_OR_RETURN(result.key_pem, Text(key_stream.get()));
  return result;
}

Result<Certificate> ParseCertificate(std::string_view pem) {
  const Stream stream(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Certificate certificate(PEM_read_bio_X509(stream.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    return Error(Code::kDataLoss, "not a certificate in PEM form");
  }
  return certificate;
}

/// A key with a passphrase is no key for us; nobody is asked for one.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return 0; }

Result<Key> ParseKey(std::string_view pem) {
  const Stream stream(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PrivateKey(stream.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) {
    return Error(Code::kDataLoss, "not a private key in PEM form");
  }
  return key;
}

Status Extend(X509* certificate, X509* issuer, int which, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str()));
  if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return Error(Code::kInvalidArgument, "certificate: extension '{}' is refused", value);
  }
  return OkStatus();
}

Status SetTime(ASN1_TIME* field, WallTime time) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  return ASN1_TIME_set(field, static_cast<std::time_t>(seconds)) == nullptr ? Failed("time")
                                                                            : OkStatus();
}

WallTime FromTime(const ASN1_TIME* field) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(field, &parts) != 1) {
    return WallTime{};
  }
  return WallTime{std::chrono::seconds(::timegm(&parts))};
}

/// All but extensions and signature.
Result<Certificate> Begin(const std::string& common_name, const Validity& validity, EVP_PKEY* key) {
  if (common_name.empty() || common_name.size() > kMostNameBytes) {
    return Error(Code::kInvalidArgument, "certificate: a name of 1 to {} bytes is needed, not '{}'",
                 kMostNameBytes, common_name);
  }
  Certificate certificate(X509_new());
  const Number serial(BN_new());
  if (certificate == nullptr || serial == nullptr ||
      BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get())) == nullptr ||
      X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      X509_set_pubkey(certificate.get(), key) != 1 ||
      X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) != 1) {
    return Failed("cannot be made");
  }
  RETURN_IF_ERROR(SetTime(X509_getm_notBefore(certificate.get()), validity.not_before));
  RETURN_IF_ERROR(SetTime(X509_getm_notAfter(certificate.get()), validity.not_after));
  return certificate;
}

/// Names go into a comma list of OpenSSL's, so they must not hold what has a meaning there.
Status CheckName(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:*";
  if (name.empty() || name.find_first_not_of(kAllowed) != std::string_view::npos) {
    return Error(Code::kInvalidArgument, "certificate: '{}' is no host name or address", name);
  }
  return OkStatus();
}

Result<std::string> AlternativeNames(const CertificateRequest& request) {
  std::string names;
  for (const std::string& name : request.dns_names) {
    RETURN_IF_ERROR(CheckName(name));
    names += (names.empty() ? "DNS:" : ",DNS:") + name;
  }
  for (const std::string& address : request.ip_addresses) {
    RETURN_IF_ERROR(CheckName(address));
    names += (names.empty() ? "IP:" : ",IP:") + address;
  }
  return names;
}

Status Sign(X509* certificate, EVP_PKEY* key) {
  return X509_sign(certificate, key, EVP_sha256()) > 0 ? OkStatus() : Failed("cannot be signed");
}

}  // namespace

Result<CertifiedKey> MakeAuthority(const std::string& common_name, const Validity& validity) {
  const Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) {
    return Failed("no key");
  }
  ASSIGN_OR_RETURN(const Certificate certificate, Begin(common_name, validity, key.get()));
  X509* const self = certificate.get();
  if (X509_set_issuer_name(self, X509_get_subject_name(self)) != 1) {
    return Failed("issuer");
  }
  RETURN_IF_ERROR(Extend(self, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  RETURN_IF_ERROR(Extend(self, self, NID_key_usage, "critical,keyCertSign,cRLSign"));
  RETURN_IF_ERROR(Extend(self, self, NID_subject_key_identifier, "hash"));
  RETURN_IF_ERROR(Sign(self, key.get()));
  return ToPem(self, key.get());
}

Result<CertifiedKey> IssueCertificate(const CertifiedKey& authority,
                                      const CertificateRequest& request, const Validity& validity) {
  if (!request.server && !request.client) {
    return Error(Code::kInvalidArgument, "certificate: neither for a server nor for a client");
  }
  ASSIGN_OR_RETURN(const Certificate issuer, ParseCertificate(authority.certificate_pem));
  ASSIGN_OR_RETURN(const Key issuer_key, ParseKey(authority.key_pem));
  ASSIGN_OR_RETURN(const std::string names, AlternativeNames(request));
  const Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) {
    return Failed("no key");
  }
  ASSIGN_OR_RETURN(const Certificate certificate, Begin(request.common_name, validity, key.get()));
  X509* const self = certificate.get();
  if (X509_set_issuer_name(self, X509_get_subject_name(issuer.get())) != 1) {
    return Failed("issuer");
  }
  RETURN_IF_ERROR(Extend(self, issuer.get(), NID_basic_constraints, "critical,CA:FALSE"));
  RETURN_IF_ERROR(Extend(self, issuer.get(), NID_key_usage, "critical,digitalSignature"));
  RETURN_IF_ERROR(Extend(self, issuer.get(), NID_ext_key_usage,
                         !request.client   ? "serverAuth"
                         : !request.server ? "clientAuth"
                                           : "serverAuth,clientAuth"));
  RETURN_IF_ERROR(Extend(self, issuer.get(), NID_subject_key_identifier, "hash"));
  RETURN_IF_ERROR(Extend(self, issuer.get(), NID_authority_key_identifier, "keyid:always"));
  if (!names.empty()) {
    RETURN_IF_ERROR(Extend(self, issuer.get(), NID_subject_alt_name, names));
  }
  RETURN_IF_ERROR(Sign(self, issuer_key.get()));
  return ToPem(self, key.get());
}

Result<CertificateFacts> ReadCertificate(std::string_view pem) {
  ASSIGN_OR_RETURN(const Certificate certificate, ParseCertificate(pem));
  char name[kMostNameBytes + 1] = {};
  (void)X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name,
                                  sizeof(name));
  return CertificateFacts{
      .common_name = name,
      .validity = {.not_before = FromTime(X509_get0_notBefore(certificate.get())),
                   .not_after = FromTime(X509_get0_notAfter(certificate.get()))}};
}

Status CheckCertificate(const CertifiedKey& certified, std::string_view authority_pem) {
  ASSIGN_OR_RETURN(const Certificate certificate, ParseCertificate(certified.certificate_pem));
  ASSIGN_OR_RETURN(const Key key, ParseKey(certified.key_pem));
  ASSIGN_OR_RETURN(const Certificate authority, ParseCertificate(authority_pem));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Error(Code::kDataLoss, "the key is not the certificate's");
  }
  if (X509_verify(certificate.get(), X509_get0_pubkey(authority.get())) != 1) {
    return Error(Code::kDataLoss, "the certificate is not signed by the authority");
  }
  return OkStatus();
}

}  // namespace tresor::crypto
