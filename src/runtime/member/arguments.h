// SPDX-License-Identifier: Apache-2.0
// How etcd is called. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "runtime/member/layout.h"
#include "runtime/member/order.h"

namespace tresor::runtime {

/// kInvalidArgument: not "--name" or "--name=value", or a flag that is Tresor's to set (names,
/// addresses, certificates, folders, logs, membership); says which.
[[nodiscard]] Status CheckExtraArgs(const std::vector<std::string>& arguments);

/// Program and arguments, for a member that is open to its clients or closed to all but Tresor.
[[nodiscard]] std::vector<std::string> EtcdArguments(const MemberOrder& order,
                                                     const MemberFiles& files, bool closed);

}  // namespace tresor::runtime
