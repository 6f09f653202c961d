// SPDX-License-Identifier: Apache-2.0
// tresor demo
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "base/hex.h"
#include "cli/serve_options.h"
#include "cli/server_commands.h"
#include "etcd/client.h"
#include "io/file_system.h"
#include "objects/etcd_backup.h"
#include "objects/etcd_cluster.h"
#include "objects/well_known.h"

namespace tresor::cli {
namespace {

constexpr std::string_view kProject = "demo";
constexpr std::string_view kCluster = "prod";
constexpr std::string_view kFirstBackup = "first";
constexpr std::chrono::minutes kSetupTimeout{3};
constexpr std::chrono::minutes kRemoveTimeout{1};
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

objects::Json MakeJson(std::string_view kind, std::string_view name, objects::Json spec) {
  return {{"apiVersion", objects::kApiVersion},
          {"kind", kind},
          {"metadata", {{"name", name}, {"namespace", kProject}}},
          {"spec", std::move(spec)}};
}

Status MakeCluster(const Context& context, store::ObjectStore& store) {
  RETURN_IF_ERROR(
      Make(context, store, objects::kNamespaces,
           {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", kProject}}}}));
  return Make(context, store, objects::kEtcdClusters,
              MakeJson("EtcdCluster", kCluster, {{"runtime", "local"}, {"replicas", 3}}));
}

/// Until `look` at the object says so. kDeadlineExceeded: `what` did not happen.
Status Await(const Context& context, store::ObjectStore& store,
             const objects::ResourceName& resource, std::string_view name, std::string_view what,
             const std::function<Result<bool>(const objects::Object&)>& look) {
  while (true) {
    ASSIGN_OR_RETURN(const objects::Object object,
                     store.Get(context, {resource, std::string(kProject), std::string(name)}));
    ASSIGN_OR_RETURN(const bool enough, look(object));
    if (enough) {
      return OkStatus();
    }
    const Status slept = context.Sleep(kLookEvery);
    if (slept.code() == Code::kDeadlineExceeded) {
      return Error(Code::kDeadlineExceeded, "{}: {}", what, object.Text("status.message"));
    }
    RETURN_IF_ERROR(slept);
  }
}

Status AwaitRunning(const Context& context, store::ObjectStore& store) {
  return Await(context, store, objects::kEtcdClusters, kCluster, "the cluster does not get Running",
               [](const objects::Object& cluster) -> Result<bool> {
                 return objects::EtcdClusterStatus::FromObject(cluster).phase ==
                        objects::ClusterPhase::kRunning;
               });
}

/// default-backups take theirs by schedule; this one is for people who look right away.
Status BackUp(const Context& context, store::ObjectStore& store) {
  RETURN_IF_ERROR(Make(context, store, objects::kEtcdBackups,
                       MakeJson("EtcdBackup", kFirstBackup, {{"cluster", {{"name", kCluster}}}})));
  return Await(context, store, objects::kEtcdBackups, kFirstBackup, "the backup is not Completed",
               [](const objects::Object& object) -> Result<bool> {
                 const auto status = objects::EtcdBackupStatus::FromObject(object);
                 if (status.phase == objects::BackupPhase::kFailed) {
                   return Error(Code::kUnknown, "the backup failed: {}", status.message);
                 }
                 return status.phase == objects::BackupPhase::kCompleted;
               });
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

Status SetUp(const Invocation& invocation, server::Server& server) {
  const Context context = invocation.context().WithTimeout(kSetupTimeout);
  RETURN_IF_ERROR(MakeCluster(context, server.store()));
  RETURN_IF_ERROR(AwaitRunning(context, server.store()));
  RETURN_IF_ERROR(WriteSamples(context, server));
  return BackUp(context, server.store());
}

/// Its members end, and all that it kept is removed.
Status RemoveAll(Invocation& invocation, std::unique_ptr<server::Server> server,
                 const std::string& dir) {
  invocation.Say("stopping, and removing all of it");
  RETURN_IF_ERROR(server->RemoveClusters(Context::Background().WithTimeout(kRemoveTimeout)));
  server.reset();
  return io::RemoveTree(invocation.host().file_system, dir);
}

Status RunDemo(Invocation& invocation) {
  ASSIGN_OR_RETURN(server::ServerOptions options, ReadServerOptions(invocation));
  const bool temporary = options.data_dir.empty();
  if (temporary) {
    Bytes name(8);
    invocation.host().random.Fill(name);
    options.data_dir = io::JoinPath(invocation.host().environment("TMPDIR").value_or("/tmp"),
                                    "tresor-demo-" + ToHex(ByteView(name)));
  }
  ASSIGN_OR_RETURN(auto server, StartServer(invocation, options));
  Status status = SetUp(invocation, *server);
  if (status.ok()) {
    invocation.out() << fmt::format(
        "project {}, cluster {}: three members run, {} keys are in it, backup \"{}\" is proven and "
        "stored\n",
        kProject, kCluster, kSampleKeys, kFirstBackup);
    Announce(invocation, *server);
    invocation.out() << (temporary ? "Ctrl-C stops everything and removes it\n"
                                   : "Ctrl-C stops the server; members run on\n");
    invocation.out().flush();
    ServeUntilStopped(invocation, *server);
  }
  if (temporary) {
    status.Update(RemoveAll(invocation, std::move(server), options.data_dir));
  }
  return status;
}

}  // namespace

Command DemoCommand() {
  std::vector<Flag> flags = ServeFlags();
  for (Flag& flag : flags) {
    if (flag.name == "data-dir") {
      flag.help = "where everything is kept, also afterwards; default: a temporary folder";
      flag.default_text = "";
      flag.environment = "";
    }
  }
  return {
      .name = "demo",
      .summary = "run the server with a project, a three-member cluster, sample data and backups",
      .description =
          "As tresor serve, and besides: makes project \"demo\" with cluster \"prod\", if they are "
          "not there, waits until it runs, writes sample keys and takes a first backup. Its "
          "default-backups go on by themselves. Then it prints where it serves and how to log in. "
          "etcd has to be installed.\n\n"
          "Without --data-dir everything is in a temporary folder, and its end stops the members "
          "and removes it. With --data-dir it is kept, members run on, and the next start takes "
          "them over.",
      .flags = std::move(flags),
      .examples = {{"to look around", "tresor demo"},
                   {"in a folder of its own",
                    "tresor demo --data-dir \"$HOME/tresor-demo\" --listen 127.0.0.1:0"}},
      .run = RunDemo,
  };
}

}  // namespace tresor::cli
