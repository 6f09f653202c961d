// SPDX-License-Identifier: Apache-2.0
// tresor demo
#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "cli/serve_options.h"
#include "cli/server_commands.h"
#include "etcd/client.h"
#include "objects/etcd_cluster.h"
#include "objects/well_known.h"

namespace tresor::cli {
namespace {

constexpr std::string_view kProject = "demo";
constexpr std::string_view kCluster = "prod";
constexpr std::chrono::minutes kClusterTimeout{3};
constexpr std::chrono::milliseconds kLookEvery{200};
constexpr int kSampleKeys = 500;

/// OK also when it is there already.
Status Make(const Context& context, store::ObjectStore& store,
            const objects::ResourceName& resource, objects::Json json) {
  store::WriteOptions options;
  options.requester.user = "admin";
  const Status made =
      store.Create(context, resource, objects::Object{std::move(json)}, options).status();
  return made.code() == Code::kAlreadyExists ? OkStatus() : made;
}

Status MakeCluster(const Context& context, store::ObjectStore& store) {
  RETURN_IF_ERROR(
      Make(context, store, objects::kNamespaces,
           {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", kProject}}}}));
  return Make(context, store, objects::kEtcdClusters,
              {{"apiVersion", objects::kApiVersion},
               {"kind", "EtcdCluster"},
               {"metadata", {{"name", kCluster}, {"namespace", kProject}}},
               {"spec", {{"runtime", "local"}, {"replicas", 3}}}});
}

Status AwaitRunning(const Context& context, store::ObjectStore& store) {
  while (true) {
    ASSIGN_OR_RETURN(
        const objects::Object cluster,
        store.Get(context, {objects::kEtcdClusters, std::string(kProject), std::string(kCluster)}));
    const auto status = objects::EtcdClusterStatus::FromObject(cluster);
    if (status.phase == objects::ClusterPhase::kRunning) {
      return OkStatus();
    }
    const Status slept = context.Sleep(kLookEvery);
    if (slept.code() == Code::kDeadlineExceeded) {
      return Error(Code::kDeadlineExceeded, "cluster {}/{} does not get Running: {}", kProject,
                   kCluster, status.message);
    }
    RETURN_IF_ERROR(slept);
  }
}

/// Once: what people changed afterwards stays.
Status WriteSamples(const Context& context, server::Server& server) {
  ASSIGN_OR_RETURN(const etcd::ClientOptions access,
                   server.Credentials(context, std::string(kProject), std::string(kCluster)));
  ASSIGN_OR_RETURN(const auto client, etcd::Client::Connect(access));
  const std::string last = fmt::format("/sample/{:04}", kSampleKeys - 1);
  ASSIGN_OR_RETURN(const etcd::RangeResponse present, client->Range(context, {.key = last}));
  if (present.count > 0) {
    return OkStatus();
  }
  for (int i = 0; i < kSampleKeys; ++i) {
    RETURN_IF_ERROR(client
                        ->Put(context, {.key = fmt::format("/sample/{:04}", i),
                                        .value = fmt::format("sample value {} of the demo", i)})
                        .status());
  }
  return OkStatus();
}

Status RunDemo(Invocation& invocation) {
  ASSIGN_OR_RETURN(const server::ServerOptions options, ReadServerOptions(invocation));
  ASSIGN_OR_RETURN(const auto server, StartServer(invocation, options));
  const Context context = invocation.context().WithTimeout(kClusterTimeout);
  RETURN_IF_ERROR(MakeCluster(context, server->store()));
  RETURN_IF_ERROR(AwaitRunning(context, server->store()));
  RETURN_IF_ERROR(WriteSamples(context, *server));
  invocation.out() << fmt::format(
      "project {}, cluster {}: three members run, {} keys are in it, backups are on their way\n",
      kProject, kCluster, kSampleKeys);
  invocation.out().flush();
  ServeUntilStopped(invocation, *server);
  return OkStatus();
}

}  // namespace

Command DemoCommand() {
  return {
      .name = "demo",
      .summary = "run the server with a project, a three-member cluster, sample data and backups",
      .description =
          "As tresor serve, and besides: makes project \"demo\" with cluster \"prod\", if they are "
          "not there, waits until it runs, and writes sample keys. Its default-backups begin by "
          "themselves. etcd has to be installed.",
      .flags = ServeFlags(),
      .examples = {{"in a folder of its own",
                    "tresor demo --data-dir \"$HOME/tresor-demo\" --listen 127.0.0.1:0"}},
      .run = RunDemo,
  };
}

}  // namespace tresor::cli
