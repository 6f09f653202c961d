// SPDX-License-Identifier: Apache-2.0
#include "runtime/member/arguments.h"

#include <algorithm>

#include "base/status_matchers.h"

namespace tresor::runtime {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::StatusIs;

MemberOrder Order() {
  MemberOrder order;
  order.name = "m0";
  order.etcd = "/usr/bin/etcd";
  order.client_port = 1001;
  order.closed_port = 1002;
  order.peer_port = 1003;
  order.members = {{.name = "m0", .peer_url = PeerUrl(1003)},
                   {.name = "m1", .peer_url = PeerUrl(1013)}};
  order.token = "t";
  return order;
}

TEST(ArgumentsTest, WhatTresorSetsIsRefused) {
  for (const char* argument : {"--name=x",
                               "--data-dir=/x",
                               "--wal-dir=/x",
                               "--listen-client-urls=http://0.0.0.0:2379",
                               "--listen-metrics-urls=http://0.0.0.0:1",
                               "--initial-cluster-token=x",
                               "--force-new-cluster",
                               "--unsafe-no-fsync",
                               "--peer-auto-tls",
                               "--client-cert-auth=false",
                               "--cert-file=x",
                               "--trusted-ca-file=x",
                               "--log-outputs=x",
                               "--logger=x",
                               "--config-file=x",
                               "--version",
                               "--discovery-srv=x",
                               "--proxy=on",
                               "--quota-backend-bytes=1",
                               "--tls-min-version=TLS1.0"}) {
    EXPECT_THAT(CheckExtraArgs({argument}),
                StatusIs(Code::kInvalidArgument, HasSubstr("set by Tresor")))
        << argument;
  }
}

TEST(ArgumentsTest, WhatIsNoFlagIsRefused) {
  for (const char* argument : {"", "x", "-name=x", "--", "--=x", "--a b", "--A=1"}) {
    EXPECT_THAT(CheckExtraArgs({argument}), StatusIs(Code::kInvalidArgument, HasSubstr("--name=")))
        << argument;
  }
}

TEST(ArgumentsTest, TuningIsAllowed) {
  EXPECT_OK(CheckExtraArgs({"--auto-compaction-retention=1h", "--snapshot-count=1000",
                            "--heartbeat-interval=50", "--max-request-bytes=10485760",
                            "--experimental-initial-corrupt-check=true", "--pre-vote"}));
}

TEST(ArgumentsTest, OpenMemberLetsPeopleInAndClosedOneTresorAlone) {
  const MemberFiles files("/c/m0");
  const auto open = EtcdArguments(Order(), files, false);
  const auto closed = EtcdArguments(Order(), files, true);

  EXPECT_THAT(open, Contains("--listen-client-urls=https://127.0.0.1:1001"));
  EXPECT_THAT(open, Contains("--trusted-ca-file=/c/tls/clients.crt"));
  EXPECT_THAT(closed, Contains("--listen-client-urls=https://127.0.0.1:1002"));
  EXPECT_THAT(closed, Contains("--advertise-client-urls=https://127.0.0.1:1002"));
  EXPECT_THAT(closed, Contains("--trusted-ca-file=/c/tls/tresor-ca.crt"));
  for (const auto& arguments : {open, closed}) {
    EXPECT_THAT(arguments, Contains("--client-cert-auth=true"));
    EXPECT_THAT(arguments, Contains("--peer-client-cert-auth=true"));
    EXPECT_THAT(arguments, Contains("--listen-peer-urls=https://127.0.0.1:1003"));
    EXPECT_THAT(arguments,
                Contains("--initial-cluster=m0=https://127.0.0.1:1003,m1=https://127.0.0.1:1013"));
  }
}

TEST(ArgumentsTest, ClosedMemberHasNoGatewayWhateverIsAsked) {
  MemberOrder order = Order();
  order.extra_args = {"--enable-grpc-gateway=true", "--snapshot-count=5"};
  const auto closed = EtcdArguments(order, MemberFiles("/c/m0"), true);
  EXPECT_THAT(closed, Contains("--enable-grpc-gateway=false"));
  EXPECT_THAT(closed, Not(Contains("--enable-grpc-gateway=true")));
  EXPECT_THAT(closed, Contains("--snapshot-count=5"));
}

}  // namespace
}  // namespace tresor::runtime
