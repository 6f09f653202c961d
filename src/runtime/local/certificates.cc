// SPDX-License-Identifier: Apache-2.0
#include "runtime/local/certificates.h"

#include "crypto/x509.h"

namespace tresor::runtime {
namespace {

using crypto::CertifiedKey;
using crypto::Validity;

constexpr std::uint64_t kMostPemBytes = 1 << 20;
/// For clocks that are set back a little.
constexpr std::chrono::hours kBefore{1};

Validity From(WallTime now, std::chrono::hours life) {
  return {.not_before = now - kBefore, .not_after = now + life};
}

/// The key comes first.
CertifiedKey Split(std::string text) {
  const std::size_t certificate = text.find("-----BEGIN CERTIFICATE");
  CertifiedKey split;
  if (certificate != std::string::npos) {
    split.certificate_pem = text.substr(certificate);
    text.resize(certificate);
  }
  split.key_pem = std::move(text);
  return split;
}

Result<CertifiedKey> ReadPem(io::FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const Bytes bytes, io::ReadFile(fs, path, kMostPemBytes));
  return Split(ToString(bytes));
}

Status WritePem(io::FileSystem& fs, const std::string& path, const CertifiedKey& pem) {
  return io::WriteFileAtomically(fs, path, AsBytes(pem.key_pem + pem.certificate_pem));
}

/// Good for more than a third of its time.
bool IsFresh(const CertifiedKey& pem, std::string_view authority_pem, WallTime now) {
  const auto facts = crypto::ReadCertificate(pem.certificate_pem);
  if (!facts.ok() || !crypto::CheckCertificate(pem, authority_pem).ok()) {
    return false;
  }
  const auto life = facts->validity.not_after - facts->validity.not_before;
  return now >= facts->validity.not_before && now < facts->validity.not_after - life / 3;
}

/// One that cannot be read any more is made anew: then everything that it signed is, too.
Result<CertifiedKey> EnsureAuthority(io::FileSystem& fs, const std::string& path,
                                     const std::string& name, WallTime now) {
  Result<CertifiedKey> authority = ReadPem(fs, path);
  if (!authority.ok() && authority.status().code() != Code::kNotFound) {
    return authority.status();
  }
  if (authority.ok() && crypto::CheckCertificate(*authority, authority->certificate_pem).ok()) {
    return authority;
  }
  ASSIGN_OR_RETURN(CertifiedKey made, crypto::MakeAuthority(name, From(now, kAuthorityLife)));
  RETURN_IF_ERROR(WritePem(fs, path, made));
  return made;
}

Status EnsureCertificate(io::FileSystem& fs, const std::string& path, const CertifiedKey& authority,
                         const crypto::CertificateRequest& request, WallTime now) {
  const Result<CertifiedKey> pem = ReadPem(fs, path);
  if (pem.ok() && IsFresh(*pem, authority.certificate_pem, now)) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const CertifiedKey made,
                   crypto::IssueCertificate(authority, request, From(now, kCertificateLife)));
  return WritePem(fs, path, made);
}

Status EnsureText(io::FileSystem& fs, const std::string& path, const std::string& text) {
  const Result<Bytes> present = io::ReadFile(fs, path, kMostPemBytes);
  if (present.ok() && AsText(*present) == text) {
    return OkStatus();
  }
  return io::WriteFileAtomically(fs, path, AsBytes(text));
}

}  // namespace

Status EnsureCertificates(io::FileSystem& fs, const TlsFiles& files, WallTime now) {
  RETURN_IF_ERROR(io::CreateDirs(fs, files.dir));
  ASSIGN_OR_RETURN(const CertifiedKey authority,
                   EnsureAuthority(fs, files.authority(), "tresor etcd authority", now));
  ASSIGN_OR_RETURN(
      const CertifiedKey tresor_authority,
      EnsureAuthority(fs, files.tresor_authority(), "tresor own access authority", now));
  RETURN_IF_ERROR(EnsureText(fs, files.authority_certificate(), authority.certificate_pem));
  RETURN_IF_ERROR(
      EnsureText(fs, files.tresor_authority_certificate(), tresor_authority.certificate_pem));
  RETURN_IF_ERROR(EnsureText(fs, files.client_authorities(),
                             authority.certificate_pem + tresor_authority.certificate_pem));
  // A member is its fellows' client and, through its gateway, its own.
  RETURN_IF_ERROR(EnsureCertificate(fs, files.server(), authority,
                                    {.common_name = "etcd",
                                     .dns_names = {"localhost"},
                                     .ip_addresses = {"127.0.0.1", "::1"},
                                     .server = true,
                                     .client = true},
                                    now));
  // Where authentication is on, etcd takes the common name for the user.
  RETURN_IF_ERROR(EnsureCertificate(fs, files.tresor(), tresor_authority,
                                    {.common_name = "root", .client = true}, now));
  return EnsureCertificate(fs, files.people(), authority, {.common_name = "root", .client = true},
                           now);
}

Result<etcd::TlsOptions> ReadClientTls(io::FileSystem& fs, const TlsFiles& files,
                                       const std::string& pem_path) {
  ASSIGN_OR_RETURN(const Bytes authority,
                   io::ReadFile(fs, files.authority_certificate(), kMostPemBytes));
  ASSIGN_OR_RETURN(CertifiedKey pem, ReadPem(fs, pem_path));
  return etcd::TlsOptions{.ca_pem = ToString(authority),
                          .certificate_pem = std::move(pem.certificate_pem),
                          .key_pem = std::move(pem.key_pem),
                          .server_name = {}};
}

}  // namespace tresor::runtime
