// SPDX-License-Identifier: Apache-2.0
// Many etcds in one process, as far as a server that backs them up can tell: real gRPC, one port
// each, and snapshots that a real etcd made. With every snapshot that is taken from it an etcd goes
// on to the next one, so that every backup finds something new.
//
//   etcd_stub PORTS DIRECTORY
//
// DIRECTORY has, for n from 0, <n>.db, a snapshot as the stream sends it (with its digest), and
// <n>.json: {"revision", "compactRevision", "hash", "version"}. Prints the ports, one a line, then
// serves until it is killed.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "etcd/proto/rpc.pb.h"

namespace tresor {
namespace {

constexpr std::uint64_t kCluster = 0xc1;
constexpr std::uint64_t kMember = 0x3e;
constexpr std::size_t kBlobBytes = std::size_t{32} << 10;  // as etcd's own

struct Snapshot {
  std::string stream;  // database and digest
  std::int64_t revision = 0;
  std::int64_t compact_revision = 0;
  std::uint32_t hash = 0;
  std::string version;
};

struct World {
  std::vector<Snapshot> snapshots;
  std::map<std::string, std::atomic<std::size_t>> taken;  // by authority; constant keys

  [[nodiscard]] const Snapshot& Of(std::size_t count) const {
    return snapshots[std::min(count, snapshots.size() - 1)];
  }
};

grpc::ByteBuffer Pack(const google::protobuf::MessageLite& message) {
  const std::string text = message.SerializeAsString();
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

class Call final : public grpc::ServerGenericBidiReactor {
 public:
  Call(World& world, std::string method, const std::string& authority)
      : world_(world), method_(std::move(method)), authority_(authority) {
    const auto place = world.taken.find(authority);
    if (place == world.taken.end()) {
      Finish({grpc::StatusCode::INTERNAL, "who is " + authority + "?"});
      return;
    }
    taken_ = &place->second;
    StartRead(&buffer_);
  }
  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::CANCELLED);
      return;
    }
    snapshot_ = &world_.Of(taken_->load());
    Answer(method_.substr(method_.rfind('/') + 1));
  }
  void OnWriteDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::CANCELLED);
    } else if (sent_ < stream_end_) {
      SendBlob();
    } else {
      Finish(grpc::Status::OK);
    }
  }
  void OnDone() override { delete this; }

 private:
  void Answer(const std::string& what) {
    if (what == "Snapshot") {
      snapshot_ = &world_.Of(taken_->fetch_add(1));
      stream_end_ = snapshot_->stream.size();
      SendBlob();
    } else if (what == "Status") {
      etcdserverpb::StatusResponse response;
      Fill(response);
      response.set_version(snapshot_->version);
      response.set_dbsize(static_cast<std::int64_t>(snapshot_->stream.size()) - 32);
      response.set_dbsizeinuse(response.dbsize());
      response.set_leader(kMember);
      response.set_raftterm(2);
      response.set_raftindex(static_cast<std::uint64_t>(snapshot_->revision) + 10);
      response.set_raftappliedindex(response.raftindex());
      Send(response);
    } else if (what == "MemberList") {
      etcdserverpb::MemberListResponse response;
      Fill(response);
      etcdserverpb::Member& member = *response.add_members();
      member.set_id(kMember);
      member.set_name("stub");
      member.add_clienturls("http://" + authority_);
      Send(response);
    } else if (what == "HashKV") {
      etcdserverpb::HashKVRequest request;
      grpc::Slice slice;
      if (!buffer_.DumpToSingleSlice(&slice).ok() ||
          !request.ParseFromArray(slice.begin(), static_cast<int>(slice.size()))) {
        return Finish({grpc::StatusCode::INVALID_ARGUMENT, "no HashKVRequest"});
      }
      for (const Snapshot& one : world_.snapshots) {
        if (one.revision == request.revision()) {
          etcdserverpb::HashKVResponse response;
          Fill(response);
          response.set_hash(one.hash);
          response.set_compact_revision(one.compact_revision);
          response.set_hash_revision(one.revision);
          return Send(response);
        }
      }
      Finish({grpc::StatusCode::OUT_OF_RANGE, "mvcc: required revision is a future revision"});
    } else if (what == "Range") {
      etcdserverpb::RangeResponse response;
      Fill(response);
      Send(response);
    } else if (what == "Alarm") {
      etcdserverpb::AlarmResponse response;
      Fill(response);
      Send(response);
    } else {
      Finish({grpc::StatusCode::UNIMPLEMENTED, method_});
    }
  }

  template <typename Response>
  void Fill(Response& response) const {
    etcdserverpb::ResponseHeader& header = *response.mutable_header();
    header.set_cluster_id(kCluster);
    header.set_member_id(kMember);
    header.set_revision(snapshot_->revision);
    header.set_raft_term(2);
  }
  void Send(const google::protobuf::MessageLite& response) {
    buffer_ = Pack(response);
    StartWriteAndFinish(&buffer_, {}, grpc::Status::OK);
  }
  /// remaining_bytes and blob; the digest comes last, in a message of its own.
  void SendBlob() {
    const std::size_t image = stream_end_ - 32;
    const std::size_t end = sent_ < image ? std::min(sent_ + kBlobBytes, image) : stream_end_;
    ByteWriter writer;
    writer.Varint(2 << 3);
    writer.Varint(end < image ? image - end : 0);
    writer.Varint(3 << 3 | 2);
    writer.LengthPrefixed(std::string_view(snapshot_->stream).substr(sent_, end - sent_));
    sent_ = end;
    const grpc::Slice slice(writer.view().data(), writer.size());
    buffer_ = grpc::ByteBuffer(&slice, 1);
    StartWrite(&buffer_);
  }

  World& world_;
  const std::string method_;
  const std::string authority_;
  std::atomic<std::size_t>* taken_ = nullptr;
  const Snapshot* snapshot_ = nullptr;
  std::size_t sent_ = 0;
  std::size_t stream_end_ = 0;
  grpc::ByteBuffer buffer_;
};

class Service final : public grpc::CallbackGenericService {
 public:
  explicit Service(World& world) : world_(world) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new Call(world_, context->method(), context->host());  // deletes itself in OnDone
  }

 private:
  World& world_;
};

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return file ? text.str() : std::string();
}

int Run(int ports, const std::string& directory) {
  World world;
  for (int n = 0;; ++n) {
    const std::string base = fmt::format("{}/{}", directory, n);
    Snapshot snapshot;
    snapshot.stream = ReadWhole(base + ".db");
    const auto facts = nlohmann::json::parse(ReadWhole(base + ".json"), nullptr, false);
    if (snapshot.stream.size() <= 32 || !facts.is_object()) {
      break;
    }
    snapshot.revision = facts.at("revision");
    snapshot.compact_revision = facts.at("compactRevision");
    snapshot.hash = facts.at("hash");
    snapshot.version = facts.at("version");
    world.snapshots.push_back(std::move(snapshot));
  }
  if (world.snapshots.empty()) {
    std::fprintf(stderr, "%s: no snapshots\n", directory.c_str());
    return 1;
  }
  Service service(world);
  grpc::ServerBuilder builder;
  std::vector<int> chosen(static_cast<std::size_t>(ports));
  for (int& port : chosen) {
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  }
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    return 1;
  }
  for (const int port : chosen) {
    world.taken[fmt::format("127.0.0.1:{}", port)] = 0;
    std::printf("%d\n", port);
  }
  std::printf("ready\n");
  std::fflush(stdout);
  server->Wait();
  return 0;
}

}  // namespace
}  // namespace tresor

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: etcd_stub PORTS DIRECTORY\n");
    return 2;
  }
  return tresor::Run(std::atoi(argv[1]), argv[2]);
}
