// SPDX-License-Identifier: Apache-2.0
// A small store that has one of everything, and how to see that another cluster has the same.
#pragma once

#include <string>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "etcd/client.h"
#include "test/etcd_fixture.h"

namespace tresor::testing {

/// Values of every size, keys that are not text, several operations in one transaction, keys that
/// were deleted and came back, leases with and without keys, a compaction, and tombstones on either
/// side of it.
[[nodiscard]] Status FillRichStore(const Context& context, etcd::Client& client);

inline constexpr char kRootPassword[] = "open sesame";
inline constexpr char kGuestPassword[] = "guest: secret";
/// A user "guest" that may read what begins with "/registry/", with kGuestPassword; then
/// EnableAuth(kRootPassword).
[[nodiscard]] Status SecureStore(const Context& context, EtcdCluster& cluster,
                                 const std::string& line);

/// What the users of a store see, a line for each thing: the revision, HashKV and compaction of
/// every endpoint, all keys as they are and as they were, leases. Equal stores give equal lines.
[[nodiscard]] Result<std::vector<std::string>> DescribeStore(const Context& context,
                                                             etcd::Client& client);

/// Users and roles, and that guest can do what he may and nothing else. Needs client() to be root.
[[nodiscard]] Result<std::vector<std::string>> DescribeAuth(const Context& context,
                                                            EtcdCluster& cluster,
                                                            const std::string& line);

}  // namespace tresor::testing
