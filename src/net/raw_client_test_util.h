// SPDX-License-Identifier: Apache-2.0
// RawClient: a TCP client of tests, which sends what no honest client would.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tresor::net {

/// Blocking, with a deadline of ten seconds for each call, so that a test never hangs. One thread.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False: the other side has gone.
  bool Send(std::string_view bytes) const;
  /// What came until `end` was seen (with it), the connection ended, or the deadline passed.
  [[nodiscard]] std::string ReadUntil(std::string_view end);
  /// Status line, header and the body that Content-Length tells.
  [[nodiscard]] std::string ReadResponse();
  /// Until the connection ends.
  [[nodiscard]] std::string ReadAll();
  /// True: the other side closed (or reset), without more bytes.
  [[nodiscard]] bool Closed();
  void CloseSending() const;

 private:
  bool Fill();
  int socket_ = -1;
  bool ended_ = false;
  std::string input_;
};

}  // namespace tresor::net
