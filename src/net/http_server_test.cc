// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/guarded.h"
#include "base/status_matchers.h"
#include "base/thread.h"
#include "net/raw_client_test_util.h"

namespace tresor::net {
namespace {

using std::chrono::milliseconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Something that happens once, on another thread.
class Event {
 public:
  void Set() {
    *happened_.Lock() = true;
    changed_.notify_all();
  }
  // False: not within ten seconds.
  bool Wait() {
    auto happened = happened_.Lock();
    return happened.WaitFor(changed_, std::chrono::seconds{10}, [&] { return *happened; });
  }

 private:
  std::condition_variable changed_;
  Guarded<bool> happened_;
};

// Answers with what it was asked.
Response Echo(const Context&, const Request& request) {
  std::string text = request.method + " " + request.target.path;
  for (const auto& [name, value] : request.target.query.items()) {
    text += " " + name + "=" + value;
  }
  return {.headers = {{"Content-Type", "text/plain"}}, .body = text + "\n" + request.body};
}

// A stream that a test fills. Counts how often it was asked.
struct Source {
  Guarded<std::string> bytes;
  Guarded<std::function<void()>> wake;
  std::atomic<int> parts{0};
  std::atomic<bool> end{false};
  Event destroyed;

  void Push(std::string_view more) {
    *bytes.Lock() += more;
    (*wake.Lock())();
  }
  void End() {
    end = true;
    (*wake.Lock())();
  }
};

class SourceStream final : public BodyStream {
 public:
  explicit SourceStream(Source& source) : source_(source) {}
  ~SourceStream() override { source_.destroyed.Set(); }
  Part Next() override {
    Part part{.bytes = std::exchange(*source_.bytes.Lock(), {}),
              .last = source_.end,
              .ask_again_after = {}};
    source_.parts += part.bytes.empty() ? 0 : 1;
    return part;
  }

 private:
  Source& source_;
};

Handler Streaming(Source& source) {
  return [&source](const Context&, const Request& request) {
    *source.wake.Lock() = request.wake;
    return Response{.stream = std::make_unique<SourceStream>(source)};
  };
}

class HttpServerTest : public ::testing::Test {
 protected:
  void Start(Handler handler = Echo) {
    auto server = HttpServer::Start(options_, std::move(handler));
    ASSERT_OK(server);
    server_ = *std::move(server);
  }
  std::uint16_t port() const { return server_->port(); }

  // The first line of the answer to `request`.
  std::string StatusLineOf(const std::string& request) {
    RawClient client(port());
    client.Send(request);
    return client.ReadUntil("\r\n");
  }

  HttpServerOptions options_;
  // What handlers use, before the server: it goes last.
  FakeClock clock_;
  Source source_;
  Event begun_;
  Event go_on_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersSeveralRequestsOnOneConnection) {
  Start();
  RawClient client(port());

  client.Send("GET /a?x=1&y=a%20b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.ReadResponse(), EndsWith("\r\n\r\nGET /a x=1 y=a b\n"));
  client.Send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_THAT(client.ReadResponse(), EndsWith("POST /b\nhello"));
  client.Send(
      "PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;extension=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_THAT(client.ReadResponse(), EndsWith("PUT /c\nabcde"));
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInTheirOrder) {
  Start();
  RawClient client(port());
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  }

  client.Send(all);

  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(client.ReadResponse(), EndsWith("GET /" + std::to_string(i) + "\n"));
  }
}

TEST_F(HttpServerTest, TakesARequestByteByByte) {
  Start();
  RawClient client(port());
  for (const char c : std::string("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")) {
    client.Send(std::string_view(&c, 1));
  }
  EXPECT_THAT(client.ReadResponse(), EndsWith("POST /x\nabc"));
}

TEST_F(HttpServerTest, ClosesWhenTheClientAsksForIt) {
  Start();
  RawClient client(port());
  client.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string all = client.ReadAll();
  EXPECT_THAT(all, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_TRUE(client.Closed());
}

TEST_F(HttpServerTest, SpeaksHttp10) {
  Start();
  RawClient client(port());
  client.Send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), EndsWith("GET /\n"));
}

TEST_F(HttpServerTest, SendsNoBodyForHead) {
  Start();
  RawClient client(port());
  client.Send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), HasSubstr("Content-Length: 8\r\n"));
  EXPECT_THAT(client.ReadResponse(), EndsWith("GET /b\n"));
}

TEST_F(HttpServerTest, AnswersExpectContinueBeforeTheBody) {
  Start();
  RawClient client(port());
  client.Send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("ok");
  EXPECT_THAT(client.ReadResponse(), EndsWith("POST /\nok"));
}

TEST_F(HttpServerTest, SaysInternalErrorWhenAHandlerThrows) {
  Start([](const Context&, const Request&) -> Response { throw std::runtime_error("secret"); });
  RawClient client(port());
  client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string response = client.ReadResponse();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(response, Not(HasSubstr("secret")));
}

TEST_F(HttpServerTest, NeverLetsAHeaderValueSplitTheResponse) {
  Start([](const Context&, const Request&) {
    return Response{.headers = {{"X-Bad", "a\r\nX-Injected: 1"}, {"X-Good", "b"}}};
  });
  RawClient client(port());
  client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string response = client.ReadResponse();
  EXPECT_THAT(response, Not(HasSubstr("X-Injected")));
  EXPECT_THAT(response, HasSubstr("X-Good: b\r\n"));
}

TEST_F(HttpServerTest, RefusesRequestsThatTwoParsersCouldReadDifferently) {
  Start([](const Context&, const Request&) -> Response {
    ADD_FAILURE() << "a handler was asked";
    return {};
  });
  const std::string get = "POST / HTTP/1.1\r\nHost: h\r\n";
  for (const std::string& request : std::vector<std::string>{
           get + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           get + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
           get + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
           get + "Content-Length: 3, 4\r\n\r\nabc",
           get + "Content-Length: +3\r\n\r\nabc",
           get + "Content-Length: -1\r\n\r\nabc",
           get + "Content-Length: 0x3\r\n\r\nabc",
           get + "Content-Length: 99999999999999999999\r\n\r\nabc",
           get + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
           get + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           get + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
           get + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
           get + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
           get + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
           get + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nabc\r\n0\r\n\r\n",
           get + "Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n",
           std::string("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           std::string("GET / HTTP/1.1\nHost: h\n\n"),
           std::string("GET / HTTP/1.1\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
           std::string("GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
           std::string("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET /../secret HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET /%2e%2e/secret HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("CONNECT h:1 HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: a\r\nA: b\x01\r\n\r\n"),
           std::string("\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03 TLS, not HTTP\r\n\r\n")}) {
    RawClient client(port());
    client.Send(request);
    client.Send("GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string all = client.ReadAll();
    EXPECT_THAT(all, ::testing::MatchesRegex("HTTP/1.1 (4|5)[0-9][0-9] (.|\n)*")) << request;
    EXPECT_THAT(all, HasSubstr("Connection: close")) << request;
  }
  EXPECT_EQ(server_->stats().buffered_bytes, 0u);
}

TEST_F(HttpServerTest, DropsTrailerFields) {
  Start([](const Context&, const Request& request) {
    return Response{.body = std::string(request.headers.Find("Authorization").value_or("none"))};
  });
  RawClient client(port());
  client.Send(
      "PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\nAuthorization: Bearer x\r\n\r\n");
  EXPECT_THAT(client.ReadResponse(), EndsWith("\r\n\r\nnone"));
}

TEST_F(HttpServerTest, LimitsHeaderTargetAndBody) {
  options_.header_limit_bytes = 4096;
  options_.target_limit_bytes = 1024;
  options_.body_limit_bytes = 10'000;
  Start();

  EXPECT_THAT(StatusLineOf("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(5000, 'x')),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(
      StatusLineOf("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(5000, 'x') + "\r\n\r\n"),
      StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(StatusLineOf("GET /" + std::string(2000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n"),
              StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(StatusLineOf("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10001\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(
      StatusLineOf("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2711\r\n" +
                   std::string(10'001, 'x')),
      StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(StatusLineOf("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n" +
                           std::string(10'000, 'x')),
              StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, TellsAClientThatStillSendsWhyItWasRefused) {
  options_.body_limit_bytes = 1000;
  Start();
  RawClient client(port());
  client.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n");
  client.Send(std::string(2'000'000, 'x'));
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, RefusesBodiesBeyondTheBufferBudget) {
  options_.buffer_limit_bytes = 100'000;
  Start();
  // Two that are nearly there hold 60000 bytes each.
  RawClient first(port());
  first.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 60001\r\n\r\n" +
             std::string(60'000, 'x'));
  RawClient second(port());
  second.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 60001\r\n\r\n" +
              std::string(60'000, 'x'));
  // Which of the two comes too late is not said.
  RawClient third(port());
  third.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 90000\r\n\r\n" +
             std::string(90'000, 'x'));

  EXPECT_THAT(third.ReadResponse(), StartsWith("HTTP/1.1 503 "));
}

TEST_F(HttpServerTest, RefusesAResponseBeyondTheBufferBudget) {
  options_.buffer_limit_bytes = 100'000;
  Start([](const Context&, const Request&) { return Response{.body = std::string(200'000, 'x')}; });
  EXPECT_THAT(StatusLineOf("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 503 "));
}

TEST_F(HttpServerTest, GivesUpOnAHeaderThatComesTooSlowly) {
  options_.header_timeout = milliseconds{50};
  Start();
  RawClient client(port());
  client.Send("GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ");
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServerTest, GivesUpOnABodyThatComesTooSlowly) {
  options_.body_timeout = milliseconds{50};
  Start();
  RawClient client(port());
  client.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc");
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServerTest, ClosesIdleConnectionsWithoutAWord) {
  options_.idle_timeout = milliseconds{50};
  Start();
  RawClient client(port());
  EXPECT_EQ(client.ReadAll(), "");
  EXPECT_TRUE(client.Closed());
}

TEST_F(HttpServerTest, ClosesOnAClientThatDoesNotRead) {
  options_.write_timeout = milliseconds{100};
  options_.buffer_limit_bytes = std::size_t{64} << 20;
  Start([](const Context&, const Request&) {
    return Response{.body = std::string(std::size_t{32} << 20, 'x')};
  });
  RawClient client(port(), 4096);
  client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)client.ReadUntil("\r\n\r\n");

  while (server_->stats().connections != 0) {
    (void)Context::Background().Sleep(milliseconds{1});
  }

  EXPECT_EQ(server_->stats().buffered_bytes, 0u);
}

TEST_F(HttpServerTest, LimitsConnectionsPerAddress) {
  options_.max_connections_per_address = 2;
  Start();
  RawClient first(port());
  RawClient second(port());
  first.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  second.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(first.ReadResponse(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(second.ReadResponse(), StartsWith("HTTP/1.1 200 "));

  RawClient third(port());
  EXPECT_TRUE(third.Closed());
  EXPECT_EQ(server_->stats().refused_connections, 1u);
}

TEST_F(HttpServerTest, LimitsRequestsPerAddress) {
  options_.clock = &clock_;
  options_.requests_per_second = 1;
  options_.request_burst = 2;
  Start();
  RawClient client(port());
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

  client.Send(get + get + get);
  EXPECT_THAT(client.ReadResponse(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(client.ReadResponse(), StartsWith("HTTP/1.1 200 "));
  const std::string refused = client.ReadResponse();
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1\r\n"));

  clock_.Advance(std::chrono::seconds{1});
  client.Send(get);
  EXPECT_THAT(client.ReadResponse(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, StreamsWhatComesAsItComes) {
  Start(Streaming(source_));
  RawClient client(port());
  client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked\r\n"));

  source_.Push("one");
  EXPECT_EQ(client.ReadUntil("one\r\n"), "3\r\none\r\n");
  source_.Push("two!");
  EXPECT_EQ(client.ReadUntil("!\r\n"), "4\r\ntwo!\r\n");
  source_.End();
  EXPECT_EQ(client.ReadUntil("0\r\n\r\n"), "0\r\n\r\n");
  EXPECT_TRUE(source_.destroyed.Wait());

  // The connection lives on.
  client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, EndsAStreamWhenTheClientLeaves) {
  Start(Streaming(source_));
  {
    RawClient client(port());
    client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)client.ReadUntil("\r\n\r\n");
  }
  EXPECT_TRUE(source_.destroyed.Wait());
  // Waking up what has gone is harmless.
  source_.Push("more");
}

TEST_F(HttpServerTest, AsksAStreamOnlyWhenTheClientTookWhatCameBefore) {
  options_.write_timeout = std::chrono::seconds{20};
  Start(Streaming(source_));
  RawClient client(port(), 4096);
  client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)client.ReadUntil("\r\n\r\n");
  // More than the sockets' buffers take, so that it is stuck.
  const std::string much(std::size_t{16} << 20, 'x');
  source_.Push(much);
  while (source_.parts == 0) {
    (void)Context::Background().Sleep(milliseconds{1});
  }
  for (int i = 0; i < 1000; ++i) {
    source_.Push("y");
  }
  EXPECT_EQ(source_.parts, 1);
  EXPECT_LT(server_->stats().buffered_bytes, much.size() + 1000);

  source_.End();
  EXPECT_EQ(client.ReadUntil("0\r\n\r\n").substr(0, 12), "1000000\r\nxxx");
}

TEST_F(HttpServerTest, AsksAStreamAgainAfterTheTimeItNamed) {
  class Ticking final : public BodyStream {
   public:
    Part Next() override {
      ++asked_;
      return asked_ < 3 ? Part{.bytes = {}, .last = false, .ask_again_after = milliseconds{5}}
                        : Part{.bytes = "tick", .last = true, .ask_again_after = {}};
    }

   private:
    int asked_ = 0;
  };
  Start([](const Context&, const Request&) {
    return Response{.stream = std::make_unique<Ticking>()};
  });
  RawClient client(port());
  client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("0\r\n\r\n"), EndsWith("4\r\ntick\r\n0\r\n\r\n"));
}

TEST_F(HttpServerTest, StopEndsStreamsInOrderAndClosesIdleConnections) {
  Start(Streaming(source_));
  RawClient watching(port());
  watching.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)watching.ReadUntil("\r\n\r\n");
  RawClient idle(port());

  server_->Stop();

  EXPECT_EQ(watching.ReadAll(), "0\r\n\r\n");
  EXPECT_TRUE(idle.Closed());
  EXPECT_EQ(server_->stats().connections, 0u);
  server_->Stop();
}

TEST_F(HttpServerTest, StopLetsARunningRequestFinish) {
  Start([&](const Context&, const Request&) {
    begun_.Set();
    go_on_.Wait();
    return Response{.body = "done"};
  });
  RawClient client(port());
  client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(begun_.Wait());

  Thread stopper([&] { server_->Stop(); });
  go_on_.Set();

  EXPECT_THAT(client.ReadAll(), EndsWith("done"));
}

TEST_F(HttpServerTest, StopTellsHandlersToStop) {
  options_.stop_grace = std::chrono::seconds{20};
  Start([&](const Context& context, const Request&) {
    begun_.Set();
    return Response{.body = std::string(CodeName(context.Sleep(std::chrono::hours{1}).code()))};
  });
  RawClient client(port());
  client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(begun_.Wait());
  server_->Stop();
  EXPECT_THAT(client.ReadAll(), EndsWith("cancelled"));
}

TEST_F(HttpServerTest, SaysWhichPortIsTaken) {
  Start();
  HttpServerOptions same;
  same.port = port();
  const auto second = HttpServer::Start(same, Echo);
  EXPECT_EQ(second.status().code(), Code::kAlreadyExists);
  EXPECT_THAT(std::string(Message(second.status())), HasSubstr(std::to_string(port())));
}

TEST_F(HttpServerTest, RefusesUnusableOptions) {
  HttpServerOptions options;
  options.address = "localhost";
  EXPECT_EQ(HttpServer::Start(options, Echo).status().code(), Code::kInvalidArgument);
  options.address = "127.0.0.1";
  options.tls = TlsIdentity{.certificate_chain = "no", .private_key = "no"};
  EXPECT_EQ(HttpServer::Start(options, Echo).status().code(), Code::kInvalidArgument);
}

TEST(HttpMessageTest, KnowsLoopbackAddresses) {
  EXPECT_TRUE(IsLoopback("127.0.0.1"));
  EXPECT_TRUE(IsLoopback("127.8.9.10"));
  EXPECT_TRUE(IsLoopback("::1"));
  EXPECT_FALSE(IsLoopback("0.0.0.0"));
  EXPECT_FALSE(IsLoopback("::"));
  EXPECT_FALSE(IsLoopback("127.0.0.1.example.com"));
  EXPECT_FALSE(IsLoopback("192.168.0.1"));
}

}  // namespace
}  // namespace tresor::net
