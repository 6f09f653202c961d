// SPDX-License-Identifier: Apache-2.0
// What the server needs before it can serve, made at its first start: an authority and certificate
// of its own, the administrator, and a kubeconfig.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/credentials.h"
#include "base/clock.h"
#include "base/status.h"
#include "io/file_system.h"
#include "net/http_server.h"

namespace tresor::api {

struct ServerTls {
  net::TlsIdentity identity;
  std::string authority_pem;  // what clients trust
};

/// The authority in `dir` (authority.pem, authority-key.pem), made if there is none, and a new
/// certificate by it for `names` (DNS names and IP addresses). kDataLoss: one of the two files is
/// missing, or they do not belong together.
[[nodiscard]] Result<ServerTls> OwnTls(io::FileSystem& fs, const Clock& clock,
                                       const std::string& dir,
                                       const std::vector<std::string>& names);
/// As given by the administrator. kNotFound and the like name the file.
[[nodiscard]] Result<ServerTls> GivenTls(io::FileSystem& fs, const std::string& certificate_file,
                                         const std::string& key_file);

/// Makes the account "admin" with a new password, when there is nobody yet; returns the password.
[[nodiscard]] Result<std::optional<std::string>> MakeAdmin(Credentials& credentials,
                                                           Random& random);

/// Writes a kubeconfig (0600) for `url`. The token of the one that is there is kept as long as it
/// is good; else a new one is made. Does not write what is already so.
[[nodiscard]] Status UpdateKubeconfig(io::FileSystem& fs, Credentials& credentials,
                                      const std::string& path, const std::string& url,
                                      const std::string& authority_pem);

inline constexpr char kAdminName[] = "admin";

}  // namespace tresor::api
