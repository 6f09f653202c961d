// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.h"

// Boost 1.74's asio/awaitable.hpp uses std::exchange without including this.
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

namespace tresor::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// How long a stop may go unnoticed.
constexpr std::chrono::milliseconds kStopInterval{50};
constexpr std::uint32_t kHeaderLimit = 64 << 10;

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool IsIdempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE";
}

class Client final : public HttpClient {
 public:
  explicit Client(HttpClientOptions options) : options_(std::move(options)) {}

  Status Prepare() {
    if (options_.server.scheme != "https") {
      return OkStatus();
    }
    tls_context_.emplace(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(tls_context_->native_handle(), TLS1_2_VERSION);
    tls_context_->set_verify_mode(asio::ssl::verify_peer);
    ErrorCode error;
    if (options_.authority_pem.empty()) {
      tls_context_->set_default_verify_paths(error);
    } else {
      tls_context_->add_certificate_authority(asio::buffer(options_.authority_pem), error);
    }
    if (error) {
      return Error(Code::kInvalidArgument, "certificate authority: {}", error.message());
    }
    return OkStatus();
  }

  Result<ClientResponse> Call(const Context& context, const ClientRequest& request) override {
    return Run(context, request, nullptr);
  }

  Result<ClientResponse> Stream(const Context& context, const ClientRequest& request,
                                const std::function<bool(std::string_view)>& on_bytes) override {
    return Run(context, request, &on_bytes);
  }

 private:
  using OnBytes = std::function<bool(std::string_view)>;
  using Parser = http::response_parser<http::string_body>;

  [[nodiscard]] std::string Where() const {
    return fmt::format("{}://{}:{}", options_.server.scheme, options_.server.host,
                       options_.server.port);
  }

  Result<ClientResponse> Run(const Context& context, const ClientRequest& request,
                             const OnBytes* on_bytes) {
    const bool reused = socket_.has_value();
    auto response = Attempt(context, request, on_bytes);
    // The server may have closed a connection that was idle just when we used it again.
    if (reused && !answered_ && response.status().code() == Code::kUnavailable &&
        IsIdempotent(request.method)) {
      response = Attempt(context, request, on_bytes);
    }
    if (!response.ok()) {
      Disconnect();
      return Annotate(response.status(), Where());
    }
    return response;
  }

  Result<ClientResponse> Attempt(const Context& context, const ClientRequest& request,
                                 const OnBytes* on_bytes) {
    answered_ = false;
    if (!socket_) {
      const Status connected = Connect(context);
      if (!connected.ok()) {
        Disconnect();
        return connected;
      }
    }
    const std::string text = Format(request);
    const Status sent = Await(context, [&](auto done) {
      tls_ ? asio::async_write(*tls_, asio::buffer(text), done)
           : asio::async_write(*socket_, asio::buffer(text), done);
    });
    if (!sent.ok()) {
      Disconnect();
      return sent;
    }
    auto response = Receive(context, request, on_bytes);
    if (!response.ok()) {
      Disconnect();
    }
    return response;
  }

  [[nodiscard]] std::string Format(const ClientRequest& request) const {
    const Url& server = options_.server;
    const bool usual = server.port == (server.scheme == "https" ? 443 : 80);
    const bool is_v6 = server.host.find(':') != std::string::npos;
    std::string text =
        fmt::format("{} {} HTTP/1.1\r\nHost: {}{}\r\nUser-Agent: {}\r\n", request.method,
                    request.target, is_v6 ? "[" + server.host + "]" : server.host,
                    usual ? "" : fmt::format(":{}", server.port), options_.user_agent);
    for (const auto& [name, value] : request.headers.fields()) {
      text += fmt::format("{}: {}\r\n", name, value);
    }
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
        request.method == "PATCH") {
      text += fmt::format("Content-Length: {}\r\n", request.body.size());
    }
    text += "\r\n";
    text += request.body;
    return text;
  }

  Status Connect(const Context& context) {
    tcp::resolver resolver(loop_);
    tcp::resolver::results_type endpoints;
    RETURN_IF_ERROR(Await(context, [&](auto done) {
      resolver.async_resolve(
          options_.server.host, std::to_string(options_.server.port),
          [&, done](const ErrorCode& error, const tcp::resolver::results_type& results) mutable {
            endpoints = results;
            done(error, 0);
          });
    }));
    socket_.emplace(loop_);
    RETURN_IF_ERROR(Await(context, [&](auto done) {
      asio::async_connect(
          *socket_, endpoints,
          [done](const ErrorCode& error, const tcp::endpoint&) mutable { done(error, 0); });
    }));
    ErrorCode ignored;
    socket_->set_option(tcp::no_delay(true), ignored);
    if (!tls_context_) {
      return OkStatus();
    }
    tls_.emplace(*socket_, *tls_context_);
    tls_->set_verify_callback(asio::ssl::host_name_verification(options_.server.host));
    ErrorCode not_an_address;
    asio::ip::make_address(options_.server.host, not_an_address);
    if (not_an_address) {
      // What the macro SSL_set_tlsext_host_name does, without its cast.
      std::string name = options_.server.host;
      SSL_ctrl(tls_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               name.data());
    }
    return Await(context, [&](auto done) {
      tls_->async_handshake(asio::ssl::stream_base::client,
                            [done](const ErrorCode& error) mutable { done(error, 0); });
    });
  }

  Result<ClientResponse> Receive(const Context& context, const ClientRequest& request,
                                 const OnBytes* on_bytes) {
    Parser parser;
    parser.eager(true);
    parser.header_limit(kHeaderLimit);
    parser.body_limit(on_bytes != nullptr
                          ? boost::none
                          : boost::optional<std::uint64_t>(options_.body_limit_bytes));
    parser.skip(request.method == "HEAD");
    std::string input;
    while (!parser.is_done()) {
      bool ended = false;
      RETURN_IF_ERROR(ReadSome(context, input, ended));
      ErrorCode error;
      if (ended) {
        if (parser.got_some()) {
          parser.put_eof(error);
        }
        if (error || !parser.is_done()) {
          return Error(Code::kUnavailable, "the server closed the connection");
        }
        break;
      }
      // More than once: an interim response is followed by the real one.
      while (!input.empty() && !parser.is_done()) {
        const std::size_t used = parser.put(asio::buffer(input), error);
        input.erase(0, used);
        if (error == http::error::need_more || (!error && used == 0)) {
          break;
        }
        if (error == http::error::body_limit) {
          return Error(Code::kResourceExhausted, "the response is larger than {} bytes",
                       options_.body_limit_bytes);
        }
        if (error) {
          return Error(Code::kDataLoss, "not an HTTP response: {}", error.message());
        }
      }
      if (on_bytes != nullptr && parser.is_header_done() && parser.get().result_int() / 100 == 2) {
        const std::string bytes = std::exchange(parser.get().body(), {});
        if (!bytes.empty() && !(*on_bytes)(bytes)) {
          ClientResponse response = Convert(parser);
          Disconnect();
          return response;
        }
      }
    }
    ClientResponse response = Convert(parser);
    if (!parser.keep_alive()) {
      Disconnect();
    }
    return response;
  }

  static ClientResponse Convert(Parser& parser) {
    ClientResponse response{.status = static_cast<int>(parser.get().result_int())};
    for (const auto& field : parser.get()) {
      response.headers.Add(View(field.name_string()), View(field.value()));
    }
    response.body = std::move(parser.get().body());
    return response;
  }

  Status ReadSome(const Context& context, std::string& input, bool& ended) {
    std::array<char, 16384> buffer;
    std::size_t size = 0;
    ErrorCode error;
    const Status status = Await(context, [&](auto done) {
      auto on_read = [&, done](const ErrorCode& result, std::size_t count) mutable {
        error = result;
        size = count;
        done(result, count);
      };
      tls_ ? tls_->async_read_some(asio::buffer(buffer), std::move(on_read))
           : socket_->async_read_some(asio::buffer(buffer), std::move(on_read));
    });
    input.append(buffer.data(), size);
    answered_ = answered_ || size > 0;
    ended = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
    return ended ? OkStatus() : status;
  }

  // Starts an operation and waits until it is done or `context` ends.
  template <typename Start>
  Status Await(const Context& context, Start start) {
    RETURN_IF_ERROR(context.Check());
    bool finished = false;
    ErrorCode result;
    start([&finished, &result](const ErrorCode& error, std::size_t) {
      result = error;
      finished = true;
    });
    Status stopped;
    loop_.restart();
    while (!finished) {
      loop_.run_one_for(kStopInterval);
      if (!finished && stopped.ok()) {
        stopped = context.Check();
        if (!stopped.ok() && socket_) {
          ErrorCode ignored;
          socket_->close(ignored);
        }
      }
      // A name that is still being looked up cannot be cut off: it is waited for.
    }
    RETURN_IF_ERROR(stopped);
    if (!result) {
      return OkStatus();
    }
    if (result.category() == asio::error::get_ssl_category() && tls_ &&
        ERR_GET_REASON(static_cast<unsigned long>(result.value())) ==
            SSL_R_CERTIFICATE_VERIFY_FAILED) {
      // A chain without fault that is refused all the same is for another name.
      const long why = SSL_get_verify_result(tls_->native_handle());
      return Error(Code::kUnauthenticated, "the server's certificate is not accepted: {}",
                   why == X509_V_OK ? fmt::format("it is not for {}", options_.server.host)
                                    : std::string(X509_verify_cert_error_string(why)));
    }
    return Error(Code::kUnavailable, "{}", result.message());
  }

  void Disconnect() {
    tls_.reset();
    socket_.reset();
  }

  const HttpClientOptions options_;
  asio::io_context loop_{1};
  std::optional<asio::ssl::context> tls_context_;
  std::optional<tcp::socket> socket_;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
  bool answered_ = false;  // a byte of the response has come
};

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::Open(HttpClientOptions options) {
  auto client = std::make_unique<Client>(std::move(options));
  RETURN_IF_ERROR(client->Prepare());
  return std::unique_ptr<HttpClient>(std::move(client));
}

}  // namespace tresor::net
