// SPDX-License-Identifier: Apache-2.0
#include "runtime/local/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>

#include "base/status_matchers.h"

namespace tresor::runtime {
namespace {

using testing::StatusIs;

TEST(PortsTest, EachIsGivenOnceUntilItIsReleased) {
  SeededRandom random(1);
  Ports ports(21000, 21400, random);
  std::set<std::uint16_t> seen;
  for (int i = 0; i < 10; ++i) {
    ASSERT_OK_AND_ASSIGN(const auto taken, ports.Take(3));
    seen.insert(taken.begin(), taken.end());
  }
  EXPECT_EQ(seen.size(), 30U);
}

TEST(PortsTest, WhatIsNotedOrListenedOnIsNotGiven) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(fd, 1), 0);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::uint16_t port = ntohs(address.sin_port);

  SeededRandom random(1);
  Ports busy(port, static_cast<std::uint16_t>(port + 1), random);
  EXPECT_THAT(busy.Take(1), StatusIs(Code::kResourceExhausted));
  ::close(fd);
  EXPECT_OK(busy.Take(1));
  EXPECT_THAT(busy.Take(1), StatusIs(Code::kResourceExhausted));
  busy.Release(port);
  busy.Note(port);
  EXPECT_THAT(busy.Take(1), StatusIs(Code::kResourceExhausted));
}

}  // namespace
}  // namespace tresor::runtime
