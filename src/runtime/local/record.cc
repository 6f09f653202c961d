// SPDX-License-Identifier: Apache-2.0
#include "runtime/local/record.h"

#include "base/hex.h"
#include "runtime/member/document.h"
#include "runtime/member/layout.h"
#include "runtime/member/restore_json.h"

namespace tresor::runtime {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kMostPort = 65535;

std::optional<MemberState> ParseState(std::string_view text) {
  for (const MemberState state :
       {MemberState::kMember, MemberState::kJoining, MemberState::kLeaving}) {
    if (text == ToString(state)) {
      return state;
    }
  }
  return std::nullopt;
}

MemberRecord ReadMember(ObjectReader& reader) {
  MemberRecord member;
  member.name = reader.Text("name");
  if (reader.ok() && !CheckFileId("member", member.name).ok()) {
    reader.Fail("name", "not a name for a folder");
  }
  member.client_port = static_cast<std::uint16_t>(reader.Number("clientPort", kMostPort));
  member.closed_port = static_cast<std::uint16_t>(reader.Number("closedPort", kMostPort));
  member.peer_port = static_cast<std::uint16_t>(reader.Number("peerPort", kMostPort));
  if (const auto state = ParseState(reader.Text("state"))) {
    member.state = *state;
  } else {
    reader.Fail("state", "no state of a member");
  }
  member.incarnation = static_cast<std::uint32_t>(reader.Number("incarnation", UINT32_MAX));
  member.established = reader.Bool("established");
  const std::string stale = reader.Text("staleId");
  if (!stale.empty()) {
    const auto id = etcd::ParseMemberId(stale);
    reader.Fail(id.status());
    member.stale_id = id.ok() ? static_cast<std::uint64_t>(*id) : 0;
  }
  return member;
}

}  // namespace

std::string_view ToString(MemberState state) {
  switch (state) {
    case MemberState::kMember:
      return "member";
    case MemberState::kJoining:
      return "joining";
    case MemberState::kLeaving:
      return "leaving";
  }
  return "unknown";
}

std::string EncodeRecord(const ClusterRecord& record) {
  Json members = Json::array();
  for (const MemberRecord& member : record.members) {
    members.push_back({{"name", member.name},
                       {"clientPort", member.client_port},
                       {"closedPort", member.closed_port},
                       {"peerPort", member.peer_port},
                       {"state", ToString(member.state)},
                       {"incarnation", member.incarnation},
                       {"established", member.established},
                       {"staleId", member.stale_id == 0 ? "" : ToHex(member.stale_id)}});
  }
  Json json = {
      {"version", kVersion},  {"project", record.id.project}, {"name", record.id.name},
      {"uid", record.id.uid}, {"token", record.token},        {"nextMember", record.next_member},
      {"members", members},   {"removing", record.removing},  {"restoreOver", record.restore_over}};
  if (record.restore) {
    json["restore"] = ToJson(*record.restore);
  }
  return PrintDocument(json);
}

Result<ClusterRecord> DecodeRecord(ByteView bytes, const std::string& name) {
  ASSIGN_OR_RETURN(const Json json, ParseDocument(bytes, name, kVersion));
  ObjectReader reader(json, name);
  ClusterRecord record;
  record.id.project = reader.Text("project");
  record.id.name = reader.Text("name");
  record.id.uid = reader.Text("uid");
  record.token = reader.Text("token");
  record.next_member = static_cast<std::uint32_t>(reader.Number("nextMember", UINT32_MAX));
  for (const Json& item : reader.Array("members")) {
    ObjectReader member(item, name + ": members");
    record.members.push_back(ReadMember(member));
    reader.Fail(member.Finish());
  }
  record.removing = reader.Bool("removing");
  record.restore = ReadRestore(reader, "restore");
  record.restore_over = reader.Bool("restoreOver");
  RETURN_IF_ERROR(reader.Finish());
  return record;
}

}  // namespace tresor::runtime
