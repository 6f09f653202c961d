// SPDX-License-Identifier: Apache-2.0
#include "net/raw_client_test_util.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "base/check.h"

namespace tresor::net {
namespace {
constexpr int kDeadlineMillis = 10'000;
}

RawClient::RawClient(std::uint16_t port, int receive_buffer_bytes) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  TRESOR_CHECK(socket_ >= 0);
  if (receive_buffer_bytes > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                 sizeof receive_buffer_bytes);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int result = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ended_ = result != 0;
}

RawClient::~RawClient() { ::close(socket_); }

bool RawClient::Send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::Fill() {
  pollfd poll{.fd = socket_, .events = POLLIN, .revents = 0};
  if (ended_ || ::poll(&poll, 1, kDeadlineMillis) <= 0) {
    return false;
  }
  std::array<char, 65536> buffer;
  const auto size = ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (size <= 0) {
    ended_ = true;
    return false;
  }
  input_.append(buffer.data(), static_cast<std::size_t>(size));
  return true;
}

std::string RawClient::ReadUntil(std::string_view end) {
  std::size_t at = 0;
  std::size_t searched = 0;
  while ((at = input_.find(end, searched)) == std::string::npos) {
    searched = input_.size() - std::min(input_.size(), end.size());
    if (!Fill()) {
      return std::exchange(input_, {});
    }
  }
  const std::string read = input_.substr(0, at + end.size());
  input_.erase(0, read.size());
  return read;
}

std::string RawClient::ReadResponse() {
  std::string response = ReadUntil("\r\n\r\n");
  constexpr std::string_view kLength = "Content-Length: ";
  const auto at = response.find(kLength);
  if (at == std::string::npos) {
    return response;
  }
  std::size_t length = 0;
  std::from_chars(response.data() + at + kLength.size(), response.data() + response.size(), length);
  while (input_.size() < length && Fill()) {
  }
  response += input_.substr(0, length);
  input_.erase(0, std::min(length, input_.size()));
  return response;
}

std::string RawClient::ReadAll() {
  while (Fill()) {
  }
  return std::exchange(input_, {});
}

bool RawClient::Closed() {
  (void)Fill();
  return ended_ && input_.empty();
}

void RawClient::CloseSending() const { ::shutdown(socket_, SHUT_WR); }

}  // namespace tresor::net
