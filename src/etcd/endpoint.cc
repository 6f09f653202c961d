// SPDX-License-Identifier: Apache-2.0
#include "etcd/endpoint.h"

#include <charconv>
#include <cstdint>

namespace tresor::etcd {
namespace {

bool Consume(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

bool IsPort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

}  // namespace

Result<Endpoint> ParseEndpoint(std::string_view text, bool tls_by_default) {
  const auto bad = [whole = text](std::string_view why) {
    return Error(Code::kInvalidArgument, "endpoint \"{}\": {}", whole, why);
  };
  Endpoint endpoint{.host = {}, .address = {}, .tls = tls_by_default};
  if (Consume(text, "https://")) {
    endpoint.tls = true;
  } else if (Consume(text, "http://")) {
    endpoint.tls = false;
  } else if (text.find("://") != std::string_view::npos) {
    return bad("only http and https are known");
  }
  if (text.ends_with('/')) {
    text.remove_suffix(1);
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !IsPort(text.substr(colon + 1))) {
    return bad("not host:port");
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad("an IPv6 address needs brackets");
  }
  if (host.empty() || host.find_first_of("/@?#[] ,") != std::string_view::npos) {
    return bad("not host:port");
  }
  endpoint.host = host;
  endpoint.address = text;
  return endpoint;
}

}  // namespace tresor::etcd
