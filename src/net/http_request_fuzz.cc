// SPDX-License-Identifier: Apache-2.0
// Requests, in pieces of any size: a parser that gets the same bytes cut up differently must say
// the same. The first byte chooses the size.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/http_parser.h"

namespace {

using tresor::net::RequestParser;

struct Outcome {
  RequestParser::State state = RequestParser::State::kHeader;
  int status = 0;
  std::string request;
};

Outcome Feed(std::string_view bytes, std::size_t piece) {
  RequestParser parser({.header_bytes = 2048, .target_bytes = 512, .body_bytes = 1024});
  std::string input;
  while (!bytes.empty() && (parser.state() == RequestParser::State::kHeader ||
                            parser.state() == RequestParser::State::kBody)) {
    const std::string_view next = bytes.substr(0, piece);
    input += next;
    bytes.remove_prefix(next.size());
    const std::size_t taken = parser.Put(input);
    TRESOR_CHECK(taken <= input.size());
    input.erase(0, taken);
    TRESOR_CHECK(parser.body_size() <= 1024);
  }
  Outcome outcome{.state = parser.state(), .status = parser.status(), .request = {}};
  if (parser.state() == RequestParser::State::kDone) {
    const auto request = parser.Take();
    outcome.request = request.method + " " + request.target.path + "\n" + request.body;
    for (const auto& [name, value] : request.headers.fields()) {
      TRESOR_CHECK(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 8192) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const Outcome whole = Feed(bytes, bytes.size() + 1);
  const Outcome pieces = Feed(bytes, 1 + data[0] % 64);
  // What is done is done either way. (A refusal may come earlier, or with another code, when limits
  // are met before the rest is there.)
  TRESOR_CHECK((whole.state == RequestParser::State::kDone) ==
               (pieces.state == RequestParser::State::kDone));
  TRESOR_CHECK(whole.request == pieces.request);
  return 0;
}
