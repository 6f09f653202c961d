// SPDX-License-Identifier: Apache-2.0
// A Kubernetes-like key space and its churn, the same for the same seed: what the benchmarks, the
// demo and the end-to-end tests put into a real etcd.
//
// Objects look as the API server stores them: "/registry/<resource>/<namespace>/<name>" with a
// protobuf-shaped value (metadata, managed fields, images, statuses), 2.9 KB on average; zstd -3
// makes about a quarter of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"

namespace tresor::bench {

struct LoadOptions {
  std::uint64_t seed = 1;
  /// 1.0: about 265,000 objects, which make a 1 GiB database.
  double scale = 1.0;
  /// 1.0: 68,400 operations an interval (20 minutes of a busy cluster).
  double churn = 1.0;
};

struct Operation {
  enum class Kind {
    kPut,
    kPutWithLease,  // an event; it goes with the group's lease
    kDelete,
    kExpireLease,  // the lease of `group` ends, its keys with it
    kCompact,      // at the revision that was current at the last kMark
    kMark,
  };
  Kind kind = Kind::kPut;
  std::string key;
  std::string value;
  std::uint64_t group = 0;
};

/// Makes operations; knows nothing of etcd. Threads: one.
class KubeLoad {
 public:
  explicit KubeLoad(const LoadOptions& options);

  /// How many objects the base has, and object `index` of it; they are independent of each other.
  [[nodiscard]] std::uint64_t base_size() const { return base_size_; }
  [[nodiscard]] Operation Base(std::uint64_t index) const;

  /// The operations of interval `number` (0, 1, …), in order: lease renewals, pod status updates,
  /// events that come and go, config maps and secrets made and deleted, a compaction each quarter
  /// that keeps the last quarter.
  [[nodiscard]] std::vector<Operation> Interval(std::uint64_t number) const;

 private:
  struct Counts {
    std::uint64_t namespaces, nodes, leases, pods, replica_sets, deployments, secrets, config_maps,
        events, services, service_accounts;
  };
  [[nodiscard]] std::string Namespace(std::uint64_t index) const;
  [[nodiscard]] Operation Pod(std::uint64_t index, std::uint64_t version) const;
  [[nodiscard]] Operation Lease(std::uint64_t index, std::uint64_t version) const;
  [[nodiscard]] Operation Event(std::uint64_t index, std::uint64_t group) const;
  [[nodiscard]] Operation ConfigMap(std::uint64_t index) const;
  [[nodiscard]] Operation Secret(std::uint64_t index) const;

  LoadOptions options_;
  Counts counts_;
  std::uint64_t base_size_;
};

}  // namespace tresor::bench
