// SPDX-License-Identifier: Apache-2.0
// Which member to read a snapshot from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "etcd/client.h"

namespace tresor::etcd {

/// What is known about one member.
struct ObservedMember {
  Member member;
  std::string endpoint;  // the one that answered, or was tried last; empty: it has none
  Result<MemberStatus> status = Error(Code::kUnavailable, "not asked");
  std::vector<AlarmType> alarms;
};

struct SelectedMember {
  std::size_t index = 0;  // in what was given to SelectMember
  /// One per other member: why it was not taken. "member m2 (8e9e05c52164694d): alarm CORRUPT"
  std::vector<std::string> passed_over;
};

/// A member further behind the most advanced one than this many raft entries lags.
inline constexpr std::uint64_t kMaxLag = 1000;

/// The best of `members`: one that answers, is not CORRUPT, sees a leader, and does not lag; among
/// those, voters before learners, no NOSPACE before NOSPACE, a follower before the leader, then the
/// most advanced, then the first. When all that answer lag or see no leader, the best of them.
/// `wanted` not empty: the member of that name, id in hex, or URL; taken as long as it answers,
/// whatever its state.
/// kUnavailable: none answers (says why, each). kNotFound: no member is called `wanted`.
/// kFailedPrecondition: all that answer are CORRUPT. Pure.
[[nodiscard]] Result<SelectedMember> SelectMember(const std::vector<ObservedMember>& members,
                                                  const std::string& wanted);

/// Asks the cluster for its members and alarms, then all members, at once, for their status. A
/// member is tried at each of its client URLs, and at the client's own endpoint when that is the
/// same member (its client URL may be reachable only from elsewhere). Each attempt takes at most
/// `member_timeout`. Errors: those of MemberList; a member's own are in its `status`.
[[nodiscard]] Result<std::vector<ObservedMember>> ObserveMembers(
    const Context& context, Client& client, std::chrono::nanoseconds member_timeout);

}  // namespace tresor::etcd
