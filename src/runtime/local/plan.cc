// SPDX-License-Identifier: Apache-2.0
#include "runtime/local/plan.h"

#include <algorithm>
#include <utility>

namespace tresor::runtime {
namespace {

std::string MemberName(std::uint32_t number) { return fmt::format("m{}", number); }

/// Equal but for the generation.
bool SameOrder(const MemberOrder& a, MemberOrder b) {
  b.generation = a.generation;
  return EncodeOrder(a) == EncodeOrder(b);
}

/// etcd must be stopped and started for it.
bool NeedsRestart(const MemberOrder& a, const MemberOrder& b) {
  return a.etcd != b.etcd || a.quota_backend_bytes != b.quota_backend_bytes ||
         a.extra_args != b.extra_args;
}

class Planner {
 public:
  Planner(const ClusterSpec& spec, ClusterRecord record, const ClusterFacts& facts,
          const PlanOptions& options)
      : spec_(spec), record_(std::move(record)), facts_(facts), options_(options) {}

  Result<std::vector<Action>> Run() {
    RETURN_IF_ERROR(PlanRestore());
    if (!actions_.empty()) {
      return std::move(actions_);
    }
    if (Restoring()) {
      OrderRestore();
      return std::move(actions_);
    }
    if (NoteWhatIs()) {
      return std::move(actions_);
    }
    OrderMembers();
    RETURN_IF_ERROR(PlanMembership());
    PlanDefragmentation();
    return std::move(actions_);
  }

 private:
  [[nodiscard]] std::size_t count() const { return record_.members.size(); }
  [[nodiscard]] const MemberRecord& member(std::size_t i) const { return record_.members[i]; }
  [[nodiscard]] bool leaving(std::size_t i) const {
    return member(i).state == MemberState::kLeaving;
  }

  // --- restore -----------------------------------------------------------------------------------

  [[nodiscard]] bool Restoring() const { return record_.restore && !record_.restore_over; }

  /// How far member `i` has come with the record's restore. What it says of one that it has not
  /// been told of is old: of the same one, forgotten and named again.
  [[nodiscard]] const RestoreObservation* Seen(std::size_t i) const {
    const auto& order = facts_.members[i].order;
    const auto& status = facts_.members[i].status;
    const std::string& id = record_.restore->id;
    return order && order->restore && order->restore->id == id && status && status->restore &&
                   status->restore->id == id
               ? &*status->restore
               : nullptr;
  }
  [[nodiscard]] bool HasDone(std::size_t i, RestoreStep step) const {
    const RestoreObservation* seen = Seen(i);
    return seen != nullptr && seen->done >= step;
  }
  [[nodiscard]] bool AllHaveDone(RestoreStep step) const {
    for (std::size_t i = 0; i < count(); ++i) {
      if (!leaving(i) && !IsGivenUp(i) && !HasDone(i, step)) {
        return false;
      }
    }
    return true;
  }
  /// Nobody waits for it, unless it has come along after all.
  [[nodiscard]] bool IsGivenUp(std::size_t i) const {
    const bool serves = HasDone(i, RestoreStep::kOpen) && facts_.members[i].healthy;
    return std::ranges::find(record_.restore->without, member(i).name) !=
               record_.restore->without.end() &&
           !serves && !HasDone(i, RestoreStep::kForget);
  }

  /// Takes over what the spec says of a restore, and notes the end of one.
  Status PlanRestore() {
    if (Restoring()) {
      NoteRestoreEnd();
    }
    const bool names_it =
        spec_.restore && record_.restore && spec_.restore->id == record_.restore->id;
    if (Restoring() && spec_.restore && !names_it) {
      return Error(Code::kFailedPrecondition, "restore {} is not over: {} cannot begin",
                   record_.restore->id, spec_.restore->id);
    }
    if (record_.restore_over && !names_it) {
      record_.restore.reset();
      record_.restore_over = false;
      Save();
    }
    if (!spec_.restore || (names_it && record_.restore_over)) {
      return OkStatus();
    }
    if (spec_.restore->roll_back && MayBeOpen(spec_.restore->id)) {
      return Error(Code::kFailedPrecondition,
                   "restore {} cannot be rolled back any more: clients have been let in",
                   spec_.restore->id);
    }
    if (!record_.restore || !SameRestore(*record_.restore, *spec_.restore)) {
      record_.restore = spec_.restore;
      record_.restore_over = false;
      Save();
    }
    return OkStatus();
  }

  static bool SameRestore(const RestoreOrder& a, const RestoreOrder& b) {
    MemberOrder one;
    MemberOrder other;
    one.restore = a;
    other.restore = b;
    return SameOrder(one, other);
  }

  /// A member was told to open, so it may have.
  [[nodiscard]] bool MayBeOpen(const std::string& id) const {
    return std::ranges::any_of(facts_.members,
                               [&](const MemberFacts& facts) { return WasToldToOpen(facts, id); });
  }
  static bool WasToldToOpen(const MemberFacts& facts, const std::string& id) {
    return facts.order && facts.order->restore && facts.order->restore->id == id &&
           !facts.order->restore->roll_back && facts.order->restore->until >= RestoreStep::kOpen;
  }

  void NoteRestoreEnd() {
    bool over = true;
    bool completed = true;
    std::vector<std::string> given_up;
    std::size_t taking_part = 0;
    std::size_t well = 0;  // those that have done all of it, and serve
    for (std::size_t i = 0; i < count(); ++i) {
      if (leaving(i)) {
        continue;
      }
      ++taking_part;
      if (IsGivenUp(i)) {
        given_up.push_back(member(i).name);
        continue;
      }
      const RestoreObservation* seen = Seen(i);
      const bool done = seen != nullptr && seen->done == RestoreStep::kForget;
      over = over && (done || (seen != nullptr && seen->rolled_back));
      completed = completed && done;
      well += done && facts_.members[i].healthy ? 1U : 0U;
    }
    // What is left of a member is removed only when nobody needs it.
    if (!over || (!given_up.empty() && !(completed && well * 2 > taking_part))) {
      return;
    }
    for (const std::string& name : given_up) {
      actions_.emplace_back(WipeMember{.member = name});
    }
    record_.restore_over = true;
    actions_.emplace_back(SaveRecord{});  // filled in below
    const std::size_t save = actions_.size() - 1;
    if (completed) {
      // The backup knows only the members that it was restored to, and all of them.
      for (MemberRecord& member : record_.members) {
        if (member.state == MemberState::kLeaving) {
          actions_.emplace_back(DropMember{.member = member.name});
        } else {
          member.state = MemberState::kMember;
          member.established = true;
          member.stale_id = 0;
        }
      }
    }
    actions_[save] = SaveRecord{.record = record_};
  }

  void OrderRestore() {
    for (std::size_t i = 0; i < count(); ++i) {
      const auto& status = facts_.members[i].status;
      // From kRebuild on it may be etcd itself that has just begun to listen there, unless it says
      // that it could not.
      const bool is_strange = !HasDone(i, RestoreStep::kRebuild) ||
                              (status && status->port_taken && status->etcd.pid == 0);
      if (!leaving(i) && facts_.members[i].closed_port_taken && is_strange &&
          !HasDone(i, RestoreStep::kStartClosed)) {
        actions_.emplace_back(ChangeClosedPort{.member = member(i).name});
      }
    }
    if (!actions_.empty()) {
      return;
    }
    const bool all_closed = AllHaveDone(RestoreStep::kStartClosed);
    const bool all_open = AllHaveDone(RestoreStep::kOpen);
    const bool may_be_open = MayBeOpen(record_.restore->id);
    bool earlier_open = true;  // all members before this one
    for (std::size_t i = 0; i < count(); ++i) {
      if (may_be_open && !leaving(i) && !facts_.members[i].order) {
        // Its folder is gone. Rebuilt once more it would have forgotten what it voted for, and what
        // its fellows hold since they are open: they bring it back when this is over.
        earlier_open = earlier_open && IsGivenUp(i);
        continue;
      }
      MemberOrder order = Fresh(i);
      if (leaving(i)) {
        order.run = false;
        order.restore.reset();
      } else {
        order.members = Fellows();
        RestoreOrder restore = *record_.restore;
        if (restore.until >= RestoreStep::kOpen && !(all_closed && earlier_open)) {
          // Never back from there: it may be open already, and that it may must stay known.
          restore.until = WasToldToOpen(facts_.members[i], restore.id) ? RestoreStep::kOpen
                                                                       : RestoreStep::kStartClosed;
        } else if (restore.until > RestoreStep::kOpen && !all_open) {
          restore.until = RestoreStep::kOpen;
        }
        restore.without.clear();  // which is not the member's concern
        order.restore = restore;
        earlier_open = earlier_open && (IsGivenUp(i) || HasDone(i, RestoreStep::kOpen));
      }
      Give(i, std::move(order));
      Launch(i);
    }
  }

  // --- orders ------------------------------------------------------------------------------------

  /// All that are to be members, as founders know them.
  [[nodiscard]] std::vector<Fellow> Fellows() const {
    std::vector<Fellow> fellows;
    for (const MemberRecord& member : record_.members) {
      if (member.state != MemberState::kLeaving) {
        fellows.push_back({.name = member.name, .peer_url = PeerUrl(member.peer_port)});
      }
    }
    return fellows;
  }

  /// As etcd's list says, which one that joins must repeat.
  [[nodiscard]] std::vector<Fellow> FellowsOfEtcd(const MemberRecord& own) const {
    std::vector<Fellow> fellows;
    for (const etcd::Member& listed : *facts_.etcd_members) {
      for (const std::string& url : listed.peer_urls) {
        fellows.push_back(
            {.name = url == PeerUrl(own.peer_port) ? own.name : listed.name, .peer_url = url});
      }
    }
    return fellows;
  }

  /// What member `i` shall be by record and spec; the generation is that of the order it has.
  [[nodiscard]] MemberOrder Fresh(std::size_t i) const {
    const MemberRecord& own = member(i);
    const std::optional<MemberOrder>& present = facts_.members[i].order;
    const bool goes_on = present && present->incarnation == own.incarnation;
    MemberOrder order;
    order.generation = present ? present->generation : 0;
    order.cluster = record_.id;
    order.name = own.name;
    order.run = !spec_.stopped;
    order.etcd = options_.etcd;
    order.client_port = own.client_port;
    order.closed_port = own.closed_port;
    order.peer_port = own.peer_port;
    order.token = record_.token;
    order.incarnation = own.incarnation;
    order.established = own.established;
    order.quota_backend_bytes = spec_.quota_backend_bytes;
    order.extra_args = spec_.extra_args;
    order.joins = own.state == MemberState::kJoining || (goes_on && present->joins);
    if (goes_on) {
      order.members = present->members;
    } else if (own.state == MemberState::kJoining && facts_.etcd_members) {
      order.members = FellowsOfEtcd(own);
    } else {
      order.members = Fellows();
    }
    // One that is over stays until the spec forgets it, so that it can still be seen; a member that
    // came later never gets it.
    if (record_.restore && present) {
      order.restore = present->restore;
    }
    return order;
  }

  void Give(std::size_t i, MemberOrder order) {
    const auto& present = facts_.members[i].order;
    if (!present || !SameOrder(*present, order)) {
      ++order.generation;
      actions_.emplace_back(GiveOrder{.member = member(i).name, .order = std::move(order)});
    }
  }

  void Launch(std::size_t i) {
    if (!facts_.members[i].launcher_runs) {
      actions_.emplace_back(StartLauncher{.member = member(i).name});
    }
  }

  /// One that joins must be in etcd's list before it starts.
  [[nodiscard]] bool MayHaveOrder(std::size_t i) const {
    if (facts_.members[i].order && facts_.members[i].order->incarnation == member(i).incarnation) {
      return true;
    }
    return member(i).state != MemberState::kJoining ||
           (member(i).stale_id == 0 && Listed(i) != nullptr);
  }

  void OrderMembers() {
    std::vector<std::size_t> restarts;
    for (std::size_t i = 0; i < count(); ++i) {
      if (!MayHaveOrder(i)) {
        continue;
      }
      const MemberFacts& facts = facts_.members[i];
      MemberOrder order = Fresh(i);
      if (facts.order && facts.healthy && order.run && facts.order->run &&
          NeedsRestart(*facts.order, order)) {
        restarts.push_back(i);
      } else {
        Give(i, std::move(order));
      }
      Launch(i);
    }
    if (!restarts.empty() && actions_.empty() && AllSettled()) {
      Give(LeaderLast(restarts), Fresh(LeaderLast(restarts)));
    }
  }

  /// Every member does what it was told, and well.
  [[nodiscard]] bool AllSettled() const {
    for (std::size_t i = 0; i < count(); ++i) {
      const MemberFacts& facts = facts_.members[i];
      if (!facts.healthy || !facts.order || !facts.status || !facts.launcher_runs ||
          facts.status->order_generation != facts.order->generation) {
        return false;
      }
    }
    return true;
  }

  [[nodiscard]] bool IsLeader(std::size_t i) const {
    const auto& etcd = facts_.members[i].etcd;
    return etcd && etcd->leader == etcd->header.member;
  }
  [[nodiscard]] std::size_t LeaderLast(const std::vector<std::size_t>& indexes) const {
    const auto follower =
        std::ranges::find_if(indexes, [&](std::size_t i) { return !IsLeader(i); });
    return follower == indexes.end() ? indexes.front() : *follower;
  }

  // --- who is a member ---------------------------------------------------------------------------

  /// etcd's entry of member `i`; null: there is none, or nobody to ask.
  [[nodiscard]] const etcd::Member* Listed(std::size_t i) const {
    if (facts_.etcd_members) {
      for (const etcd::Member& listed : *facts_.etcd_members) {
        if (std::ranges::find(listed.peer_urls, PeerUrl(member(i).peer_port)) !=
            listed.peer_urls.end()) {
          return &listed;
        }
      }
    }
    return nullptr;
  }

  [[nodiscard]] bool IsListed(std::uint64_t id) const {
    return std::ranges::any_of(*facts_.etcd_members, [&](const etcd::Member& listed) {
      return static_cast<std::uint64_t>(listed.id) == id;
    });
  }

  [[nodiscard]] bool IsLost(std::size_t i) const {
    const MemberFacts& facts = facts_.members[i];
    return member(i).established &&
           (!facts.order || (facts.status && facts.status->phase == MemberPhase::kLost));
  }

  void Save() { actions_.emplace_back(SaveRecord{.record = record_}); }

  /// Changes of the record that follow from what is. True: there are some; plan anew.
  bool NoteWhatIs() {
    bool changed = false;
    bool any_established = false;
    bool moving = false;
    for (std::size_t i = 0; i < count(); ++i) {
      MemberRecord& own = record_.members[i];
      const MemberFacts& facts = facts_.members[i];
      if (own.state == MemberState::kMember && !own.established && facts.healthy) {
        own.established = changed = true;
      }
      if (own.state == MemberState::kJoining && own.stale_id != 0 && facts_.etcd_members &&
          !IsListed(own.stale_id)) {
        own.stale_id = 0;
        changed = true;
      }
      const etcd::Member* listed = Listed(i);
      if (own.state == MemberState::kJoining && own.stale_id == 0 && listed != nullptr &&
          !listed->learner && facts.healthy) {
        own.state = MemberState::kMember;
        own.established = changed = true;
      }
      any_established = any_established || own.established;
      moving = moving || own.state != MemberState::kMember;
    }
    if (!changed && ChangeTakenPorts(any_established, moving)) {
      return true;
    }
    for (std::size_t i = 0; i < count() && !moving && !changed && count() > 1; ++i) {
      if (IsLost(i) && facts_.etcd_members) {
        MemberRecord& own = record_.members[i];
        const etcd::Member* listed = Listed(i);
        own.stale_id = listed == nullptr ? 0 : static_cast<std::uint64_t>(listed->id);
        own.state = MemberState::kJoining;
        own.established = false;
        ++own.incarnation;
        changed = moving = true;
      }
    }
    if (changed) {
      Save();
    }
    return changed;
  }

  /// Ports that somebody else had first. Before the cluster has run it begins anew on others;
  /// afterwards only the member that could not, as one that lost its data. True: it is so.
  bool ChangeTakenPorts(bool any_established, bool moving) {
    ChangePorts change;
    change.record = record_;
    for (std::size_t i = 0; i < count(); ++i) {
      const MemberFacts& facts = facts_.members[i];
      MemberRecord& own = change.record.members[i];
      if (own.established || !(facts.port_taken || (facts.status && facts.status->port_taken))) {
        continue;
      }
      if (any_established && (moving || !facts_.etcd_members)) {
        continue;  // one after another
      }
      change.members.push_back(own.name);
      if (any_established) {
        const etcd::Member* listed = Listed(i);
        own.stale_id = listed == nullptr ? 0 : static_cast<std::uint64_t>(listed->id);
        own.state = MemberState::kJoining;
        moving = true;
      }
      ++own.incarnation;
    }
    if (change.members.empty()) {
      return false;
    }
    if (!any_established) {
      // Founders know each other's ports from the first start on.
      for (MemberRecord& member : change.record.members) {
        member.incarnation = record_.members.front().incarnation + 1;
      }
    }
    actions_.emplace_back(std::move(change));
    return true;
  }

  Status PlanMembership() {
    if (spec_.stopped) {
      return OkStatus();
    }
    std::size_t staying = 0;
    for (std::size_t i = 0; i < count(); ++i) {
      if (member(i).state == MemberState::kJoining && PlanJoining(i)) {
        return OkStatus();
      }
      if (leaving(i)) {
        return PlanLeaving(i);
      }
      ++staying;
    }
    const auto wanted = static_cast<std::size_t>(spec_.replicas);
    if (staying == wanted || !actions_.empty()) {
      return OkStatus();
    }
    if (!facts_.etcd_members) {
      const bool founded = std::ranges::any_of(
          record_.members, [](const MemberRecord& one) { return one.established; });
      return founded
                 ? Error(Code::kFailedPrecondition,
                         "{} of {} members are wanted, and etcd has no quorum that could decide "
                         "it: first bring members back, or restore",
                         wanted, staying)
                 : OkStatus();  // it is still being founded
    }
    if (staying > wanted) {
      record_.members[MemberToGo()].state = MemberState::kLeaving;
      Save();
    } else if (AllSettled()) {
      actions_.emplace_back(AddMember{});
    } else {
      return Error(Code::kFailedPrecondition,
                   "{} of {} members are wanted: not before all present ones are healthy", wanted,
                   staying);
    }
    return OkStatus();
  }

  /// False: nothing can be done for it now, and others need not wait.
  bool PlanJoining(std::size_t i) {
    if (!facts_.etcd_members) {
      return true;
    }
    const etcd::Member* listed = Listed(i);
    if (member(i).stale_id != 0) {
      actions_.emplace_back(RemoveFromEtcd{.id = etcd::MemberId(member(i).stale_id)});
    } else if (listed == nullptr) {
      actions_.emplace_back(AddToEtcd{.peer_url = PeerUrl(member(i).peer_port)});
    } else if (listed->learner && facts_.members[i].answered) {
      actions_.emplace_back(PromoteInEtcd{.id = listed->id});
    }
    return true;
  }

  Status PlanLeaving(std::size_t i) {
    if (!facts_.etcd_members) {
      return Error(Code::kFailedPrecondition, "member {} is to go, and etcd has no quorum",
                   member(i).name);
    }
    if (const etcd::Member* listed = Listed(i)) {
      actions_.emplace_back(RemoveFromEtcd{.id = listed->id});
    } else {
      actions_.emplace_back(DropMember{.member = member(i).name});
    }
    return OkStatus();
  }

  /// One that is of no use now; else the youngest that does not lead.
  [[nodiscard]] std::size_t MemberToGo() const {
    std::size_t chosen = count() - 1;
    for (std::size_t i = 0; i < count(); ++i) {
      if (!facts_.members[i].healthy) {
        return i;
      }
      if (!IsLeader(i)) {
        chosen = i;
      }
    }
    return chosen;
  }

  // --- housekeeping ------------------------------------------------------------------------------

  void PlanDefragmentation() {
    if (!spec_.may_defragment || !actions_.empty() || !AllSettled()) {
      return;
    }
    std::vector<std::size_t> wasteful;
    for (std::size_t i = 0; i < count(); ++i) {
      const auto& etcd = facts_.members[i].etcd;
      if (etcd && etcd->db_bytes >= options_.defragment_from_bytes &&
          static_cast<double>(etcd->db_in_use_bytes) <=
              static_cast<double>(etcd->db_bytes) * options_.defragment_below_use) {
        wasteful.push_back(i);
      }
    }
    if (!wasteful.empty()) {
      actions_.emplace_back(DefragmentMember{.member = member(LeaderLast(wasteful)).name});
    }
  }

  const ClusterSpec& spec_;
  ClusterRecord record_;
  const ClusterFacts& facts_;
  const PlanOptions& options_;
  std::vector<Action> actions_;
};

}  // namespace

Result<std::vector<Action>> Plan(const ClusterSpec& spec, const ClusterRecord& record,
                                 const ClusterFacts& facts, const PlanOptions& options) {
  return Planner(spec, record, facts, options).Run();
}

ClusterRecord NewRecord(const ClusterSpec& spec) {
  ClusterRecord record;
  record.id = spec.id;
  record.token = "tresor-" + spec.id.uid;
  for (std::int32_t i = 0; i < spec.replicas; ++i) {
    record.members.emplace_back().name = MemberName(record.next_member++);
  }
  return record;
}

}  // namespace tresor::runtime
