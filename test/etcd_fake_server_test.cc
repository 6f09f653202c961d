// SPDX-License-Identifier: Apache-2.0
// Snapshot against a server that does what no sound etcd does.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "base/status_matchers.h"
#include "crypto/crypto.h"
#include "etcd/client.h"

namespace tresor::etcd {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

struct Message {
  std::uint64_t remaining = 0;
  std::string blob;
};

/// What a stream sends: the messages, the last of them for ever if so wished, then the status.
struct Script {
  std::vector<Message> messages = {};
  bool repeat_last = false;
  grpc::Status status = grpc::Status::OK;
};

class Stream final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Stream(const Script& script) : script_(script) { Send(); }
  void OnWriteDone(bool ok) override {
    if (ok) {
      Send();
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override { delete this; }

 private:
  void Send() {
    if (next_ == script_.messages.size() && script_.repeat_last) {
      --next_;
    }
    if (next_ == script_.messages.size()) {
      return Finish(script_.status);
    }
    const Message& message = script_.messages[next_++];
    ByteWriter writer;
    writer.Varint(2 << 3);
    writer.Varint(message.remaining);
    writer.Varint(3 << 3 | 2);
    writer.LengthPrefixed(message.blob);
    const grpc::Slice slice(writer.view().data(), writer.size());
    buffer_ = grpc::ByteBuffer(&slice, 1);
    StartWrite(&buffer_);
  }

  const Script& script_;
  std::size_t next_ = 0;
  grpc::ByteBuffer buffer_;
};

class Service final : public grpc::CallbackGenericService {
 public:
  explicit Service(const Script& script) : script_(script) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new Stream(script_);  // deletes itself in OnDone
  }

 private:
  const Script& script_;
};

class Discard final : public SnapshotSink {
 public:
  Status Begin(std::uint64_t) override { return OkStatus(); }
  Status Append(ByteView) override { return OkStatus(); }
};

/// What a client makes of a server that follows `script`.
Status SnapshotFrom(const Script& script) {
  Service service(script);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  Status status;
  {
    const std::string endpoint = fmt::format("127.0.0.1:{}", port);
    ASSIGN_OR_RETURN(const auto client, Client::Connect({.endpoints = {endpoint}}));
    Discard sink;
    SnapshotVerifier verifier(sink);
    const auto summary = client->Snapshot(
        Context::Background().WithTimeout(std::chrono::seconds(20)), endpoint, verifier);
    status = summary.ok() ? verifier.Verify(*summary) : summary.status();
  }
  server->Shutdown();
  return status;
}

class EtcdFakeServerTest : public ::testing::Test {
 protected:
  const std::string page_ = std::string(32768, 'p');
  const std::string digest_ = tresor::ToString(crypto::Sha256::Of(AsBytes(page_ + page_)));
};

TEST_F(EtcdFakeServerTest, SoundStreamIsTaken) {
  EXPECT_THAT(SnapshotFrom({.messages = {{32768, page_}, {0, page_}, {0, digest_}}}), IsOk());
}

TEST_F(EtcdFakeServerTest, EndlessEmptyBlobsAreDataLoss) {
  EXPECT_THAT(SnapshotFrom({.messages = {{32768, page_}, {32768, ""}}, .repeat_last = true}),
              StatusIs(Code::kDataLoss, HasSubstr("Snapshot: snapshot stream: empty message")));
}

TEST_F(EtcdFakeServerTest, WrongRemainingBytesAreDataLoss) {
  EXPECT_THAT(SnapshotFrom({.messages = {{32768, page_}, {7, page_}, {0, digest_}}}),
              StatusIs(Code::kDataLoss, HasSubstr("says 7")));
}

TEST_F(EtcdFakeServerTest, MissingDigestIsDataLoss) {
  EXPECT_THAT(SnapshotFrom({.messages = {{32768, page_}, {0, page_}}}),
              StatusIs(Code::kDataLoss, HasSubstr("without its digest")));
}

TEST_F(EtcdFakeServerTest, WrongDigestIsDataLoss) {
  EXPECT_THAT(SnapshotFrom({.messages = {{32768, page_}, {0, page_}, {0, std::string(32, 'x')}}}),
              StatusIs(Code::kDataLoss, HasSubstr("SHA-256")));
}

TEST_F(EtcdFakeServerTest, EndlessImageIsDataLoss) {
  EXPECT_THAT(SnapshotFrom({.messages = {{32768, page_}, {0, page_}}, .repeat_last = true}),
              StatusIs(Code::kDataLoss, HasSubstr("after the image")));
}

TEST_F(EtcdFakeServerTest, EarlyEndThatSaysOkIsDataLoss) {
  EXPECT_THAT(SnapshotFrom({.messages = {{32768, page_}}}),
              StatusIs(Code::kDataLoss, HasSubstr("ended after 32768 bytes of 65536")));
  EXPECT_THAT(SnapshotFrom({}), StatusIs(Code::kDataLoss));
}

TEST_F(EtcdFakeServerTest, EarlyEndWithAnErrorIsThatError) {
  EXPECT_THAT(
      SnapshotFrom({.messages = {{32768, page_}},
                    .status = {grpc::StatusCode::UNAVAILABLE, "etcdserver: server stopped"}}),
      StatusIs(Code::kUnavailable, HasSubstr("server stopped")));
  EXPECT_THAT(SnapshotFrom({.status = {grpc::StatusCode::UNIMPLEMENTED, "unknown service"}}),
              StatusIs(Code::kUnimplemented));
}

}  // namespace
}  // namespace tresor::etcd
