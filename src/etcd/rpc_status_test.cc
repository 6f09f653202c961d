// SPDX-License-Identifier: Apache-2.0
#include "etcd/rpc_status.h"

#include "base/status_matchers.h"

namespace tresor::etcd {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(RpcStatusTest, OkIsOk) { EXPECT_THAT(FromRpcStatus(0, "whatever"), IsOk()); }

TEST(RpcStatusTest, CodesKeepTheirMeaning) {
  EXPECT_THAT(FromRpcStatus(14, "etcdserver: no leader"), StatusIs(Code::kUnavailable));
  EXPECT_THAT(FromRpcStatus(9, "etcdserver: not leader"), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(FromRpcStatus(15, "etcdserver: corrupt cluster"), StatusIs(Code::kDataLoss));
  EXPECT_THAT(FromRpcStatus(4, ""), StatusIs(Code::kDeadlineExceeded, HasSubstr("deadline")));
}

TEST(RpcStatusTest, TextDecidesWhereOldLinesSayUnknown) {
  EXPECT_THAT(FromRpcStatus(2, "auth: user name is empty"), StatusIs(Code::kUnauthenticated));
  EXPECT_THAT(FromRpcStatus(2, "auth: invalid auth token"), StatusIs(Code::kUnauthenticated));
  EXPECT_THAT(FromRpcStatus(2, "auth: permission denied"), StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(FromRpcStatus(2, "mvcc: required revision has been compacted"),
              StatusIs(Code::kOutOfRange));
  EXPECT_THAT(FromRpcStatus(2, "mvcc: required revision is a future revision"),
              StatusIs(Code::kOutOfRange));
}

TEST(RpcStatusTest, WrongPasswordIsNotOurCallersInvalidArgument) {
  EXPECT_THAT(FromRpcStatus(3, "etcdserver: authentication failed, invalid user ID or password"),
              StatusIs(Code::kUnauthenticated));
  EXPECT_THAT(FromRpcStatus(3, "etcdserver: revision of auth store is old"),
              StatusIs(Code::kUnauthenticated));
}

TEST(RpcStatusTest, TextDoesNotOverruleAClearCode) {
  EXPECT_THAT(FromRpcStatus(5, "key \"permission denied\" not found"), StatusIs(Code::kNotFound));
}

TEST(RpcStatusTest, ResetStreamIsUnavailable) {
  EXPECT_THAT(FromRpcStatus(13, "Received RST_STREAM with error code 2"),
              StatusIs(Code::kUnavailable));
}

TEST(RpcStatusTest, NumbersOutsideTheTableAreUnknown) {
  EXPECT_THAT(FromRpcStatus(17, "x"), StatusIs(Code::kUnknown));
  EXPECT_THAT(FromRpcStatus(-1, "x"), StatusIs(Code::kUnknown));
}

TEST(RpcStatusTest, OnlyAFailedConnectWasNeverSent) {
  EXPECT_TRUE(NeverSent(FromRpcStatus(14, "failed to connect to all addresses; last error: x")));
  EXPECT_FALSE(NeverSent(FromRpcStatus(14, "etcdserver: request timed out")));
  EXPECT_FALSE(NeverSent(FromRpcStatus(14, "Socket closed")));
}

TEST(RpcStatusTest, SaysWhyThereIsNoConnectionInPlainWords) {
  const std::pair<const char*, const char*> cases[] = {
      {"failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Failed to "
       "connect to remote host: Connection refused",
       "cannot connect: Connection refused"},
      {"failed to connect to all addresses; last error: UNAVAILABLE: ipv6:%5B::1%5D:2379: Socket "
       "closed",
       "cannot connect: Socket closed"},
      {"failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:2379: Ssl "
       "handshake failed: SSL_ERROR_SSL: error:1: certificate verify failed",
       "cannot connect: Ssl handshake failed: SSL_ERROR_SSL: error:1: certificate verify failed"},
      {"failed to connect to all addresses", "cannot connect: failed to connect to all addresses"},
      {"DNS resolution failed for nowhere.test:2379: C-ares status is not ARES_SUCCESS qtype=AAAA "
       "name=nowhere.test is_balancer=0: Domain name not found",
       "cannot connect: the host's name is not known (Domain name not found)"},
      {"etcdserver: no leader", "etcdserver: no leader"},
  };
  for (const auto& [theirs, ours] : cases) {
    EXPECT_EQ(Message(FromRpcStatus(14, theirs)), ours);
  }
}

TEST(RpcStatusTest, BadCertificatesAreTold) {
  EXPECT_TRUE(IsDistrusted(FromRpcStatus(
      14,
      "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:2379: Ssl "
      "handshake failed: SSL_ERROR_SSL: error:0A000086:SSL routines::certificate verify "
      "failed")));
  EXPECT_TRUE(IsDistrusted(FromRpcStatus(
      14,
      "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:2379: Peer "
      "name other.test is not in peer certificate")));
  EXPECT_FALSE(IsDistrusted(FromRpcStatus(14, "Socket closed")));
  EXPECT_FALSE(IsDistrusted(FromRpcStatus(13, "certificate verify failed")));
}

}  // namespace
}  // namespace tresor::etcd
