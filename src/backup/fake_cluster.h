// SPDX-License-Identifier: Apache-2.0
// For tests of backup: an etcd cluster without servers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backup/check.h"
#include "backup/test_util.h"
#include "bolt/reader.h"
#include "crypto/crypto.h"
#include "etcd/client.h"
#include "io/file_system.h"

namespace tresor::backup::testing {

/// Members that each have a store of their own; only what a backup asks for.
class FakeCluster final : public etcd::Client {
 public:
  struct Node {
    StoreModel store;
    bool reachable = true;
    bool damage_stream = false;
    std::uint64_t stop_after = ~std::uint64_t{0};  // bytes of the stream
  };

  explicit FakeCluster(const StoreModel& store, std::size_t count)
      : endpoints_{"http://a", "http://b"} {
    for (std::size_t i = 0; i < count; ++i) {
      nodes["http://m" + std::to_string(i + 1)] = {.store = store};
    }
  }
  static etcd::MemberId IdOf(const std::string& endpoint) {
    return etcd::MemberId{static_cast<std::uint64_t>(endpoint.back() - '0')};
  }

  const std::vector<std::string>& endpoints() const override { return endpoints_; }
  Result<etcd::SnapshotSummary> Snapshot(const Context&, const std::string& endpoint,
                                         etcd::SnapshotSink& sink) override {
    ++snapshots[endpoint];
    const Node& node = nodes.at(endpoint);
    Bytes image = node.store.Image();
    const etcd::SnapshotSummary summary{.image_bytes = image.size(),
                                        .digest = crypto::Sha256::Of(image)};
    if (node.damage_stream) {
      image[image.size() / 2] ^= std::byte{1};
    }
    RETURN_IF_ERROR(sink.Begin(image.size()));
    for (std::size_t at = 0; at < image.size(); at += 32768) {
      if (at >= node.stop_after) {
        return Error(Code::kUnavailable, "{}: Snapshot: connection reset", endpoint);
      }
      RETURN_IF_ERROR(sink.Append(
          ByteView(image).subspan(at, std::min<std::size_t>(32768, image.size() - at))));
    }
    return summary;
  }
  Result<etcd::MemberStatus> StatusOf(const Context&, const std::string& endpoint) override {
    if (!nodes.contains(endpoint) || !nodes.at(endpoint).reachable) {
      return Error(Code::kUnavailable, "{}: refused", endpoint);
    }
    etcd::MemberStatus status;
    status.header = {.cluster = etcd::ClusterId{77}, .member = IdOf(endpoint), .revision = 1};
    status.version = "3.5.0";
    status.leader = etcd::MemberId{1};
    return status;
  }
  Result<etcd::HashKvResponse> HashKv(const Context&, const std::string& endpoint,
                                      std::int64_t revision) override {
    const Node& node = nodes.at(endpoint);
    const Bytes image = node.store.Image();
    const io::BytesReader reader(image);
    ASSIGN_OR_RETURN(const auto database, bolt::Database::Open(reader));
    ASSIGN_OR_RETURN(
        const std::uint32_t hash,
        ExactHashKv(Context::Background(), *database, NewUserKeyHash(),
                    {.revision = revision, .compact_revision = node.store.compacted()}));
    etcd::HashKvResponse response;
    response.header.member = IdOf(endpoint);
    response.hash = hash;
    response.compact_revision = node.store.compacted();
    return response;
  }
  Result<std::vector<etcd::Member>> MemberList(const Context&) override {
    std::vector<etcd::Member> members;
    for (const auto& [endpoint, node] : nodes) {
      members.push_back(
          {.id = IdOf(endpoint), .name = endpoint.substr(7), .client_urls = {endpoint}});
    }
    return members;
  }
  Result<std::vector<etcd::Alarm>> AlarmList(const Context&) override {
    return std::vector<etcd::Alarm>{};
  }

  Status Defragment(const Context&, const std::string&) override { return No(); }
  Status MoveLeader(const Context&, const std::string&, etcd::MemberId) override { return No(); }
  Result<etcd::MemberId> MemberAdd(const Context&, const std::vector<std::string>&, bool) override {
    return No();
  }
  Status MemberRemove(const Context&, etcd::MemberId) override { return No(); }
  Status MemberUpdate(const Context&, etcd::MemberId, const std::vector<std::string>&) override {
    return No();
  }
  Status MemberPromote(const Context&, etcd::MemberId) override { return No(); }
  Status ActivateAlarm(const Context&, const etcd::Alarm&) override { return No(); }
  Status DisarmAlarm(const Context&, const etcd::Alarm&) override { return No(); }
  Result<etcd::RangeResponse> Range(const Context&, const etcd::RangeRequest&) override {
    return No();
  }
  Result<etcd::PutResponse> Put(const Context&, const etcd::PutRequest&) override { return No(); }
  Result<etcd::DeleteRangeResponse> DeleteRange(const Context&,
                                                const etcd::DeleteRangeRequest&) override {
    return No();
  }
  Result<etcd::TxnResponse> Txn(const Context&, const etcd::TxnRequest&) override { return No(); }
  Status Compact(const Context&, std::int64_t, bool) override { return No(); }
  Result<std::unique_ptr<etcd::Watcher>> Watch(const Context&, const etcd::WatchRequest&) override {
    return No();
  }
  Result<etcd::LeaseGrantResponse> LeaseGrant(const Context&, std::chrono::seconds,
                                              std::int64_t) override {
    return No();
  }
  Status LeaseRevoke(const Context&, std::int64_t) override { return No(); }
  Result<std::chrono::seconds> LeaseKeepAlive(const Context&, std::int64_t) override {
    return No();
  }
  Result<etcd::LeaseTimeToLiveResponse> LeaseTimeToLive(const Context&, std::int64_t,
                                                        bool) override {
    return No();
  }
  Result<std::vector<std::int64_t>> Leases(const Context&) override { return No(); }
  Status AuthEnable(const Context&) override { return No(); }
  Status UserAdd(const Context&, const std::string&, const std::string&) override { return No(); }
  Status RoleAdd(const Context&, const std::string&) override { return No(); }
  Status UserGrantRole(const Context&, const std::string&, const std::string&) override {
    return No();
  }

  std::map<std::string, Node> nodes;
  std::map<std::string, int> snapshots;  // taken from each

 private:
  static Status No() { return Error(Code::kUnimplemented, "a backup does not need this"); }
  std::vector<std::string> endpoints_;
};

}  // namespace tresor::backup::testing
