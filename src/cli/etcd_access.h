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

/// Where an etcd is and who asks: --endpoints --cacert --cert --key --user --password-file
[[nodiscard]] std::vector<Flag> EtcdAccessFlags();
/// Those, and how a connection is made: --server-name --dial-timeout
[[nodiscard]] std::vector<Flag> EtcdFlags();

/// What the access flags say; reads the files that they name and asks for the password.
/// kInvalidArgument: flags that do not go together, a password in --user.
[[nodiscard]] Result<etcd::ClientOptions> ReadEtcdAccess(Invocation& invocation);

/// By all of the flags. Reaches nobody yet. Errors as ReadEtcdAccess.
[[nodiscard]] Result<std::unique_ptr<etcd::Client>> ConnectEtcd(Invocation& invocation);

/// For EtcdHint.
[[nodiscard]] EtcdHintInput ReadEtcdHintInput(const Arguments& arguments);

}  // namespace tresor::cli
