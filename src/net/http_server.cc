// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

// Boost 1.74's asio/awaitable.hpp uses std::exchange without including this.
#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stop_token>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "base/guarded.h"
#include "base/log.h"
#include "base/thread.h"
#include "net/http_message.h"
#include "net/http_parser.h"
#include "net/rate_limit.h"
#include "net/worker_pool.h"

namespace tresor::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using Nanos = std::chrono::nanoseconds;

constexpr std::size_t kReadBytes = std::size_t{16} << 10;
constexpr std::size_t kWriteBytes = std::size_t{64} << 10;
// What a client may send ahead while it gets a response; beyond it TCP makes it wait.
constexpr std::size_t kReadAheadBytes = std::size_t{16} << 10;
// How long and how much of what a refused client still sends is read and dropped, so that the
// kernel does not answer it with a reset that would take our refusal along.
constexpr Nanos kLingerTime = std::chrono::seconds{2};
constexpr std::size_t kLingerBytes = std::size_t{8} << 20;

// The way into the loop from other threads; closed when the loop ends.
class LoopGate {
 public:
  explicit LoopGate(asio::io_context& loop) : loop_(&loop) {}
  template <typename Function>
  void Post(Function function) {
    auto loop = loop_.Lock();
    if (*loop != nullptr) {
      asio::post(**loop, std::move(function));
    }
  }
  void Close() { *loop_.Lock() = nullptr; }

 private:
  Guarded<asio::io_context*> loop_;
};

std::string AddressText(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

// One IPv6 customer has at least a /64 to choose from.
std::string AddressKey(const asio::ip::address& address) {
  if (!address.is_v6() || address.to_v6().is_v4_mapped()) {
    return AddressText(address);
  }
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6(bytes).to_string();
}

// A watch may say nothing for minutes: a peer that vanished without a word is found within two.
void NoticeDeadPeers(tcp::socket& socket) {
  const auto set = [&](int level, int name, int value) {
    (void)::setsockopt(socket.native_handle(), level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 120'000);
}

Result<std::shared_ptr<asio::ssl::context>> MakeTls(const TlsIdentity& identity) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  ErrorCode error;
  context->use_certificate_chain(asio::buffer(identity.certificate_chain), error);
  if (error) {
    return Error(Code::kInvalidArgument, "TLS certificate: {}", error.message());
  }
  context->use_private_key(asio::buffer(identity.private_key), asio::ssl::context::pem, error);
  if (error) {
    return Error(Code::kInvalidArgument, "TLS private key: {}", error.message());
  }
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return Error(Code::kInvalidArgument, "the TLS private key is not the certificate's");
  }
  return context;
}

class Connection;

// What all connections share. Owned by the server; "loop" fields belong to the loop thread.
struct Shared {
  Shared(const HttpServerOptions& server_options, Handler server_handler)
      : options(server_options),
        handler(std::move(server_handler)),
        clock(options.clock != nullptr ? *options.clock : SystemClock()),
        context(Context::Background().WithStop(stop.get_token())),
        address_rate(options.requests_per_second, options.request_burst, clock),
        workers(options.workers) {}

  const HttpServerOptions options;
  const Handler handler;
  const Clock& clock;
  std::stop_source stop;
  const Context context;
  RateLimit address_rate;

  asio::io_context loop{1};
  const std::shared_ptr<LoopGate> gate = std::make_shared<LoopGate>(loop);

  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> refused_requests{0};
  std::atomic<std::uint64_t> refused_connections{0};
  std::atomic<std::uint64_t> streams{0};
  std::atomic<std::uint64_t> buffered_bytes{0};
  std::atomic<std::uint64_t> open_connections{0};

  // Loop.
  std::unordered_set<std::shared_ptr<Connection>> connections;
  std::unordered_map<std::string, std::size_t> connections_per_address;
  bool stopping = false;
  std::function<void()> on_empty;  // when stopping and the last connection went

  // Last: its jobs use all of the above.
  WorkerPool workers;
};

// A share of the budget for buffered bytes.
class BufferShare {
 public:
  explicit BufferShare(Shared& shared) : shared_(shared) {}
  ~BufferShare() { Set(0); }
  BufferShare(const BufferShare&) = delete;
  BufferShare& operator=(const BufferShare&) = delete;
  void Set(std::size_t bytes) {
    shared_.buffered_bytes += bytes;
    shared_.buffered_bytes -= bytes_;
    bytes_ = bytes;
  }
  // False: there is no room for `bytes`; the share is as before.
  [[nodiscard]] bool Try(std::size_t bytes) {
    if (bytes > bytes_ &&
        shared_.buffered_bytes + (bytes - bytes_) > shared_.options.buffer_limit_bytes) {
      return false;
    }
    Set(bytes);
    return true;
  }

 private:
  Shared& shared_;
  std::size_t bytes_ = 0;
};

// One client. All methods run on the loop thread, but for what is handed to workers.
//
// Its life: handshake → (read request → run the handler → send the response) … → linger → closed.
// While a response is sent reading goes on within kReadAheadBytes, to notice that the client left.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Shared& shared, tcp::socket socket, std::shared_ptr<asio::ssl::context> tls,
             const asio::ip::address& address)
      : shared_(shared),
        tls_context_(std::move(tls)),
        socket_(std::move(socket)),
        address_(AddressText(address)),
        address_key_(AddressKey(address)),
        watchdog_(shared.loop),
        ask_again_(shared.loop),
        share_(shared) {
    if (tls_context_ != nullptr) {
      tls_.emplace(socket_, *tls_context_);
    }
  }
  ~Connection() { EndStream(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] const std::string& address_key() const { return address_key_; }

  void Start() {
    if (!tls_) {
      BeginRequest();
      return;
    }
    SetDeadline(shared_.options.header_timeout);
    tls_->async_handshake(asio::ssl::stream_base::server,
                          [self = shared_from_this()](const ErrorCode& error) {
                            error ? self->Close() : self->BeginRequest();
                          });
  }

  // The server stops: nothing new begins here.
  void Wind() {
    keep_alive_ = false;
    if (phase_ == Phase::kHandshake || (phase_ == Phase::kReading && !request_begun_)) {
      Close();
    } else if (phase_ == Phase::kStreaming && !stream_busy_) {
      AskStream();
    }
  }

  void Close() {
    if (phase_ == Phase::kClosed) {
      return;
    }
    phase_ = Phase::kClosed;
    EndStream();
    share_.Set(0);
    watchdog_.cancel();
    ask_again_.cancel();
    ErrorCode ignored;
    socket_.close(ignored);
    auto& per_address = shared_.connections_per_address;
    if (const auto found = per_address.find(address_key_);
        found != per_address.end() && --found->second == 0) {
      per_address.erase(found);
    }
    shared_.connections.erase(shared_from_this());
    --shared_.open_connections;
    if (shared_.stopping && shared_.connections.empty() && shared_.on_empty) {
      shared_.on_empty();
    }
  }

 private:
  enum class Phase { kHandshake, kReading, kHandling, kSending, kStreaming, kLingering, kClosed };
  static RequestParser::State HeaderState() { return RequestParser::State::kHeader; }

  // --- deadlines: one timer, set back rarely, looked at when it fires.

  void SetDeadline(std::optional<Nanos> timeout) {
    if (!timeout) {
      deadline_ = MonotonicTime::max();
      return;
    }
    deadline_ =
        SystemClock().Monotonic() + std::chrono::duration_cast<MonotonicTime::duration>(*timeout);
    if (deadline_ < armed_for_) {
      ArmWatchdog();
    }
  }

  void ArmWatchdog() {
    armed_for_ = deadline_;
    watchdog_.expires_at(armed_for_);
    watchdog_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
      if (const auto self = weak.lock(); self != nullptr && !error) {
        self->OnWatchdog();
      }
    });
  }

  void OnWatchdog() {
    armed_for_ = MonotonicTime::max();
    if (phase_ == Phase::kClosed || deadline_ == MonotonicTime::max()) {
      return;
    }
    if (SystemClock().Monotonic() < deadline_) {
      ArmWatchdog();
      return;
    }
    // While 100 Continue is being sent, nothing else can be.
    if (phase_ == Phase::kReading && request_begun_ && !sending_) {
      Refuse(408, "the request did not arrive in time");
    } else {
      Close();
    }
  }

  // --- reading

  void BeginRequest() {
    if (shared_.stopping) {
      Close();
      return;
    }
    phase_ = Phase::kReading;
    request_begun_ = false;
    continued_ = false;
    parser_.emplace(ParserLimits{.header_bytes = shared_.options.header_limit_bytes,
                                 .target_bytes = shared_.options.target_limit_bytes,
                                 .body_bytes = shared_.options.body_limit_bytes});
    share_.Set(0);
    SetDeadline(shared_.options.idle_timeout);
    input_.empty() ? Read() : Parse();
  }

  void Read() {
    if (reading_) {
      return;
    }
    reading_ = true;
    // An idle client costs no buffer: it gets one when there is something to read. (TLS keeps its
    // own.) What only is dropped is not deciphered either.
    if (!tls_ || phase_ == Phase::kLingering) {
      socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](ErrorCode error) {
        std::size_t size = 0;
        std::array<char, kReadBytes> buffer;
        if (!error && self->phase_ != Phase::kClosed) {
          self->socket_.non_blocking(true, error);
          size = self->socket_.read_some(asio::buffer(buffer), error);
          if (error == asio::error::would_block || error == asio::error::try_again) {
            self->reading_ = false;
            self->Read();
            return;
          }
        }
        self->OnRead(error, std::string_view(buffer.data(), size));
      });
      return;
    }
    tls_buffer_.resize(kReadBytes / 4);
    tls_->async_read_some(asio::buffer(tls_buffer_),
                          [self = shared_from_this()](const ErrorCode& error, std::size_t size) {
                            self->OnRead(error, std::string_view(self->tls_buffer_.data(), size));
                          });
  }

  void OnRead(const ErrorCode& error, std::string_view bytes) {
    reading_ = false;
    if (phase_ == Phase::kClosed) {
      return;
    }
    if (phase_ == Phase::kLingering) {
      lingered_bytes_ += bytes.size();
      error || lingered_bytes_ > kLingerBytes ? Close() : Read();
      return;
    }
    if (error) {
      Close();
      return;
    }
    input_ += bytes;
    if (phase_ == Phase::kReading) {
      Parse();
    } else if (phase_ == Phase::kStreaming && input_.size() < kReadAheadBytes) {
      Read();
    }
  }

  void Parse() {
    if (!request_begun_) {
      request_begun_ = true;
      SetDeadline(shared_.options.header_timeout);
    }
    const auto before = parser_->state();
    const std::size_t taken = parser_->Put(input_);
    input_.erase(0, taken);
    const auto state = parser_->state();
    if (state == RequestParser::State::kRefused) {
      Refuse(parser_->status(), parser_->message());
      return;
    }
    if (!share_.Try(parser_->body_size())) {
      Refuse(503, "too much is in memory at present");
      return;
    }
    if (state == RequestParser::State::kDone) {
      Dispatch();
      return;
    }
    if (state == RequestParser::State::kBody && before == HeaderState()) {
      SetDeadline(shared_.options.body_timeout);
    }
    if (state == RequestParser::State::kBody && parser_->expects_continue() && !continued_) {
      continued_ = true;
      output_ = "HTTP/1.1 100 Continue\r\n\r\n";
      output_sent_ = 0;
      Send([this] { Read(); });
      return;
    }
    Read();
  }

  // --- answering

  void Dispatch() {
    keep_alive_ = parser_->keep_alive();
    http_1_0_ = parser_->http_1_0();
    auto request = std::make_shared<Request>(parser_->Take());
    head_only_ = request->method == "HEAD";
    ++shared_.requests;
    if (const auto wait = shared_.address_rate.Take(address_key_)) {
      ++shared_.refused_requests;
      Response response = MakeError(429, "too many requests from this address");
      response.headers.Set("Retry-After", RetryAfter(*wait));
      Respond(std::move(response));
      return;
    }
    request->remote_address = address_;
    request->secure = tls_.has_value();
    request->wake = MakeWake();
    phase_ = Phase::kHandling;
    SetDeadline(std::nullopt);
    shared_.workers.Post([self = shared_from_this(), request]() mutable {
      auto response = std::make_shared<Response>();
      try {
        *response = self->shared_.handler(self->shared_.context, *request);
      } catch (const std::exception& error) {
        Log(LogLevel::kError, "{} {}: {}", request->method, request->target.path, error.what());
        *response = self->MakeError(500, "internal error");
      }
      request.reset();
      Shared& shared = self->shared_;
      shared.gate->Post([self = std::move(self), response] {
        if (self->phase_ == Phase::kHandling) {
          self->Respond(std::move(*response));
        }
      });
    });
  }

  [[nodiscard]] Response MakeError(int status, std::string_view message) const {
    if (shared_.options.error_response) {
      return shared_.options.error_response(status, message);
    }
    return {.status = status,
            .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
            .body = fmt::format("{}\n", message)};
  }

  // The server's own answer to a request that it did not understand or does not want; where the
  // next one would begin is not known.
  void Refuse(int status, std::string_view message) {
    ++shared_.refused_requests;
    Response response = MakeError(status, message);
    response.close = true;
    if (status == 503) {
      response.headers.Set("Retry-After", "1");
    }
    head_only_ = false;
    http_1_0_ = parser_->http_1_0();
    keep_alive_ = false;
    refused_ = true;
    Respond(std::move(response));
  }

  void Respond(Response response) {
    keep_alive_ = keep_alive_ && !response.close && !shared_.stopping;
    const bool bodiless = response.status == 204 || response.status == 304;
    if (!response.stream && !share_.Try(response.body.size())) {
      Log(LogLevel::kWarning, "a response of {} bytes to {} is refused: too much is in memory",
          response.body.size(), address_);
      response = MakeError(503, "too much is in memory at present");
      response.headers.Set("Retry-After", "1");
    }
    ResponseFraming framing{.now = shared_.clock.Now()};
    if (response.stream != nullptr) {
      framing.chunked = !http_1_0_;
      keep_alive_ = keep_alive_ && framing.chunked;
    } else if (!bodiless) {
      framing.content_length = response.body.size();
    }
    framing.close = !keep_alive_;
    output_ = FormatResponseHead(response, framing);
    if (http_1_0_ && keep_alive_) {
      output_.insert(output_.size() - 2, "Connection: keep-alive\r\n");
    }
    if (response.stream == nullptr && !bodiless && !head_only_) {
      output_ += response.body;
      response.body = std::string();
    }
    output_sent_ = 0;
    phase_ = Phase::kSending;
    if (response.stream != nullptr && !head_only_) {
      stream_ = std::move(response.stream);
      ++shared_.streams;
      stream_busy_ = true;  // until the header is out
      phase_ = Phase::kStreaming;
      Send([this] { AskStream(); });
      Read();
      return;
    }
    Send([this] { Finish(); });
  }

  // Sends output_ from output_sent_ on, by parts that each have the write timeout; then `done`.
  // One at a time; `done` uses only this connection, which the pending write keeps alive.
  void Send(std::function<void()> done) {
    sending_ = output_sent_ < output_.size();
    if (!sending_) {
      output_ = std::string();
      output_sent_ = 0;
      done();
      return;
    }
    // Also while a request is read: a client that does not take 100 Continue has not sent a body.
    if (phase_ != Phase::kReading) {
      SetDeadline(shared_.options.write_timeout);
    }
    const std::size_t size = std::min(kWriteBytes, output_.size() - output_sent_);
    auto on_sent = [self = shared_from_this(), done = std::move(done), size](const ErrorCode& error,
                                                                             std::size_t) mutable {
      if (self->phase_ == Phase::kClosed) {
        return;
      }
      if (error) {
        self->Close();
        return;
      }
      self->output_sent_ += size;
      self->Send(std::move(done));
    };
    const auto part = asio::buffer(output_.data() + output_sent_, size);
    tls_ ? asio::async_write(*tls_, part, std::move(on_sent))
         : asio::async_write(socket_, part, std::move(on_sent));
  }

  void Finish() {
    share_.Set(0);
    keep_alive_ ? BeginRequest() : Linger();
  }

  // Says that nothing more comes. To a client that may still be sending: also waits shortly for its
  // end.
  void Linger() {
    phase_ = Phase::kLingering;
    SetDeadline(kLingerTime);
    input_ = std::string();
    if (tls_) {
      // It fails when the client is still sending, but our own goodbye is out by then.
      tls_->async_shutdown([self = shared_from_this()](const ErrorCode&) { self->LeaveSocket(); });
      return;
    }
    LeaveSocket();
  }

  void LeaveSocket() {
    if (!refused_) {
      Close();
      return;
    }
    ErrorCode ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    Read();
  }

  // --- streams

  struct Waker {
    std::atomic<bool> pending{false};
    std::weak_ptr<Connection> connection;
    std::shared_ptr<LoopGate> gate;
  };

  std::function<void()> MakeWake() {
    waker_ = std::make_shared<Waker>();
    waker_->connection = weak_from_this();
    waker_->gate = shared_.gate;
    return [waker = waker_] {
      if (!waker->pending.exchange(true)) {
        waker->gate->Post([waker] {
          waker->pending = false;
          const auto self = waker->connection.lock();
          // A stream of an earlier request may still be woken up; it has another waker.
          if (self != nullptr && self->waker_ == waker) {
            self->OnWake();
          }
        });
      }
    };
  }

  void OnWake() {
    if (phase_ != Phase::kStreaming) {
      woken_ = phase_ == Phase::kHandling;
    } else if (stream_busy_) {
      woken_ = true;
    } else {
      AskStream();
    }
  }

  void AskStream() {
    if (phase_ != Phase::kStreaming) {
      return;
    }
    stream_busy_ = true;
    woken_ = false;
    ask_again_.cancel();
    SetDeadline(std::nullopt);
    share_.Set(0);
    if (shared_.stopping) {
      OnPart({.bytes = {}, .last = true, .ask_again_after = {}});
      return;
    }
    shared_.workers.Post([self = shared_from_this(), stream = stream_]() mutable {
      auto part = std::make_shared<BodyStream::Part>();
      try {
        *part = stream->Next();
      } catch (const std::exception& error) {
        Log(LogLevel::kError, "a response's stream: {}", error.what());
        part->last = true;
      }
      stream.reset();
      Shared& shared = self->shared_;
      shared.gate->Post([self = std::move(self), part] {
        if (self->phase_ == Phase::kStreaming) {
          self->OnPart(std::move(*part));
        }
      });
    });
  }

  void OnPart(BodyStream::Part part) {
    if (part.bytes.empty() && !part.last) {
      stream_busy_ = false;
      if (woken_ || shared_.stopping) {
        AskStream();
      } else if (part.ask_again_after) {
        ask_again_.expires_after(
            std::chrono::duration_cast<asio::steady_timer::duration>(*part.ask_again_after));
        ask_again_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
          const auto self = weak.lock();
          if (!error && self != nullptr && !self->stream_busy_) {
            self->AskStream();
          }
        });
      }
      return;
    }
    if (http_1_0_) {
      output_ = std::move(part.bytes);
    } else {
      output_.clear();
      if (!part.bytes.empty()) {
        output_ = fmt::format("{:x}\r\n", part.bytes.size());
        output_ += part.bytes;
        output_ += "\r\n";
      }
      if (part.last) {
        output_ += "0\r\n\r\n";
      }
    }
    output_sent_ = 0;
    // Counted, not refused: a stream has one part at a time.
    share_.Set(output_.size());
    if (part.last) {
      EndStream();
      phase_ = Phase::kSending;
      Send([this] { Finish(); });
    } else {
      Send([this] { AskStream(); });
    }
  }

  void EndStream() {
    if (stream_ != nullptr) {
      stream_.reset();
      --shared_.streams;
    }
  }

  Shared& shared_;
  const std::shared_ptr<asio::ssl::context> tls_context_;
  tcp::socket socket_;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
  const std::string address_;
  const std::string address_key_;

  Phase phase_ = Phase::kHandshake;
  MonotonicTime deadline_ = MonotonicTime::max();
  MonotonicTime armed_for_ = MonotonicTime::max();
  asio::steady_timer watchdog_;
  asio::steady_timer ask_again_;

  std::string input_;  // received, not yet parsed
  std::string tls_buffer_;
  bool reading_ = false;
  std::optional<RequestParser> parser_;
  bool request_begun_ = false;
  bool continued_ = false;

  // Of the request that is being answered.
  bool keep_alive_ = true;
  bool http_1_0_ = false;
  bool head_only_ = false;
  bool refused_ = false;
  std::string output_;
  std::size_t output_sent_ = 0;
  bool sending_ = false;
  BufferShare share_;
  std::size_t lingered_bytes_ = 0;

  std::shared_ptr<BodyStream> stream_;
  std::shared_ptr<Waker> waker_;
  bool stream_busy_ = false;  // it is asked, or what it said is being sent
  bool woken_ = false;        // while it was busy
};

class Server final : public HttpServer {
 public:
  Server(const HttpServerOptions& options, Handler handler)
      : shared_(options, std::move(handler)), acceptor_(shared_.loop), retry_(shared_.loop) {}
  ~Server() override { Stop(); }

  Status Listen() {
    const HttpServerOptions& options = shared_.options;
    ErrorCode error;
    const auto address = asio::ip::make_address(options.address, error);
    if (error) {
      return Error(Code::kInvalidArgument, "listen address '{}' is not an IP address",
                   options.address);
    }
    if (options.tls) {
      RETURN_IF_ERROR(SetTls(*options.tls));
    }
    const tcp::endpoint endpoint(address, options.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) {
      acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
      acceptor_.bind(endpoint, error);
    }
    if (!error) {
      acceptor_.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
      const Code code = error == asio::error::address_in_use  ? Code::kAlreadyExists
                        : error == asio::error::access_denied ? Code::kPermissionDenied
                                                              : Code::kInvalidArgument;
      return Error(code, "listen on {} port {}: {}", options.address, options.port,
                   error.message());
    }
    port_ = acceptor_.local_endpoint().port();
    Accept();
    loop_thread_ = Thread([this] { shared_.loop.run(); });
    return OkStatus();
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }

  [[nodiscard]] HttpServerStats stats() const override {
    return {.requests = shared_.requests,
            .refused_requests = shared_.refused_requests,
            .refused_connections = shared_.refused_connections,
            .connections = shared_.open_connections,
            .streams = shared_.streams,
            .buffered_bytes = shared_.buffered_bytes};
  }

  Status SetTls(const TlsIdentity& identity) override {
    ASSIGN_OR_RETURN(auto context, MakeTls(identity));
    *tls_.Lock() = std::move(context);
    return OkStatus();
  }

  void Stop() override {
    const std::scoped_lock once(stop_mutex_);
    if (!loop_thread_.joinable()) {
      return;
    }
    Guarded<bool> empty;
    std::condition_variable changed;
    shared_.stop.request_stop();
    asio::post(shared_.loop, [&] {
      ErrorCode ignored;
      acceptor_.close(ignored);
      retry_.cancel();
      shared_.stopping = true;
      shared_.on_empty = [&] {
        *empty.Lock() = true;
        changed.notify_all();
      };
      const auto connections = shared_.connections;
      for (const auto& connection : connections) {
        connection->Wind();
      }
      if (shared_.connections.empty()) {
        shared_.on_empty();
      }
    });
    {
      auto handle = empty.Lock();
      (void)handle.WaitFor(changed, shared_.options.stop_grace, [&] { return *handle; });
    }
    // Workers first: what they still say goes into a loop that is there.
    shared_.workers.Stop();
    asio::post(shared_.loop, [&] {
      const auto connections = shared_.connections;
      for (const auto& connection : connections) {
        connection->Close();
      }
      shared_.on_empty = nullptr;
      work_.reset();
    });
    loop_thread_.join();
    shared_.gate->Close();
  }

 private:
  void Accept() {
    acceptor_.async_accept([this](const ErrorCode& error, tcp::socket socket) {
      if (!acceptor_.is_open()) {
        return;
      }
      if (error) {
        // Out of file descriptors, mostly: others must close first.
        Log(LogLevel::kWarning, "accept: {}", error.message());
        retry_.expires_after(std::chrono::milliseconds{100});
        retry_.async_wait([this](const ErrorCode& cancelled) {
          if (!cancelled && acceptor_.is_open()) {
            Accept();
          }
        });
        return;
      }
      Admit(std::move(socket));
      Accept();
    });
  }

  void Admit(tcp::socket socket) {
    ErrorCode error;
    const auto peer = socket.remote_endpoint(error);
    if (error) {
      return;
    }
    socket.set_option(tcp::no_delay(true), error);
    NoticeDeadPeers(socket);
    auto connection =
        std::make_shared<Connection>(shared_, std::move(socket), *tls_.Lock(), peer.address());
    std::size_t& from_there = shared_.connections_per_address[connection->address_key()];
    if (shared_.connections.size() >= shared_.options.max_connections ||
        from_there >= shared_.options.max_connections_per_address) {
      ++shared_.refused_connections;
      if (from_there == 0) {
        shared_.connections_per_address.erase(connection->address_key());
      }
      return;
    }
    ++from_there;
    ++shared_.open_connections;
    shared_.connections.insert(connection);
    connection->Start();
  }

  Shared shared_;
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{shared_.loop.get_executor()};
  Guarded<std::shared_ptr<asio::ssl::context>> tls_;
  std::uint16_t port_ = 0;
  std::mutex stop_mutex_;
  Thread loop_thread_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                      Handler handler) {
  auto server = std::make_unique<Server>(options, std::move(handler));
  RETURN_IF_ERROR(server->Listen());
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace tresor::net
