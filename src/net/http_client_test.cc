// SPDX-License-Identifier: Apache-2.0
// The client, and with it the server's TLS.
#include "net/http_client.h"

#include <chrono>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/status_matchers.h"
#include "crypto/x509.h"
#include "net/raw_client_test_util.h"

namespace tresor::net {
namespace {

using ::testing::HasSubstr;

const crypto::Validity kAlways{.not_before = SystemClock().Now() - std::chrono::hours{1},
                               .not_after = SystemClock().Now() + std::chrono::hours{24}};

class HttpClientTest : public ::testing::Test {
 protected:
  void Start(bool tls, Handler handler) {
    if (tls) {
      authority_ = *crypto::MakeAuthority("test", kAlways);
      const auto certified = crypto::IssueCertificate(authority_,
                                                      {.common_name = "t",
                                                       .dns_names = {"localhost"},
                                                       .ip_addresses = {"127.0.0.1"},
                                                       .server = true},
                                                      kAlways);
      ASSERT_OK(certified);
      options_.tls = TlsIdentity{.certificate_chain = certified->certificate_pem,
                                 .private_key = certified->key_pem};
    }
    auto server = HttpServer::Start(options_, std::move(handler));
    ASSERT_OK(server);
    server_ = *std::move(server);
  }

  std::unique_ptr<HttpClient> Client(const std::string& host = "127.0.0.1") {
    auto client = HttpClient::Open({.server = {.scheme = options_.tls ? "https" : "http",
                                               .host = host,
                                               .port = server_->port(),
                                               .path = "/"},
                                    .authority_pem = authority_.certificate_pem});
    EXPECT_OK(client);
    return *std::move(client);
  }

  const Context context_ = Context::Background().WithTimeout(std::chrono::seconds{20});
  HttpServerOptions options_;
  crypto::CertifiedKey authority_;
  std::unique_ptr<HttpServer> server_;
};

Response Echo(const Context&, const Request& request) {
  return {.status = request.target.path == "/none" ? 404 : 200,
          .headers = {{"X-Method", request.method}, {"X-Secure", request.secure ? "1" : "0"}},
          .body = request.body};
}

TEST_F(HttpClientTest, CallsOverOneConnection) {
  Start(false, Echo);
  const auto client = Client();
  for (int i = 0; i < 3; ++i) {
    const auto response = client->Call(
        context_, {.method = "POST", .target = "/x", .body = std::string(100'000, 'x')});
    ASSERT_OK(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->headers.Find("x-method"), "POST");
    EXPECT_EQ(response->body, std::string(100'000, 'x'));
  }
  EXPECT_EQ(client->Call(context_, {.target = "/none"})->status, 404);
  EXPECT_EQ(server_->stats().connections, 1u);
}

TEST_F(HttpClientTest, CallsOverTls) {
  Start(true, Echo);
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const auto client = Client(host);
    for (int i = 0; i < 3; ++i) {
      const auto response = client->Call(
          context_, {.method = "PUT", .target = "/", .body = std::string(300'000, 'y')});
      ASSERT_OK(response);
      EXPECT_EQ(response->headers.Find("X-Secure"), "1");
      EXPECT_EQ(response->body.size(), 300'000u);
    }
  }
}

TEST_F(HttpClientTest, IsToldOverTlsWhyALargeRequestWasRefused) {
  options_.body_limit_bytes = 1000;
  Start(true, Echo);
  const auto response = Client()->Call(
      context_,
      {.method = "PUT", .target = "/", .headers = {}, .body = std::string(4'000'000, 'x')});
  ASSERT_OK(response);
  EXPECT_EQ(response->status, 413);
}

TEST_F(HttpClientTest, RefusesAServerThatNobodyVouchesFor) {
  Start(true, Echo);
  authority_ = *crypto::MakeAuthority("another", kAlways);
  const auto response = Client()->Call(context_, {});
  EXPECT_EQ(response.status().code(), Code::kUnauthenticated);
  EXPECT_THAT(std::string(Message(response.status())), HasSubstr("certificate"));
}

TEST_F(HttpClientTest, RefusesACertificateForAnotherName) {
  Start(true, Echo);
  const auto certified = crypto::IssueCertificate(
      authority_, {.common_name = "127.0.0.1", .dns_names = {"localhost"}, .server = true},
      kAlways);
  ASSERT_OK(certified);
  ASSERT_OK(server_->SetTls(
      {.certificate_chain = certified->certificate_pem, .private_key = certified->key_pem}));
  EXPECT_OK(Client("localhost")->Call(context_, {}));
  const auto response = Client("127.0.0.1")->Call(context_, {});
  EXPECT_EQ(response.status().code(), Code::kUnauthenticated);
}

TEST_F(HttpClientTest, TheServerTakesANewCertificate) {
  Start(true, Echo);
  const auto old_authority = authority_;
  authority_ = *crypto::MakeAuthority("new", kAlways);
  const auto certified = crypto::IssueCertificate(
      authority_, {.common_name = "t", .ip_addresses = {"127.0.0.1"}, .server = true}, kAlways);
  ASSERT_OK(certified);
  EXPECT_EQ(server_
                ->SetTls({.certificate_chain = certified->certificate_pem,
                          .private_key = old_authority.key_pem})
                .code(),
            Code::kInvalidArgument);
  ASSERT_OK(server_->SetTls(
      {.certificate_chain = certified->certificate_pem, .private_key = certified->key_pem}));
  EXPECT_OK(Client()->Call(context_, {}));
}

TEST_F(HttpClientTest, TalksNoPlainHttpToATlsServerAndKeepsServing) {
  Start(true, Echo);
  RawClient plain(server_->port());
  plain.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)plain.ReadAll();
  EXPECT_OK(Client()->Call(context_, {}));
}

TEST_F(HttpClientTest, ReconnectsWhenTheServerClosedAnIdleConnection) {
  options_.idle_timeout = std::chrono::milliseconds{30};
  Start(false, Echo);
  const auto client = Client();
  EXPECT_OK(client->Call(context_, {}));
  while (server_->stats().connections != 0) {
    (void)context_.Sleep(std::chrono::milliseconds{1});
  }
  EXPECT_OK(client->Call(context_, {}));
}

TEST_F(HttpClientTest, SaysThatNobodyListens) {
  Start(false, Echo);
  const auto client = Client();
  server_->Stop();
  const auto response = client->Call(context_, {});
  EXPECT_EQ(response.status().code(), Code::kUnavailable);
  EXPECT_THAT(std::string(Message(response.status())), HasSubstr("http://127.0.0.1:"));
}

TEST_F(HttpClientTest, GivesUpAtItsDeadline) {
  Start(false, [](const Context& context, const Request&) {
    (void)context.Sleep(std::chrono::hours{1});
    return Response{};
  });
  const auto response =
      Client()->Call(Context::Background().WithTimeout(std::chrono::milliseconds{100}), {});
  EXPECT_EQ(response.status().code(), Code::kDeadlineExceeded);
}

class Counting final : public BodyStream {
 public:
  Part Next() override {
    ++sent_;
    return {.bytes = std::to_string(sent_) + "\n", .last = sent_ == 1000, .ask_again_after = {}};
  }

 private:
  int sent_ = 0;
};

TEST_F(HttpClientTest, StreamsABodyUntilItEndsOrIsEnough) {
  Start(true, [](const Context&, const Request&) {
    return Response{.stream = std::make_unique<Counting>()};
  });
  const auto client = Client();
  std::string all;
  ASSERT_OK(client->Stream(context_, {}, [&](std::string_view bytes) {
    all += bytes;
    return true;
  }));
  EXPECT_TRUE(all.ends_with("999\n1000\n"));
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 1000);
  int calls = 0;
  ASSERT_OK(client->Stream(context_, {}, [&](std::string_view) { return ++calls < 2; }));
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(client->Call(context_, {})->body, all);
}

}  // namespace
}  // namespace tresor::net
