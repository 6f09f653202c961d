// SPDX-License-Identifier: Apache-2.0
// ApiClient: a client of tests that speaks plain HTTP to an API server in this process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http_server.h"
#include "net/raw_client_test_util.h"
#include "objects/object.h"

namespace tresor::api {

struct Reply {
  int code = 0;
  net::Headers headers;
  std::string text;
  objects::Json json;  // null when the body is none

  /// The text at "/metadata/name"; empty: there is none.
  [[nodiscard]] std::string Text(const char* pointer) const;
};

/// One connection. One thread.
class ApiClient {
 public:
  explicit ApiClient(std::uint16_t port, std::string token = {})
      : client_(port), token_(std::move(token)) {}

  [[nodiscard]] Reply Call(std::string_view method, std::string_view target,
                           std::string_view body = {}, const net::Headers& headers = {});
  [[nodiscard]] Reply Get(std::string_view target, const net::Headers& headers = {}) {
    return Call("GET", target, {}, headers);
  }
  /// Begins a watch; its header has come on return.
  [[nodiscard]] Reply Watch(std::string_view target, const net::Headers& headers = {});
  /// The watch's next event; null: it has ended.
  [[nodiscard]] objects::Json NextEvent();

 private:
  void Send(std::string_view method, std::string_view target, std::string_view body,
            const net::Headers& headers);
  net::RawClient client_;
  const std::string token_;
};

}  // namespace tresor::api
