// SPDX-License-Identifier: Apache-2.0
// Brings bench's Kubernetes-like operations to a real etcd, one operation to a revision.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "bench/kube_load.h"
#include "etcd/client.h"

namespace tresor::testing {

/// Threads: one.
class KubeWriter {
 public:
  /// `client` outlives it.
  KubeWriter(etcd::Client& client, const bench::LoadOptions& options)
      : client_(client), load_(options) {}

  [[nodiscard]] Status Base(const Context& context);
  [[nodiscard]] Status Interval(const Context& context, std::uint64_t number);

 private:
  [[nodiscard]] Status Do(const Context& context, const bench::Operation& operation);

  etcd::Client& client_;
  const bench::KubeLoad load_;
  std::set<std::uint64_t> leases_;
  std::int64_t revision_ = 0;
  std::int64_t mark_ = 0;
};

}  // namespace tresor::testing
