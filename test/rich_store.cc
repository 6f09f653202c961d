// SPDX-License-Identifier: Apache-2.0
#include "test/rich_store.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/hex.h"

namespace tresor::testing {
namespace {

constexpr std::chrono::seconds kTtl{3600};
constexpr std::int64_t kLeaseOfOne = 0x1001;
constexpr std::int64_t kLeaseOfMany = 0x1002;
constexpr std::int64_t kLeaseOfNone = 0x1003;
constexpr std::int64_t kLeaseOfLargeId = 0x7fffffffffffff01;

constexpr char kPods[] = "/registry/pods/";

std::string Pod(int i) { return fmt::format("{}ns{}/pod-{:04}", kPods, i % 7, i); }

/// Not compressible to nothing, the same in each run.
std::string Value(int seed, std::size_t size_bytes) {
  std::string value;
  value.reserve(size_bytes);
  std::uint64_t state = static_cast<std::uint64_t>(seed) * 0x9e3779b97f4a7c15 + 1;
  while (value.size() < size_bytes) {
    state = state * 6364136223846793005 + 1442695040888963407;
    value.push_back(static_cast<char>(state >> 56));
  }
  return value;
}

Status PutBatch(const Context& context, etcd::Client& client, int begin, int end, int seed) {
  etcd::TxnRequest request;
  for (int i = begin; i < end; ++i) {
    request.success.emplace_back(
        etcd::PutRequest{.key = Pod(i),
                         .value = Value(seed + i, 100 + static_cast<std::size_t>(i)),
                         .lease = i % 10 == 0 ? kLeaseOfMany : 0});
  }
  return client.Txn(context, request).status();
}

std::string Line(const etcd::OwnedKeyValue& pair) {
  // Long values as their end: enough, for HashKV has seen all of them.
  const std::string end =
      pair.value.substr(pair.value.size() - std::min<std::size_t>(16, pair.value.size()));
  return fmt::format("{} = {} bytes, …{}; created {}, modified {}, version {}, lease {:x}",
                     ToHex(AsBytes(pair.key)), pair.value.size(), ToHex(AsBytes(end)),
                     pair.create_revision, pair.mod_revision, pair.version, pair.lease);
}

Status DescribeKeys(const Context& context, etcd::Client& client, std::int64_t revision,
                    std::vector<std::string>& lines) {
  ASSIGN_OR_RETURN(const etcd::RangeResponse response,
                   client.Range(context, {.key = std::string(1, '\0'),
                                          .range_end = etcd::kFromKey,
                                          .revision = revision}));
  lines.push_back(fmt::format("at {}: {} keys", revision, response.count));
  for (const etcd::OwnedKeyValue& pair : response.key_values) {
    lines.push_back(fmt::format("at {}: {}", revision, Line(pair)));
  }
  return OkStatus();
}

Status DescribeLeases(const Context& context, etcd::Client& client,
                      std::vector<std::string>& lines) {
  ASSIGN_OR_RETURN(std::vector<std::int64_t> leases, client.Leases(context));
  std::sort(leases.begin(), leases.end());
  for (const std::int64_t lease : leases) {
    ASSIGN_OR_RETURN(etcd::LeaseTimeToLiveResponse response,
                     client.LeaseTimeToLive(context, lease, true));
    std::sort(response.keys.begin(), response.keys.end());
    std::string line = fmt::format("lease {:x} of {} s:", lease, response.granted_ttl.count());
    for (const std::string& key : response.keys) {
      line += " " + ToHex(AsBytes(key));
    }
    lines.push_back(std::move(line));
  }
  return OkStatus();
}

/// A member may lag behind the one that answered last.
Result<etcd::HashKvResponse> HashWhenThere(const Context& context, etcd::Client& client,
                                           const std::string& endpoint, std::int64_t revision) {
  while (true) {
    Result<etcd::HashKvResponse> hash = client.HashKv(context, endpoint, revision);
    if (hash.status().code() != Code::kOutOfRange ||
        !context.Sleep(std::chrono::milliseconds(10)).ok()) {
      return hash;
    }
  }
}

}  // namespace

Status FillRichStore(const Context& context, etcd::Client& client) {
  for (const std::int64_t lease : {kLeaseOfOne, kLeaseOfMany, kLeaseOfNone, kLeaseOfLargeId}) {
    RETURN_IF_ERROR(client.LeaseGrant(context, kTtl, lease).status());
  }
  const auto put = [&](std::string key, std::string value, std::int64_t lease) {
    return client.Put(context, {.key = std::move(key), .value = std::move(value), .lease = lease})
        .status();
  };
  const auto remove = [&](std::string key, std::string range_end) {
    return client.DeleteRange(context, {.key = std::move(key), .range_end = std::move(range_end)})
        .status();
  };
  for (int begin = 0; begin < 400; begin += 100) {
    RETURN_IF_ERROR(PutBatch(context, client, begin, begin + 100, 1));
  }
  RETURN_IF_ERROR(PutBatch(context, client, 50, 150, 2));
  RETURN_IF_ERROR(put("empty", "", 0));
  RETURN_IF_ERROR(put("large", Value(3, 300'000), 0));
  RETURN_IF_ERROR(put(std::string("zero\0byte", 9), "a", kLeaseOfOne));
  RETURN_IF_ERROR(put("\xff\xfe", "last of all", kLeaseOfLargeId));
  RETURN_IF_ERROR(put(std::string(3000, 'k'), "long key", 0));
  RETURN_IF_ERROR(put("came back", "1", 0));
  RETURN_IF_ERROR(remove("came back", ""));
  RETURN_IF_ERROR(put("came back", "2", kLeaseOfOne));
  RETURN_IF_ERROR(put("came back", "3", 0));  // and lost its lease
  RETURN_IF_ERROR(remove(Pod(7), ""));
  RETURN_IF_ERROR(put("gone before the compaction", "1", 0));
  RETURN_IF_ERROR(put("gone after the compaction", "1", 0));
  RETURN_IF_ERROR(remove("gone before the compaction", ""));
  ASSIGN_OR_RETURN(const etcd::PutResponse compacted, client.Put(context, {.key = "compacted"}));
  RETURN_IF_ERROR(client.Compact(context, compacted.header.revision, true));

  RETURN_IF_ERROR(PutBatch(context, client, 120, 180, 4));
  RETURN_IF_ERROR(remove("gone after the compaction", ""));
  RETURN_IF_ERROR(
      remove(fmt::format("{}ns3/", kPods), etcd::PrefixEnd(fmt::format("{}ns3/", kPods))));
  RETURN_IF_ERROR(PutBatch(context, client, 0, 20, 5));
  // The last record of the store is the third of its revision.
  etcd::TxnRequest request;
  request.compares.push_back(
      {.key = "empty",
       .op = etcd::Compare::Operator::kEqual,
       .operand = etcd::CompareNumber{.target = etcd::CompareTarget::kVersion, .number = 1}});
  request.success = {etcd::PutRequest{.key = "txn/1", .value = "a"},
                     etcd::DeleteRangeRequest{.key = Pod(8)},
                     etcd::PutRequest{.key = "txn/2", .value = "b", .lease = kLeaseOfMany}};
  ASSIGN_OR_RETURN(const etcd::TxnResponse last, client.Txn(context, request));
  if (!last.succeeded) {
    return Error(Code::kInternal, "the transaction's compare does not hold");
  }
  return OkStatus();
}

Status SecureStore(const Context& context, EtcdCluster& cluster, const std::string& line) {
  const auto etcdctl = [&](std::vector<std::string> arguments) {
    const std::vector<std::string> flags = cluster.EtcdctlFlags();
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return RunTool(context, "etcdctl-" + line, std::move(arguments)).status();
  };
  RETURN_IF_ERROR(cluster.client().RoleAdd(context, "reader"));
  RETURN_IF_ERROR(
      etcdctl({"role", "grant-permission", "--prefix=true", "reader", "read", "/registry/"}));
  RETURN_IF_ERROR(cluster.client().UserAdd(context, "guest", kGuestPassword));
  RETURN_IF_ERROR(cluster.client().UserGrantRole(context, "guest", "reader"));
  return cluster.EnableAuth(kRootPassword);
}

Result<std::vector<std::string>> DescribeStore(const Context& context, etcd::Client& client) {
  std::vector<std::string> lines;
  ASSIGN_OR_RETURN(const etcd::RangeResponse now, client.Range(context, {.key = "revision?"}));
  const std::int64_t revision = now.header.revision;
  std::int64_t compacted = -1;
  for (const std::string& endpoint : client.endpoints()) {
    ASSIGN_OR_RETURN(const etcd::HashKvResponse hash,
                     HashWhenThere(context, client, endpoint, revision));
    compacted = hash.compact_revision;
    lines.push_back(fmt::format("hash {:08x} at {}, compacted at {}", hash.hash, revision,
                                hash.compact_revision));
  }
  // A cluster of three has the same lines as one of one.
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  const std::int64_t oldest = std::max<std::int64_t>(compacted, 1);
  for (std::int64_t at = oldest; at <= revision;
       at += std::max<std::int64_t>(1, (revision - oldest) / 3)) {
    RETURN_IF_ERROR(DescribeKeys(context, client, at, lines));
  }
  RETURN_IF_ERROR(DescribeLeases(context, client, lines));
  return lines;
}

Result<std::vector<std::string>> DescribeAuth(const Context& context, EtcdCluster& cluster,
                                              const std::string& line) {
  std::vector<std::string> lines;
  const std::vector<std::string> flags = cluster.EtcdctlFlags();
  for (std::vector<std::string> arguments : {std::vector<std::string>{"user", "list"},
                                             {"role", "list"},
                                             {"role", "get", "reader"},
                                             {"user", "get", "guest"},
                                             {"user", "get", "root"}}) {
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    ASSIGN_OR_RETURN(const process::Output output,
                     RunTool(context, "etcdctl-" + line, std::move(arguments)));
    lines.push_back(output.standard_output);
  }
  etcd::ClientOptions options = cluster.client_options();
  options.user = "guest";
  for (const char* password : {kGuestPassword, kRootPassword}) {
    options.password = password;
    ASSIGN_OR_RETURN(const auto guest, etcd::Client::Connect(options));
    const auto say = [&](const char* what, const Status& status) {
      lines.push_back(
          fmt::format("guest with \"{}\" {}: {}", password, what, CodeName(status.code())));
    };
    say("reads what he may", guest->Range(context, {.key = Pod(1)}).status());
    say("reads what he may not", guest->Range(context, {.key = "empty"}).status());
    say("writes", guest->Put(context, {.key = Pod(1)}).status());
  }
  return lines;
}

}  // namespace tresor::testing
