// SPDX-License-Identifier: Apache-2.0
// cluster.json: what runtime/local has decided for a cluster and must not forget: names, ports,
// who is a member. Fields: runtime/FORMAT.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "io/file_system.h"
#include "runtime/runtime.h"

namespace tresor::runtime {

enum class MemberState {
  kMember,   // a founder, or a member since
  kJoining,  // to be added to etcd as a learner, then promoted
  kLeaving,  // to be removed from etcd, then its folder
};
[[nodiscard]] std::string_view ToString(MemberState state);

struct MemberRecord {
  std::string name;
  std::uint16_t client_port = 0;
  std::uint16_t closed_port = 0;
  std::uint16_t peer_port = 0;
  MemberState state = MemberState::kMember;
  std::uint32_t incarnation = 1;  // MemberOrder's
  bool established = false;       // likewise
  /// The etcd member that it was before its data was lost, to be removed first; 0: none.
  std::uint64_t stale_id = 0;
  friend bool operator==(const MemberRecord&, const MemberRecord&) = default;
};

struct ClusterRecord {
  ClusterId id;
  std::string token;              // of the founders
  std::uint32_t next_member = 0;  // names are not used twice
  std::vector<MemberRecord> members;
  bool removing = false;
  std::optional<RestoreOrder> restore;  // the last one ordered, as long as a spec names it
  bool restore_over = false;            // and what follows from it is in this record
};

[[nodiscard]] std::string EncodeRecord(const ClusterRecord& record);
[[nodiscard]] Result<ClusterRecord> DecodeRecord(ByteView bytes, const std::string& name);

}  // namespace tresor::runtime
