// SPDX-License-Identifier: Apache-2.0
// What a person can do about an error: one line, or none. Pure.
#pragma once

#include <string>

#include "base/status.h"

namespace tresor::cli {

/// For an error that nothing more is known about.
[[nodiscard]] std::string GeneralHint(Code code);
/// Opening or using the repository in folder `dir` failed.
[[nodiscard]] std::string RepositoryHint(const Status& status, const std::string& dir);

struct EtcdHintInput {
  bool tls = false;                 // an https endpoint, a CA or a certificate was given
  bool client_certificate = false;  // --cert was given
  bool user = false;                // --user was given
};
/// Talking to etcd failed. etcd answers in texts where its codes do not tell (etcd 3.4 and 3.5 say
/// Unknown for what is an authentication error: etcdserver/api/v3rpc/util.go), so this looks at
/// both.
[[nodiscard]] std::string EtcdHint(const Status& status, const EtcdHintInput& input);
/// Writing member directories or a file failed.
[[nodiscard]] std::string TargetHint(const Status& status);

}  // namespace tresor::cli
