// SPDX-License-Identifier: Apache-2.0
// How fast a snapshot comes in when nothing is done with it but, on request, its SHA-256: wall and
// CPU seconds of our client alone, next to `etcdctl snapshot save` of the same server.
//   snapshot_drain ENDPOINT [hash]
#include <sys/resource.h>

#include <cstdio>
#include <string_view>

#include "base/clock.h"
#include "etcd/client.h"

namespace tresor {
namespace {

class Drain final : public etcd::SnapshotSink {
 public:
  Status Begin(std::uint64_t) override { return OkStatus(); }
  Status Append(ByteView bytes) override {
    bytes_ += bytes.size();
    ++calls_;
    return OkStatus();
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }

 private:
  std::uint64_t bytes_ = 0;
  std::uint64_t calls_ = 0;
};

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

Status Run(const std::string& endpoint, bool hash) {
  const auto start = SystemClock().Monotonic();
  ASSIGN_OR_RETURN(const auto client, etcd::Client::Connect({.endpoints = {endpoint}}));
  Drain drain;
  if (hash) {
    etcd::SnapshotVerifier verifier(drain);
    ASSIGN_OR_RETURN(const auto summary,
                     client->Snapshot(Context::Background(), endpoint, verifier));
    RETURN_IF_ERROR(verifier.Verify(summary));
  } else {
    RETURN_IF_ERROR(client->Snapshot(Context::Background(), endpoint, drain).status());
  }
  const std::chrono::duration<double> wall = SystemClock().Monotonic() - start;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  fmt::print(
      "{{\"bytes\": {}, \"calls\": {}, \"wall_s\": {:.3f}, \"user_s\": {:.3f}, \"sys_s\": {:.3f}, "
      "\"max_rss_kib\": {}}}\n",
      drain.bytes(), drain.calls(), wall.count(), Seconds(usage.ru_utime), Seconds(usage.ru_stime),
      usage.ru_maxrss);
  return OkStatus();
}

}  // namespace
}  // namespace tresor

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: snapshot_drain ENDPOINT [hash]\n", stderr);
    return 2;
  }
  const tresor::Status status =
      tresor::Run(argv[1], argc > 2 && std::string_view(argv[2]) == "hash");
  if (!status.ok()) {
    fmt::print(stderr, "snapshot_drain: {}\n", tresor::Message(status));
    return 1;
  }
  return 0;
}
