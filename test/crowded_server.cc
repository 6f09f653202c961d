// SPDX-License-Identifier: Apache-2.0
// crowded_server DIR: the real API and web page over a memory store with 1,000 clusters and 20,000
// backups, without controllers: what web/e2e/scale.e2e.ts looks at. Serves until its standard input
// ends.
#include <chrono>
#include <iostream>
#include <string>

#include "api/authorizer.h"
#include "api/server.h"
#include "base/log.h"
#include "objects/kinds.h"
#include "store/memory/memory_store.h"
#include "web/page.h"

namespace tresor {
namespace {

using objects::Json;
using objects::Object;

constexpr int kClusters = 1000;
constexpr int kBackupsEach = 20;
constexpr std::int64_t kMiB = std::int64_t{1} << 20;

Json Evidence(WallTime time, int number) {
  Json evidence = Json::array();
  for (const char* check : {"trailer", "structure", "hashKV", "readBack"}) {
    const bool skipped = number % 97 == 0 && std::string_view(check) == "hashKV";
    evidence.push_back({{"check", check},
                        {"result", skipped ? "Skipped" : "Passed"},
                        {"detail", "what was compared with what, in as many words as usual"},
                        {"time", FormatTime(time)}});
  }
  return evidence;
}

class Crowd {
 public:
  explicit Crowd(store::ObjectStore& store) : store_(store) {}

  Status Fill() {
    RETURN_IF_ERROR(Make("Namespace", "v1", {"", "namespaces"}, "crowd", {}, {}));
    for (int i = 0; i < kClusters; ++i) {
      RETURN_IF_ERROR(FillCluster(i));
    }
    return OkStatus();
  }

 private:
  Status FillCluster(int i) {
    const std::string name = fmt::format("cluster-{:04}", i);
    const WallTime now = SystemClock().Now();
    Json members = Json::array();
    for (int m = 0; m < 3; ++m) {
      members.push_back({{"name", fmt::format("m{}", m)},
                         {"healthy", true},
                         {"leader", m == 0},
                         {"version", "3.5.21"},
                         {"endpoint", fmt::format("https://127.0.0.1:{}", 20000 + m)},
                         {"dbSize", (i % 300 + 5) * kMiB},
                         {"dbSizeInUse", (i % 300 + 3) * kMiB},
                         {"revision", 1000 + i},
                         {"raftIndex", 2000 + i}});
    }
    RETURN_IF_ERROR(Make("EtcdCluster", "tresor.dev/v1", {"tresor.dev", "etcdclusters"}, name,
                         {{"runtime", "local"}},
                         {{"phase", i % 100 == 7 ? "Degraded" : "Running"},
                          {"ready", i % 100 == 7 ? "2/3" : "3/3"},
                          {"version", "3.5.21"},
                          {"members", std::move(members)},
                          {"lastBackupTime", FormatTime(now - std::chrono::minutes{i % 40})}}));
    RETURN_IF_ERROR(Make("EtcdBackupConfig", "tresor.dev/v1", {"tresor.dev", "etcdbackupconfigs"},
                         "default-" + name,
                         {{"cluster", {{"name", name}}}, {"schedule", "@every 20m"}},
                         {{"nextScheduleTime", FormatTime(now + std::chrono::minutes{20 - i % 20})},
                          {"lastSuccessTime", FormatTime(now - std::chrono::minutes{i % 40})},
                          {"completed", kBackupsEach}}));
    for (int b = 0; b < kBackupsEach; ++b) {
      const WallTime time = now - std::chrono::minutes{20 * b + i % 20};
      RETURN_IF_ERROR(
          Make("EtcdBackup", "tresor.dev/v1", {"tresor.dev", "etcdbackups"},
               fmt::format("{}-{:03}", name, b), {{"cluster", {{"name", name}}}},
               {{"phase", (i + b) % 211 == 3 ? "Failed" : "Completed"},
                {"scheduledTime", FormatTime(time)},
                {"startTime", FormatTime(time)},
                {"completionTime", FormatTime(time + std::chrono::seconds{2})},
                {"destination", "default"},
                {"snapshot",
                 {{"revision", 1000 + i}, {"dbSize", (i % 300 + 5) * kMiB}, {"totalKeys", 5000}}},
                {"stored", {{"newBytes", 250'000 + b}, {"newRecords", 130}}},
                {"evidence", Evidence(time, i + b)}}));
    }
    return OkStatus();
  }

  Status Make(std::string_view kind, std::string_view version,
              const objects::ResourceName& resource, const std::string& name, Json spec,
              Json status) {
    Object object{{{"apiVersion", version}, {"kind", kind}, {"metadata", {{"name", name}}}}};
    if (!resource.group.empty()) {
      object.json["metadata"]["namespace"] = "crowd";
      object.json["spec"] = std::move(spec);
    }
    const Context context = Context::Background();
    ASSIGN_OR_RETURN(Object made, store_.Create(context, resource, object, {}));
    if (status.is_null() || status.empty()) {
      return OkStatus();
    }
    made.json["status"] = std::move(status);
    return store_.UpdateStatus(context, resource, made, {}).status();
  }

  store::ObjectStore& store_;
};

Status Run(const std::string& dir) {
  SetLogSink(LogLevel::kError, [](LogLevel, std::string_view line) { std::cerr << line << "\n"; });
  const auto store = store::NewMemoryStore();
  RETURN_IF_ERROR(Crowd(*store).Fill());
  api::AdminsOnly authorizer;
  ASSIGN_OR_RETURN(const auto server, api::Server::Start({.data_dir = dir, .plain_http = true},
                                                         {.store = *store,
                                                          .kinds = objects::KindRegistry::BuiltIn(),
                                                          .authorizer = authorizer,
                                                          .page = [](const net::Request& request) {
                                                            return web::Answer(request);
                                                          }}));
  std::cout << fmt::format("user {}, password {}\nserving {}\n", server->first_start()->admin_user,
                           server->first_start()->admin_password, server->url())
            << std::flush;
  for (std::string line; std::getline(std::cin, line);) {
  }
  server->Stop();
  return OkStatus();
}

}  // namespace
}  // namespace tresor

int main(int argc, char** argv) {
  const tresor::Status status =
      argc == 2 ? tresor::Run(argv[1])
                : tresor::Error(tresor::Code::kInvalidArgument, "usage: crowded_server DIR");
  if (!status.ok()) {
    std::cerr << tresor::Message(status) << "\n";
  }
  return status.ok() ? 0 : 1;
}
