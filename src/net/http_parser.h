// SPDX-License-Identifier: Apache-2.0
// RequestParser: bytes of one connection in, one Request out. Strict where RFC 9112 lets two
// parsers disagree about where a request ends: such a request is refused, and nothing after it is
// read.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_server.h"

namespace tresor::net {

struct ParserLimits {
  std::size_t header_bytes = std::size_t{32} << 10;
  std::size_t target_bytes = std::size_t{16} << 10;
  std::size_t body_bytes = std::size_t{3} << 20;
};

/// One request. Not thread-safe.
class RequestParser {
 public:
  explicit RequestParser(const ParserLimits& limits);
  ~RequestParser();

  enum class State {
    kHeader,   // wants more of the request line and header
    kBody,     // header() is there, wants more of the body
    kDone,     // Take() gives the request
    kRefused,  // status() and message() say why; the connection is of no more use
  };
  /// Takes what it can from the front of `input`; returns how much that was. Bytes that are not
  /// taken must be given again, with more behind them.
  [[nodiscard]] std::size_t Put(std::string_view input);
  [[nodiscard]] State state() const { return state_; }

  /// Of a refusal: 400, 413, 414, 431, 501, 505.
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const std::string& message() const { return message_; }

  // From kBody on.
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  [[nodiscard]] bool http_1_0() const { return http_1_0_; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  [[nodiscard]] std::size_t body_size() const;

  /// In kDone, once. Fields of a chunked body's trailer are dropped: nobody checked them with the
  /// header.
  [[nodiscard]] Request Take();

 private:
  struct Impl;
  std::size_t Refuse(int status, std::string_view message);
  bool AcceptHeader();

  const ParserLimits limits_;
  std::unique_ptr<Impl> impl_;
  State state_ = State::kHeader;
  int status_ = 0;
  std::string message_;
  bool keep_alive_ = false;
  bool http_1_0_ = false;
  bool expects_continue_ = false;
  Request request_;
};

}  // namespace tresor::net
