// SPDX-License-Identifier: Apache-2.0
// What the API server itself costs: a list of many objects, and how long it takes until many
// watchers have an event. Over plain HTTP, with a store in memory.
//
// Usage: api_bench DATA_DIR [OBJECTS [WATCHERS]]      (default: 10000 objects, 1000 watchers)
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "api/server.h"
#include "base/clock.h"
#include "base/thread.h"
#include "net/http_client.h"
#include "objects/kinds.h"
#include "store/memory/memory_store.h"

namespace tresor {
namespace {

constexpr int kRounds = 20;

double MillisSince(MonotonicTime begin) {
  return std::chrono::duration<double, std::milli>(SystemClock().Monotonic() - begin).count();
}

objects::Object MakeObject(objects::Json json) {
  objects::Object object;
  object.json = std::move(json);
  return object;
}

// Of the whole process, client included: tells more than the clock on a busy machine.
double CpuMillis() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto millis = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return millis(usage.ru_utime) + millis(usage.ru_stime);
}

// As a real one is: 2 KB.
objects::Object MakeBackup(int number, std::string_view message = "") {
  constexpr const char* kTime = "2026-01-01T00:00:00Z";
  const std::string digest(64, 'a');
  objects::Json evidence = objects::Json::array();
  for (const auto& [check, detail] :
       {std::pair<const char*, std::string>{"sha256", digest},
        {"structure", "18204 pages of 10 buckets, 150312 records"},
        {"hashkv", "3628877040 at revision 150312 (compacted at 145000)"},
        {"member f4927a4bc576a057", "HashKV 3628877040 at revision 150312 (compacted at 145000)"},
        {"lineage", "lineage a3ed1933"},
        {"read-back", "3 new objects, 188123 bytes, read again, opened and equal"}}) {
    evidence.push_back(
        {{"check", check}, {"result", "Passed"}, {"detail", detail}, {"time", kTime}});
  }
  objects::Json conditions = objects::Json::array();
  for (const auto& [type, status] :
       {std::pair("Completed", "True"), std::pair("Failed", "False")}) {
    conditions.push_back({{"type", type},
                          {"status", status},
                          {"reason", "Completed"},
                          {"lastTransitionTime", kTime},
                          {"observedGeneration", 1}});
  }
  return MakeObject(
      {{"apiVersion", "tresor.dev/v1"},
       {"kind", "EtcdBackup"},
       {"metadata",
        {{"name", fmt::format("prod-{:06}", number)},
         {"namespace", "demo"},
         {"labels", {{"tresor.dev/cluster", "prod"}, {"tresor.dev/config", "nightly"}}},
         {"annotations", {{"tresor.dev/scheduled-time", kTime}}}}},
       {"spec", {{"cluster", {{"name", "prod"}}}}},
       {"status",
        {{"phase", "Completed"},
         {"message", message},
         {"attempts", 1},
         {"clusterUID", "496064a9-d67d-4631-a699-863e39c70218"},
         {"scheduledTime", kTime},
         {"startTime", kTime},
         {"completionTime", kTime},
         {"conditions", std::move(conditions)},
         {"destination", "default"},
         {"id", std::string(32, 'b')},
         {"repository", "demo/496064a9-d67d-4631-a699-863e39c70218"},
         {"snapshot",
          {{"revision", 150312},
           {"compactRevision", 145000},
           {"totalKeys", 150312},
           {"dbSize", 1073741824},
           {"hashKV", 3628877040},
           {"sha256", digest},
           {"etcdVersion", "3.6.14"},
           {"memberID", "f4927a4bc576a057"}}},
         {"stored", {{"newBytes", 188123}, {"newRecords", 1300}}},
         {"evidence", std::move(evidence)}}}});
}

// A watcher's socket; which thread reads it does not matter.
int Connect(std::uint16_t port, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::send(fd, request.data(), request.size(), 0) < 0) {
    std::perror("watcher");
    std::exit(1);
  }
  return fd;
}

// Waits until every socket has had bytes; when each of them had.
std::vector<double> WaitForAll(const std::vector<int>& sockets, MonotonicTime begin) {
  std::vector<pollfd> waiting;
  for (const int fd : sockets) {
    waiting.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  }
  std::vector<double> times;
  std::array<char, 65536> buffer;
  while (times.size() < sockets.size()) {
    ::poll(waiting.data(), waiting.size(), 10'000);
    for (pollfd& entry : waiting) {
      if ((entry.revents & POLLIN) != 0 && entry.fd >= 0) {
        (void)!::read(entry.fd, buffer.data(), buffer.size());
        times.push_back(MillisSince(begin));
        entry.fd = -1;
      }
    }
  }
  return times;
}

int Run(const std::string& dir, int objects, int watchers) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  const Context context = Context::Background();
  const auto store = store::NewMemoryStore();
  store::ObjectStore& writer = *store;
  api::AdminsOnly authorizer;
  auto server = api::Server::Start(
      {.data_dir = dir, .plain_http = true},
      {.store = *store, .kinds = objects::KindRegistry::BuiltIn(), .authorizer = authorizer});
  if (!server.ok()) {
    fmt::print(stderr, "{}\n", Message(server.status()));
    return 1;
  }
  const auto token =
      (*server)->credentials().AddToken({.name = "bench", .groups = {api::kAdminGroup}}, "bench");
  auto made = writer.Create(
      context, {"", "namespaces"},
      MakeObject({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "demo"}}}}),
      {});
  // Status is not taken by Create.
  const auto write = [&](int number) {
    auto backup = MakeBackup(number);
    auto result = writer.Create(context, {"tresor.dev", "etcdbackups"}, backup, {});
    return result.ok() ? writer.UpdateStatus(context, {"tresor.dev", "etcdbackups"}, backup, {})
                       : result;
  };
  for (int i = 0; i < objects && made.ok(); ++i) {
    made = write(i);
  }
  if (!made.ok()) {
    fmt::print(stderr, "{}\n", Message(made.status()));
    return 1;
  }

  auto client = net::HttpClient::Open({.server = *net::Url::Parse((*server)->url())});
  const std::string target = "/apis/tresor.dev/v1/etcdbackups";
  for (const auto& [what, accept] :
       {std::pair("list", "application/json"),
        std::pair("list as Table", "application/json;as=Table;v=v1;g=meta.k8s.io")}) {
    double best = 1e9;
    const double cpu = CpuMillis();
    std::size_t bytes = 0;
    for (int i = 0; i < 5; ++i) {
      const MonotonicTime begin = SystemClock().Monotonic();
      const auto response = (*client)->Call(
          context, {.target = target,
                    .headers = {{"Authorization", "Bearer " + *token}, {"Accept", accept}}});
      if (!response.ok() || response->status != 200) {
        fmt::print(stderr, "list failed\n");
        return 1;
      }
      best = std::min(best, MillisSince(begin));
      bytes = response->body.size();
    }
    fmt::print("{} of {} objects: {:.0f} ms ({:.0f} ms of CPU), {:.1f} MB\n", what, objects, best,
               (CpuMillis() - cpu) / 5, static_cast<double>(bytes) / 1e6);
  }

  const std::string request = fmt::format(
      "GET {}?watch=1&resourceVersion={} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "
      "{}\r\n\r\n",
      target, made->resource_version(), *token);
  std::vector<int> sockets;
  for (int i = 0; i < watchers; ++i) {
    sockets.push_back(Connect((*server)->port(), request));
  }
  (void)WaitForAll(sockets, SystemClock().Monotonic());  // their headers
  std::vector<double> times;
  const double cpu = CpuMillis();
  for (int i = 0; i < kRounds; ++i) {
    const MonotonicTime begin = SystemClock().Monotonic();
    made = writer.UpdateStatus(context, {"tresor.dev", "etcdbackups"},
                               MakeBackup(i % objects, fmt::format("round {}", i)), {});
    const auto round = WaitForAll(sockets, begin);
    times.insert(times.end(), round.begin(), round.end());
  }
  std::sort(times.begin(), times.end());
  fmt::print(
      "event to {} watchers: p50 {:.1f} ms, p99 {:.1f} ms, max {:.1f} ms ({:.1f} ms of CPU each "
      "time)\n",
      watchers, times[times.size() / 2], times[times.size() * 99 / 100], times.back(),
      (CpuMillis() - cpu) / kRounds);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  fmt::print("peak memory of all: {} MiB\n", usage.ru_maxrss / 1024);
  for (const int fd : sockets) {
    ::close(fd);
  }
  return 0;
}

}  // namespace
}  // namespace tresor

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: api_bench DATA_DIR [OBJECTS [WATCHERS]]\n");
    return 2;
  }
  return tresor::Run(argv[1], argc > 2 ? std::atoi(argv[2]) : 10'000,
                     argc > 3 ? std::atoi(argv[3]) : 1'000);
}
