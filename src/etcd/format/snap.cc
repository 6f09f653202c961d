// SPDX-License-Identifier: Apache-2.0
#include "etcd/format/snap.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/crc32c.h"
#include "etcd/format/json.h"
#include "etcd/format/proto_wire.h"

namespace tresor::etcd {
namespace {

constexpr std::uint64_t kRestoredTerm = 1;
constexpr std::size_t kEventCapacity = 1000;

// A node of the v2 store. `children`: the JSON of a map, or "null" for a leaf.
std::string NodeJson(std::string_view path, std::uint64_t index, std::string_view value,
                     std::string_view children) {
  return fmt::format(
      "{{\"Path\":\"{0}\",\"CreatedIndex\":{1},\"ModifiedIndex\":{1},\"ExpireTime\":\"0001-01-"
      "01T00:00:00Z\","
      "\"Value\":{2},\"Children\":{3}}}",
      path, index, GoJsonString(value), children);
}

std::string MemberPath(MemberId id) { return fmt::format("/0/members/{}", ToString(id)); }

// The value of a member's raftAttributes.
std::string RaftAttributes(const MemberSpec& member) {
  std::string urls;
  for (const std::string& url : member.peer_urls) {
    urls += urls.empty() ? "" : ",";
    urls += GoJsonString(url);
  }
  return fmt::format("{{\"peerURLs\":[{}]}}", urls);
}

std::string TreeJson(const InitialCluster& cluster) {
  struct Child {
    std::string name;
    std::string json;
  };
  std::vector<Child> children;
  std::uint64_t index = 0;
  for (const MemberSpec& member : cluster.members) {
    ++index;
    const std::string path = MemberPath(member.id);
    const std::string leaf =
        NodeJson(path + "/raftAttributes", index, RaftAttributes(member), "null");
    children.push_back({ToString(member.id),
                        NodeJson(path, index, "", fmt::format("{{\"raftAttributes\":{}}}", leaf))});
  }
  // Go sorts the keys of a map as strings; ids without leading zeros sort otherwise as numbers.
  std::ranges::sort(children, {}, &Child::name);
  std::string members;
  for (const Child& child : children) {
    members += fmt::format("{}\"{}\":{}", members.empty() ? "" : ",", child.name, child.json);
  }
  const std::string directory = NodeJson("/0/members", 1, "", "{" + members + "}");
  return NodeJson("/", 0, "",
                  fmt::format("{{\"0\":{},\"1\":{}}}",
                              NodeJson("/0", 0, "", fmt::format("{{\"members\":{}}}", directory)),
                              NodeJson("/1", 0, "", "{}")));
}

std::string EventsJson(const InitialCluster& cluster) {
  TRESOR_CHECK(cluster.members.size() <= kEventCapacity);
  std::string events;
  std::uint64_t index = 0;
  for (const MemberSpec& member : cluster.members) {
    ++index;
    events += fmt::format(
        "{{\"action\":\"create\",\"node\":{{\"key\":\"{0}/"
        "raftAttributes\",\"value\":{1},\"modifiedIndex\":{2},"
        "\"createdIndex\":{2}}}}},",
        MemberPath(member.id), GoJsonString(RaftAttributes(member)), index);
  }
  for (std::size_t i = cluster.members.size(); i < kEventCapacity; ++i) {
    events += "null,";
  }
  events.pop_back();
  return events;
}

std::string StatsJson(std::uint64_t created) {
  constexpr std::array<std::string_view, 16> kCounters = {"getsSuccess",
                                                          "getsFail",
                                                          "setsSuccess",
                                                          "setsFail",
                                                          "deleteSuccess",
                                                          "deleteFail",
                                                          "updateSuccess",
                                                          "updateFail",
                                                          "createSuccess",
                                                          "createFail",
                                                          "compareAndSwapSuccess",
                                                          "compareAndSwapFail",
                                                          "compareAndDeleteSuccess",
                                                          "compareAndDeleteFail",
                                                          "expireCount",
                                                          "watchers"};
  std::string out;
  for (const std::string_view name : kCounters) {
    out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", name,
                       name == "createSuccess" ? created : 0);
  }
  return "{" + out + "}";
}

std::string V2StoreJson(const InitialCluster& cluster) {
  const std::uint64_t count = cluster.members.size();
  return fmt::format(
      "{{\"Root\":{0},\"WatcherHub\":{{\"EventHistory\":{{\"Queue\":{{\"Events\":[{1}],\"Size\":{2}"
      ",\"Front\":0,"
      "\"Back\":{2},\"Capacity\":{3}}},\"StartIndex\":1,\"LastIndex\":{2}}}}},\"CurrentIndex\":{2},"
      "\"Stats\":{4},"
      "\"CurrentVersion\":2}}",
      TreeJson(cluster), EventsJson(cluster), count, kEventCapacity, StatsJson(count));
}

// Fields of `json`, the text of one of a v2 member's attributes.
bool ReadAttributes(const nlohmann::json& leaf, StoredMember& member) {
  std::string text;
  if (!leaf.is_object() || !JsonObject(leaf).String("Value", text)) {
    return false;
  }
  const JsonObject attributes(AsBytes(text));
  return attributes.ok() && attributes.Strings("peerURLs", member.peer_urls) &&
         attributes.Bool("isLearner", member.is_learner) &&
         attributes.String("name", member.name) &&
         attributes.Strings("clientURLs", member.client_urls);
}

}  // namespace

Result<SnapFile> DecodeSnap(ByteView file) {
  const auto bad = [](std::string_view rule) {
    return Error(Code::kDataLoss, ".snap file: {}", rule);
  };
  std::uint32_t crc = 0;
  ByteView data;
  ProtoReader outer(file);
  while (outer.Next()) {
    switch (outer.field()) {
      case 1:
        crc = outer.Uint32();
        break;
      case 2:
        data = outer.Bytes();
        break;
      default:
        outer.Skip();
    }
  }
  if (!outer.ok()) {
    return bad("not a snapshot message");
  }
  if (crc == 0 || data.empty()) {
    return bad("no CRC or no data");
  }
  if (Crc32c(0, data) != crc) {
    return bad("CRC mismatch");
  }

  SnapFile snap;
  ByteView metadata;
  ProtoReader inner(data);
  while (inner.Next()) {
    switch (inner.field()) {
      case 1:
        snap.v2_store = inner.Bytes();
        break;
      case 2:
        metadata = inner.Bytes();
        break;
      default:
        inner.Skip();
    }
  }
  ByteView conf_state;
  ProtoReader fields(metadata);
  while (fields.Next()) {
    switch (fields.field()) {
      case 1:
        conf_state = fields.Bytes();
        break;
      case 2:
        snap.index = fields.Uint64();
        break;
      case 3:
        snap.term = fields.Uint64();
        break;
      default:
        fields.Skip();
    }
  }
  if (!inner.ok() || !fields.ok()) {
    return bad("not a raft snapshot");
  }
  if (metadata.empty()) {
    return bad("no metadata");
  }
  Result<ConfState> decoded = DecodeConfState(conf_state);
  if (!decoded.ok()) {
    return Annotate(decoded.status(), ".snap file");
  }
  snap.conf_state = *std::move(decoded);
  return snap;
}

Result<std::vector<StoredMember>> DecodeV2Members(ByteView v2_store) {
  const auto bad = [](std::string_view rule) {
    return Error(Code::kDataLoss, "v2 store: {}", rule);
  };
  const JsonObject store(v2_store);
  if (!store.ok()) {
    return bad("not a JSON object");
  }
  const nlohmann::json* directory = &store.value();
  for (const char* step : {"Root", "Children", "0", "Children", "members", "Children"}) {
    const auto next = directory->find(step);
    if (next == directory->end() || !next->is_object()) {
      return bad("no directory /0/members");
    }
    directory = &*next;
  }

  std::vector<StoredMember> members;
  for (const auto& [name, node] : directory->items()) {
    ASSIGN_OR_RETURN(const MemberId id, ParseMemberId(name));
    StoredMember& member = members.emplace_back();
    member.id = id;
    const auto leaves = node.is_object() ? node.find("Children") : node.end();
    if (leaves == node.end() || !leaves->is_object()) {
      return bad("a member is not a directory");
    }
    for (const char* leaf : {"raftAttributes", "attributes"}) {
      const auto found = leaves->find(leaf);
      if (found != leaves->end() && !ReadAttributes(*found, member)) {
        return bad(fmt::format("member {}: bad {}", name, leaf));
      }
    }
  }
  std::ranges::sort(members, {}, &StoredMember::id);
  return members;
}

std::string SnapFileName(std::uint64_t term, std::uint64_t index) {
  return fmt::format("{:016x}-{:016x}.snap", term, index);
}

Bytes EncodeRestoredSnap(const InitialCluster& cluster) {
  ConfState conf_state;
  for (const MemberSpec& member : cluster.members) {
    conf_state.voters.push_back(member.id);
  }
  ProtoWriter metadata;
  metadata.Bytes(1, EncodeConfState(conf_state));
  metadata.Uint64(2, cluster.members.size());
  metadata.Uint64(3, kRestoredTerm);
  ProtoWriter snapshot;
  snapshot.Bytes(1, AsBytes(V2StoreJson(cluster)));
  snapshot.Bytes(2, metadata.Take());
  const Bytes data = snapshot.Take();
  ProtoWriter file;
  file.Uint64(1, Crc32c(0, data));
  file.Bytes(2, data);
  return file.Take();
}

std::string RestoredSnapFileName(const InitialCluster& cluster) {
  return SnapFileName(kRestoredTerm, cluster.members.size());
}

}  // namespace tresor::etcd
