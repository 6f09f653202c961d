// SPDX-License-Identifier: Apache-2.0
// Puts KubeLoad's key space, or an interval of its churn, into a real etcd: in order, from one
// thread, so that the same seed always gives the same database.
#include <chrono>
#include <cstdio>
#include <set>

#include <CLI/CLI.hpp>

#include "base/context.h"
#include "bench/kube_load.h"
#include "etcd/client.h"

namespace tresor::bench {
namespace {

/// Collects puts and deletes into transactions of a few distinct keys, so that revisions don't cost
/// a round trip each.
class Loader {
 public:
  Loader(etcd::Client& client, std::size_t batch) : client_(client), batch_(batch) {}

  Status Do(const Operation& operation) {
    using K = Operation::Kind;
    // Leases are known by their group: events of one process can be expired by another.
    const std::int64_t lease = 0x7000'0000 + static_cast<std::int64_t>(operation.group);
    switch (operation.kind) {
      case K::kPut:
        return Add(operation.key, etcd::PutRequest{.key = operation.key, .value = operation.value});
      case K::kPutWithLease:
        if (granted_.insert(operation.group).second) {
          RETURN_IF_ERROR(Flush());
          const auto answer = client_.LeaseGrant(context_, std::chrono::hours(24), lease);
          if (!answer.ok() && answer.status().code() != Code::kFailedPrecondition) {
            return answer.status();
          }
        }
        return Add(
            operation.key,
            etcd::PutRequest{.key = operation.key, .value = operation.value, .lease = lease});
      case K::kDelete:
        return Add(operation.key, etcd::DeleteRangeRequest{.key = operation.key});
      case K::kExpireLease: {
        RETURN_IF_ERROR(Flush());
        const Status status = client_.LeaseRevoke(context_, lease);
        return status.code() == Code::kNotFound ? OkStatus() : status;
      }
      case K::kMark:
        RETURN_IF_ERROR(Flush());
        mark_ = revision_;
        return OkStatus();
      case K::kCompact: {
        RETURN_IF_ERROR(Flush());
        if (mark_ == 0) {
          return OkStatus();
        }
        const Status status = client_.Compact(context_, mark_, true);
        return status.code() == Code::kOutOfRange ? OkStatus() : status;
      }
    }
    return Error(Code::kInternal, "unknown operation");
  }

  Status Flush() {
    if (request_.success.empty()) {
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const etcd::TxnResponse response, client_.Txn(context_, request_));
    revision_ = response.header.revision;
    request_.success.clear();
    keys_.clear();
    return OkStatus();
  }

  [[nodiscard]] std::int64_t revision() const { return revision_; }

 private:
  Status Add(const std::string& key, etcd::TxnOp op) {
    if (request_.success.size() >= batch_ || !keys_.insert(key).second) {
      RETURN_IF_ERROR(Flush());
      keys_.insert(key);
    }
    request_.success.push_back(std::move(op));
    return OkStatus();
  }

  etcd::Client& client_;
  const std::size_t batch_;
  const Context context_ = Context::Background();
  etcd::TxnRequest request_;
  std::set<std::string> keys_;
  std::set<std::uint64_t> granted_;
  std::int64_t revision_ = 0;
  std::int64_t mark_ = 0;
};

struct Options {
  std::string endpoint;
  LoadOptions load;
  std::uint64_t number = 0;
};

Status Run(const Options& options, bool base) {
  ASSIGN_OR_RETURN(const auto client, etcd::Client::Connect({.endpoints = {options.endpoint}}));
  const KubeLoad load(options.load);
  const auto start = SystemClock().Monotonic();
  std::uint64_t operations = 0;
  std::uint64_t bytes = 0;
  Loader loader(*client, base ? 64 : 8);
  if (base) {
    for (; operations < load.base_size(); ++operations) {
      const Operation operation = load.Base(operations);
      bytes += operation.key.size() + operation.value.size();
      RETURN_IF_ERROR(loader.Do(operation));
    }
  } else {
    for (const Operation& operation : load.Interval(options.number)) {
      bytes += operation.key.size() + operation.value.size();
      ++operations;
      RETURN_IF_ERROR(loader.Do(operation));
    }
  }
  RETURN_IF_ERROR(loader.Flush());
  const std::chrono::duration<double> seconds = SystemClock().Monotonic() - start;
  fmt::print("{} operations, {:.1f} MB, {:.1f} s, revision {}\n", operations,
             static_cast<double>(bytes) / 1e6, seconds.count(), loader.revision());
  return OkStatus();
}

}  // namespace
}  // namespace tresor::bench

int main(int argc, char** argv) {
  using namespace tresor;
  CLI::App app("Puts a Kubernetes-like load into etcd");
  bench::Options options;
  CLI::App* base = app.add_subcommand("base", "the key space");
  CLI::App* interval =
      app.add_subcommand("interval", "one interval of churn (20 minutes of a busy cluster)");
  for (CLI::App* command : {base, interval}) {
    command->add_option("--endpoint", options.endpoint, "host:port of the member")->required();
    command->add_option("--scale", options.load.scale, "size; 1 makes a database of about 1 GiB");
    command->add_option("--seed", options.load.seed, "another seed, other content");
  }
  interval->add_option("--churn", options.load.churn, "operations; 1 makes 68,400");
  interval->add_option("--number", options.number,
                       "which interval, from 0 on, one after the other");
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);
  const Status status = bench::Run(options, base->parsed());
  if (!status.ok()) {
    fmt::print(stderr, "loadgen: {}\n", Message(status));
    return 1;
  }
  return 0;
}
