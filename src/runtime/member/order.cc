// SPDX-License-Identifier: Apache-2.0
#include "runtime/member/order.h"

#include "runtime/member/document.h"
#include "runtime/member/layout.h"
#include "runtime/member/restore_json.h"

namespace tresor::runtime {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kMostBytes = 1 << 20;
constexpr std::uint64_t kMostPort = 65535;
constexpr std::uint64_t kMostIncarnation = UINT32_MAX;

std::uint16_t ReadPort(ObjectReader& reader, const std::string& field) {
  return static_cast<std::uint16_t>(reader.Number(field, kMostPort));
}

}  // namespace

Status CheckFileId(std::string_view what, std::string_view id) {
  constexpr std::size_t kMost = 64;
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (id.empty() || id.size() > kMost || id.starts_with('.') ||
      id.find_first_not_of(kAllowed) != std::string_view::npos) {
    return Error(Code::kInvalidArgument,
                 "{} '{}': 1 to {} letters, digits, '.', '_' or '-' are needed", what, id, kMost);
  }
  return OkStatus();
}

std::string LoopbackUrl(std::uint16_t port) { return fmt::format("https://127.0.0.1:{}", port); }
std::string PeerUrl(std::uint16_t port) { return LoopbackUrl(port); }
std::string ClientUrl(const MemberOrder& order) { return LoopbackUrl(order.client_port); }
std::string ClosedUrl(const MemberOrder& order) { return LoopbackUrl(order.closed_port); }

std::optional<RestoreStep> ParseRestoreStep(std::string_view text) {
  for (const RestoreStep step :
       {RestoreStep::kStop, RestoreStep::kSetAside, RestoreStep::kRebuild,
        RestoreStep::kStartClosed, RestoreStep::kOpen, RestoreStep::kForget}) {
    if (text == ToString(step)) {
      return step;
    }
  }
  return std::nullopt;
}

std::optional<MemberPhase> ParseMemberPhase(std::string_view text) {
  for (const MemberPhase phase :
       {MemberPhase::kStarting, MemberPhase::kRunning, MemberPhase::kBackingOff,
        MemberPhase::kStopped, MemberPhase::kRestoring, MemberPhase::kLost}) {
    if (text == ToString(phase)) {
      return phase;
    }
  }
  return std::nullopt;
}

std::string EncodeOrder(const MemberOrder& order) {
  Json members = Json::array();
  for (const Fellow& fellow : order.members) {
    members.push_back({{"name", fellow.name}, {"peerUrl", fellow.peer_url}});
  }
  Json json = {{"version", kVersion},
               {"generation", order.generation},
               {"project", order.cluster.project},
               {"cluster", order.cluster.name},
               {"uid", order.cluster.uid},
               {"name", order.name},
               {"run", order.run},
               {"etcd", order.etcd},
               {"clientPort", order.client_port},
               {"closedPort", order.closed_port},
               {"peerPort", order.peer_port},
               {"members", members},
               {"token", order.token},
               {"joins", order.joins},
               {"incarnation", order.incarnation},
               {"established", order.established},
               {"quotaBackendBytes", order.quota_backend_bytes},
               {"extraArgs", order.extra_args}};
  if (order.restore) {
    json["restore"] = ToJson(*order.restore);
  }
  return PrintDocument(json);
}

Result<MemberOrder> DecodeOrder(ByteView bytes, const std::string& name) {
  ASSIGN_OR_RETURN(const Json json, ParseDocument(bytes, name, kVersion));
  ObjectReader reader(json, name);
  MemberOrder order;
  order.generation = reader.Number("generation");
  order.cluster.project = reader.Text("project");
  order.cluster.name = reader.Text("cluster");
  order.cluster.uid = reader.Text("uid");
  order.name = reader.Text("name");
  order.run = reader.Bool("run");
  order.etcd = reader.Text("etcd");
  order.client_port = ReadPort(reader, "clientPort");
  order.closed_port = ReadPort(reader, "closedPort");
  order.peer_port = ReadPort(reader, "peerPort");
  for (const Json& item : reader.Array("members")) {
    ObjectReader fellow(item, name + ": members");
    order.members.push_back({.name = fellow.Text("name"), .peer_url = fellow.Text("peerUrl")});
    reader.Fail(fellow.Finish());
  }
  order.token = reader.Text("token");
  order.joins = reader.Bool("joins");
  order.incarnation = static_cast<std::uint32_t>(reader.Number("incarnation", kMostIncarnation));
  order.established = reader.Bool("established");
  order.quota_backend_bytes = reader.Number("quotaBackendBytes");
  order.extra_args = reader.Texts("extraArgs");
  order.restore = ReadRestore(reader, "restore");
  RETURN_IF_ERROR(reader.Finish());
  return order;
}

Result<MemberOrder> ReadOrder(io::FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const Bytes bytes, io::ReadFile(fs, path, kMostBytes));
  return DecodeOrder(bytes, path);
}

Status WriteOrder(io::FileSystem& fs, const std::string& path, const MemberOrder& order) {
  return io::WriteFileAtomically(fs, path, AsBytes(EncodeOrder(order)));
}

}  // namespace tresor::runtime
