// SPDX-License-Identifier: Apache-2.0
#include "net/http_parser.h"

#include <optional>
#include <utility>

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace tresor::net {
namespace {

namespace http = boost::beast::http;

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

// RFC 9112 section 3.2.2: a server must also take the absolute form.
std::string_view OriginForm(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.starts_with(scheme)) {
      const auto path = target.find('/', scheme.size());
      return path == std::string_view::npos ? "/" : target.substr(path);
    }
  }
  return target;
}

std::pair<int, std::string_view> Explain(const boost::system::error_code& error) {
  if (error == http::error::header_limit) {
    return {431, "the request's header is too large"};
  }
  if (error == http::error::body_limit || error == http::error::buffer_overflow) {
    return {413, "the request's body is too large"};
  }
  if (error == http::error::bad_version) {
    return {505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  }
  if (error == http::error::bad_content_length) {
    return {400, "bad or ambiguous Content-Length"};
  }
  if (error == http::error::bad_transfer_encoding) {
    return {400, "bad or ambiguous Transfer-Encoding"};
  }
  if (error == http::error::bad_chunk || error == http::error::bad_chunk_extension) {
    return {400, "bad chunk"};
  }
  return {400, "not an HTTP request"};
}

}  // namespace

struct RequestParser::Impl {
  http::request_parser<http::string_body> parser;
};

RequestParser::RequestParser(const ParserLimits& limits)
    : limits_(limits), impl_(std::make_unique<Impl>()) {
  impl_->parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  impl_->parser.body_limit(limits.body_bytes);
}
RequestParser::~RequestParser() = default;

std::size_t RequestParser::Refuse(int status, std::string_view message) {
  state_ = State::kRefused;
  status_ = status;
  message_ = message;
  return 0;
}

std::size_t RequestParser::body_size() const { return impl_->parser.get().body().size(); }

std::size_t RequestParser::Put(std::string_view input) {
  auto& parser = impl_->parser;
  std::size_t taken = 0;
  if (state_ == State::kHeader && input.size() > limits_.header_bytes + 4 &&
      input.substr(0, limits_.header_bytes + 4).find("\r\n\r\n") == std::string_view::npos) {
    return Refuse(431, "the request's header is too large");
  }
  while (state_ == State::kHeader || state_ == State::kBody) {
    const std::string_view rest = input.substr(taken);
    if (rest.empty()) {
      break;
    }
    boost::system::error_code error;
    // Not eager before the header is complete: Put then stops behind it.
    parser.eager(state_ == State::kBody);
    const std::size_t used = parser.put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    taken += used;
    if (error && error != http::error::need_more) {
      const auto [status, message] = Explain(error);
      return Refuse(status, message);
    }
    if (state_ == State::kHeader && parser.is_header_done() && !AcceptHeader()) {
      return 0;
    }
    if (parser.is_done()) {
      state_ = State::kDone;
    }
    if (error == http::error::need_more || used == 0) {
      break;
    }
  }
  return taken;
}

bool RequestParser::AcceptHeader() {
  const auto& message = impl_->parser.get();
  http_1_0_ = message.version() == 10;
  keep_alive_ = impl_->parser.keep_alive();
  request_.method = View(message.method_string());
  int hosts = 0;
  for (const auto& field : message) {
    hosts += field.name() == http::field::host ? 1 : 0;
    request_.headers.Add(View(field.name_string()), View(field.value()));
  }
  if (hosts > 1 || (hosts == 0 && !http_1_0_)) {
    Refuse(400, "the request must have one Host header");
    return false;
  }
  if (const auto encoding = request_.headers.Joined("Transfer-Encoding"); !encoding.empty()) {
    if (http_1_0_) {
      Refuse(400, "HTTP/1.0 has no Transfer-Encoding");
      return false;
    }
    if (!EqualsIgnoringCase(encoding, "chunked")) {
      Refuse(501, "the only transfer encoding known here is chunked");
      return false;
    }
  }
  if (const auto expect = request_.headers.Find("Expect")) {
    if (!EqualsIgnoringCase(*expect, "100-continue")) {
      Refuse(417, "the only expectation known here is 100-continue");
      return false;
    }
    expects_continue_ = !http_1_0_;
  }
  const std::string_view target = OriginForm(View(message.target()));
  if (target.size() > limits_.target_bytes) {
    Refuse(414, "the request's target is too long");
    return false;
  }
  auto parsed = Target::Parse(target);
  if (!parsed.ok()) {
    Refuse(400, Message(parsed.status()));
    return false;
  }
  request_.target = *std::move(parsed);
  state_ = State::kBody;
  return true;
}

Request RequestParser::Take() {
  request_.body = std::move(impl_->parser.get().body());
  return std::move(request_);
}

}  // namespace tresor::net
