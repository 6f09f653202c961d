// SPDX-License-Identifier: Apache-2.0
#include "api/api_client_test_util.h"

#include <charconv>

#include <fmt/format.h>

namespace tresor::api {
namespace {

Reply ParseReply(const std::string& response) {
  Reply reply;
  if (response.size() < 12) {
    return reply;
  }
  std::from_chars(response.data() + 9, response.data() + 12, reply.code);
  std::string_view rest = response;
  const auto end = rest.find("\r\n\r\n");
  std::string_view head = rest.substr(0, end);
  reply.text = rest.substr(end + 4);
  head.remove_prefix(std::min(head.find("\r\n") + 2, head.size()));
  while (!head.empty()) {
    const auto line_end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, line_end);
    const auto colon = line.find(": ");
    reply.headers.Add(line.substr(0, colon), line.substr(colon + 2));
    head.remove_prefix(std::min(line_end + 2, head.size()));
  }
  reply.json = objects::Json::parse(reply.text, nullptr, false);
  if (reply.json.is_discarded()) {
    reply.json = nullptr;
  }
  return reply;
}

}  // namespace

std::string Reply::Text(const char* pointer) const {
  const objects::Json::json_pointer path(pointer);
  return json.contains(path) && json.at(path).is_string() ? json.at(path).get<std::string>()
                                                          : std::string();
}

void ApiClient::Send(std::string_view method, std::string_view target, std::string_view body,
                     const net::Headers& headers) {
  std::string request = fmt::format("{} {} HTTP/1.1\r\nHost: test\r\n", method, target);
  if (!token_.empty()) {
    request += fmt::format("Authorization: Bearer {}\r\n", token_);
  }
  for (const auto& [name, value] : headers.fields()) {
    request += fmt::format("{}: {}\r\n", name, value);
  }
  if (!body.empty()) {
    request += fmt::format("Content-Length: {}\r\n", body.size());
    if (!headers.Find("Content-Type")) {
      request += "Content-Type: application/json\r\n";
    }
  }
  client_.Send(request + "\r\n" + std::string(body));
}

Reply ApiClient::Call(std::string_view method, std::string_view target, std::string_view body,
                      const net::Headers& headers) {
  Send(method, target, body, headers);
  return ParseReply(client_.ReadResponse());
}

Reply ApiClient::Watch(std::string_view target, const net::Headers& headers) {
  Send("GET", target, {}, headers);
  return ParseReply(client_.ReadResponse());
}

objects::Json ApiClient::NextEvent() {
  // A chunk may hold many lines; their frames are in between: a size, then CR LF.
  for (;;) {
    const std::string line = client_.ReadUntil("\n");
    if (line == "0\r\n") {
      (void)client_.ReadUntil("\r\n");
      return nullptr;
    }
    if (line.empty()) {
      return nullptr;
    }
    if (line.starts_with("{")) {
      return objects::Json::parse(line, nullptr, false);
    }
  }
}

}  // namespace tresor::api
