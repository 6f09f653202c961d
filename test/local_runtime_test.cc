// SPDX-License-Identifier: Apache-2.0
// runtime/local with real launchers and real etcd: clusters of one and three members.
#include <algorithm>
#include <csignal>
#include <memory>
#include <string>

#include "base/status_matchers.h"
#include "test/local_cluster.h"

namespace tresor::testing {
namespace {

using runtime::ClusterObservation;
using runtime::MemberPhase;

class LocalRuntimeTest : public ::testing::TestWithParam<std::string> {};

TEST_P(LocalRuntimeTest, OneMemberComesUpAndIsReachableWithCertificatesOnly) {
  ASSERT_OK_AND_ASSIGN(const auto local, LocalCluster::Make({.line = GetParam()}));

  ASSERT_OK(local->ApplyUntilHealthy(Soon()));

  ASSERT_OK_AND_ASSIGN(const ClusterObservation seen, local->Observe());
  ASSERT_EQ(seen.members.size(), 1);
  EXPECT_EQ(seen.members[0].phase, MemberPhase::kRunning);
  EXPECT_TRUE(seen.has_quorum);
  EXPECT_TRUE(seen.etcd_cluster.has_value());
  EXPECT_GT(seen.members[0].launcher_pid, 0);
  EXPECT_GT(seen.members[0].etcd_pid, 0);
  ASSERT_OK(local->Put("a", "1"));
  // As people reach it, and not without what they were given.
  ASSERT_OK_AND_ASSIGN(etcd::ClientOptions people, local->runtime().Credentials(local->spec().id));
  ASSERT_OK_AND_ASSIGN(const auto client, etcd::Client::Connect(people));
  ASSERT_OK_AND_ASSIGN(const auto answer, client->Range(Soon(), {.key = "a"}));
  ASSERT_EQ(answer.key_values.size(), 1);
  EXPECT_EQ(answer.key_values[0].value, "1");
  people.tls->certificate_pem.clear();
  people.tls->key_pem.clear();
  people.dial_timeout = std::chrono::milliseconds(500);
  ASSERT_OK_AND_ASSIGN(const auto stranger, etcd::Client::Connect(people));
  EXPECT_FALSE(
      stranger->Range(Context::Background().WithTimeout(std::chrono::seconds(2)), {.key = "a"})
          .ok());
}

TEST_P(LocalRuntimeTest, WhatIsKilledComesBackWithItsData) {
  ASSERT_OK_AND_ASSIGN(const auto local, LocalCluster::Make({.line = GetParam()}));
  ASSERT_OK(local->ApplyUntilHealthy(Soon()));
  ASSERT_OK(local->Put("a", "1"));
  ASSERT_OK_AND_ASSIGN(const ClusterObservation before, local->Observe());

  // etcd: its launcher starts it again, without us.
  ASSERT_EQ(::kill(static_cast<pid_t>(before.members[0].etcd_pid), SIGKILL), 0);
  ASSERT_OK(local->Await(Soon(), [&](const ClusterObservation& seen) {
    return seen.has_quorum && seen.members[0].etcd_pid != before.members[0].etcd_pid;
  }));
  ASSERT_OK_AND_ASSIGN(const ClusterObservation again, local->Observe());
  EXPECT_EQ(again.members[0].launcher_pid, before.members[0].launcher_pid);
  EXPECT_EQ(again.members[0].restarts, 1);
  EXPECT_EQ(local->Get("a"), "1");

  // The launcher: etcd goes with it, and Apply starts both.
  ASSERT_EQ(::kill(static_cast<pid_t>(again.members[0].launcher_pid), SIGKILL), 0);
  ASSERT_OK(local->ApplyUntilHealthy(Soon()));
  ASSERT_OK_AND_ASSIGN(const ClusterObservation last, local->Observe());
  EXPECT_NE(last.members[0].launcher_pid, again.members[0].launcher_pid);
  EXPECT_NE(last.members[0].etcd_pid, again.members[0].etcd_pid);
  EXPECT_EQ(local->Get("a"), "1");
}

TEST_P(LocalRuntimeTest, ThreeMembersAreAdoptedByTheNextServer) {
  ASSERT_OK_AND_ASSIGN(const auto local, LocalCluster::Make({.line = GetParam(), .replicas = 3}));
  ASSERT_OK(local->ApplyUntilHealthy(Soon()));
  ASSERT_OK(local->Put("a", "1"));
  ASSERT_OK_AND_ASSIGN(const ClusterObservation before, local->Observe());

  ASSERT_OK(local->Reopen());
  ASSERT_OK(local->ApplyUntilHealthy(Soon()));

  ASSERT_OK_AND_ASSIGN(const ClusterObservation after, local->Observe());
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(after.members[i].launcher_pid, before.members[i].launcher_pid);
    EXPECT_EQ(after.members[i].etcd_pid, before.members[i].etcd_pid);
  }
  EXPECT_EQ(local->Get("a"), "1");

  // Stopped: nothing runs, the data stays.
  local->spec().stopped = true;
  ASSERT_OK(local->ApplyUntil(Soon(), [](const ClusterObservation& seen) {
    return std::ranges::all_of(
        seen.members, [](const auto& member) { return member.phase == MemberPhase::kStopped; });
  }));
  local->spec().stopped = false;
  ASSERT_OK(local->ApplyUntilHealthy(Soon()));
  EXPECT_EQ(local->Get("a"), "1");
}

INSTANTIATE_TEST_SUITE_P(Lines, LocalRuntimeTest, ::testing::Values("3.4", "3.5"),
                         [](const auto& line) { return "etcd3_" + line.param.substr(2); });

}  // namespace
}  // namespace tresor::testing
