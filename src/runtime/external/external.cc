// SPDX-License-Identifier: Apache-2.0
#include "runtime/external/external.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/guarded.h"
#include "base/thread.h"
#include "runtime/ask.h"

namespace tresor::runtime {
namespace {

constexpr std::chrono::milliseconds kAskTime{5000};

class ExternalRuntime final : public ClusterRuntime {
 public:
  Status Apply(const Context&, const ClusterSpec& spec) override {
    if (spec.restore) {
      return Error(Code::kFailedPrecondition,
                   "cluster {}/{} is not run by Tresor, so it cannot be restored in place: restore "
                   "the backup into a local cluster, or make data directories with 'tresor "
                   "snapshot restore' and start its members on them",
                   spec.id.project, spec.id.name);
    }
    if (!spec.external) {
      return Error(Code::kInvalidArgument, "cluster {}/{}: no endpoints given", spec.id.project,
                   spec.id.name);
    }
    // Says whether they make sense; reaches nobody.
    RETURN_IF_ERROR(etcd::Client::Connect(*spec.external).status());
    (*known_.Lock())[spec.id.uid] = *spec.external;
    return OkStatus();
  }

  Result<ClusterObservation> Observe(const Context& context, const ClusterId& id) override {
    ASSIGN_OR_RETURN(const etcd::ClientOptions options, Find(id));
    const Context patience = context.WithTimeout(kAskTime);
    ASSIGN_OR_RETURN(const auto client, etcd::Client::Connect(options));
    ASSIGN_OR_RETURN(const std::vector<Reached> reached, Members(patience, *client, options));
    ClusterObservation observation;
    std::vector<MemberAnswer> answers(reached.size());
    {
      std::vector<Thread> asking;
      for (std::size_t i = 0; i < reached.size(); ++i) {
        asking.emplace_back([&, i] { answers[i] = Ask(patience, options, reached[i].urls); });
      }
    }
    RETURN_IF_ERROR(context.Check());
    for (std::size_t i = 0; i < reached.size(); ++i) {
      MemberAnswer& answer = answers[i];
      MemberObservation& member = observation.members.emplace_back();
      member.name = reached[i].name;
      member.client_url = reached[i].urls.empty() ? std::string() : reached[i].urls.front();
      member.phase = answer.answered ? MemberPhase::kRunning : MemberPhase::kStarting;
      member.message = answer.error;
      member.answered = answer.answered;
      member.healthy = answer.healthy;
      member.status = std::move(answer.status);
      observation.has_quorum = observation.has_quorum || member.healthy;
      if (member.status && !observation.etcd_cluster) {
        observation.etcd_cluster = member.status->header.cluster;
      }
    }
    if (observation.has_quorum) {
      AddAlarms(patience, *client, observation);
    }
    return observation;
  }

  Result<etcd::ClientOptions> Access(const ClusterId& id) override { return Find(id); }
  Result<etcd::ClientOptions> Credentials(const ClusterId& id) override { return Find(id); }

  Status Remove(const Context&, const ClusterId& id) override {
    known_.Lock()->erase(id.uid);
    return OkStatus();
  }

 private:
  struct Reached {
    std::string name;
    std::vector<std::string> urls;
  };

  Result<etcd::ClientOptions> Find(const ClusterId& id) {
    auto known = known_.Lock();
    const auto found = known->find(id.uid);
    if (found == known->end()) {
      return Error(Code::kNotFound, "cluster {}/{} is not known yet", id.project, id.name);
    }
    return found->second;
  }

  /// As etcd lists them; when nobody answers, the endpoints that we were given.
  static Result<std::vector<Reached>> Members(const Context& context, etcd::Client& client,
                                              const etcd::ClientOptions& options) {
    std::vector<Reached> reached;
    const auto members = client.MemberList(context);
    if (members.ok()) {
      for (const etcd::Member& member : *members) {
        reached.push_back({.name = member.name, .urls = member.client_urls});
      }
      return reached;
    }
    if (members.status().code() == Code::kUnauthenticated ||
        members.status().code() == Code::kPermissionDenied) {
      return members.status();
    }
    for (const std::string& endpoint : options.endpoints) {
      reached.push_back({.name = endpoint, .urls = {endpoint}});
    }
    return reached;
  }

  static MemberAnswer Ask(const Context& context, const etcd::ClientOptions& options,
                          const std::vector<std::string>& urls) {
    MemberAnswer answer;
    answer.error = "it has told no client URL yet";
    // Any of its addresses will do; which one reaches it from here, only trying tells.
    for (const std::string& url : urls) {
      etcd::ClientOptions one = options;
      one.endpoints = {url};
      const auto client = etcd::Client::Connect(one);
      if (!client.ok()) {
        answer.error = std::string(Message(client.status()));
        continue;
      }
      answer = AskMember(context, **client);
      if (answer.answered) {
        break;
      }
    }
    return answer;
  }

  static void AddAlarms(const Context& context, etcd::Client& client,
                        ClusterObservation& observation) {
    const auto alarms = client.AlarmList(context);
    if (!alarms.ok()) {
      return;
    }
    for (const etcd::Alarm& alarm : *alarms) {
      for (MemberObservation& member : observation.members) {
        if (member.status && member.status->header.member == alarm.member) {
          member.alarms.push_back(alarm.type);
        }
      }
    }
  }

  Guarded<std::map<std::string, etcd::ClientOptions>> known_;  // by uid
};

}  // namespace

std::unique_ptr<ClusterRuntime> MakeExternalRuntime() {
  return std::make_unique<ExternalRuntime>();
}

}  // namespace tresor::runtime
