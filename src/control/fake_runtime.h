// SPDX-License-Identifier: Apache-2.0
// For tests: a runtime whose members are values. As real launchers, they go on by themselves, keep
// what they were told over a crash of the controller, and hold to the contract of runtime.h.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "etcd/format/ids.h"
#include "runtime/runtime.h"

namespace tresor::control {

class FakeRuntime final : public runtime::ClusterRuntime {
 public:
  /// What a member's directory holds.
  struct Data {
    std::string content = "old";
    std::int64_t revision = 100;
    std::uint32_t hash = 1;
    friend bool operator==(const Data&, const Data&) = default;
  };
  struct Member {
    std::optional<Data> data = Data{};
    std::optional<Data> set_aside = {};
    bool running = true;
    bool closed = false;  // only Tresor reaches it
    std::optional<runtime::RestoreObservation> restore = {};
    std::string error = {};  // what the present step says instead of going on
    bool error_final = false;
  };
  struct Cluster {
    runtime::ClusterSpec spec;
    std::vector<Member> members;
    std::set<std::string> finished;  // restores that are over
    std::optional<runtime::RestoreOrder> order;
  };

  /// Asked before every call with its name; what it says in place of OK is the call's answer, and
  /// the call is not carried out.
  std::function<Status(std::string_view)> before = [](std::string_view) { return OkStatus(); };
  /// Asked after it, likewise; the call was carried out.
  std::function<Status(std::string_view)> after = [](std::string_view) { return OkStatus(); };
  /// In every Apply, before it is carried out.
  std::function<void(const runtime::ClusterSpec&)> while_applying =
      [](const runtime::ClusterSpec&) {};
  /// What a rebuild of a backup gives.
  std::function<Data(const runtime::RestoreOrder&)> rebuild =
      [](const runtime::RestoreOrder& order) {
        return Data{.content = order.backup, .revision = 50 + order.bump_revision, .hash = 2};
      };
  /// Stands in the way of a member at one step; empty error: it just does not go on.
  struct Obstacle {
    std::size_t member = 0;
    runtime::RestoreStep step = runtime::RestoreStep::kStop;
    std::string error = {};
    bool final = false;
  };
  std::optional<Obstacle> obstacle = {};
  bool never_healthy_when_closed = false;
  bool verifies = true;                      // launchers compare HashKV by themselves
  bool reachable = true;                     // etcd answers at all, outside of restores
  std::vector<std::string> violations = {};  // of the contract, by the caller

  Status Apply(const Context&, const runtime::ClusterSpec& spec) override {
    RETURN_IF_ERROR(before("Apply"));
    while_applying(spec);
    RETURN_IF_ERROR(Carry(spec));
    return after("Apply");
  }

  Result<runtime::ClusterObservation> Observe(const Context&,
                                              const runtime::ClusterId& id) override {
    RETURN_IF_ERROR(before("Observe"));
    const auto place = clusters.find(id.uid);
    if (place == clusters.end()) {
      return Error(Code::kNotFound, "cluster \"{}\" was never applied", id.name);
    }
    GoOn(place->second);
    runtime::ClusterObservation seen = Look(place->second);
    RETURN_IF_ERROR(after("Observe"));
    return seen;
  }

  Result<etcd::ClientOptions> Access(const runtime::ClusterId& id) override {
    RETURN_IF_ERROR(before("Access"));
    return etcd::ClientOptions{.endpoints = {"fake://" + id.uid}};
  }
  Result<etcd::ClientOptions> Credentials(const runtime::ClusterId& id) override {
    return Access(id);
  }
  Status Remove(const Context&, const runtime::ClusterId& id) override {
    RETURN_IF_ERROR(before("Remove"));
    clusters.erase(id.uid);
    return after("Remove");
  }

  /// All members serve `content` to everybody, and nothing is set aside.
  [[nodiscard]] static bool Serves(const Cluster& cluster, const std::string& content) {
    return !cluster.members.empty() &&
           std::all_of(cluster.members.begin(), cluster.members.end(), [&](const Member& member) {
             return member.running && !member.closed && !member.set_aside.has_value() &&
                    member.data.has_value() && member.data->content == content;
           });
  }

  std::map<std::string, Cluster> clusters = {};  // by uid

 private:
  using Step = runtime::RestoreStep;

  void Violation(std::string what) { violations.push_back(std::move(what)); }

  Status Carry(const runtime::ClusterSpec& spec) {
    const auto [place, is_new] = clusters.try_emplace(spec.id.uid);
    Cluster& cluster = place->second;
    if (is_new) {
      cluster.members.resize(static_cast<std::size_t>(spec.replicas));
    }
    cluster.spec = spec;
    if (!spec.restore.has_value()) {
      return OkStatus();
    }
    const runtime::RestoreOrder& order = *spec.restore;
    if (cluster.finished.contains(order.id)) {
      return OkStatus();  // repeating it harms nothing
    }
    if (cluster.order.has_value() && cluster.order->id != order.id) {
      Violation("restore " + order.id + " while " + cluster.order->id + " is not over");
      return Error(Code::kFailedPrecondition, "another restore is not over");
    }
    if (order.roll_back && AnyReached(cluster, Step::kOpen)) {
      Violation("roll back after open");
      return Error(Code::kFailedPrecondition, "it is too late to roll back");
    }
    if (cluster.order.has_value() && cluster.order->roll_back && !order.roll_back) {
      Violation("forward after roll back");
    }
    if (!order.roll_back && order.until >= Step::kOpen &&
        !(cluster.order.has_value() && AllReached(cluster, Step::kStartClosed))) {
      Violation("open before all have started");
    }
    cluster.order = order;
    return OkStatus();
  }

  static bool AnyReached(const Cluster& cluster, Step step) {
    return std::any_of(cluster.members.begin(), cluster.members.end(), [&](const Member& member) {
      return member.restore.has_value() && member.restore->done >= step;
    });
  }
  static bool AllReached(const Cluster& cluster, Step step) {
    return std::all_of(cluster.members.begin(), cluster.members.end(), [&](const Member& member) {
      return member.restore.has_value() && member.restore->done >= step;
    });
  }

  /// Every member does one step of what it was told.
  void GoOn(Cluster& cluster) {
    if (!cluster.order.has_value()) {
      return;
    }
    const runtime::RestoreOrder order = *cluster.order;
    for (std::size_t i = 0; i < cluster.members.size(); ++i) {
      Member& member = cluster.members[i];
      if (!member.restore.has_value() || member.restore->id != order.id) {
        member.restore = runtime::RestoreObservation{.id = order.id};
      }
      if (order.roll_back) {
        RollBack(member);
      } else if (member.restore->done < order.until) {
        GoStep(cluster, i, order);
      }
    }
    const bool all_back =
        std::all_of(cluster.members.begin(), cluster.members.end(),
                    [](const Member& member) { return member.restore->rolled_back; });
    if (!order.roll_back) {
      BringAnew(cluster, order);
    }
    if ((order.roll_back && all_back) || AllReached(cluster, Step::kForget)) {
      cluster.finished.insert(order.id);
      cluster.order.reset();
    }
  }

  /// Those that nobody waits for, when a majority has done all: by their fellows.
  static void BringAnew(Cluster& cluster, const runtime::RestoreOrder& order) {
    std::vector<Member*> left;
    const Member* fellow = nullptr;
    for (std::size_t i = 0; i < cluster.members.size(); ++i) {
      Member& member = cluster.members[i];
      if (member.restore->done == Step::kForget) {
        fellow = &member;
      } else if (member.restore->done < Step::kOpen &&
                 std::ranges::find(order.without, NameOf(i)) != order.without.end()) {
        left.push_back(&member);
      } else {
        return;
      }
    }
    if (fellow == nullptr || left.size() * 2 >= cluster.members.size()) {
      return;
    }
    for (Member* member : left) {
      *member = {.data = fellow->data, .restore = fellow->restore};
    }
  }
  static std::string NameOf(std::size_t i) { return "m" + std::to_string(i + 1); }

  void GoStep(const Cluster& cluster, std::size_t index, const runtime::RestoreOrder& order) {
    Member& member = const_cast<Cluster&>(cluster).members[index];
    const Step next = member.restore->done.has_value()
                          ? static_cast<Step>(static_cast<int>(*member.restore->done) + 1)
                          : Step::kStop;
    member.restore->error.clear();
    if (obstacle.has_value() && obstacle->member == index && obstacle->step == next) {
      member.restore->error = obstacle->error;
      member.restore->final = obstacle->final;
      return;
    }
    switch (next) {
      case Step::kStop:
        member.running = false;
        break;
      case Step::kSetAside:
        member.set_aside = std::exchange(member.data, std::nullopt);
        break;
      case Step::kRebuild: {
        member.data = rebuild(order);
        member.restore->bytes_done = member.restore->bytes_total = 1000;
        member.restore->rebuilt = runtime::RebuiltData{.revision = member.data->revision,
                                                       .compact_revision = member.data->revision,
                                                       .hash = member.data->hash,
                                                       .db_bytes = 1000};
        break;
      }
      case Step::kStartClosed:
        member.running = true;
        member.closed = true;
        member.restore->verified = verifies;
        break;
      case Step::kOpen:
        member.closed = false;
        break;
      case Step::kForget:
        member.set_aside.reset();
        break;
    }
    member.restore->done = next;
  }

  static void RollBack(Member& member) {
    if (member.set_aside.has_value()) {
      member.data = std::exchange(member.set_aside, std::nullopt);
    }
    member.running = true;
    member.closed = false;
    member.restore->error.clear();
    member.restore->rolled_back = true;
  }

  runtime::ClusterObservation Look(const Cluster& cluster) const {
    runtime::ClusterObservation seen;
    std::size_t healthy = 0;
    for (std::size_t i = 0; i < cluster.members.size(); ++i) {
      const Member& member = cluster.members[i];
      runtime::MemberObservation& look = seen.members.emplace_back();
      look.name = NameOf(i);
      look.phase =
          member.running ? runtime::MemberPhase::kRunning : runtime::MemberPhase::kRestoring;
      look.answered = member.running && reachable && member.data.has_value();
      look.healthy = look.answered && !(member.closed && never_healthy_when_closed);
      look.restore = member.restore;
      if (look.healthy) {
        ++healthy;
        look.status = etcd::MemberStatus{};
        look.status->header.member = etcd::MemberId{i + 1};
        look.status->header.revision = member.data->revision;
        look.status->version = "3.5.21";
        look.status->leader = etcd::MemberId{1};
        look.status->db_bytes = 1000;
      }
    }
    seen.has_quorum = healthy * 2 > cluster.members.size();
    if (healthy > 0) {
      seen.etcd_cluster = etcd::ClusterId{77};
    }
    return seen;
  }
};

}  // namespace tresor::control
