// SPDX-License-Identifier: Apache-2.0
// Inside of runtime: what a member of etcd says of itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "etcd/client.h"

namespace tresor::runtime {

struct MemberAnswer {
  bool answered = false;
  bool healthy = false;  // answers a linearizable read
  std::optional<etcd::MemberStatus> status;
  std::string error;  // why not
};

/// `client` knows this member alone. Takes at most `context`'s time.
[[nodiscard]] MemberAnswer AskMember(const Context& context, etcd::Client& client);

}  // namespace tresor::runtime
