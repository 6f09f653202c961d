// SPDX-License-Identifier: Apache-2.0
// Clusters made by our restore, and what a server leaves when it ends.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backup/restore.h"
#include "backup/source.h"
#include "base/context.h"
#include "base/status.h"
#include "test/etcd_fixture.h"

namespace tresor::testing {

struct RestoredCluster {
  std::unique_ptr<EtcdCluster> etcd;
  backup::RestoreResult result;
};

/// Plans a cluster and writes its members' data directories, all from one Restore. Not started yet.
[[nodiscard]] Result<RestoredCluster> RestoreToCluster(const Context& context,
                                                       const backup::Source& source,
                                                       const EtcdOptions& options,
                                                       backup::RestoreOptions how = {});

/// Starts all members of all clusters side by side, and waits until they are healthy.
[[nodiscard]] Status StartTogether(const std::vector<EtcdCluster*>& clusters);

/// Ends all members as an operator does and looks at what they leave: ETCD_VERIFY=all (3.5 and
/// later) and `bbolt check` must be content. kDataLoss: one is not.
[[nodiscard]] Status StopAndCheck(const Context& context, EtcdCluster& etcd,
                                  const std::string& line);

}  // namespace tresor::testing
