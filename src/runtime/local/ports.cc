// SPDX-License-Identifier: Apache-2.0
#include "runtime/local/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tresor::runtime {

bool IsPortFree(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return false;
  }
  // As Go's listeners do: connections that have just ended don't count.
  const int one = 1;
  (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool free = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
                    ::listen(fd, 1) == 0;
  ::close(fd);
  return free;
}

Result<std::vector<std::uint16_t>> Ports::Take(int count) {
  const std::uint64_t range = end_ > first_ ? static_cast<std::uint64_t>(end_ - first_) : 0;
  std::vector<std::uint16_t> ports;
  auto taken = taken_.Lock();
  // From a random place on, so that servers side by side rarely look at the same ports.
  const std::uint64_t begin = range == 0 ? 0 : random_.Below(range);
  for (std::uint64_t i = 0; i < range && static_cast<int>(ports.size()) < count; ++i) {
    const auto port = static_cast<std::uint16_t>(first_ + (begin + i) % range);
    if (!taken->contains(port) && IsPortFree(port)) {
      ports.push_back(port);
    }
  }
  if (static_cast<int>(ports.size()) < count) {
    return Error(Code::kResourceExhausted, "no {} free ports between {} and {}", count, first_,
                 end_);
  }
  taken->insert(ports.begin(), ports.end());
  return ports;
}

}  // namespace tresor::runtime
