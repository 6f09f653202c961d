// SPDX-License-Identifier: Apache-2.0
// The certificates of one cluster: two authorities, and what they sign. Files: member/layout.h.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "etcd/client.h"
#include "io/file_system.h"
#include "runtime/member/layout.h"

namespace tresor::runtime {

/// How long authorities and certificates are good for. A certificate is renewed when a third of its
/// time is left; etcd reads the file again at each connection.
inline constexpr std::chrono::hours kAuthorityLife{24 * 3650};
inline constexpr std::chrono::hours kCertificateLife{24 * 365};

/// Makes what is missing, damaged or due. Each file is replaced at once.
[[nodiscard]] Status EnsureCertificates(io::FileSystem& fs, const TlsFiles& files, WallTime now);

/// A client's side: `pem_path` is tresor() or people().
[[nodiscard]] Result<etcd::TlsOptions> ReadClientTls(io::FileSystem& fs, const TlsFiles& files,
                                                     const std::string& pem_path);

}  // namespace tresor::runtime
