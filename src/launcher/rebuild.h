// SPDX-License-Identifier: Apache-2.0
// kRebuild: one member's data directory from a backup. Every member of a cluster does this by
// itself, from the same backup and with the same token, and so gets the same ids.
#pragma once

#include "backup/progress.h"
#include "base/context.h"
#include "base/random.h"
#include "base/status.h"
#include "io/file_system.h"
#include "runtime/member/layout.h"
#include "runtime/member/order.h"

namespace tresor::launcher {

/// Makes files.data(), which must not be there, and reads it back. The order has a restore. On
/// return it is durable. kNotFound: the repository, the backup or the key file. kUnauthenticated:
/// the key. kResourceExhausted: no room, also when that can be foreseen. kFailedPrecondition: the
/// database would be above etcd's quota. kDataLoss: the backup is damaged, or what was written.
[[nodiscard]] Result<runtime::RebuiltData> Rebuild(const Context& context, io::FileSystem& fs,
                                                   Random& random,
                                                   const runtime::MemberOrder& order,
                                                   const runtime::MemberFiles& files,
                                                   const backup::ProgressCallback& progress);

/// --initial-cluster-token of members that a restore made: they and those of before can't mistake
/// each other for fellows.
[[nodiscard]] std::string RestoredToken(const std::string& restore_id);

}  // namespace tresor::launcher
