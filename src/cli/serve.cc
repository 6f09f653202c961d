// SPDX-License-Identifier: Apache-2.0
// tresor serve
#include "cli/serve_options.h"
#include "cli/server_commands.h"

namespace tresor::cli {
namespace {

Status RunServe(Invocation& invocation) {
  ASSIGN_OR_RETURN(const server::ServerOptions options, ReadServerOptions(invocation));
  ASSIGN_OR_RETURN(const auto server, StartServer(invocation, options));
  Announce(invocation, *server);
  ServeUntilStopped(invocation, *server);
  return OkStatus();
}

}  // namespace

Command ServeCommand() {
  return {
      .name = "serve",
      .summary =
          "run the server: clusters, automatic backups and restores behind an API for kubectl",
      .description =
          "Serves a Kubernetes-style API over TLS and does what its objects say: runs etcd "
          "clusters, backs them up by schedule, restores them. Everything is kept in the data "
          "directory. The first start makes an administrator, a kubeconfig (DIR/kubeconfig), a "
          "destination for backups and its key, and prints where.\n\n"
          "SIGTERM ends it gracefully. Members of clusters run on whenever it ends, and are taken "
          "over by the next start.",
      .flags = ServeFlags(),
      .examples =
          {{"on this machine", "tresor serve --data-dir /var/lib/tresor"},
           {"for other machines",
            "tresor serve --listen 0.0.0.0:8443 --server-name tresor.example.com"},
           {"a new server for the backups of one that is lost",
            "tresor serve --backup-dir /mnt/backups --backup-key-file /media/safe/backup.key"}},
      .run = RunServe,
  };
}

}  // namespace tresor::cli
