// SPDX-License-Identifier: Apache-2.0
// How commands get at an etcd: etcdctl's flags, certificates, the password.
#pragma once

#include <memory>
#include <vector>

#include "cli/command.h"
#include "cli/hint.h"
#include "cli/invocation.h"
#include "etcd/client.h"

namespace tresor::cli {

/// --endpoints --cacert --cert --key --server-name --user --password-file --dial-timeout
[[nodiscard]] std::vector<Flag> EtcdFlags();

/// Reaches nobody yet. kInvalidArgument: flags that do not go together, a password in --user.
[[nodiscard]] Result<std::unique_ptr<etcd::Client>> ConnectEtcd(Invocation& invocation);

/// For EtcdHint.
[[nodiscard]] EtcdHintInput ReadEtcdHintInput(const Arguments& arguments);

}  // namespace tresor::cli
