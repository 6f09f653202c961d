// SPDX-License-Identifier: Apache-2.0
#include "etcd/select.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/thread.h"

namespace tresor::etcd {
namespace {

bool HasAlarm(const ObservedMember& observed, AlarmType type) {
  return std::ranges::find(observed.alarms, type) != observed.alarms.end();
}

bool IsLeader(const ObservedMember& observed) {
  return observed.status->leader == observed.member.id;
}

std::string Label(const ObservedMember& observed) {
  const Member& member = observed.member;
  return fmt::format("member {} ({})", member.name.empty() ? "without a name" : member.name,
                     ToString(member.id));
}

/// What speaks against a member that answers, gravest first; smaller is better.
struct Faults {
  bool out_of_touch = false;  // lags, or sees no leader
  bool learner = false;
  bool no_space = false;
  bool leader = false;
  friend auto operator<=>(const Faults&, const Faults&) = default;
};

Faults FaultsOf(const ObservedMember& observed, std::uint64_t newest) {
  const MemberStatus& status = *observed.status;
  return {.out_of_touch = status.leader == MemberId{} ||
                          newest - std::min(newest, status.raft_applied_index) > kMaxLag,
          .learner = status.learner || observed.member.learner,
          .no_space = HasAlarm(observed, AlarmType::kNoSpace),
          .leader = IsLeader(observed)};
}

std::string Why(const ObservedMember& observed, std::uint64_t newest) {
  if (!observed.status.ok()) {
    return std::string(Message(observed.status.status()));
  }
  const MemberStatus& status = *observed.status;
  if (HasAlarm(observed, AlarmType::kCorrupt)) {
    return "alarm CORRUPT";
  }
  const Faults faults = FaultsOf(observed, newest);
  if (faults.out_of_touch) {
    return status.leader == MemberId{}
               ? std::string("sees no leader")
               : fmt::format("{} raft entries behind", newest - status.raft_applied_index);
  }
  if (faults.learner) {
    return "learner";
  }
  if (faults.no_space) {
    return "alarm NOSPACE";
  }
  return faults.leader ? "the leader" : "another one is as good";
}

bool IsCalled(const ObservedMember& observed, const std::string& wanted) {
  const Member& member = observed.member;
  return wanted == member.name || wanted == ToString(member.id) || wanted == observed.endpoint ||
         std::ranges::find(member.client_urls, wanted) != member.client_urls.end() ||
         std::ranges::any_of(member.client_urls, [&](const std::string& url) {
           const std::size_t scheme = url.find("://");
           return scheme != std::string::npos && std::string_view(url).substr(scheme + 3) == wanted;
         });
}

std::uint64_t NewestIndex(const std::vector<ObservedMember>& members) {
  std::uint64_t newest = 0;
  for (const ObservedMember& observed : members) {
    if (observed.status.ok()) {
      newest = std::max(newest, observed.status->raft_applied_index);
    }
  }
  return newest;
}

std::string AllReasons(const std::vector<ObservedMember>& members, std::uint64_t newest) {
  std::string text;
  for (const ObservedMember& observed : members) {
    text +=
        fmt::format("{}{}: {}", text.empty() ? "" : "; ", Label(observed), Why(observed, newest));
  }
  return text;
}

Result<std::size_t> FindWanted(const std::vector<ObservedMember>& members,
                               const std::string& wanted) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (IsCalled(members[i], wanted)) {
      if (!members[i].status.ok()) {
        return Annotate(members[i].status.status(), Label(members[i]));
      }
      return i;
    }
  }
  std::string known;
  for (const ObservedMember& observed : members) {
    known += (known.empty() ? "" : ", ") + Label(observed);
  }
  return Error(Code::kNotFound, "no member is called \"{}\"; there are: {}", wanted, known);
}

Result<std::size_t> FindBest(const std::vector<ObservedMember>& members, std::uint64_t newest) {
  std::optional<std::size_t> best;
  bool any_answers = false;
  const auto rank = [&](const ObservedMember& observed) {
    return std::tuple(FaultsOf(observed, newest), ~observed.status->raft_applied_index);
  };
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!members[i].status.ok()) {
      continue;
    }
    any_answers = true;
    if (!HasAlarm(members[i], AlarmType::kCorrupt) &&
        (!best || rank(members[i]) < rank(members[*best]))) {
      best = i;
    }
  }
  if (!best) {
    return Error(any_answers ? Code::kFailedPrecondition : Code::kUnavailable,
                 "no member to read a snapshot from: {}", AllReasons(members, newest));
  }
  return *best;
}

/// The member's status from the first URL at which it, and no other member, answers.
void Observe(const Context& context, Client& client, std::chrono::nanoseconds timeout,
             ObservedMember& observed) {
  std::vector<std::string> candidates = observed.member.client_urls;
  candidates.insert(candidates.end(), client.endpoints().begin(), client.endpoints().end());
  std::optional<Status> first_error;
  for (const std::string& endpoint : candidates) {
    Result<MemberStatus> status = client.StatusOf(context.WithTimeout(timeout), endpoint);
    if (status.ok() && status->header.member == observed.member.id) {
      observed.endpoint = endpoint;
      observed.status = std::move(status);
      return;
    }
    if (!status.ok() && !first_error) {
      first_error = status.status();
      observed.endpoint = endpoint;
    }
  }
  if (candidates.empty() || !first_error) {
    first_error = Error(Code::kUnavailable, "not started, or not at any known endpoint");
  }
  observed.status = *first_error;
}

}  // namespace

Result<SelectedMember> SelectMember(const std::vector<ObservedMember>& members,
                                    const std::string& wanted) {
  const std::uint64_t newest = NewestIndex(members);
  SelectedMember selected;
  ASSIGN_OR_RETURN(selected.index,
                   wanted.empty() ? FindBest(members, newest) : FindWanted(members, wanted));
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i != selected.index) {
      selected.passed_over.push_back(fmt::format(
          "{}: {}", Label(members[i]), wanted.empty() ? Why(members[i], newest) : "not asked for"));
    }
  }
  return selected;
}

Result<std::vector<ObservedMember>> ObserveMembers(const Context& context, Client& client,
                                                   std::chrono::nanoseconds member_timeout) {
  ASSIGN_OR_RETURN(const std::vector<Member> members, client.MemberList(context));
  std::vector<ObservedMember> observed(members.size());
  {
    std::vector<Thread> threads;
    for (std::size_t i = 0; i < members.size(); ++i) {
      observed[i].member = members[i];
      threads.emplace_back([&context, &client, member_timeout, &one = observed[i]] {
        Observe(context, client, member_timeout, one);
      });
    }
  }
  // A cluster without a leader still answers this; a user without the right to ask may still read.
  const Result<std::vector<Alarm>> alarms = client.AlarmList(context);
  if (!alarms.ok()) {
    if (alarms.status().code() == Code::kPermissionDenied) {
      return observed;
    }
    return alarms.status();
  }
  for (const Alarm& alarm : *alarms) {
    for (ObservedMember& one : observed) {
      if (one.member.id == alarm.member) {
        one.alarms.push_back(alarm.type);
      }
    }
  }
  return observed;
}

}  // namespace tresor::etcd
