// SPDX-License-Identifier: Apache-2.0
#include "api/bootstrap.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/base64.h"
#include "crypto/x509.h"
#include "objects/object.h"
#include "objects/yaml.h"

namespace tresor::api {
namespace {

using objects::Json;

// The authority outlives every installation; the server's certificate is new at each start.
constexpr std::chrono::years kAuthorityLife{20};
constexpr std::chrono::years kServerLife{5};
// For clients whose clocks are behind.
constexpr std::chrono::hours kClockTolerance{1};
constexpr std::uint64_t kFileLimit = std::uint64_t{1} << 20;

const User kAdmin{.name = kAdminName, .groups = {kAdminGroup}};

Result<std::string> ReadText(io::FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const Bytes bytes, io::ReadFile(fs, path, kFileLimit));
  return ToString(bytes);
}

Result<crypto::CertifiedKey> LoadOrMakeAuthority(io::FileSystem& fs, const Clock& clock,
                                                 const std::string& dir) {
  const std::string certificate_path = io::JoinPath(dir, "authority.pem");
  const std::string key_path = io::JoinPath(dir, "authority-key.pem");
  ASSIGN_OR_RETURN(const bool has_certificate, io::Exists(fs, certificate_path));
  ASSIGN_OR_RETURN(const bool has_key, io::Exists(fs, key_path));
  if (has_certificate) {
    if (!has_key) {
      return Error(Code::kDataLoss,
                   "{} is missing; restore it, or remove {} too to get a new authority", key_path,
                   certificate_path);
    }
    crypto::CertifiedKey authority;
    ASSIGN_OR_RETURN(authority.certificate_pem, ReadText(fs, certificate_path));
    ASSIGN_OR_RETURN(authority.key_pem, ReadText(fs, key_path));
    RETURN_IF_ERROR(
        Annotate(crypto::CheckCertificate(authority, authority.certificate_pem), certificate_path));
    return authority;
  }
  const WallTime now = clock.Now();
  ASSIGN_OR_RETURN(auto authority,
                   crypto::MakeAuthority("Tresor API", {.not_before = now - kClockTolerance,
                                                        .not_after = now + kAuthorityLife}));
  RETURN_IF_ERROR(io::CreateDirs(fs, dir));
  // The key first: a certificate that is there has its key.
  RETURN_IF_ERROR(io::WriteFileAtomically(fs, key_path, AsBytes(authority.key_pem)));
  RETURN_IF_ERROR(
      io::WriteFileAtomically(fs, certificate_path, AsBytes(authority.certificate_pem), 0644));
  return authority;
}

bool IsIpAddress(const std::string& name) {
  return name.find(':') != std::string::npos ||
         name.find_first_not_of("0123456789.") == std::string::npos;
}

// A password that can be read out and typed: five groups of five, without letters and digits that
// look alike. 32 of them to the power of 25 are 125 bits.
std::string MakePassword(Random& random) {
  constexpr std::string_view kLetters = "abcdefghjkmnpqrstuvwxyz23456789+";
  static_assert(kLetters.size() == 32);
  std::string password;
  for (int i = 0; i < 25; ++i) {
    if (i > 0 && i % 5 == 0) {
      password.push_back('-');
    }
    password.push_back(kLetters[random.Below(kLetters.size())]);
  }
  return password;
}

Json KubeconfigOf(const std::string& url, const std::string& authority_pem,
                  const std::string& token) {
  Json cluster = {{"server", url}};
  if (!authority_pem.empty()) {
    cluster["certificate-authority-data"] = ToBase64(AsBytes(authority_pem));
  }
  const auto named = [](const char* name, const char* what, Json value) {
    return Json::array({{{"name", name}, {what, std::move(value)}}});
  };
  return {{"apiVersion", "v1"},
          {"kind", "Config"},
          {"clusters", named("tresor", "cluster", std::move(cluster))},
          {"users", named(kAdminName, "user", {{"token", token}})},
          {"contexts", named("tresor", "context", {{"cluster", "tresor"}, {"user", kAdminName}})},
          {"current-context", "tresor"}};
}

// Empty: there is none.
std::string TokenIn(const Json& kubeconfig) {
  const Json::json_pointer path("/users/0/user/token");
  const bool is_there = kubeconfig.is_object() && kubeconfig.contains(path);
  return is_there && kubeconfig.at(path).is_string() ? kubeconfig.at(path).get<std::string>()
                                                     : std::string();
}

}  // namespace

Result<ServerTls> OwnTls(io::FileSystem& fs, const Clock& clock, const std::string& dir,
                         const std::vector<std::string>& names) {
  ASSIGN_OR_RETURN(const crypto::CertifiedKey authority, LoadOrMakeAuthority(fs, clock, dir));
  crypto::CertificateRequest request{.common_name = "tresor", .server = true};
  for (const std::string& name : names) {
    auto& list = IsIpAddress(name) ? request.ip_addresses : request.dns_names;
    if (std::find(list.begin(), list.end(), name) == list.end()) {
      list.push_back(name);
    }
  }
  const WallTime now = clock.Now();
  ASSIGN_OR_RETURN(auto certified, crypto::IssueCertificate(authority, request,
                                                            {.not_before = now - kClockTolerance,
                                                             .not_after = now + kServerLife}));
  return ServerTls{.identity = {.certificate_chain = std::move(certified.certificate_pem),
                                .private_key = std::move(certified.key_pem)},
                   .authority_pem = authority.certificate_pem};
}

Result<ServerTls> GivenTls(io::FileSystem& fs, const std::string& certificate_file,
                           const std::string& key_file) {
  ServerTls tls;
  ASSIGN_OR_RETURN(tls.identity.certificate_chain, ReadText(fs, certificate_file));
  ASSIGN_OR_RETURN(tls.identity.private_key, ReadText(fs, key_file));
  tls.authority_pem = tls.identity.certificate_chain;
  return tls;
}

Result<std::optional<std::string>> MakeAdmin(Credentials& credentials, Random& random) {
  if (!credentials.empty()) {
    return std::nullopt;
  }
  std::string password = MakePassword(random);
  RETURN_IF_ERROR(credentials.SetPassword(kAdmin, password));
  return password;
}

Status UpdateKubeconfig(io::FileSystem& fs, Credentials& credentials, const std::string& path,
                        const std::string& url, const std::string& authority_pem) {
  const auto present = ReadText(fs, path);
  if (!present.ok() && present.status().code() != Code::kNotFound) {
    return present.status();
  }
  std::string token;
  if (present.ok()) {
    if (const auto parsed = objects::ParseYaml(*present); parsed.ok()) {
      token = TokenIn(*parsed);
    }
  }
  const auto user = credentials.FindToken(token);
  if (!user || user->name != kAdminName) {
    ASSIGN_OR_RETURN(token, credentials.AddToken(kAdmin, "kubeconfig"));
  }
  const std::string text = objects::ToYaml(KubeconfigOf(url, authority_pem, token));
  if (present.ok() && *present == text) {
    return OkStatus();
  }
  return io::WriteFileAtomically(fs, path, AsBytes(text), 0600);
}

}  // namespace tresor::api
