// SPDX-License-Identifier: Apache-2.0
// Certificates: a small authority for mutual TLS between programs of one machine.
//
// X.509 v3 (RFC 5280), ECDSA with P-256 and SHA-256: what OpenSSL, Go and gRPC all take.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace tresor::crypto {

/// Both in PEM; the key is PKCS #8 without a passphrase.
struct CertifiedKey {
  std::string certificate_pem;
  std::string key_pem;
};

struct Validity {
  WallTime not_before;
  WallTime not_after;
};

/// What a certificate is for. At least one of `server` and `client`.
struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> dns_names = {};
  std::vector<std::string> ip_addresses = {};
  bool server = false;
  bool client = false;
};

/// A new key that signs others' certificates and nothing else. kInvalidArgument: an empty name, or
/// one of more than 64 bytes.
[[nodiscard]] Result<CertifiedKey> MakeAuthority(const std::string& common_name,
                                                 const Validity& validity);
/// A new key, signed by `authority`. kInvalidArgument: the request; kDataLoss: the authority's PEM
/// is none.
[[nodiscard]] Result<CertifiedKey> IssueCertificate(const CertifiedKey& authority,
                                                    const CertificateRequest& request,
                                                    const Validity& validity);

struct CertificateFacts {
  std::string common_name;
  Validity validity;
};
/// The first certificate in `pem`. kDataLoss: there is none.
[[nodiscard]] Result<CertificateFacts> ReadCertificate(std::string_view pem);
/// Whether `key_pem` belongs to `certificate_pem` and `authority_pem` signed that. Times are not
/// looked at. kDataLoss: it is not so, or not PEM.
[[nodiscard]] Status CheckCertificate(const CertifiedKey& certified,
                                      std::string_view authority_pem);

}  // namespace tresor::crypto
