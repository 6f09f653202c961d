// SPDX-License-Identifier: Apache-2.0
// Where the files of a member lie: runtime/FORMAT.md. Pure.
#pragma once

#include <string>
#include <string_view>

#include "io/file_system.h"

namespace tresor::runtime {

/// Ids become names of folders, so they are checked before: 1 to 64 of [A-Za-z0-9._-], not starting
/// with '.'.
[[nodiscard]] Status CheckFileId(std::string_view what, std::string_view id);

/// TLS files of one cluster. *.pem: a private key and its certificate in one file, so that both are
/// replaced at once; *.crt: certificates alone.
struct TlsFiles {
  explicit TlsFiles(const std::string& cluster_dir) : dir(io::JoinPath(cluster_dir, "tls")) {}
  std::string dir;
  /// Signs servers, peers and people's client certificates.
  [[nodiscard]] std::string authority() const { return dir + "/ca.pem"; }
  [[nodiscard]] std::string authority_certificate() const { return dir + "/ca.crt"; }
  /// Signs nothing but Tresor's own client certificate.
  [[nodiscard]] std::string tresor_authority() const { return dir + "/tresor-ca.pem"; }
  [[nodiscard]] std::string tresor_authority_certificate() const { return dir + "/tresor-ca.crt"; }
  /// Both authorities: whom an open member lets in. A closed one asks for the second alone.
  [[nodiscard]] std::string client_authorities() const { return dir + "/clients.crt"; }
  [[nodiscard]] std::string server() const { return dir + "/server.pem"; }
  [[nodiscard]] std::string tresor() const { return dir + "/tresor.pem"; }
  [[nodiscard]] std::string people() const { return dir + "/client.pem"; }
};

/// One member's folder; it lies in its cluster's.
struct MemberFiles {
  explicit MemberFiles(std::string member_dir) : dir(std::move(member_dir)) {}
  std::string dir;
  [[nodiscard]] std::string order() const { return dir + "/order.json"; }
  [[nodiscard]] std::string status() const { return dir + "/status.json"; }
  [[nodiscard]] std::string journal() const { return dir + "/restore-journal.json"; }
  /// Held by the launcher, and by etcd.
  [[nodiscard]] std::string lock() const { return dir + "/lock"; }
  [[nodiscard]] std::string etcd_lock() const { return dir + "/etcd.lock"; }
  [[nodiscard]] std::string data() const { return dir + "/data"; }
  [[nodiscard]] std::string aside(std::string_view restore_id) const {
    return dir + "/aside-" + std::string(restore_id);
  }
  [[nodiscard]] std::string etcd_log() const { return dir + "/etcd.log"; }
  [[nodiscard]] std::string launcher_log() const { return dir + "/launcher.log"; }
  [[nodiscard]] TlsFiles tls() const { return TlsFiles(io::ParentPath(dir)); }
};

}  // namespace tresor::runtime
