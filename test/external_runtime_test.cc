// SPDX-License-Identifier: Apache-2.0
// runtime/external looks at a real etcd that is not ours.
#include <algorithm>

#include "base/status_matchers.h"
#include "runtime/external/external.h"
#include "test/etcd_fixture.h"

namespace tresor::testing {
namespace {

Context Soon() { return Context::Background().WithTimeout(std::chrono::seconds(60)); }

TEST(ExternalRuntimeEtcdTest, SeesAllMembersFromOneEndpointAndWhoIsDown) {
  ASSERT_OK_AND_ASSIGN(const auto etcd, EtcdCluster::Start({.members = 3, .tls = true}));
  const auto runtime = runtime::MakeExternalRuntime();
  runtime::ClusterSpec spec;
  spec.id = {.project = "p", .name = "c", .uid = "u"};
  spec.external = etcd->client_options();
  spec.external->endpoints.resize(1);
  ASSERT_OK(runtime->Apply(Soon(), spec));

  ASSERT_OK_AND_ASSIGN(const auto seen, runtime->Observe(Soon(), spec.id));
  ASSERT_EQ(seen.members.size(), 3U);
  EXPECT_TRUE(seen.has_quorum);
  EXPECT_TRUE(seen.etcd_cluster.has_value());
  for (const auto& member : seen.members) {
    EXPECT_TRUE(member.healthy) << member.message;
    EXPECT_EQ(member.phase, runtime::MemberPhase::kRunning);
  }

  etcd->KillMember(2);
  const Context soon = Soon();
  for (;;) {
    ASSERT_OK_AND_ASSIGN(const auto after, runtime->Observe(soon, spec.id));
    EXPECT_EQ(std::ranges::count_if(after.members, &runtime::MemberObservation::answered), 2);
    if (after.has_quorum) {
      break;
    }
    // It was the leader: the others elect one.
    ASSERT_OK(soon.Sleep(std::chrono::milliseconds(100))) << "no quorum";
  }
}

TEST(ExternalRuntimeEtcdTest, ShowsAlarmsAtTheirMember) {
  ASSERT_OK_AND_ASSIGN(const auto etcd, EtcdCluster::Start({}));
  const auto runtime = runtime::MakeExternalRuntime();
  runtime::ClusterSpec spec;
  spec.id.uid = "u";
  spec.external = etcd->client_options();
  ASSERT_OK(runtime->Apply(Soon(), spec));
  ASSERT_OK_AND_ASSIGN(const auto members, etcd->client().MemberList(Soon()));
  ASSERT_OK(etcd->client().ActivateAlarm(
      Soon(), {.member = members[0].id, .type = etcd::AlarmType::kNoSpace}));

  ASSERT_OK_AND_ASSIGN(const auto seen, runtime->Observe(Soon(), spec.id));
  EXPECT_THAT(seen.members[0].alarms, ::testing::ElementsAre(etcd::AlarmType::kNoSpace));
}

}  // namespace
}  // namespace tresor::testing
