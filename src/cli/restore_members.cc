// SPDX-License-Identifier: Apache-2.0
#include "cli/restore_members.h"

#include <set>

namespace tresor::cli {

Result<backup::RestoreMember> ParseRestoreMember(const std::string& text) {
  const auto equals = text.find('=');
  const auto comma = equals == std::string::npos ? equals : text.find(',', equals);
  backup::RestoreMember member;
  if (equals != std::string::npos) {
    member.name = text.substr(0, equals);
    member.data_dir = text.substr(equals + 1, comma - equals - 1);
    member.wal_dir = comma == std::string::npos ? "" : text.substr(comma + 1);
  }
  const bool empty_wal = comma != std::string::npos && member.wal_dir.empty();
  if (member.name.empty() || member.data_dir.empty() || empty_wal ||
      member.wal_dir.find(',') != std::string::npos) {
    return Error(Code::kInvalidArgument,
                 "--member: '{}' is not NAME=DATA_DIR or NAME=DATA_DIR,WAL_DIR", text);
  }
  return member;
}

Result<std::vector<backup::RestoreMember>> ReadRestoreMembers(const Arguments& arguments) {
  std::vector<backup::RestoreMember> members;
  if (!arguments.Has("member")) {
    const std::string name = arguments.Text("name");
    members.push_back(
        {.name = name,
         .peer_urls = arguments.Text("initial-advertise-peer-urls"),
         .data_dir = arguments.Has("data-dir") ? arguments.Text("data-dir") : name + ".etcd",
         .wal_dir = arguments.Text("wal-dir")});
    return members;
  }
  for (const char* single : {"name", "data-dir", "wal-dir", "initial-advertise-peer-urls"}) {
    if (arguments.Typed(single)) {
      return Error(Code::kInvalidArgument,
                   "--{} is for one member; with --member the rest comes from --initial-cluster",
                   single);
    }
  }
  std::set<std::string> names;
  for (const std::string& text : arguments.List("member")) {
    ASSIGN_OR_RETURN(backup::RestoreMember member, ParseRestoreMember(text));
    if (!names.insert(member.name).second) {
      return Error(Code::kInvalidArgument, "--member: {} is given twice", member.name);
    }
    members.push_back(std::move(member));
  }
  return members;
}

}  // namespace tresor::cli
